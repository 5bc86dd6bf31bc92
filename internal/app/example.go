package app

import (
	"bytes"
	"io"

	"breakeven/examples"
	"breakeven/internal/scenariofile"
)

// Example decides on the example scenario and its call log.
func (a *App) Example() (DecideAnswer, error) {
	s, err := scenariofile.Read("scenario.yaml", examples.Scenario)
	if err != nil {
		return DecideAnswer{}, err
	}
	log := Source{Name: examples.LogName, Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(examples.Log)), nil }}
	return a.Decide(DecideRequest{Scenario: s, Logs: []Source{log}})
}
