package feed

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"breakeven/fact"
	"breakeven/gpu"
	"breakeven/money"
	units "breakeven/unit"
)

// gcpTerms are the terms of the table: the field that holds dollars per hour, where it has one, and the field that
// holds dollars per month.
var gcpTerms = []struct {
	term        gpu.Term
	hour, month string
}{
	{gpu.OnDemand, "hour", "month"},
	{gpu.Spot, "hour_spot", "month_spot"},
	{gpu.Reserved1y, "", "month_1y"},
	{gpu.Reserved3y, "", "month_3y"},
}

// The nesting of the table, in levels: compute, instance, the machine, cost, the region, the field.
const (
	gcpMachine = 2
	gcpRegion  = 4
	gcpField   = 5
)

// gcpPath is what leads to a price; an empty name stands for any.
var gcpPath = [gcpField + 1]string{"compute", "instance", "", "cost", "", ""}

// CyclenerdGCP reads pricing.yml of google-cloud-pricing-cost-calculator: every machine of Google Cloud in every region,
// on demand, spot and committed, in dollars per hour and per month of 730 hours. It keeps machines with accelerators.
// The table prices a machine also in regions where no zone has it, and its spot prices outside the United States are
// lower than what one gets there; whoever reads the facts decides what to make of that.
//
// The file is four megabytes of nested block mappings with plain scalars, as YAML::XS writes them. It is read line
// by line, because a decoder of all YAML takes a hundred times as long.
func CyclenerdGCP(data []byte, date fact.Date) (*Table, error) {
	t := newTable(cyclenerdGCPSource, date)
	r := gcpReader{table: t, family: families["gcp"]}
	for line := range bytes.Lines(data) {
		r.number++
		if err := r.read(line); err != nil {
			return nil, &FormatError{t.Source.ID, fmt.Errorf("line %d: %w", r.number, err)}
		}
	}
	r.flush()
	if len(t.Machines) == 0 {
		return nil, &FormatError{t.Source.ID, errNoMachines}
	}
	return t, nil
}

// gcpReader stands at a line of the table.
type gcpReader struct {
	table  *Table
	family family
	number int
	// depth counts how many levels of the line before are on gcpPath: the line's parents, while it is deeper.
	depth int
	about bool              // the lines are about the table
	at    Machine           // the machine and region of the lines
	cost  map[string]string // the fields of the region
	place string            // the line on which the region begins
}

var (
	errIndent  = errors.New("an indentation that is not two spaces a level")
	errMapping = errors.New("not a key with a value")
)

// read takes one line.
func (r *gcpReader) read(line []byte) error {
	line = bytes.TrimRight(line, " \r\n")
	content := bytes.TrimLeft(line, " ")
	spaces := len(line) - len(content)
	level := spaces / 2
	switch {
	case len(content) == 0 || content[0] == '#':
		return nil
	case level > r.depth: // under a key that leads to no price
		r.made(content)
		return nil
	case level < r.depth:
		if r.depth > gcpRegion && level <= gcpRegion {
			r.flush()
		}
		r.depth = level
	}
	if level == 0 {
		return r.head(content)
	}
	if spaces%2 != 0 {
		return errIndent
	}
	key, value, err := entry(content)
	if err != nil {
		return err
	}
	if want := gcpPath[level]; want != "" && key != want {
		return nil
	}
	switch level {
	case gcpMachine:
		if !r.family.accelerated(key) {
			return nil
		}
		r.at = Machine{Vendor: "gcp", Instance: key}
	case gcpRegion:
		r.at.Region, r.cost, r.place = key, map[string]string{}, "line "+strconv.Itoa(r.number)
	case gcpField:
		r.cost[key] = value
		return nil
	}
	if value == "" {
		r.depth = level + 1
	}
	return nil
}

// head takes a line that is not indented: the sections of the table.
func (r *gcpReader) head(content []byte) error {
	if string(content) == "---" {
		return nil
	}
	key, value, err := entry(content)
	if err != nil {
		return err
	}
	r.about = key == "about"
	if key == gcpPath[0] && value == "" {
		r.depth = 1
	}
	return nil
}

// made takes the time at which the table was made, in seconds since 1970.
func (r *gcpReader) made(content []byte) {
	if !r.about {
		return
	}
	if stamp, ok := bytes.CutPrefix(content, []byte("timestamp: ")); ok {
		if seconds, err := strconv.ParseInt(string(stamp), 10, 64); err == nil {
			r.table.Source.Date = fact.Date(time.Unix(seconds, 0).UTC().Format(time.DateOnly))
		}
	}
}

// entry splits "key: value" or "key:", and takes the quotes off either.
func entry(content []byte) (key, value string, err error) {
	k, v, ok := bytes.Cut(content, []byte(": "))
	if !ok {
		k, ok = bytes.CutSuffix(content, []byte(":"))
	}
	if key = plain(k); !ok || key == "" || content[0] == '-' {
		return "", "", errMapping
	}
	return key, plain(v), nil
}

// plain is a scalar without the quotes around it.
func plain(scalar []byte) string { return strings.Trim(string(bytes.TrimSpace(scalar)), `'"`) }

// flush turns the fields of a region into machines.
func (r *gcpReader) flush() {
	for _, f := range gcpTerms {
		m := r.at
		m.Term = f.term
		if hour, ok := r.cost[f.hour]; ok {
			r.table.machine(m, r.place, hour)
		} else if month, ok := r.cost[f.month]; ok {
			rate, err := perHour(month)
			r.table.hourly(m, r.place, rate, err)
		}
	}
	r.cost = nil
}

// perHour is dollars per month over the hours of a month, rounded half to even to a pico-dollar.
func perHour(month string) (money.Rate, error) {
	r, err := money.ParseRateScaledRounded(month, perUnit)
	if err != nil {
		return 0, err
	}
	const hours = units.HoursPerMonth
	q, rest := r/hours, r%hours
	if 2*rest > hours || 2*rest == hours && q%2 == 1 {
		q++
	}
	return q, nil
}
