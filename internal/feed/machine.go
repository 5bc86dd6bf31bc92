package feed

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"breakeven/gpu"
	"breakeven/money"
	"breakeven/registry"
)

// Machine is the price of an hour of a rented machine, with all its accelerators, as a table states it.
type Machine struct {
	Vendor   string // as the catalog's offers name it
	Region   string // as the vendor names it
	Instance string // likewise
	Term     gpu.Term
	Hourly   money.Rate // for one hour: in pico-dollars, which are micro-dollars per million hours
	URL      string     // the page that the table cites, if it cites one
}

// Key is the machine's name in the registry.
func (m Machine) Key() registry.Key {
	return registry.Key{Provider: m.Vendor, Route: m.Region, Model: m.Instance, Tier: registry.Tier(m.Term), Kind: registry.MachineHour}
}

// perUnit is the power of ten between dollars per unit and dollars per million units.
const perUnit = 6

// machine reads dollars for an hour and appends the machine, or appends the fault. A zero says nothing: the tables
// write it for a machine that has no price yet.
func (t *Table) machine(m Machine, place, text string) {
	r, err := money.ParseRateScaledRounded(text, perUnit)
	t.hourly(m, place, r, err)
}

func (t *Table) hourly(m Machine, place string, r money.Rate, err error) {
	switch {
	case err != nil:
		t.fault(m.Vendor, m.Instance, fmt.Sprintf("%s %s (%s)", m.Region, m.Term, place), err)
	case r > 0:
		m.Hourly = r
		t.Machines = append(t.Machines, m)
	}
}

// ratePerHour is an exact amount as the rate of one hour.
func ratePerHour(a money.USD) (money.Rate, error) {
	const picoPerNano = 1000
	if a < 0 || a > math.MaxInt64/picoPerNano {
		return 0, fmt.Errorf("%s: %w", a, money.ErrOverflow)
	}
	return money.Rate(a) * picoPerNano, nil
}

// family says which of a vendor's machines have accelerators: by the letters between the prefix of all its names
// and the first digit.
type family struct {
	prefix  string
	letters []string
	except  []string // names that begin so and have none
}

// families lists the vendors whose tables hold every machine that they rent out. The machines with other devices
// stay out: programmable logic and video (f, vt of AWS; NP, NM of Azure), and the small g1 of Google Cloud.
var families = map[string]family{
	"aws":   {"", []string{"dl", "g", "gr", "inf", "p", "trn"}, nil},
	"azure": {"Standard_", []string{"NC", "NCC", "ND", "NG", "NV"}, nil},
	"gcp":   {"", []string{"a", "ct", "g"}, []string{"g1-"}},
}

// accelerated reports whether a machine of the family's vendor has accelerators.
func (f family) accelerated(instance string) bool {
	name, ok := strings.CutPrefix(instance, f.prefix)
	digit := strings.IndexAny(name, "0123456789")
	return ok && digit > 0 && slices.Contains(f.letters, name[:digit]) &&
		!slices.ContainsFunc(f.except, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}

// errNoMachines is a table of the right shape without any machine that has accelerators.
var errNoMachines = errors.New("there is no machine with accelerators in it")
