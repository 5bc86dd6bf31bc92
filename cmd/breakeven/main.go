// Command breakeven answers whether to stop paying an API and serve an open model instead.
package main

import (
	"os"

	"breakeven/internal/cli"
)

func main() {
	os.Exit(cli.Main(cli.Environment()))
}
