package web

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// schema is a part of the API's contract.
type schema struct {
	Ref        string            `json:"$ref"`
	Type       any               `json:"type"`
	Properties map[string]schema `json:"properties"`
	Required   []string          `json:"required"`
	Items      *schema           `json:"items"`
}

// schemaNames are the interfaces of src/api/types.ts that the contract calls by another name.
var schemaNames = map[string]string{
	"Parts": "Quick", "ConstraintSet": "Constraints", "Preset": "PresetAnswer", "Sheet": "SheetDetail", "LogFormat": "Format", "LogFile": "Summary",
	"ProblemDocument": "ErrorModel", "Speaker": "Source", "BoardRow": "Row", "Reconciliation": "Result",
}

var (
	interfaces = regexp.MustCompile(`(?ms)^export interface (\w+)(?: extends \w+)? \{\n(.*?)^\}`)
	members    = regexp.MustCompile(`^  (\w+)(\??): (.+?);?$`)
)

// TestTypesFollowTheContract compares src/api/types.ts with the OpenAPI document: every member that the app reads is
// one that the server has, an optional one of the server is optional here, and simple types agree.
func TestTypesFollowTheContract(t *testing.T) {
	data, err := os.ReadFile("../internal/httpapi/testdata/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	var contract struct {
		Components struct {
			Schemas map[string]schema `json:"schemas"`
		} `json:"components"`
	}
	if err := json.Unmarshal(data, &contract); err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("src/api/types.ts")
	if err != nil {
		t.Fatal(err)
	}
	found := interfaces.FindAllStringSubmatch(string(source), -1)
	if len(found) < 30 {
		t.Fatalf("types.ts has %d interfaces, want more: is it still written as this test reads it?", len(found))
	}
	for _, f := range found {
		name := f[1]
		if other, ok := schemaNames[name]; ok {
			name = other
		}
		s, ok := contract.Components.Schemas[name]
		if !ok {
			t.Errorf("interface %s: the contract has no schema %s", f[1], name)
			continue
		}
		for line := range strings.SplitSeq(f[2], "\n") {
			m := members.FindStringSubmatch(line)
			if m == nil {
				continue // a nested member
			}
			field, optional, kind := m[1], m[2] == "?", m[3]
			property, ok := s.Properties[field]
			if !ok {
				t.Errorf("%s.%s: the server has no such field", f[1], field)
				continue
			}
			// What is sent may leave out what the server does not require; what is received may lack it.
			if required := slices.Contains(s.Required, field); !required && !optional && name != "Scenario" {
				t.Errorf("%s.%s: the server may leave it out, so it has to be optional here", f[1], field)
			}
			if want := simple(property); want != "" && plain(kind) != "" && plain(kind) != want {
				t.Errorf("%s.%s is %s, and the server's is %s", f[1], field, kind, want)
			}
		}
	}
}

// simple is what TypeScript calls a schema's type, and nothing where it is no simple one.
func simple(s schema) string {
	kind, _ := s.Type.(string)
	return map[string]string{"integer": "number", "number": "number", "string": "string", "boolean": "boolean"}[kind]
}

// plain is a member's type where it is simple; unions of strings count as strings.
func plain(kind string) string {
	switch {
	case kind == "string" || kind == "number" || kind == "boolean":
		return kind
	case strings.HasPrefix(kind, `"`):
		return "string"
	}
	return ""
}
