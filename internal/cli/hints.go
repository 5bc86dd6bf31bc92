package cli

import (
	"errors"
	"regexp"
	"slices"
	"strings"

	"breakeven/decide"
	"breakeven/internal/app"
	"breakeven/internal/scenariofile"
	"breakeven/llm"
	"breakeven/scenario"
	"breakeven/usage"
)

// hints are the remedies that only a command line has: its flags and its other commands. The use cases speak of none.
var hints = []struct {
	fits func(error) bool
	says string // a message that says so already needs no hint
	hint string
}{
	{incompletePrices, "--strict", "leave --strict out to see the incomplete total, or add the price with --sheet FILE"},
	{about(`^workload$`), "--usage", "a call log is passed with --usage FILE"},
	{func(err error) bool { return errors.Is(err, app.ErrNoRegistry) }, "prices sync", "breakeven prices sync makes one"},
	{noCalls, "--format", "name the format with --format, or the columns with --map FIELD=COLUMN"},
	{about(`^current\.model$`), "breakeven prices", "breakeven prices list [TEXT] prints it"},
	{about(`^workload\.(input|output)$`), "--isl", "the means are given with --isl and --osl"},
	{unknownWeights, "breakeven models", "breakeven models [TEXT] prints them"},
	{about(`^candidates.*\.model$`), "breakeven models", "breakeven models [TEXT] prints that list"},
	{about(`\.gpus\[`), "breakeven gpus", "breakeven gpus [TEXT] prints that list"},
}

// message is an error as the command line says it.
func message(err error) string {
	text := err.Error()
	for _, h := range hints {
		if h.fits(err) && !strings.Contains(text, h.says) {
			text += "; " + h.hint
		}
	}
	return text
}

func incompletePrices(err error) bool {
	k, ok := errors.AsType[*app.KindError](err)
	return ok && k.Kind == app.Incomplete && k.Hint == ""
}

func unknownWeights(err error) bool {
	_, ok := errors.AsType[*llm.UnknownModelError](err)
	return ok
}

func noCalls(err error) bool {
	f, ok := errors.AsType[*usage.FileError](err)
	return ok && strings.HasPrefix(f.Problem, "holds no call")
}

func about(pattern string) func(error) bool {
	matches := regexp.MustCompile(pattern)
	return func(err error) bool { return slices.ContainsFunc(fields(err), matches.MatchString) }
}

// fields are the fields that an error names.
func fields(err error) []string {
	var names []string
	if f, ok := errors.AsType[*decide.FieldError](err); ok {
		names = append(names, f.Field)
	}
	if faults, ok := errors.AsType[scenario.Errors](err); ok {
		for _, f := range faults {
			names = append(names, f.Field)
		}
	}
	if faults, ok := errors.AsType[scenariofile.Faults](err); ok {
		for _, f := range faults {
			names = append(names, f.Field)
		}
	}
	return names
}
