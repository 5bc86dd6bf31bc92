package app

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"breakeven/datafile"
	"breakeven/internal/scenariofile"
	"breakeven/price"
)

// sheet is a price file that a user brings: as JSON, and as a book of its own.
type sheet struct {
	data []byte
	book *price.Book
}

// readSheet reads a price file.
func readSheet(name string, data []byte) (sheet, error) {
	var s sheet
	err := readDocument(name, data, func(data []byte) (err error) {
		s.data = data
		s.book, err = price.NewBook(map[string][]byte{name: data})
		return err
	})
	return s, err
}

// readDocument hands a document over as JSON. A name that ends in .json says that it is JSON; any other is YAML,
// whose faults get their lines.
func readDocument(name string, data []byte, read func(data []byte) error) error {
	isJSON := strings.HasSuffix(strings.ToLower(name), ".json")
	line := func(string) int { return 0 }
	if !isJSON {
		var err error
		if data, line, err = scenariofile.ToJSON(name, data); err != nil {
			return err
		}
	}
	err := read(data)
	fault, ok := errors.AsType[*datafile.Error](err)
	if !ok {
		return err
	}
	placed := *fault
	if !isJSON && strings.HasPrefix(fault.Path, "line ") {
		placed.Path = "" // a place in JSON that nobody wrote
	} else if n := line(remarks.ReplaceAllString(fault.Path, "")); n > 0 {
		placed.Path = fmt.Sprintf("line %d, %s", n, fault.Path)
	}
	return &placed
}

// remarks are what a fault's path says about a field beside its place, as in "models[3] (gpt-5).prices".
var remarks = regexp.MustCompile(` \([^)]*\)`)
