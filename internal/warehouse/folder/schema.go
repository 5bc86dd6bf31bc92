package folder

import (
	"math"
	"time"

	"breakeven/internal/parquet"
	"breakeven/price"
)

// The columns of a part. Those of the kinds lie between colKinds and colProject; requests are a column of their own.
const (
	colStart = iota
	colEnd
	colRequests
	colProvider
	colModel
	colRegion
	colTier
	colContext
	colKinds
	colProject = colKinds + int(price.KindCount) - 1 + iota - colKinds - 1
	colKey
	colUser
	colSession
	colLatency
	colTTFT
	colFailed
	colReported
	colRowKey
	colImport
	colLine

	columnCount
)

// schema is the columns of every part; a file that has others is damaged.
var schema = func() []parquet.Column {
	s := make([]parquet.Column, columnCount)
	for i, c := range map[int]parquet.Column{
		colStart: {Name: "start", Kind: parquet.Time}, colEnd: {Name: "end", Kind: parquet.Time, Optional: true},
		colRequests: {Name: "requests", Optional: true},
		colProvider: {Name: "provider", Kind: parquet.Text}, colModel: {Name: "model", Kind: parquet.Text},
		colRegion: {Name: "region", Kind: parquet.Text}, colTier: {Name: "tier", Kind: parquet.Text}, colContext: {Name: "context_over"},
		colProject: {Name: "project", Kind: parquet.Text}, colKey: {Name: "key", Kind: parquet.Text}, colUser: {Name: "user", Kind: parquet.Text},
		colSession: {Name: "session", Kind: parquet.Text}, colLatency: {Name: "latency_us"}, colTTFT: {Name: "ttft_us"},
		colFailed: {Name: "failed", Kind: parquet.Flag}, colReported: {Name: "reported_usd", Kind: parquet.Decimal, Optional: true},
		colRowKey: {Name: "row_key", Kind: parquet.Key}, colImport: {Name: "import", Kind: parquet.Text}, colLine: {Name: "line"},
	} {
		s[i] = c
	}
	for k := range price.KindCount {
		if k != price.Request {
			s[kindColumn(k)] = parquet.Column{Name: k.String()}
		}
	}
	return s
}()

// kindColumn is the column of a kind of tokens; requests have none among them.
func kindColumn(k price.Kind) int {
	if k > price.Request {
		k--
	}
	return colKinds + int(k)
}

// usual is the value that most rows have in a column of integers: as long as all have it, it takes no space.
func usual(column int) int64 {
	switch column {
	case colRequests:
		return 1
	case colEnd, colReported:
		return parquet.Null
	}
	return 0
}

// groupRows is how many rows a group of a part has at most.
const groupRows = 1 << 16

// day is how long a day is in microseconds.
const day = 24 * 60 * 60 * 1_000_000

// dayOf is the number of the day that an instant lies in, UTC.
func dayOf(micros int64) int64 {
	d := micros / day
	if micros%day < 0 {
		d--
	}
	return d
}

// never is later than every instant.
const never = math.MaxInt64

// ceilMicro is the first microsecond at or after an instant. What is kept is rounded down, so comparing with it is right.
func ceilMicro(t time.Time) int64 {
	micros := t.UnixMicro()
	if t.Nanosecond()%1000 != 0 {
		micros++
	}
	return micros
}
