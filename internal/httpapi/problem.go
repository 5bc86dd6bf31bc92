package httpapi

import (
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"breakeven/decide"
	"breakeven/internal/app"
	"breakeven/internal/scenariofile"
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
		add(f.Field, hinted(f.Problem, f.Hint), f.Value)
	}
	return huma.NewError(statuses[kind], err.Error(), details...)
}
