package catalog

import (
	"fmt"
	"io/fs"
	"path"

	"breakeven/price"
)

// Prices compiles the embedded price files into a book. It does all of its work on every call: a caller that
// asks often keeps the book. An error means that this build carries a broken catalog.
func Prices() (*price.Book, error) {
	files, err := PriceFiles()
	if err != nil {
		return nil, err
	}
	book, err := price.NewBook(files)
	if err != nil {
		return nil, fmt.Errorf("embedded price catalog: %w", err)
	}
	return book, nil
}

// PriceFiles returns the embedded price files by name, as [price.NewBook] takes them, so that a caller can add
// a file of its own or replace one.
func PriceFiles() (map[string][]byte, error) {
	names, err := fs.Glob(FS, "prices/*.json")
	if err != nil {
		return nil, fmt.Errorf("embedded price catalog: %w", err)
	}
	files := make(map[string][]byte, len(names))
	for _, name := range names {
		data, err := FS.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("embedded price catalog: %w", err)
		}
		files[path.Base(name)] = data
	}
	return files, nil
}
