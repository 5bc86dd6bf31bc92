package httpapi

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"breakeven/internal/app"
	"breakeven/internal/otlp"
	"breakeven/money"
	"breakeven/price"
)

// metrics are what Prometheus scrapes. No label is a project, a user or a key: nobody is named, and the number of
// series stays small.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
}

func newMetrics(h handlers) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "breakeven_http_requests_total", Help: "HTTP requests."}, []string{"route", "code"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "breakeven_http_request_duration_seconds", Help: "How long HTTP requests took.", Buckets: []float64{.001, .005, .025, .1, .5, 1, 2.5, 10, 60},
		}, []string{"route"}),
	}
	m.registry.MustRegister(
		m.requests, m.seconds, bookMetrics{h.app}, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	if h.app.Calls != nil {
		m.registry.MustRegister(&usageMetrics{app: h.app})
	}
	if h.receiver != nil {
		m.registry.MustRegister(spanMetrics{h.receiver})
	}
	return m
}

// handler answers a scrape. What cannot be gathered is left out, and logged.
func (m *metrics) handler(h handlers) http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		ErrorHandling: promhttp.ContinueOnError, MaxRequestsInFlight: 4, Registry: m.registry,
		ErrorLog: scrapeLog{h},
	})
}

type scrapeLog struct{ h handlers }

func (l scrapeLog) Println(v ...any) { l.h.log.Error("metrics", "error", v) }

// counted counts requests by the pattern that they matched: paths would be without number.
func (m *metrics) counted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		watched := &watchedAnswer{ResponseWriter: w, status: http.StatusOK}
		timer := prometheus.NewTimer(prometheus.ObserverFunc(func(seconds float64) {
			route := cmp.Or(r.Pattern, "none") // refused before a pattern was looked for
			m.seconds.WithLabelValues(route).Observe(seconds)
			m.requests.WithLabelValues(route, strconv.Itoa(watched.status)).Inc()
		}))
		defer timer.ObserveDuration()
		next.ServeHTTP(watched, r)
	})
}

// watchedAnswer remembers its status.
type watchedAnswer struct {
	http.ResponseWriter

	status int
}

func (w *watchedAnswer) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets deadlines through.
func (w *watchedAnswer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// descriptions of metrics that are gathered at a scrape.
func described(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("breakeven_"+name, help, labels, nil)
}

var (
	bookInfo   = described("price_book_info", "The program's version and the identity of the price book, with the value 1.", "version", "snapshot")
	sourceRead = described("price_source_last_read_timestamp_seconds", "When a price source was last known to say what it says.", "source")
	sourceBad  = described("price_source_failed", "Whether the last reading of a price source failed: what it said before still counts.", "source")
)

// bookMetrics say what prices are in force.
type bookMetrics struct{ app *app.App }

func (m bookMetrics) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{bookInfo, sourceRead, sourceBad} {
		out <- d
	}
}

func (m bookMetrics) Collect(out chan<- prometheus.Metric) {
	stamp, err := m.app.Stamp()
	if err != nil {
		out <- prometheus.NewInvalidMetric(bookInfo, err)
		return
	}
	out <- gauge(bookInfo, 1, stamp.Version, stamp.Snapshot)
	sources, err := m.app.PriceSources(context.Background())
	if err != nil {
		out <- prometheus.NewInvalidMetric(sourceRead, err)
		return
	}
	for _, s := range sources {
		out <- gauge(sourceBad, truth(s.Error != ""), s.ID)
		if !s.Checked.IsZero() {
			out <- gauge(sourceRead, seconds(s.Checked), s.ID)
		}
	}
}

var (
	spansTotal   = described("otlp_spans_total", "Spans of answered requests: kept as calls, ignored because they are none, or rejected because they cannot be understood.", "outcome")
	spanCalls    = described("otlp_calls_total", "Calls of spans that were committed: new, or kept already because an exporter sent them again.", "outcome")
	spanWaiting  = described("otlp_waiting_calls", "Calls that wait for their commit.")
	spanRefused  = described("otlp_refused_requests_total", "Requests that were answered by 429, because too much was waiting.")
	spanCommits  = described("otlp_commits_total", "Commits to the store.", "outcome")
	spanSeconds  = described("otlp_commit_seconds_total", "How long commits took, all of them together.")
	spanLastTime = described("otlp_last_commit_timestamp_seconds", "When calls of spans were last committed.")
)

// spanMetrics say how it goes with spans that are sent here.
type spanMetrics struct{ receiver *otlp.Receiver }

func (m spanMetrics) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{spansTotal, spanCalls, spanWaiting, spanRefused, spanCommits, spanSeconds, spanLastTime} {
		out <- d
	}
}

func (m spanMetrics) Collect(out chan<- prometheus.Metric) {
	s := m.receiver.Stats()
	out <- counter(spansTotal, float64(s.Calls), "call")
	out <- counter(spansTotal, float64(s.Ignored), "ignored")
	out <- counter(spansTotal, float64(s.Rejected), "rejected")
	out <- counter(spanCalls, float64(s.Added), "added")
	out <- counter(spanCalls, float64(s.Same), "same")
	out <- gauge(spanWaiting, float64(s.Waiting))
	out <- counter(spanRefused, float64(s.Full))
	out <- counter(spanCommits, float64(s.Commits), "kept")
	out <- counter(spanCommits, float64(s.Failed), "failed")
	out <- counter(spanSeconds, s.CommitTime.Seconds())
	if !s.LastCommit.IsZero() {
		out <- gauge(spanLastTime, seconds(s.LastCommit))
	}
}

var (
	usageUp       = described("usage_up", "Whether the kept calls could be added up.")
	usageTokens   = described("usage_tokens", "Tokens of the calls that are kept, and searches where the kind says so.", "provider", "model", "tier", "kind")
	usageRequests = described("usage_requests", "Requests that the calls that are kept stand for; absent where some row does not say.", "provider", "model", "tier")
	usageCost     = described("usage_cost_usd", "What the calls that are kept cost at the price in force at their time; a lower bound where the cost is not complete. The exact sum as the nearest float: bills are in the API.", "provider", "model", "tier")
	usageComplete = described("usage_cost_complete", "Whether every one of the calls has a price.", "provider", "model", "tier")
	usageRows     = described("usage_calls", "Rows that are kept: single calls, and rows of reports.")
	usageLast     = described("usage_last_call_timestamp_seconds", "When the latest call that is kept began.")
)

const (
	// totalsAge is how old the sums of a scrape may be, and totalsShare how many times as long as adding them up took:
	// a store of any size spends at most that share of its time on being watched.
	totalsAge   = 15 * time.Second
	totalsShare = 20
	// totalsWait is how long a scrape waits for new sums before it shows the last ones, and totalsTime after which
	// adding up is given up.
	totalsWait = 5 * time.Second
	totalsTime = 5 * time.Minute
	// maxTotals is how many models are shown; the smaller ones are added up as "other".
	maxTotals = 200
)

// usageMetrics are sums of the calls that are kept, some seconds old.
type usageMetrics struct {
	app *app.App

	mu      sync.Mutex
	due     *time.Timer   // until when the sums are good; nil before the first
	running chan struct{} // closed when new sums are there; nil where nobody adds up
	last    totals
}

type totals struct {
	kept app.Kept
	rows []*app.UsageRow
	err  error
}

// latest is the newest sums that are there soon, and false where there are none.
func (m *usageMetrics) latest() (totals, bool) {
	m.mu.Lock()
	if m.running == nil && m.isDue() {
		m.running = make(chan struct{})
		go m.refresh(m.running)
	}
	running := m.running
	m.mu.Unlock()
	if running != nil {
		wait := time.NewTimer(totalsWait)
		defer wait.Stop()
		select {
		case <-running:
		case <-wait.C:
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.last, m.due != nil
}

func (m *usageMetrics) isDue() bool {
	if m.due == nil {
		return true
	}
	select {
	case <-m.due.C:
		return true
	default:
		return false
	}
}

func (m *usageMetrics) refresh(done chan struct{}) {
	ctx, cancel := context.WithTimeout(context.Background(), totalsTime)
	defer cancel()
	timer := prometheus.NewTimer(nil)
	t := m.add(ctx)
	took := timer.ObserveDuration()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.last, m.running = t, nil
	m.due = time.NewTimer(max(totalsAge, totalsShare*took))
	close(done)
}

// add adds the kept calls up.
func (m *usageMetrics) add(ctx context.Context) (t totals) {
	if t.kept, t.err = m.app.KeptCalls(ctx); t.err != nil || t.kept.Rows == 0 {
		return t
	}
	source, err := m.app.KeptSource(ctx)
	if err != nil {
		t.err = err
		return t
	}
	answer, err := m.app.UsageReport(app.UsageRequest{Logs: []app.Source{source}, By: []string{"provider", "model", "tier"}})
	if err != nil {
		t.err = err
		return t
	}
	t.rows, t.err = largest(answer.Rows, maxTotals)
	return t
}

// largest is the rows with the most tokens, and the others as one row, so that what a log names cannot make series
// without end.
func largest(rows []*app.UsageRow, most int) ([]*app.UsageRow, error) {
	if len(rows) <= most {
		return rows, nil
	}
	rows = slices.Clone(rows)
	slices.SortStableFunc(rows, func(a, b *app.UsageRow) int { return cmp.Compare(b.Input+b.Output, a.Input+a.Output) })
	other := &app.UsageRow{Group: app.Labels{Names: rows[0].Group.Names, Values: []string{"other", "other", "other"}}, Requests: new(int64), Cost: new(money.Sum), Complete: true}
	for _, r := range rows[most-1:] {
		if err := other.Tokens.Add(&r.Tokens); err != nil {
			return nil, err
		}
		if r.Cost != nil {
			if err := other.Cost.AddSum(*r.Cost); err != nil {
				return nil, err
			}
		}
		if other.Requests != nil && r.Requests != nil {
			*other.Requests += *r.Requests
		} else {
			other.Requests = nil
		}
		other.Complete = other.Complete && r.Complete
	}
	return append(rows[:most-1], other), nil
}

func (m *usageMetrics) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{usageUp, usageTokens, usageRequests, usageCost, usageComplete, usageRows, usageLast} {
		out <- d
	}
}

func (m *usageMetrics) Collect(out chan<- prometheus.Metric) {
	t, ok := m.latest()
	out <- gauge(usageUp, truth(ok && t.err == nil))
	if !ok || t.err != nil {
		return // an old sum, or half of one, would look like the truth
	}
	out <- gauge(usageRows, float64(t.kept.Rows))
	if !t.kept.Last.IsZero() {
		out <- gauge(usageLast, seconds(t.kept.Last))
	}
	for _, r := range t.rows {
		labels := []string{r.Group.Get("provider"), r.Group.Get("model"), r.Group.Get("tier")}
		for _, k := range price.Kinds() {
			if n := r.Tokens[k]; n != 0 && k != price.Request {
				out <- gauge(usageTokens, float64(n), append(slices.Clone(labels), k.String())...)
			}
		}
		if r.Requests != nil {
			out <- gauge(usageRequests, float64(*r.Requests), labels...)
		}
		if r.Cost != nil {
			out <- gauge(usageCost, dollars(*r.Cost), labels...)
		}
		out <- gauge(usageComplete, truth(r.Complete), labels...)
	}
}

// dollars is an exact sum as the nearest float.
func dollars(s money.Sum) float64 {
	f, err := strconv.ParseFloat(s.String(), 64)
	if err != nil {
		panic(err) // a sum is a decimal
	}
	return f
}

func gauge(d *prometheus.Desc, value float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
}

func counter(d *prometheus.Desc, value float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(d, prometheus.CounterValue, value, labels...)
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
