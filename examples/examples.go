// Package examples holds the example that the demonstration decides on: a scenario, and an invented day of a
// coding assistant's calls. Nothing in it was measured.
package examples

import _ "embed"

// Scenario is the example's scenario, in YAML.
//
//go:embed scenario.yaml
var Scenario []byte

// LogName is the name of the example's call log.
const LogName = "coding-assistant.csv.gz"

// Log is the example's call log.
//
//go:embed coding-assistant.csv.gz
var Log []byte
