// Command history writes the logs of package catalog from what the git histories of public price tables changed:
//
//	go run ./tools/history -from ../shared/data/prices -to catalog/history
//
// The input stays outside the repository. Only rates of models that the catalog knows are kept, under the names
// that the tables themselves use. Running the command again on the same inputs writes the same bytes. What was read
// and what was left out goes to standard error.
package main

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"breakeven/catalog"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "history:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	flags := flag.NewFlagSet("history", flag.ContinueOnError)
	from := flags.String("from", "../shared/data/prices", "folder with the history of the tables")
	to := flags.String("to", "catalog/history", "folder to write")
	if err := flags.Parse(args); err != nil {
		return err
	}
	book, err := catalog.Prices()
	if err != nil {
		return err
	}
	logs, counts, err := build(*from, book)
	if err != nil {
		return err
	}
	files, err := format(logs)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := os.WriteFile(filepath.Join(*to, name), files[name], 0o644); err != nil {
			return err
		}
	}
	fmt.Fprint(os.Stderr, counts.report())
	return nil
}
