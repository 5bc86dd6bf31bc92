package price

import (
	"fmt"
	"strings"
)

// Tier is the service tier that a call was served on.
type Tier uint8

// The service tiers.
const (
	Standard  Tier = iota
	Batch          // answered within hours, at a discount
	Flex           // slower and cheaper than standard
	Priority       // faster and dearer than standard
	Fast           // a faster speed of the same model
	UltraFast      // the fastest speed of the same model

	tierCount
)

var tierNames = [tierCount]string{"standard", "batch", "flex", "priority", "fast", "ultrafast"}

// tierSpellings are what vendors write for a tier. "auto" is what a caller asks for, and the vendor's answer
// says what it gave; where only the question is logged, standard is what it almost always means.
var tierSpellings = map[string]Tier{
	"": Standard, "standard": Standard, "default": Standard, "auto": Standard, "standard_only": Standard,
	"on_demand": Standard, "ondemand": Standard, "on-demand": Standard,
	"batch": Batch, "batches": Batch,
	"flex": Flex, "flex_processing": Flex, "on_demand_flex": Flex,
	"priority": Priority, "on_demand_priority": Priority,
	"fast": Fast, "ultrafast": UltraFast,
}

// Tiers lists all tiers.
func Tiers() []Tier { return []Tier{Standard, Batch, Flex, Priority, Fast, UltraFast} }

// ParseTier reads a tier as vendors write it, without regard to case. The empty text is [Standard].
func ParseTier(text string) (Tier, error) {
	t, ok := tierSpellings[strings.ToLower(strings.TrimSpace(text))]
	if !ok {
		return 0, fmt.Errorf("unknown service tier %q; the tiers are %s", text, strings.Join(tierNames[:], ", "))
	}
	return t, nil
}

// String is the tier's name.
func (t Tier) String() string {
	if t >= tierCount {
		return fmt.Sprintf("Tier(%d)", uint8(t))
	}
	return tierNames[t]
}

// MarshalText writes the tier's name.
func (t Tier) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads a tier as [ParseTier] does.
func (t *Tier) UnmarshalText(text []byte) error {
	v, err := ParseTier(string(text))
	if err == nil {
		*t = v
	}
	return err
}
