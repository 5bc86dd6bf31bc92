package chtest

import (
	"fmt"
	"io"
	"os"
)

const (
	libraryVariable = "BREAKEVEN_CHTEST_LIBRARY"
	folderVariable  = "BREAKEVEN_CHTEST_FOLDER"

	configFile = "config.xml"
	errorLog   = "errors"
)

// Host makes this process a node and never returns, if it was started to be one. It comes first in TestMain. A node ends
// when its standard input does, which happens with the process that holds the other side.
func Host() {
	library := os.Getenv(libraryVariable)
	if library == "" {
		return
	}
	ended := make(chan error, 2)
	go func() { ended <- serve(library, os.Getenv(folderVariable)) }()
	go func() {
		_, err := io.Copy(io.Discard, os.Stdin)
		ended <- err
	}()
	fmt.Fprintln(os.Stderr, "the node ends:", <-ended)
	os.Exit(1) //nolint:forbidigo // it is main for this process
}
