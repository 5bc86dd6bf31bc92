package parquet_test

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	goparquet "github.com/parquet-go/parquet-go"
	"pgregory.net/rapid"

	"breakeven/internal/parquet"
)

var schema = []parquet.Column{
	{Name: "start", Kind: parquet.Time},
	{Name: "tokens", Kind: parquet.Int},
	{Name: "end", Kind: parquet.Time, Optional: true},
	{Name: "cost", Kind: parquet.Decimal, Optional: true},
	{Name: "model", Kind: parquet.Text},
	{Name: "failed", Kind: parquet.Flag},
	{Name: "key", Kind: parquet.Key},
}

// group is the values of a group of rows, written out.
type group struct {
	ints  [4][]int64
	model []string
	flags []bool
	keys  [][16]byte
}

func (g *group) rows() int { return len(g.model) }

// data is the group as the writer takes it.
func (g *group) data() []parquet.Data {
	var words []string
	index := make([]uint32, g.rows())
	for i, m := range g.model {
		at := slices.Index(words, m)
		if at < 0 {
			at = len(words)
			words = append(words, m)
		}
		index[i] = uint32(at)
	}
	data := make([]parquet.Data, 0, len(schema))
	for _, values := range g.ints {
		d := parquet.Data{Ints: values}
		if slices.Min(values) == slices.Max(values) {
			d = parquet.Data{Same: values[0]}
		}
		data = append(data, d)
	}
	return append(data, parquet.Data{Index: index, Words: words}, parquet.Data{Flags: g.flags}, parquet.Data{Keys: g.keys})
}

func write(t interface{ Fatal(args ...any) }, groups []*group) []byte {
	var out bytes.Buffer
	w, err := parquet.NewWriter(&out, schema, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range groups {
		if err := w.Group(g.rows(), g.data()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// read reads all that a file holds.
func read(file []byte) ([]*group, error) {
	f, err := parquet.Open(bytes.NewReader(file), int64(len(file)), schema)
	if err != nil {
		return nil, err
	}
	r, err := parquet.NewReader()
	if err != nil {
		return nil, err
	}
	var groups []*group
	for n := range f.Groups() {
		g := &group{}
		rows := f.GroupRows(n)
		for c := range g.ints {
			values, same, err := r.Ints(f, n, c, nil)
			if err != nil {
				return nil, err
			}
			if values == nil {
				values = slices.Repeat([]int64{same}, rows)
			}
			g.ints[c] = values
		}
		index, words, err := r.Text(f, n, 4, nil)
		if err != nil {
			return nil, err
		}
		g.model = make([]string, rows)
		for i := range g.model {
			if index == nil {
				g.model[i] = words[0]
			} else {
				g.model[i] = words[index[i]]
			}
		}
		if g.flags, err = r.Flags(f, n, 5, nil); err != nil {
			return nil, err
		}
		if g.flags == nil {
			g.flags = make([]bool, rows)
		}
		if g.keys, err = r.Keys(f, n, 6, nil); err != nil {
			return nil, err
		}
		groups = append(groups, g)
	}
	return groups, nil
}

// Whatever is written is read again: runs, few values, many, extremes, nulls here, there, everywhere and nowhere.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var groups []*group
		for range rapid.IntRange(1, 3).Draw(t, "groups") {
			groups = append(groups, draw(t))
		}
		file := write(t, groups)
		got, err := read(file)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, groups) {
			t.Fatalf("got %+v\nwant %+v", got[0], groups[0])
		}
	})
}

func draw(t *rapid.T) *group {
	n := rapid.IntRange(1, 700).Draw(t, "rows")
	r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
	g := &group{flags: make([]bool, n), keys: make([][16]byte, n), model: make([]string, n)}
	for c := range g.ints {
		g.ints[c] = make([]int64, n)
		sort := rapid.IntRange(0, 5).Draw(t, "sort")
		for i := range g.ints[c] {
			v := int64(7)
			switch sort {
			case 1:
				v = int64(i / 20)
			case 2:
				v = r.Int64N(5_000)
			case 3:
				v = r.Int64N(300) - 100
			case 4:
				v = int64(r.Uint64()) | 1 // anything but the least, which is null
			case 5:
				v = []int64{math.MaxInt64, math.MinInt64 + 1, 0}[r.IntN(3)]
			}
			if schema[c].Optional && r.IntN(1+sort) == 0 {
				v = parquet.Null
			}
			g.ints[c][i] = v
		}
	}
	words := rapid.IntRange(1, 40).Draw(t, "words")
	for i := range n {
		g.model[i] = fmt.Sprint("model-", r.IntN(words)*r.IntN(2))
		g.flags[i] = words%3 == 0 && r.IntN(3) == 0
		for k := range g.keys[i] {
			g.keys[i][k] = byte(r.Uint32())
		}
	}
	return g
}

// Another reader finds the same values, of the types that a table should have.
func TestOtherReader(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	big := &group{flags: make([]bool, 5_000), keys: make([][16]byte, 5_000), model: make([]string, 5_000)}
	for c := range big.ints {
		big.ints[c] = make([]int64, 5_000)
	}
	for i := range 5_000 {
		big.ints[0][i] = int64(i) * 1_234_567
		big.ints[1][i] = r.Int64N(6_000)
		big.ints[2][i] = parquet.Null
		big.ints[3][i] = r.Int64N(2_000_000_000)
		if i%3 == 0 {
			big.ints[3][i] = parquet.Null
		}
		big.model[i] = fmt.Sprint("model-", r.IntN(9))
		big.flags[i] = i%11 == 0
		big.keys[i][15] = byte(i)
	}
	one := &group{ints: [4][]int64{{5}, {6}, {7}, {8}}, model: []string{"ünï"}, flags: []bool{true}, keys: [][16]byte{{1}}}
	groups := []*group{big, one}
	file := write(t, groups)

	type row struct {
		Start  int64    `parquet:"start,timestamp(microsecond)"`
		Tokens int64    `parquet:"tokens"`
		End    *int64   `parquet:"end,optional,timestamp(microsecond)"`
		Cost   *int64   `parquet:"cost,optional,decimal(9:18)"`
		Model  string   `parquet:"model"`
		Failed bool     `parquet:"failed"`
		Key    [16]byte `parquet:"key"`
	}
	f, err := goparquet.OpenFile(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := f.Schema().String(), "message calls {\n"+
		"\trequired int64 start (TIMESTAMP(isAdjustedToUTC=true,unit=MICROS));\n\trequired int64 tokens (INT(64,true));\n"+
		"\toptional int64 end (TIMESTAMP(isAdjustedToUTC=true,unit=MICROS));\n\toptional int64 cost (DECIMAL(18,9));\n"+
		"\trequired binary model (STRING);\n\trequired boolean failed;\n\trequired fixed_len_byte_array(16) key;\n}"; got != want {
		t.Errorf("schema:\n%s\nwant:\n%s", got, want)
	}
	rows := make([]row, 5_001)
	reader := goparquet.NewGenericReader[row](f)
	if n, err := reader.Read(rows); n != 5_001 {
		t.Fatalf("%d rows, %v", n, err)
	}
	i := 0
	for _, g := range groups {
		for k := range g.rows() {
			want := row{Start: g.ints[0][k], Tokens: g.ints[1][k], Model: g.model[k], Failed: g.flags[k], Key: g.keys[k]}
			for c, to := range map[int]**int64{2: &want.End, 3: &want.Cost} {
				if v := g.ints[c][k]; v != parquet.Null {
					*to = &v
				}
			}
			if !reflect.DeepEqual(rows[i], want) {
				t.Fatalf("row %d: got %+v, want %+v", i, rows[i], want)
			}
			i++
		}
	}
}

func small(t testing.TB) []byte {
	g := &group{
		ints:  [4][]int64{{1, 2, 3, 4, 5}, {100, 7, 7, 7, 1 << 40}, {parquet.Null, 5, 6, 7, 8}, {1, 1, 1, 1, 2}},
		model: []string{"a", "b", "a", "a", "a"}, flags: []bool{false, true, false, false, false}, keys: make([][16]byte, 5),
	}
	return write(t, []*group{g, g})
}

// One changed bit anywhere is an error, or changes nothing that is read; it is never other numbers. The footer is held
// against what the index of files knows of it, which this test does by leaving it out.
func TestFlippedBits(t *testing.T) {
	file := small(t)
	want, err := read(file)
	if err != nil {
		t.Fatal(err)
	}
	f, _ := parquet.Open(bytes.NewReader(file), int64(len(file)), schema)
	body := len(file) - 8 - len(f.Footer())
	for bit := range 8 * body {
		bad := slices.Clone(file)
		bad[bit/8] ^= 1 << (bit % 8)
		if got, err := read(bad); err == nil && !reflect.DeepEqual(got, want) {
			t.Errorf("bit %d of byte %d of %d changes what is read, and nobody says so", bit%8, bit/8, body)
		}
	}
	for n := range file {
		if _, err := read(file[:n]); err == nil {
			t.Errorf("a file cut after %d bytes is read", n)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(small(f))
	f.Add([]byte("PAR1\x00\x00\x00\x00PAR1"))
	f.Fuzz(func(t *testing.T, file []byte) {
		if len(file) > 1<<16 {
			return
		}
		groups, err := read(file)
		if err != nil {
			return
		}
		for _, g := range groups {
			if g.rows() > parquet.MaxRows {
				t.Errorf("a group of %d rows", g.rows())
			}
		}
	})
}
