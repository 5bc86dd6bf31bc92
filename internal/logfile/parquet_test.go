package logfile_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"

	"breakeven/internal/logfile"
	"breakeven/usage"
)

// parquetOf writes rows as a Parquet file.
func parquetOf[T any](t testing.TB, rows []T, options ...parquet.WriterOption) []byte {
	t.Helper()
	var b bytes.Buffer
	w := parquet.NewGenericWriter[T](&b, options...)
	if _, err := w.Write(rows); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// text is what a file decodes to.
func text(t testing.TB, data []byte) string {
	t.Helper()
	out, err := decode(data)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func decode(data []byte) ([]byte, error) {
	r, err := logfile.Decode("log.parquet", bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, err
	}
	out, err := io.ReadAll(r)
	return out, errors.Join(err, r.Close())
}

// A row of Parquet is a line of JSON: decimals keep their digits, times their precision, and what is missing is null.
func TestParquetIsJSONLines(t *testing.T) {
	type detail struct {
		Read  *int64 `parquet:"cache_read,optional"`
		Audio int32  `parquet:"audio"`
	}
	type row struct {
		Text    string            `parquet:"text"`
		Maybe   *string           `parquet:"maybe,optional"`
		Flag    bool              `parquet:"flag"`
		Small   int32             `parquet:"small"`
		Big     uint64            `parquet:"big"`
		Share   float64           `parquet:"share"`
		Single  float32           `parquet:"single"`
		Cost    int64             `parquet:"cost,decimal(9:18)"`
		Cents   int32             `parquet:"cents,decimal(2:9)"`
		Wide    [16]byte          `parquet:"wide,decimal(12:38)"`
		Day     int32             `parquet:"day,date"`
		Millis  int64             `parquet:"millis,timestamp(millisecond)"`
		Micros  int64             `parquet:"micros,timestamp(microsecond)"`
		Nanos   int64             `parquet:"nanos,timestamp(nanosecond)"`
		Local   int64             `parquet:"local,timestamp(microsecond:local)"`
		ID      [16]byte          `parquet:"id,uuid"`
		Bytes   []byte            `parquet:"bytes"`
		Usage   map[string]int64  `parquet:"usage"`
		Tags    []string          `parquet:"tags,list"`
		Plain   []int64           `parquet:"plain"`
		Detail  *detail           `parquet:"detail,optional"`
		Calls   []detail          `parquet:"calls,list"`
		Details map[string]detail `parquet:"details"`
	}
	at := time.Date(2026, 8, 19, 1, 14, 8, 162_345_678, time.UTC)
	read, word := int64(7), "x"
	full := row{
		Text: "a \"b\"\n\\ é", Maybe: &word, Flag: true, Small: -3, Big: 1<<64 - 1, Share: 59200, Single: 0.1,
		Cost: 84_926_000, Cents: -5, Day: 20_684, Millis: at.UnixMilli(), Micros: at.UnixMicro(), Nanos: at.UnixNano(), Local: at.UnixMicro(),
		ID: [16]byte{0: 0x12, 15: 0xff}, Bytes: []byte{0xff, 0}, Usage: map[string]int64{"input": 3}, Tags: []string{"a", ""}, Plain: []int64{1, 2},
		Detail: &detail{Read: &read}, Calls: []detail{{Audio: 1}, {Read: &read}}, Details: map[string]detail{"k": {Audio: 2}},
	}
	full.Wide = [16]byte{15: 5} // five picodollars
	bare := row{Millis: 0, Wide: [16]byte(bytes.Repeat([]byte{0xff}, 16))}
	const line1 = `{"text":"a \"b\"\u000a\\ é","maybe":"x","flag":true,"small":-3,"big":18446744073709551615,"share":59200,"single":0.1,` +
		`"cost":0.084926000,"cents":-0.05,"wide":0.000000000005,"day":"2026-08-19","millis":"2026-08-19T01:14:08.162Z",` +
		`"micros":"2026-08-19T01:14:08.162345Z","nanos":"2026-08-19T01:14:08.162345678Z","local":"2026-08-19T01:14:08.162345",` +
		`"id":"12000000-0000-0000-0000-0000000000ff","bytes":"/wA=","usage":{"input":3},"tags":["a",""],"plain":[1,2],` +
		`"detail":{"cache_read":7,"audio":0},"calls":[{"cache_read":null,"audio":1},{"cache_read":7,"audio":0}],"details":{"k":{"cache_read":null,"audio":2}}}`
	const line2 = `{"text":"","maybe":null,"flag":false,"small":0,"big":0,"share":0,"single":0,"cost":0.000000000,"cents":0.00,"wide":-0.000000000001,` +
		`"day":"1970-01-01","millis":"1970-01-01T00:00:00.000Z","micros":"1970-01-01T00:00:00.000000Z","nanos":"1970-01-01T00:00:00.000000000Z",` +
		`"local":"1970-01-01T00:00:00.000000","id":"00000000-0000-0000-0000-000000000000","bytes":"","usage":{},"tags":[],"plain":[],` +
		`"detail":null,"calls":[],"details":{}}`
	for _, codec := range []parquet.WriterOption{parquet.Compression(&parquet.Uncompressed), parquet.Compression(&parquet.Snappy), parquet.Compression(&parquet.Zstd), parquet.Compression(&parquet.Gzip), parquet.Compression(&parquet.Brotli)} {
		// Small row groups, so that the second row lies in one of its own.
		got := strings.Split(text(t, parquetOf(t, []row{full, bare, full}, codec, parquet.MaxRowsPerRowGroup(2))), "\n")
		if len(got) != 4 || got[0] != line1 || got[1] != line2 || got[2] != line1 || got[3] != "" {
			t.Errorf("lines =\n%s", strings.Join(got, "\n"))
		}
	}
}

// The line of a fault is the number of its row.
func TestParquetFaultsHaveRows(t *testing.T) {
	type row struct {
		Time   time.Time `parquet:"time,timestamp(millisecond)"`
		Model  string    `parquet:"model"`
		Input  int64     `parquet:"input_tokens"`
		Output int64     `parquet:"output_tokens"`
	}
	at := time.Date(2026, 8, 19, 0, 0, 0, 0, time.UTC)
	data := parquetOf(t, []row{{at, "m", 5, 1}, {at, "m", -5, 1}, {at, "m", 6, 2}})
	r, err := logfile.Decode("log.parquet", bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	s, err := usage.Read("log.parquet", r, usage.Options{}, nil)
	if err != nil || s.Calls != 2 || s.Faulty != 1 || s.Faults[0].Line != 2 || s.Faults[0].Field != "input_tokens" || !s.FirstStart.Equal(at) {
		t.Errorf("%v, %+v", err, s)
	}
}

// What the library cannot be trusted to expand is refused, and said.
func TestParquetCodecsThatAreNotRead(t *testing.T) {
	type row struct{ Model string }
	_, err := decode(parquetOf(t, []row{{"m"}}, parquet.Compression(&parquet.Lz4Raw)))
	e, ok := errors.AsType[*usage.FileError](err)
	if !ok || !strings.Contains(e.Problem, "LZ4_RAW") || !strings.Contains(e.Hint, "zstd") {
		t.Errorf("%v", err)
	}
}

// Prompts and answers are left out.
func TestParquetLeavesLongTextOut(t *testing.T) {
	type row struct{ Prompt, Model string }
	got := text(t, parquetOf(t, []row{{strings.Repeat("x", 2<<20), "m"}}))
	if got != `{"Prompt":null,"Model":"m"}`+"\n" {
		t.Errorf("%.100s", got)
	}
}

// A file that was cut or damaged is an error that names it, and never fewer rows.
func TestParquetDamage(t *testing.T) {
	type row struct {
		Model string
		Input int64
	}
	rows := make([]row, 300)
	for i := range rows {
		rows[i] = row{Model: strings.Repeat("m", i%7), Input: int64(i)}
	}
	data := parquetOf(t, rows)
	whole := text(t, data)
	for n := range data {
		if n%17 != 0 && n > 100 && n < len(data)-100 {
			continue
		}
		if out, err := decode(data[:n]); err == nil && n > 4 {
			t.Fatalf("cut after %d of %d bytes: no error, %d bytes", n, len(data), len(out))
		}
		broken := bytes.Clone(data)
		broken[n] ^= 0xff
		out, err := decode(broken)
		if err != nil {
			if _, ok := errors.AsType[*usage.FileError](err); !ok {
				t.Fatalf("byte %d: %T: %v", n, err, err)
			}
			continue
		}
		if strings.Count(string(out), "\n") != len(rows) && n > 3 {
			t.Errorf("byte %d: %d lines", n, strings.Count(string(out), "\n"))
		}
	}
	if strings.Count(whole, "\n") != len(rows) {
		t.Errorf("%d lines", strings.Count(whole, "\n"))
	}
}

func FuzzParquet(f *testing.F) {
	type row struct {
		Time  int64            `parquet:"time,timestamp(millisecond)"`
		Model *string          `parquet:"model,optional,dict"`
		Usage map[string]int64 `parquet:"usage"`
		Tags  []string         `parquet:"tags,list"`
		Cost  int64            `parquet:"cost,decimal(9:18)"`
		More  string           `parquet:"more,delta"`
	}
	model := "m"
	rows := []row{{1, &model, map[string]int64{"a": 1}, []string{"x", "y"}, 5, "abc"}, {2, nil, nil, nil, -5, "abd"}}
	for _, codec := range []parquet.WriterOption{parquet.Compression(&parquet.Uncompressed), parquet.Compression(&parquet.Zstd), parquet.Compression(&parquet.Snappy)} {
		f.Add(parquetOf(f, rows, codec))
		f.Add(parquetOf(f, rows, codec, parquet.DataPageVersion(1)))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if !bytes.HasPrefix(data, []byte("PAR1")) {
			return
		}
		out, err := decode(data)
		if err != nil {
			if _, ok := errors.AsType[*usage.FileError](err); !ok {
				t.Fatalf("%T: %v", err, err)
			}
		}
		if len(out) > 64<<20 {
			t.Fatalf("%d bytes of lines from %d bytes of Parquet", len(out), len(data))
		}
	})
}

func BenchmarkParquet(b *testing.B) {
	type row struct {
		Time    time.Time `parquet:"ts,timestamp(millisecond)"`
		Model   string    `parquet:"model,dict"`
		Project string    `parquet:"project,dict"`
		Input   int64     `parquet:"input_tokens"`
		Cached  int64     `parquet:"cached_tokens"`
		Output  int64     `parquet:"output_tokens"`
	}
	rows := make([]row, 200_000)
	at := time.Date(2026, 8, 19, 0, 0, 0, 0, time.UTC)
	for i := range rows {
		rows[i] = row{at.Add(time.Duration(i) * time.Second), "gpt-5.4", "alpha", int64(i % 5000), int64(i % 500), int64(i % 700)}
	}
	data := parquetOf(b, rows, parquet.Compression(&parquet.Zstd))
	for b.Loop() {
		out, err := decode(data)
		if err != nil || len(out) == 0 {
			b.Fatal(err)
		}
		b.SetBytes(int64(len(out)))
	}
	b.ReportMetric(float64(len(rows))*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
