package focus

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// MaxRules is the largest requirements model that is read, in bytes. That of FOCUS 1.2 has 0.6 MB.
const MaxRules = 16 << 20

// Rules are the requirements that a file is held against.
type Rules struct {
	Version string // of the specification
	list    []rule
}

// rule is one requirement.
type rule struct {
	id, column, keyword, text string
	criteria                  []string // what the provider has to support for the rule to apply
	dynamic, composite        bool
	need                      check
	when                      *check // nil where it always applies
}

// check is one call of a check function, as a requirements model writes it.
type check struct {
	Function  string  `json:"CheckFunction"`
	Items     []check `json:"Items"`
	Column    string  `json:"ColumnName"`
	Condition string  `json:"CheckCondition"` // how two checks of the 1.2 model spell ColumnName
	A         string  `json:"ColumnAName"`
	B         string  `json:"ColumnBName"`
	Result    string  `json:"ResultColumnName"`
	Rule      string  `json:"ModelRuleId"`
	Value     value   `json:"Value"`
	Count     int     `json:"ExpectedCount"`
	And       checks  `json:"AND"` // how two conditions of the 1.2 model spell a call of AND
}

// checks is a list, or its only item.
type checks []check

// UnmarshalJSON reads either.
func (c *checks) UnmarshalJSON(data []byte) error {
	if bytes.HasPrefix(data, []byte("[")) {
		return json.Unmarshal(data, (*[]check)(c))
	}
	var one check
	if err := json.Unmarshal(data, &one); err != nil {
		return err
	}
	*c = checks{one}
	return nil
}

// value is what a column is compared with: text, a number, or null.
type value struct {
	text string
	null bool
	set  bool
}

// UnmarshalJSON reads a scalar.
func (v *value) UnmarshalJSON(data []byte) error {
	v.set = true
	switch {
	case string(data) == "null":
		v.null = true
	case data[0] == '"':
		return json.Unmarshal(data, &v.text)
	case data[0] == '{' || data[0] == '[':
		return fmt.Errorf("the value %.40s is no text, number or null", data)
	default:
		v.text = string(data)
	}
	return nil
}

// RulesError says why a requirements model cannot be used.
type RulesError struct {
	Rule    string // empty for the file as a whole
	Problem string
}

func (e *RulesError) Error() string {
	if e.Rule == "" {
		return "the rules cannot be used: " + e.Problem
	}
	return fmt.Sprintf("the rules cannot be used: rule %q %s", e.Rule, e.Problem)
}

// ReadRules reads a requirements model: the JSON file that the FOCUS project publishes with its validator,
// requirements_model_1.2.json for FOCUS 1.2.
func ReadRules(data []byte) (Rules, error) {
	if len(data) > MaxRules {
		return Rules{}, &RulesError{Problem: fmt.Sprintf("the file is larger than %d bytes", MaxRules)}
	}
	var model struct {
		Details struct {
			FOCUSVersion string
		}
		ModelRules map[string]struct {
			Function, Reference, Type, Status string
			ApplicabilityCriteria             []string
			ValidationCriteria                struct {
				MustSatisfy, Keyword string
				Requirement          check
				Condition            json.RawMessage
			}
		}
	}
	if err := json.Unmarshal(data, &model); err != nil {
		return Rules{}, &RulesError{Problem: err.Error()}
	}
	if len(model.ModelRules) == 0 {
		return Rules{}, &RulesError{Problem: "it has no ModelRules: pass requirements_model_1.2.json of the FOCUS validator"}
	}
	rules := Rules{Version: model.Details.FOCUSVersion}
	for _, id := range slices.Sorted(maps.Keys(model.ModelRules)) {
		m := model.ModelRules[id]
		if m.Status != "" && m.Status != "Active" {
			continue
		}
		r := rule{
			id: id, column: m.Reference, keyword: m.ValidationCriteria.Keyword, text: m.ValidationCriteria.MustSatisfy, criteria: m.ApplicabilityCriteria,
			dynamic: m.Type == "Dynamic", composite: m.Function == "Composite", need: m.ValidationCriteria.Requirement,
		}
		if condition := bytes.TrimSpace(m.ValidationCriteria.Condition); len(condition) > 0 && string(condition) != "{}" && string(condition) != "null" {
			r.when = new(check)
			if err := json.Unmarshal(condition, r.when); err != nil {
				return Rules{}, &RulesError{Rule: id, Problem: "has a condition that cannot be read: " + err.Error()}
			}
		}
		rules.list = append(rules.list, r)
	}
	return rules, nil
}
