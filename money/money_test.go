package money_test

import (
	"errors"
	"math"
	"math/big"
	"testing"

	"breakeven/money"

	"pgregory.net/rapid"
)

func TestParse(t *testing.T) {
	tests := []struct {
		text string
		want money.USD
		err  error
	}{
		{"0", 0, nil},
		{"12.5", 12_500_000_000, nil},
		{"-0.000000001", -1, nil},
		{"+3", 3 * money.Dollar, nil},
		{"7.84e-05", 78_400, nil},
		{"1E2", 100 * money.Dollar, nil},
		{".5", 500_000_000, nil},
		{"5.", 5 * money.Dollar, nil},
		{"00000000000000000000000001", money.Dollar, nil},
		{"9223372036.854775807", math.MaxInt64, nil},
		{"9223372036.854775808", 0, money.ErrOverflow},
		{"1e30", 0, money.ErrOverflow},
		{"0.0000000001", 0, money.ErrInexact},
		{"1e-30", 0, money.ErrInexact},
	}
	for _, tt := range tests {
		got, err := money.ParseUSD(tt.text)
		if got != tt.want || !errors.Is(err, tt.err) {
			t.Errorf("ParseUSD(%q) = %d, %v; want %d, %v", tt.text, got, err, tt.want, tt.err)
		}
	}
	for _, bad := range []string{"", "-", ".", "1.2.3", "1,000", "NaN", "Inf", "0x10", "1e", "1e999999999999", "１"} {
		if got, err := money.ParseUSD(bad); err == nil {
			t.Errorf("ParseUSD(%q) = %v, want an error", bad, got)
		}
	}
}

func TestParseUSDRoundedIsHalfToEven(t *testing.T) {
	for text, want := range map[string]string{
		"0.010688999999999999": "0.010689",
		"0.0000000005":         "0", // a tie goes to the even neighbour
		"0.0000000015":         "0.000000002",
		"0.00000000051":        "0.000000001",
		"-0.0000000015":        "-0.000000002",
		"1e-300":               "0",
	} {
		got, err := money.ParseUSDRounded(text)
		if err != nil || got.String() != want {
			t.Errorf("ParseUSDRounded(%q) = %v, %v; want %s", text, got, err, want)
		}
	}
}

// One price, quoted in the four units that vendors and tables use.
func TestRateUnits(t *testing.T) {
	want, err := money.ParseRate("0.0375")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		text  string
		pow10 int
	}{
		{"3.75e-08", 6}, // dollars per token
		{"0.0000375", 3},
		{"0.00000375", 4}, // cents per token
		{"0.0375", 0},
	} {
		if got, err := money.ParseRateScaled(tt.text, tt.pow10); err != nil || got != want {
			t.Errorf("ParseRateScaled(%q, %d) = %v, %v; want %v", tt.text, tt.pow10, got, err, want)
		}
	}
	if _, err := money.ParseRate("-1"); err == nil {
		t.Error("a negative price must be refused")
	}
	if got, _ := money.ParseRateScaledRounded("3.0000000000000004e-06", 6); got.String() != "3" {
		t.Errorf("float noise in a table's rate: got %v, want 3", got)
	}
}

func TestRateTimes(t *testing.T) {
	for _, tt := range []struct{ rate, factor, want string }{
		{"3", "0.1", "0.3"},
		{"6.25", "0.5", "3.125"},
		{"0.0028", "1.1", "0.00308"},
		{"0.000001", "0.5", "0"}, // half a pico-dollar rounds to even
		{"0.000003", "0.5", "0.000002"},
	} {
		rate, _ := money.ParseRate(tt.rate)
		factor, _ := money.ParseFactor(tt.factor)
		if got, err := rate.Times(factor); err != nil || got.String() != tt.want {
			t.Errorf("%s × %s = %v, %v; want %s", tt.rate, tt.factor, got, err, tt.want)
		}
	}
	if _, err := money.Rate(math.MaxInt64).Times(2 * money.One); !errors.Is(err, money.ErrOverflow) {
		t.Errorf("overflow: got %v", err)
	}
}

// 5,369 input and 13,615 output tokens at $0.14 and $0.28 per million:
// 5369 × 0.14 + 13615 × 0.28 = 751.66 + 3812.2 = 4563.86 micro-dollars.
func TestSum(t *testing.T) {
	var s money.Sum
	for _, p := range []struct {
		n    int64
		rate string
	}{{5369, "0.14"}, {13615, "0.28"}} {
		rate, _ := money.ParseRate(p.rate)
		if err := s.Add(p.n, rate); err != nil {
			t.Fatal(err)
		}
	}
	if got := s.String(); got != "0.00456386" {
		t.Errorf("sum = %s", got)
	}
	if got, err := s.USD(); err != nil || got.String() != "0.00456386" {
		t.Errorf("rounded = %v, %v", got, err)
	}
}

func TestSumKeepsWhatUSDWouldLose(t *testing.T) {
	var s money.Sum
	for range 1000 {
		if err := s.Add(1, 1); err != nil { // one pico-dollar
			t.Fatal(err)
		}
	}
	if got, _ := s.USD(); got != 1 {
		t.Errorf("1,000 pico-dollars = %v, want one nano-dollar", got)
	}
}

func TestSumRefusesNegative(t *testing.T) {
	var s money.Sum
	if err := s.Add(-1, 1); err == nil {
		t.Error("negative quantity accepted")
	}
	if err := s.Add(1, -1); err == nil {
		t.Error("negative rate accepted")
	}
}

func TestAddSubOverflow(t *testing.T) {
	if _, err := money.USD(math.MaxInt64).Add(1); !errors.Is(err, money.ErrOverflow) {
		t.Error("Add wrapped")
	}
	if _, err := money.USD(math.MinInt64).Sub(1); !errors.Is(err, money.ErrOverflow) {
		t.Error("Sub wrapped")
	}
	if _, err := money.USD(math.MinInt64).Add(-1); !errors.Is(err, money.ErrOverflow) {
		t.Error("Add of a negative wrapped")
	}
	if got, err := money.USD(5).Sub(7); err != nil || got != -2 {
		t.Errorf("5 - 7 = %v, %v", got, err)
	}
	if _, err := money.Dollars(math.MaxInt64); !errors.Is(err, money.ErrOverflow) {
		t.Error("Dollars wrapped")
	}
}

// oracle is the sum in pico-dollars by arbitrary precision.
func oracle(pairs [][2]int64) *big.Int {
	total := new(big.Int)
	for _, p := range pairs {
		total.Add(total, new(big.Int).Mul(big.NewInt(p[0]), big.NewInt(p[1])))
	}
	return total
}

func FuzzSumEqualsBigInt(f *testing.F) {
	f.Add(int64(5369), int64(140_000), int64(13615), int64(280_000))
	f.Add(int64(math.MaxInt64), int64(math.MaxInt64), int64(math.MaxInt64), int64(math.MaxInt64))
	f.Add(int64(1), int64(500), int64(0), int64(0))
	f.Fuzz(func(t *testing.T, q1, r1, q2, r2 int64) {
		if q1 < 0 || r1 < 0 || q2 < 0 || r2 < 0 {
			t.Skip("quantities and rates are not negative")
		}
		pairs := [][2]int64{{q1, r1}, {q2, r2}, {q1, r2}}
		var s money.Sum
		for _, p := range pairs {
			if err := s.Add(p[0], money.Rate(p[1])); err != nil {
				if oracle(pairs).BitLen() < 127 {
					t.Fatalf("refused a sum that fits: %v", err)
				}
				return
			}
		}
		want := oracle(pairs)
		text := want.String()
		var back money.Sum
		if err := back.UnmarshalText([]byte(s.String())); err != nil || back != s {
			t.Fatalf("%s reads back as %s, %v", s, back, err)
		}
		got, ok := new(big.Rat).SetString(s.String())
		if !ok || got.Cmp(new(big.Rat).SetFrac(want, big.NewInt(1_000_000_000_000))) != 0 {
			t.Fatalf("String = %s, want %s pico-dollars", s, text)
		}
		usd, err := s.USD()
		nano, rem := new(big.Int).QuoRem(want, big.NewInt(1000), new(big.Int))
		if c := rem.Cmp(big.NewInt(500)); c > 0 || (c == 0 && nano.Bit(0) == 1) {
			nano.Add(nano, big.NewInt(1))
		}
		if (err == nil) != nano.IsInt64() {
			t.Fatalf("USD error %v, but %v nano-dollars", err, nano)
		}
		if err == nil && int64(usd) != nano.Int64() {
			t.Fatalf("USD = %d, want %v", usd, nano)
		}
	})
}

func FuzzParseUSD(f *testing.F) {
	for _, s := range []string{"0", "12.5", "-1e-9", "7.84e-05", "1e400", "..", "9223372036.854775807"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, err := money.ParseUSD(text)
		if err != nil {
			return
		}
		want, ok := new(big.Rat).SetString(text)
		if !ok {
			t.Fatalf("accepted %q, which is no number", text)
		}
		got, _ := new(big.Rat).SetString(v.String())
		if got.Cmp(want) != 0 {
			t.Fatalf("ParseUSD(%q) = %s", text, v)
		}
		again, err := money.ParseUSD(v.String())
		if err != nil || again != v {
			t.Fatalf("round trip of %q: %v, %v", text, again, err)
		}
	})
}

func BenchmarkSumAdd(b *testing.B) {
	var s money.Sum
	for b.Loop() {
		s = money.Sum{}
		_ = s.Add(5369, 140_000)
		_ = s.Add(13615, 280_000)
	}
}

func TestSumUnmarshal(t *testing.T) {
	for text, want := range map[string]string{"-0.000000000001": "-0.000000000001", "12.50": "12.5", "1e3": "1000", "0.0000000000010": "0.000000000001", "0": "0"} {
		var s money.Sum
		if err := s.UnmarshalText([]byte(text)); err != nil || s.String() != want {
			t.Errorf("%s = %s, %v; want %s", text, s, err, want)
		}
	}
	for _, bad := range []string{"", "x", "0.0000000000001", "1e40"} {
		var s money.Sum
		if err := s.UnmarshalText([]byte(bad)); err == nil {
			t.Errorf("%q was read as %s", bad, s)
		}
	}
}

// A machine at $55.04 an hour is $55,040,000 for a million hours.
func TestPerUnit(t *testing.T) {
	r, err := money.PerUnit(55_040_000_000)
	if err != nil || r.String() != "55040000" || r.Each().String() != "55.04" {
		t.Errorf("%s, %s, %v", r, r.Each(), err)
	}
	for _, each := range []money.USD{-1, 1 << 62} {
		if _, err := money.PerUnit(each); !errors.Is(err, money.ErrOverflow) {
			t.Errorf("%s each: %v", each, err)
		}
	}
}

func TestSumSub(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var a, b money.Sum
		if a.AddUSD(money.USD(rapid.Int64().Draw(t, "a"))) != nil || b.AddUSD(money.USD(rapid.Int64().Draw(t, "b"))) != nil {
			t.Fatal("an amount does not fit")
		}
		c := a
		if err := c.Sub(b); err != nil {
			t.Fatal(err)
		}
		if err := c.AddSum(b); err != nil || c != a {
			t.Fatalf("%s - %s + %s = %s, %v", a, b, b, c, err)
		}
	})
}
