package usage_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"breakeven/usage"
)

// Each row's time, and whether it is read on the clock that most rows have.
func TestOneClockForAFile(t *testing.T) {
	for _, tt := range []struct {
		name  string
		times string // those that are faults are marked with "!"
		clock usage.Clock
		fault string
		o     usage.Options
	}{
		{"dates and a bare number", "2026-08-19T00:00:00Z 2026-08-19T00:00:01Z !12 2026-08-19T00:00:02Z", usage.Absolute, "too small for a Unix time", usage.Options{}},
		{"a bare number in front of dates", "!0 2026-08-19T00:00:00Z 2026-08-19T00:00:01Z", usage.Absolute, "too small for a Unix time", usage.Options{}},
		{"seconds and a date", "0 1.5 !2026-08-19T00:00:00Z 3", usage.Relative, "is a date in a file whose times count", usage.Options{}},
		{"a date in front of seconds", "!2026-08-19 0 1.5", usage.Relative, "is a date in a file whose times count", usage.Options{}},
		{"seconds and a Unix time", "0 1.5 !1787102048 3", usage.Relative, "too large", usage.Options{}},
		{"Unix times and a bare number", "1787102048 1787102049 !3", usage.Absolute, "too small for a Unix time", usage.Options{}},
		{"Unix times among dates", "2026-08-19T00:00:00Z 1787102048 2026-08-19T00:00:01Z", usage.Absolute, "", usage.Options{}},
		{"two units", "1787102048000 1787102049000 !1787102048", usage.Absolute, "another unit", usage.Options{}},
		{"one of each: the first decides", "2026-08-19T00:00:00Z !3", usage.Absolute, "too small", usage.Options{}},
		{"a date before there was anything to buy", "2026-08-19T00:00:00Z !2019-12-31T23:59:59Z 2020-01-01T00:00:00Z", usage.Absolute, "is before 2020", usage.Options{}},
		{"the same as a Unix time", "1787102048 !1577836799 1577836800", usage.Absolute, "is before 2020", usage.Options{}},
		{"a unit given that makes it 1970", "1787102048 !178710204", usage.Absolute, "is before 2020", usage.Options{TimeUnit: time.Second}},
		{"a unit given for a trace", "0 200000000 3600000000", usage.Relative, "", usage.Options{TimeUnit: time.Microsecond}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var b strings.Builder
			b.WriteString("time,input_tokens,output_tokens\n")
			var bad []int
			for i, text := range strings.Fields(tt.times) {
				text, faulty := strings.CutPrefix(text, "!")
				if faulty {
					bad = append(bad, i+2)
				}
				fmt.Fprintf(&b, "%s,1,1\n", text)
			}
			_, s := read(t, b.String(), tt.o)
			if s.Clock != tt.clock || len(s.Faults) != len(bad) {
				t.Fatalf("clock %v, faults %+v; want %v, lines %v", s.Clock, s.Faults, tt.clock, bad)
			}
			for i, f := range s.Faults {
				if f.Line != bad[i] || f.Field != "time" || !strings.Contains(f.Problem, tt.fault) || f.Hint == "" {
					t.Errorf("fault %+v, want line %d: %s", f, bad[i], tt.fault)
				}
			}
		})
	}
}

// A trace has no dates, and its summary shows none: 1970 would be made up.
func TestATraceHasNoDates(t *testing.T) {
	_, s := read(t, "t,input_tokens,output_tokens\n0,1,1\n5,1,1\n", usage.Options{})
	if s.Clock != usage.Relative || !s.FirstStart.IsZero() || !s.LastStart.IsZero() {
		t.Errorf("%+v", s)
	}
	_, s = read(t, "t,input_tokens,output_tokens\n2026-08-19T00:00:00Z,1,1\n2026-08-19T00:00:05Z,1,1\n", usage.Options{})
	if s.LastStart.Sub(s.FirstStart) != 5*time.Second {
		t.Errorf("%+v", s)
	}
}

// The end of a call may be in another unit than its begin, and a zero date is no end.
func TestOtherColumnsHaveUnitsOfTheirOwn(t *testing.T) {
	calls, s := read(t, "created,completed_at,input_tokens,output_tokens\n1787102048,1787102050500,1,1\n1787102048,0001-01-01T00:00:00Z,1,1\n", usage.Options{})
	if len(calls) != 2 || calls[0].Latency != 2500*time.Millisecond || calls[1].Latency != 0 {
		t.Errorf("%+v, %+v", calls, s.Faults)
	}
}
