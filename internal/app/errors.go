package app

import (
	"errors"
	"io/fs"

	"breakeven/datafile"
	"breakeven/decide"
	"breakeven/internal/scenariofile"
	"breakeven/money"
	"breakeven/price"
	"breakeven/scenario"
	"breakeven/usage"
)

// ErrorKind is what kind of failure an error is. Front ends map it to exit codes and HTTP statuses.
type ErrorKind uint8

// The kinds of failure.
const (
	Internal    ErrorKind = iota // a fault of the program
	BadUsage                     // the command or request is not one that exists
	Invalid                      // the input cannot be used
	NotFound                     // the thing that was asked for is not in the catalog
	Incomplete                   // a price is missing and the caller insists on none missing
	Unreachable                  // a source cannot be read
)

// KindError gives an error a kind of its own.
type KindError struct {
	Kind ErrorKind
	Err  error
	Hint string
}

func (e *KindError) Error() string {
	if e.Hint == "" {
		return e.Err.Error()
	}
	return e.Err.Error() + "; " + e.Hint
}

// Unwrap returns the cause.
func (e *KindError) Unwrap() error { return e.Err }

// KindOf tells the kind of an error from its type.
func KindOf(err error) ErrorKind {
	if k, ok := errors.AsType[*KindError](err); ok {
		return k.Kind
	}
	for _, is := range []struct {
		kind ErrorKind
		is   func(error) bool
	}{
		{Invalid, is[*decide.FieldError]}, {Invalid, is[scenario.Errors]}, {Invalid, is[scenariofile.Faults]},
		{Invalid, is[*datafile.Error]}, {Invalid, is[*usage.FileError]}, {Invalid, is[*usage.RowError]},
		{Invalid, is[*usage.UsageError]}, {Invalid, is[*usage.ConventionError]},
		{Invalid, is[*price.AmbiguousModelError]},
		{NotFound, is[*price.UnknownModelError]}, {NotFound, is[*price.UnknownProviderError]}, {NotFound, is[*price.NoPriceError]},
	} {
		if is.is(err) {
			return is.kind
		}
	}
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return Unreachable
	}
	if errors.Is(err, money.ErrOverflow) {
		return Invalid
	}
	return Internal
}

func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}
