package store

import (
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"breakeven/fact"
	"breakeven/registry"
)

// packed is a snapshot ready to be stored.
type packed struct {
	registry.Snapshot // with its facts as they read back

	facts []byte // the canonical form, deflated
	seal  string
}

// maxCanonical bounds a snapshot's canonical form: a table with a million rates fits.
const maxCanonical = 256 << 20

// pack checks that a snapshot is what its identity says and that it reads back, and deflates it.
func pack(s registry.Snapshot) (packed, error) {
	canonical, err := check(s)
	if err != nil {
		return packed{}, err
	}
	again := registry.NewSnapshot(s.Source, s.Taken, s.Date, s.Facts)
	if again.ID != s.ID {
		return packed{}, &InvalidError{"snapshot id", "it is not the hash of the facts: make the snapshot by registry.NewSnapshot"}
	}
	facts, err := registry.DecodeFacts(canonical)
	if err != nil {
		return packed{}, &InvalidError{"facts", err.Error()}
	}
	for i := range facts {
		if e := facts[i].Effective; !storable(e.From) || !storable(e.To) {
			return packed{}, &InvalidError{"facts", fmt.Sprintf("%s: the years of the effective interval are out of range", facts[i].Key)}
		}
	}
	again.Facts = facts
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.DefaultCompression)
	if err != nil {
		return packed{}, err
	}
	if _, err := w.Write(canonical); err != nil {
		return packed{}, err
	}
	if err := w.Close(); err != nil {
		return packed{}, err
	}
	return packed{again, b.Bytes(), seal(again, int64(len(facts)))}, nil
}

// check refuses what a database cannot hold, or would hold otherwise on another engine, and returns the canonical
// form.
func check(s registry.Snapshot) ([]byte, error) {
	if err := checkSource(s.Source.ID); err != nil {
		return nil, err
	}
	for _, field := range []struct{ name, text string }{
		{"source title", s.Source.Title}, {"source url", s.Source.URL}, {"source group", s.Source.Group},
	} {
		if err := checkText(field.name, field.text); err != nil {
			return nil, err
		}
	}
	if s.Date != "" {
		if _, err := fact.ParseDate(string(s.Date)); err != nil {
			return nil, &InvalidError{"snapshot date", err.Error()}
		}
	}
	switch {
	case s.Taken.IsZero() || !storable(s.Taken):
		return nil, &InvalidError{"snapshot taken", "it is not an instant between 1678 and 2262"}
	case len(s.Facts) == 0:
		return nil, &InvalidError{"facts", "there are none: a source that says nothing is a failed reading"}
	}
	canonical := s.Encode()
	if len(canonical) > maxCanonical {
		return nil, &InvalidError{"facts", fmt.Sprintf("%d bytes are more than %d", len(canonical), maxCanonical)}
	}
	return canonical, checkText("facts", string(canonical))
}

// checkSource refuses the name of a source that is empty or holds control characters.
func checkSource(id string) error {
	if id == "" {
		return &InvalidError{"source id", "it is empty"}
	}
	if strings.ContainsFunc(id, func(r rune) bool { return r < ' ' }) {
		return &InvalidError{"source id", fmt.Sprintf("%q holds a control character", id)}
	}
	return checkText("source id", id)
}

// checkText refuses text that PostgreSQL refuses, on either engine.
func checkText(field, text string) error {
	if !utf8.ValidString(text) {
		return &InvalidError{field, "the text is not UTF-8"}
	}
	if strings.ContainsRune(text, 0) {
		return &InvalidError{field, "the text holds a zero byte"}
	}
	return nil
}

// unpack reads a stored snapshot's facts, and tells whether they are those of its identity.
func unpack(id, source string, deflated []byte) ([]registry.Fact, error) {
	canonical, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(deflated)), maxCanonical+1))
	if err != nil {
		return nil, fmt.Errorf("the facts cannot be inflated: %w", err)
	}
	if len(canonical) > maxCanonical {
		return nil, errors.New("the facts inflate beyond any table")
	}
	h := sha256.New()
	_, _ = io.WriteString(h, source+"\n") // a hash takes everything
	_, _ = h.Write(canonical)
	if sum := hex.EncodeToString(h.Sum(nil)); sum != id {
		return nil, fmt.Errorf("the facts hash to %s", sum)
	}
	return registry.DecodeFacts(canonical)
}

// seal is the hash of what a snapshot says of itself besides its facts.
func seal(s registry.Snapshot, count int64) string {
	var b []byte
	for _, field := range []string{
		s.ID, s.Source.ID, s.Source.Title, s.Source.URL, s.Source.Group, strconv.FormatBool(s.Source.Vendor),
		strconv.FormatInt(s.Taken.UnixNano(), 10), string(s.Date), strconv.FormatInt(count, 10),
	} {
		b = appendField(b, field)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// appendField writes a text behind its length, "5:input,", so that no two lists of fields give the same bytes.
func appendField(b []byte, text string) []byte {
	b = strconv.AppendInt(b, int64(len(text)), 10)
	b = append(b, ':')
	b = append(b, text...)
	return append(b, ',')
}
