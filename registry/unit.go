package registry

import (
	"fmt"
	"slices"

	"breakeven/gpu"
	"breakeven/price"
)

// Kind is what one unit of a rate is: a kind of [price.Kind], by its name, or an hour of a machine.
type Kind string

// MachineHour is an hour of a rented machine with all its accelerators.
const MachineHour Kind = "machine_hour"

// KindOf is the kind under which the registry keeps a rate for tokens, requests or searches.
func KindOf(k price.Kind) Kind { return Kind(k.String()) }

// Priced is the kind in the price book; a machine's hour is none of it.
func (k Kind) Priced() (price.Kind, bool) {
	p, err := price.ParseKind(string(k))
	return p, err == nil
}

// ParseKind checks the name of a kind.
func ParseKind(text string) (Kind, error) {
	if text == string(MachineHour) {
		return MachineHour, nil
	}
	if _, err := price.ParseKind(text); err != nil {
		return "", fmt.Errorf("%w, %s", err, MachineHour)
	}
	return Kind(text), nil
}

// String is the kind's name.
func (k Kind) String() string { return string(k) }

// Label is the kind in prose.
func (k Kind) Label() string {
	if p, ok := k.Priced(); ok {
		return p.Label()
	}
	return "per hour"
}

// UnmarshalText reads a kind's name as [ParseKind] does.
func (k *Kind) UnmarshalText(text []byte) (err error) {
	*k, err = ParseKind(string(text))
	return err
}

// Tier is how a unit is served: a service tier of [price.Tier] by its name, or the term of a rental of [gpu.Term].
type Tier string

// Standard is the tier of a call that asks for none.
const Standard Tier = "standard"

// TierOf is the tier under which the registry keeps a rate of the price book.
func TierOf(t price.Tier) Tier { return Tier(t.String()) }

// Priced is the service tier in the price book; a term of a rental is none of it.
func (t Tier) Priced() (price.Tier, bool) {
	i := slices.IndexFunc(price.Tiers(), func(p price.Tier) bool { return p.String() == string(t) })
	if i < 0 {
		return 0, false
	}
	return price.Tiers()[i], true
}

// ParseTier checks the name of a tier or of a term.
func ParseTier(text string) (Tier, error) {
	if _, ok := Tier(text).Priced(); ok {
		return Tier(text), nil
	}
	if _, err := gpu.ParseTerm(text); err != nil {
		return "", fmt.Errorf("unknown tier %q; there are the service tiers %v and the terms %v", text, price.Tiers(), gpu.Terms())
	}
	return Tier(text), nil
}

// String is the tier's name.
func (t Tier) String() string { return string(t) }

// UnmarshalText reads a tier's name as [ParseTier] does.
func (t *Tier) UnmarshalText(text []byte) (err error) {
	*t, err = ParseTier(string(text))
	return err
}
