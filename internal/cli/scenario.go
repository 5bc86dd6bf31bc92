package cli

import (
	"fmt"
	"io"
)

type scenarioCmd struct {
	New    scenarioNewCmd    `cmd:"" help:"Print a scenario to start from."`
	Check  scenarioCheckCmd  `cmd:"" help:"Check a scenario and say every fault with its line."`
	Schema scenarioSchemaCmd `cmd:"" help:"Print the JSON schema of a scenario."`
}

type scenarioNewCmd struct {
	Preset string `help:"Start from a scenario of the guide: small, growth, scale, consumer, regulated, bursty, fine-tuned." placeholder:"ID"`
}

func (c scenarioNewCmd) Run(r run) error {
	text, err := r.app.NewScenario(c.Preset)
	if err != nil {
		return err
	}
	if r.json {
		s, err := r.app.CheckScenario("scenario", text)
		if err != nil {
			return err
		}
		return r.print(s, nil)
	}
	return r.write(text)
}

type scenarioCheckCmd struct {
	File string `arg:"" help:"Scenario file (YAML or JSON); - for standard input."`
}

func (c scenarioCheckCmd) Run(r run) error {
	data, err := r.file(c.File)
	if err != nil {
		return err
	}
	s, err := r.app.CheckScenario(called(c.File), data)
	if err != nil {
		return err
	}
	return r.print(s, func(w io.Writer) { fmt.Fprintf(w, "%s is a valid scenario\n", line(called(c.File))) })
}

type scenarioSchemaCmd struct{}

func (scenarioSchemaCmd) Run(r run) error {
	schema, err := r.app.ScenarioSchema()
	if err != nil {
		return err
	}
	r.json = true // a schema is JSON in either case
	return r.print(schema, nil)
}
