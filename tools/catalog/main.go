// Command catalog writes the data files of package catalog from other people's tables and from what this
// repository knows by hand.
//
//	go run ./tools/catalog prices -from ../shared/data/prices -to catalog/prices
//
// The tables are inputs that stay outside the repository. What cannot be computed from them stands in
// tools/catalog/curated, one file for each provider: how the tables name it, its models with their names and
// aliases, the vendor's rules, and entries that were written by hand with their evidence. Running the command
// again on the same inputs writes the same bytes. What a person should look at goes to standard error: rates
// that the tables dispute, rules that a table contradicts, models that nobody has listed yet.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "catalog:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 || args[0] != "prices" {
		return errors.New("usage: catalog prices -from DIR -to DIR [-curated DIR] [-review]")
	}
	flags := flag.NewFlagSet("prices", flag.ContinueOnError)
	from := flags.String("from", "../shared/data/prices", "folder of the tables")
	to := flags.String("to", "catalog/prices", "folder to write")
	curated := flags.String("curated", "tools/catalog/curated", "folder of the curated files")
	review := flags.Bool("review", false, "also list disputed rates and models that no curated file names")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	files, report, err := Prices(*from, *curated)
	if err != nil {
		return err
	}
	for _, line := range report {
		if *review || line.Serious {
			fmt.Fprintln(os.Stderr, line.Text)
		}
	}
	for _, name := range slices.Sorted(keys(files)) {
		if err := os.WriteFile(filepath.Join(*to, name), files[name], 0o644); err != nil {
			return err
		}
	}
	return nil
}
