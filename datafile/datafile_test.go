package datafile_test

import (
	"errors"
	"testing"

	"breakeven/datafile"
	"breakeven/fact"
)

type document struct {
	Name  string `json:"name"`
	Price int    `json:"price"`
}

func TestDecodeSaysWhere(t *testing.T) {
	for data, path := range map[string]string{
		"{\"name\": \"a\",\n \"cost\": 1}":      "line 2, column 2", // an unknown field
		"{\"name\": \"a\",\n \"price\": \"x\"}": "line 2, column 14",
		"{\"name\": \"a\"\n \"price\": 1}":      "line 2, column 3",
		`{"name": "a"} {"name": "b"}`:           "line 1, column 16", // a second document
		`{"name": "a"}]`:                        "line 1, column 14", // a bracket too many
		"":                                      "line 1, column 1",
	} {
		var d document
		err := datafile.Decode("a.json", []byte(data), &d)
		fault, ok := errors.AsType[*datafile.Error](err)
		if !ok || fault.File != "a.json" {
			t.Errorf("%q: %v is no fault of the file", data, err)
			continue
		}
		if fault.Path != path {
			t.Errorf("%q: the fault is at %s, want %s", data, fault.Path, path)
		}
	}
	var d document
	if err := datafile.Decode("a.json", []byte("{\"name\": \"a\", \"price\": 3}\n"), &d); err != nil || d.Price != 3 {
		t.Errorf("%+v, %v", d, err)
	}
}

func TestCheckSources(t *testing.T) {
	good := fact.Provenance{Kind: fact.Published, Source: "page", Date: "2026-08-01"}
	for path, change := range map[string]func(*fact.Provenance){
		"":                 func(*fact.Provenance) {},
		"sources.a.kind":   func(p *fact.Provenance) { p.Kind = "felt" },
		"sources.a.source": func(p *fact.Provenance) { p.Source = "" },
		"sources.a.date":   func(p *fact.Provenance) { p.Date = "August" },
	} {
		p := good
		change(&p)
		if got, err := datafile.CheckSources(map[string]fact.Provenance{"a": p, "b": good}); got != path || (err != nil) != (path != "") {
			t.Errorf("%+v: %q, %v, want %q", p, got, err, path)
		}
	}
}

// Whatever the bytes, decoding ends, and a fault is one of the file.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{`{"name": "a", "price": 1}`, `{"name": 1}`, "", "{", `{"x":`, "[]", "\xff"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var d document
		if err := datafile.Decode("f", data, &d); err != nil {
			if _, ok := errors.AsType[*datafile.Error](err); !ok {
				t.Errorf("%v", err)
			}
		}
	})
}
