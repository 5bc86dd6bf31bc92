package usage

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// Records are read by their frame where they have the one of an earlier record, and taken apart where not. What they
// say is the same.
func TestRecordsWithAndWithoutAFrame(t *testing.T) {
	lines := []struct{ text, want string }{
		{`{"id":"a","input_tokens":1,"output_tokens":2,"note":"x","model":"m"}`, "a m 1 2"},
		{`{"id":"b","input_tokens":3,"output_tokens":4,"note":null,"model":"m"}`, "b m 3 4"},
		{`{"id":"c\u0021","input_tokens":"5","output_tokens":6.0,"note":"{\"id\":7}","model":null}`, "c!  5 6"}, // other types
		{`{"id":"d","output_tokens":8,"input_tokens":7,"note":"","model":"m"}`, "d m 7 8"},                      // another order
		{`{"id":"e","input_tokens":9,"output_tokens":10,"model":"m"}`, "e m 9 10"},                              // a key less
		{`{"id":"f","input_tokens":11,"output_tokens":12,"note":[],"model":"m"}`, "f m 11 12"},                  // a list for a text
		{`{"id":"g", "input_tokens":13, "output_tokens":14, "note":true, "model":"m"} `, "g m 13 14"},           // other spaces
		{`{"id":"h","input_tokens":15,"output_tokens":16,"note":"x","model":"m","id":"i"}`, ""},                 // a key twice: a fault
		{`{"id":"j","input_tokens":17,"output_tokens":18,"note":"x","model":"m"`, ""},                           // cut: a fault
		{`{"id":"k","input_tokens":19,"output_tokens":20,"note":"x","model":"m"}`, "k m 19 20"},
	}
	var text strings.Builder
	var want, got []string
	for _, l := range lines {
		fmt.Fprintln(&text, l.text)
		if l.want != "" {
			want = append(want, l.want)
		}
	}
	s, err := Read("log.jsonl", strings.NewReader(text.String()), Options{}, func(c *Call) error {
		got = append(got, fmt.Sprintf("%s %s %d %d", c.ID, c.Model, c.Quantities.InputTokens(), c.Quantities.OutputTokens()))
		return nil
	})
	if err != nil || s.Faulty != 2 || s.Faults[0].Line != 8 || s.Faults[1].Line != 9 {
		t.Errorf("%+v, %v", s.Faults, err)
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%q, want\n%q", got, want)
	}
}

// Frames that nothing fits are given up, so that a file without a common shape costs little more than a walk.
func TestFramesAreGivenUp(t *testing.T) {
	v := framedVisitor()
	for i := range 1000 {
		if err := v.record(fmt.Appendf(nil, `{"id":"a","k%d":1}`, i), i); err != nil {
			t.Fatal(err)
		}
	}
	if f := v.framing; f.misses > 2*maxMisses || len(f.list) != maxFrames {
		t.Errorf("%d misses, %d frames", f.misses, len(f.list))
	}
}

// framedVisitor reads records of a format with columns, a nested one and a list.
func framedVisitor() *rowVisitor {
	s := newSession("fuzz", Options{}, nil)
	s.surveying = true
	s.format = &format{nested: []string{"meta"}, columns: map[string]binding{
		"id": {fID, 0}, "t": {fTime, 0}, "in": {fInput, 0}, "u.in": {fInput, 1}, "u.out": {fOutput, 0}, "meta.out": {fOutput, 1}, "h[]": {fBlocks, 0},
	}}
	return &rowVisitor{s: s}
}

// What a frame makes of a record is what a walk makes of it, and no frame fits what is no JSON.
func FuzzFrame(f *testing.F) {
	for _, s := range [][2]string{
		{`{"id":"a","in":1,"u":{"out":2}}`, `{"id":"b\n","in":null,"u":{"out":-0.5e1}}`},
		{`{"id":"a","x":0,"meta":"{\"out\":3}"}`, `{"id":"a","x":"{","meta":"{\"out\":4}"}`},
		{`{"in":0,"u":{"in":1}}`, `{"in":5,"u":{"in":""}}`},
		{`{"h":[1,2],"id":""}`, `{"h":[3,4],"id":""}`},
		{`[{"id":1},{"id":2}]`, `[{"id":1},{"id":2}] `},
		{`7`, `8`},
		{`{}`, `{}`},
	} {
		f.Add([]byte(s[0]), []byte(s[1]))
	}
	f.Fuzz(func(t *testing.T, first, second []byte) {
		framed, walked := framedVisitor(), framedVisitor()
		if err := framed.record(first, 1); err != nil {
			t.Fatal(err)
		}
		for i := range framed.framing.list {
			framed.s.row.reset(2)
			if !framed.fits(&framed.framing.list[i], second) {
				continue
			}
			if !json.Valid(second) {
				t.Fatalf("the frame of %q fits %q, which is no JSON", first, second)
			}
			walked.s.row.reset(2)
			if err := walked.s.walker.walk(second, "", walked); err != nil {
				t.Fatalf("%q: %v", second, err)
			}
			got, want := &framed.s.row, &walked.s.row
			if !slices.Equal(got.used, want.used) || got.blank != want.blank || got.twice != want.twice || !slices.Equal(got.blocks, want.blocks) {
				t.Fatalf("by the frame of %q, %q is %+v, want %+v", first, second, got, want)
			}
			for _, f := range want.used {
				if !bytes.Equal(got.text[f], want.text[f]) || got.name[f] != want.name[f] || got.rank[f] != want.rank[f] {
					t.Fatalf("by the frame of %q, the %s of %q is %q of %s, want %q of %s", first, f, second, got.text[f], got.name[f], want.text[f], want.name[f])
				}
			}
		}
	})
}
