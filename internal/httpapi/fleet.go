package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"reflect"
	"runtime/debug"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"breakeven/decide"
	"breakeven/internal/app"
	"breakeven/llm"
)

// capacityQuery is one engine, a workload's means and a target as a query string.
type capacityQuery struct {
	Model       string            `query:"model" required:"true" doc:"Open weights, by the identifier that the list of models has." example:"llama-3.3-70b"`
	GPU         string            `query:"gpu" required:"true" doc:"Accelerator, by the identifier that the list of GPUs has." example:"h100-sxm"`
	Precision   string            `query:"precision" enum:"bf16,fp8,int8,fp4,int4" doc:"Of the weights; fp8 if left out."`
	KVPrecision string            `query:"kv_precision" enum:"bf16,fp8" doc:"Of the cached keys and values; bf16 if left out."`
	TP          int               `query:"tensor_parallel" minimum:"1" maximum:"8" doc:"GPUs that share every layer: 1, 2, 4 or 8; the fewest that fit if left out."`
	DP          int               `query:"data_parallel" minimum:"1" maximum:"128" doc:"Groups of such GPUs that the experts are divided over."`
	EP          bool              `query:"expert_parallel" doc:"Experts are kept whole rather than each one sliced."`
	Engine      string            `query:"engine" doc:"Engine family whose measurements the constants were fitted to; vllm if left out."`
	Input       float64           `query:"input" required:"true" minimum:"1" maximum:"10000000" doc:"Mean tokens of a whole prompt." example:"1024"`
	Output      float64           `query:"output" required:"true" minimum:"1" maximum:"10000000" doc:"Mean tokens of an answer." example:"256"`
	InputCV     optional[float64] `query:"input_cv" minimum:"0" maximum:"10" doc:"How widely prompts spread, standard deviation over mean; 1 is assumed."`
	OutputCV    optional[float64] `query:"output_cv" minimum:"0" maximum:"10" doc:"How widely answers spread; 1 is assumed."`
	CachedShare float64           `query:"cached_share" minimum:"0" maximum:"1" doc:"Part of a prompt that the prefix cache serves."`
	Gaps        optional[float64] `query:"gap_cv" minimum:"0" maximum:"20" doc:"How arrivals bunch: spread of the times between them over the mean; 1, Poisson, is assumed."`
	Requests    int64             `query:"requests" minimum:"100" maximum:"2000000" doc:"How many to simulate at each rate; 20,000 if left out."`
	Seed        uint64            `query:"seed" doc:"The same seed makes the same requests."`
	TTFT        float64           `query:"ttft_seconds" minimum:"0.01" maximum:"600" doc:"Time to the first token; 2 s if left out."`
	TTFTShare   float64           `query:"ttft_share" minimum:"0.01" maximum:"0.9999" doc:"Of the requests that must keep it; 0.99 if left out."`
	TPOT        float64           `query:"tpot_ms" minimum:"1" maximum:"10000" doc:"Time between later tokens, in the mean over an answer; 50 ms if left out."`
	TPOTShare   float64           `query:"tpot_share" minimum:"0.01" maximum:"0.9999" doc:"Of the requests that must keep it; 0.99 if left out."`
}

func (q *capacityQuery) request() app.CapacityRequest {
	return app.CapacityRequest{
		Engine: app.EngineChoice{
			Model: q.Model, GPU: q.GPU, Precision: llm.Precision(q.Precision), KVPrecision: llm.Precision(q.KVPrecision), TP: q.TP, DP: q.DP, EP: q.EP, Engine: q.Engine,
		},
		Load: app.SyntheticLoad{
			Input: q.Input, Output: q.Output, InputCV: q.InputCV.given(), OutputCV: q.OutputCV.given(), CachedShare: q.CachedShare, Gaps: q.Gaps.given(), Requests: q.Requests, Seed: q.Seed,
		},
		Target: app.LatencyTarget{TTFT: q.TTFT, TTFTShare: q.TTFTShare, TPOT: q.TPOT, TPOTShare: q.TPOTShare},
	}
}

// simulateBody is a fleet, and the target that it is held to.
type simulateBody struct {
	app.EngineChoice
	Replicas int                `json:"replicas" minimum:"1" maximum:"4096" doc:"Replicas of the engine."`
	Routing  string             `json:"routing,omitempty" enum:"least_loaded,round_robin,prefix_affinity" doc:"How requests find a replica; the least loaded one if left out."`
	Target   app.LatencyTarget  `json:"target,omitzero"`
	Workload *app.SyntheticLoad `json:"workload,omitempty" doc:"The workload by its means; left out beside logs."`
}

func (b simulateBody) request() app.SimulateRequest {
	return app.SimulateRequest{Engine: b.EngineChoice, Replicas: b.Replicas, Routing: b.Routing, Target: b.Target, Load: b.Workload}
}

// planBody is what a fleet may be made of, and the target that it is held to.
type planBody struct {
	app.FleetChoice
	Target   app.LatencyTarget  `json:"target,omitzero"`
	Workload *app.SyntheticLoad `json:"workload,omitempty" doc:"The workload by its means; left out beside logs."`
}

func (b planBody) request() app.PlanRequest {
	return app.PlanRequest{Choice: b.FleetChoice, Target: b.Target, Load: b.Workload}
}

// accepts is what kinds of answer the client takes: text/event-stream for progress while the work goes on, or JSON.
type accepts string

// events reports whether the client asks for events.
func (a accepts) events() bool {
	for part := range strings.SplitSeq(string(a), ",") {
		if kind, _, err := mime.ParseMediaType(part); err == nil && kind == eventStream {
			return true
		}
	}
	return false
}

const eventStream = "text/event-stream"

// fleetForm is an upload of call logs with what is asked of them.
type fleetForm struct {
	Files   []huma.FormFile `form:"files" required:"false" doc:"Call logs or traces; gzip and zstd are undone, and Parquet is read."`
	Kept    bool            `form:"kept" required:"false" doc:"Take the calls that the server keeps, in place of files."`
	From    string          `form:"from" required:"false" doc:"Only calls that begin at this instant or later: RFC 3339, or a day."`
	To      string          `form:"to" required:"false" doc:"Only calls that begin before this instant."`
	Only    []string        `form:"only" required:"false" nullable:"false" doc:"Only calls with this model, provider, project, user, key or tier, as dimension=value."`
	Request string          `form:"request" required:"true" doc:"What is asked, in JSON, as the operation without logs takes it; without its workload."`
	Format  string          `form:"format" required:"false" doc:"The logs' format; detected if left out."`
	Input   string          `form:"input" required:"false" doc:"Whether the input figure holds cached tokens." enum:"detect,includes,excludes"`
	Map     []string        `form:"map" required:"false" nullable:"false" doc:"Columns of the log for our fields, as field=column."`
	Strict  bool            `form:"strict" required:"false" doc:"Stop at the first bad row."`
}

// log is the part of the form that says how the logs are read.
func (f *fleetForm) log() *logForm {
	return &logForm{Files: f.Files, Kept: f.Kept, From: f.From, To: f.To, Only: f.Only, Format: f.Format, Input: f.Input, Map: f.Map, Strict: f.Strict}
}

type fleetUpload struct {
	RawBody huma.MultipartFormFiles[fleetForm]

	accept accepts
}

// Resolve takes the header, which no parameter of a contract may name.
func (u *fleetUpload) Resolve(c huma.Context) []error {
	u.accept = accepts(c.Header("Accept"))
	return nil
}

type fleetBody[T any] struct {
	Body T

	accept accepts
}

// Resolve takes the header, which no parameter of a contract may name.
func (b *fleetBody[T]) Resolve(c huma.Context) []error {
	b.accept = accepts(c.Header("Accept"))
	return nil
}

func (h handlers) fleet(api huma.API) {
	get(api, "/api/v1/capacity", "How much one serving engine sustains at a latency target", "fleet", func(ctx context.Context, in *capacityQuery) (*body[app.CapacityAnswer], error) {
		a, err := h.app.Capacity(ctx, in.request())
		return answer(h, a, err)
	})
	long(h, api, "/api/v1/simulate", "Serve a workload given by its means on a fleet", func(ctx context.Context, in *fleetBody[simulateBody], tell func(app.Progress)) (app.SimulateAnswer, error) {
		r := in.Body.request()
		r.Progress = tell
		return h.app.Simulate(ctx, r)
	})
	longUpload(h, api, "/api/v1/simulate/log", "Serve every call of call logs on a fleet", func(ctx context.Context, form *fleetForm, tell func(app.Progress)) (app.SimulateAnswer, error) {
		var b simulateBody
		if err := decodeRequest(form.Request, &b); err != nil {
			return app.SimulateAnswer{}, err
		}
		r := b.request()
		r.Progress = tell
		var err error
		if r.Logs, err = form.log().sources(ctx, h.app); err != nil {
			return app.SimulateAnswer{}, err
		}
		if r.Options, err = form.log().options(); err != nil {
			return app.SimulateAnswer{}, err
		}
		return h.app.Simulate(ctx, r)
	})
	long(h, api, "/api/v1/plan", "The cheapest fleet for a workload given by its means", func(ctx context.Context, in *fleetBody[planBody], tell func(app.Progress)) (app.PlanAnswer, error) {
		r := in.Body.request()
		r.Progress = tell
		return h.app.Plan(ctx, r)
	})
	longUpload(h, api, "/api/v1/plan/log", "The cheapest fleet for call logs, proved by simulating every call", func(ctx context.Context, form *fleetForm, tell func(app.Progress)) (app.PlanAnswer, error) {
		var b planBody
		if err := decodeRequest(form.Request, &b); err != nil {
			return app.PlanAnswer{}, err
		}
		r := b.request()
		r.Progress = tell
		var err error
		if r.Logs, err = form.log().sources(ctx, h.app); err != nil {
			return app.PlanAnswer{}, err
		}
		if r.Options, err = form.log().options(); err != nil {
			return app.PlanAnswer{}, err
		}
		return h.app.Plan(ctx, r)
	})
}

// decodeRequest reads the JSON beside an upload strictly.
func decodeRequest(text string, into any) error {
	bad := func(err error) error {
		return &app.KindError{Kind: app.BadUsage, Err: &decide.FieldError{Field: "request", Problem: err.Error(), Hint: "send it in JSON, as the operation without logs takes it"}}
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return bad(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return bad(errors.New("something stands behind the document"))
	}
	return nil
}

// long registers an operation that takes a while.
func long[T, Out any](h handlers, api huma.API, path, summary string, call func(context.Context, *fleetBody[T], func(app.Progress)) (Out, error)) {
	huma.Register(api, longOperation[Out](api, path, summary), func(ctx context.Context, in *fleetBody[T]) (*huma.StreamResponse, error) {
		return work(ctx, h, in.accept, func(tell func(app.Progress)) (Out, error) { return call(ctx, in, tell) })
	})
}

// longUpload registers an operation that takes uploads up to [MaxUpload], and a while.
func longUpload[Out any](h handlers, api huma.API, path, summary string, call func(context.Context, *fleetForm, func(app.Progress)) (Out, error)) {
	op := longOperation[Out](api, path, summary)
	op.BodyReadTimeout, op.Middlewares = -1, huma.Middlewares{uploaded(api)}
	huma.Register(api, op, func(ctx context.Context, in *fleetUpload) (*huma.StreamResponse, error) {
		return work(ctx, h, in.accept, func(tell func(app.Progress)) (Out, error) {
			form := in.RawBody.Data()
			defer form.log().close()
			return call(ctx, form, tell)
		})
	})
	form := api.OpenAPI().Paths[path].Post.RequestBody
	form.Required = true
	form.Content["multipart/form-data"].Schema.Properties["files"].Items.ContentEncoding = "" // the bytes as they are
}

// longOperation describes an operation that answers in JSON, or with events.
func longOperation[Out any](api huma.API, path, summary string) huma.Operation {
	schema := func(t reflect.Type, name string) *huma.Schema {
		return api.OpenAPI().Components.Schemas.Schema(t, true, name)
	}
	var events []*huma.Schema
	for _, e := range []struct {
		name string
		data *huma.Schema
	}{
		{"progress", schema(reflect.TypeFor[app.Progress](), "Progress")},
		{"result", schema(reflect.TypeFor[Out](), "")},
		{"problem", schema(reflect.TypeFor[huma.ErrorModel](), "ErrorModel")},
	} {
		events = append(events, &huma.Schema{
			Title: "Event " + e.name, Type: huma.TypeObject, Required: []string{"event", "data"},
			Properties: map[string]*huma.Schema{"event": {Type: huma.TypeString, Enum: []any{e.name}}, "data": e.data},
		})
	}
	var out *body[Out]
	return huma.Operation{
		OperationID: huma.GenerateOperationID(http.MethodPost, path, out), Method: http.MethodPost, Path: path, Summary: summary, Tags: []string{"fleet"},
		Description: "With Accept: text/event-stream the answer comes as events: progress while the work goes on, and last a result or a problem. A client that goes away ends the work.",
		Responses: map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{
			"application/json": {Schema: schema(reflect.TypeFor[Out](), "")},
			eventStream:        {Schema: &huma.Schema{Type: huma.TypeArray, Description: "Server-sent events, each an element.", Items: &huma.Schema{OneOf: events}}},
		}}},
	}
}

// outcome is how long work ended.
type outcome[T any] struct {
	value T
	err   error
}

// work does long work for a client that takes JSON or events. It ends with the request: a client that goes away cancels it.
// A failure before there is any progress has its own status; a later one is an event.
func work[T any](ctx context.Context, h handlers, in accepts, call func(func(app.Progress)) (T, error)) (*huma.StreamResponse, error) {
	if !in.events() {
		value, err := call(nil)
		if err != nil {
			return nil, h.problem(err)
		}
		return &huma.StreamResponse{Body: func(c huma.Context) {
			c.SetHeader("Content-Type", "application/json")
			encoder := json.NewEncoder(c.BodyWriter())
			encoder.SetEscapeHTML(false)
			if err := encoder.Encode(value); err != nil && ctx.Err() == nil {
				h.log.Error("answering", "err", err)
			}
		}}, nil
	}
	progress, done := make(chan app.Progress, 1), make(chan outcome[T], 1)
	tell := func(p app.Progress) {
		select { // what the client has not been told yet is out of date
		case <-progress:
		default:
		}
		progress <- p
	}
	go func() {
		var o outcome[T]
		defer func() {
			if fault := recover(); fault != nil {
				o.err = fmt.Errorf("a fault of the program: %v\n%s", fault, debug.Stack())
			}
			done <- o
		}()
		o.value, o.err = call(tell)
	}()
	var first app.Progress
	select {
	case o := <-done:
		if o.err != nil {
			return nil, h.problem(o.err)
		}
		done <- o
	case first = <-progress:
	}
	return &huma.StreamResponse{Body: func(c huma.Context) {
		c.SetHeader("Content-Type", eventStream)
		c.SetHeader("Cache-Control", "no-store")
		c.SetHeader("X-Accel-Buffering", "no") // proxies would hold events back
		if first.Phase != "" {
			send(c, "progress", first)
		}
		for {
			select {
			case p := <-progress:
				send(c, "progress", p)
			case o := <-done:
				if o.err != nil {
					send(c, "problem", h.problem(o.err))
				} else {
					send(c, "result", o.value)
				}
				return
			}
		}
	}}, nil
}

// send writes an event. A client that is gone gets none, and the work ends with its request.
func send(c huma.Context, event string, data any) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "event: %s\ndata: ", event)
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(data); err != nil {
		return
	}
	b.WriteByte('\n')
	_, w := humago.Unwrap(c)
	if _, err := w.Write(b.Bytes()); err == nil {
		_ = http.NewResponseController(w).Flush() // a writer that cannot flush sends it later
	}
}
