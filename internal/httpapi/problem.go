package httpapi

import (
	"errors"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"breakeven/datafile"
	"breakeven/decide"
	"breakeven/internal/app"
	"breakeven/internal/scenariofile"
	"breakeven/price"
	"breakeven/scenario"
	"breakeven/usage"
)

// statuses maps kinds of failure to HTTP.
var statuses = map[app.ErrorKind]int{
	app.BadUsage:    http.StatusBadRequest,
	app.Invalid:     http.StatusUnprocessableEntity,
	app.NotFound:    http.StatusNotFound,
	app.Incomplete:  http.StatusUnprocessableEntity,
	app.Unreachable: http.StatusBadGateway,
	app.Internal:    http.StatusInternalServerError,
}

// locations says which part of a request an error is about, for errors that name no field themselves.
var locations = []struct {
	location string
	about    func(error) bool
}{
	{"model", is[*price.UnknownModelError]},
	{"model", is[*price.AmbiguousModelError]},
	{"model", is[*price.NoPriceError]},
	{"provider", is[*price.UnknownProviderError]},
	{"files", is[*usage.FileError]},
	{"input", is[*usage.ConventionError]},
	{"sheet", is[*datafile.Error]},
	{"prices", func(err error) bool { return app.KindOf(err) == app.Incomplete }},
}

func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

// problem turns an error into problem+json. A fault of the program is logged and not described.
func (h handlers) problem(err error) error {
	kind := app.KindOf(err)
	if kind == app.Internal {
		h.log.Error("internal error", "err", err)
		return huma.NewError(http.StatusInternalServerError, "Internal error. The server's log has the details.")
	}
	var details []error
	add := func(location, message string, value any) {
		details = append(details, &huma.ErrorDetail{Location: location, Message: message, Value: value})
	}
	hinted := func(problem, hint string) string {
		if hint == "" {
			return problem
		}
		return problem + "; " + hint
	}
	if f, ok := errors.AsType[*decide.FieldError](err); ok {
		add(f.Field, hinted(f.Problem, f.Hint), f.Value)
	}
	if faults, ok := errors.AsType[scenario.Errors](err); ok {
		for _, f := range faults {
			add(f.Field, hinted(f.Problem, f.Hint), f.Value)
		}
	}
	if faults, ok := errors.AsType[scenariofile.Faults](err); ok {
		for _, f := range faults {
			add(f.Field, f.Error(), f.Value)
		}
	}
	if f, ok := errors.AsType[*usage.RowError](err); ok {
		add("files", f.Error(), f.Value)
	}
	if f, ok := errors.AsType[*usage.UsageError](err); ok {
		add(strings.TrimSuffix("response."+f.Field, "."), hinted(f.Problem, f.Hint), f.Value)
	}
	for _, l := range locations {
		if len(details) == 0 && l.about(err) {
			add(l.location, err.Error(), nil)
		}
	}
	return huma.NewError(statuses[kind], err.Error(), details...)
}
