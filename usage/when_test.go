package usage

import (
	"errors"
	"testing"
	"time"
)

func TestParseStamp(t *testing.T) {
	utc := func(text string) time.Time {
		at, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	for text, want := range map[string]time.Time{
		"2026-08-19T01:14:08.162Z":      utc("2026-08-19T01:14:08.162Z"),
		"2026-08-19 01:14:08.162":       utc("2026-08-19T01:14:08.162Z"),
		"2023-11-16 18:15:46.6805900":   utc("2023-11-16T18:15:46.68059Z"),
		"2026-08-19T03:14:08+02:00":     utc("2026-08-19T01:14:08Z"),
		"2026-08-19 01:14:08+00":        utc("2026-08-19T01:14:08Z"),
		"2026-08-18 17:44:08-0730":      utc("2026-08-19T01:14:08Z"),
		"2026-08-19 01:14:08 UTC":       utc("2026-08-19T01:14:08Z"),
		"2026-08-19 01:14:08 +0000 UTC": utc("2026-08-19T01:14:08Z"),
		"2026/08/19 1:14":               utc("2026-08-19T01:14:00Z"),
		"2026-08-19":                    utc("2026-08-19T00:00:00Z"),
		"2024-02-29T24:00:00Z":          utc("2024-03-01T00:00:00Z"),
		"1969-12-31T23:59:59Z":          utc("1969-12-31T23:59:59Z"),
	} {
		got, err := parseStamp([]byte(text))
		if err != nil || !got.t.Equal(want) {
			t.Errorf("%q = %v, %v; want %v", text, got.t, err, want)
		}
	}
	for _, bad := range []string{"", "yesterday", "2026-02-29", "2026-13-01", "2026-08-19T25:00:00Z", "2026-08-19T01:14:08+2", "2026-08-19x", "NaN", "Inf", "1e9", "1.2.3", "--5", "2026-08-19T"} {
		if got, err := parseStamp([]byte(bad)); err == nil {
			t.Errorf("%q = %+v, want an error", bad, got)
		}
	}
	if _, err := parseStamp([]byte("08/09/2026")); !errors.Is(err, errAmbiguous) {
		t.Errorf("a date whose day and month cannot be told apart: %v", err)
	}
}

func TestUnixUnits(t *testing.T) {
	want := time.Date(2026, 8, 19, 1, 14, 8, 0, time.UTC)
	for _, text := range []string{"1787102048", "1787102048000", "1787102048000000", "1787102048000000000", "1787102048.0"} {
		st, err := parseStamp([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		got, err := st.scaled(unixUnit(st.whole))
		if err != nil || !got.Equal(want) {
			t.Errorf("%s = %v, %v; want %v", text, got, err, want)
		}
	}
	if unixUnit(99_999_999) != 0 || unixUnit(-5) != 0 {
		t.Error("small numbers count from a trace's start")
	}
	st, _ := parseStamp([]byte("4.314579"))
	if got, _ := st.scaled(time.Second); got.UnixNano() != 4_314_579_000 {
		t.Errorf("4.314579 s = %d ns", got.UnixNano())
	}
	st, _ = parseStamp([]byte("27482"))
	if got, _ := st.scaled(time.Millisecond); got.UnixNano() != 27_482_000_000 {
		t.Errorf("27482 ms = %d ns", got.UnixNano())
	}
}

// Whatever instant the standard library reads from a text, its RFC 3339 form is read here as the same one.
func FuzzParseStamp(f *testing.F) {
	for _, s := range []string{"2026-08-19T01:14:08.162Z", "2026-08-19T01:14:08Z", "2026-02-30T24:00:60.Z", "2000-02-29T23:59:59+14:00", "0001-01-01T00:00:00Z", "-7.25", "99999999999999999999"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := parseStamp([]byte(text))
		if err == nil && got.numeric {
			for _, unit := range []time.Duration{time.Nanosecond, time.Microsecond, time.Millisecond, time.Second} {
				_, _ = got.scaled(unit)
			}
		}
		if usual, ok := parseUsual([]byte(text)); ok {
			if general, err := parseDate([]byte(text)); err != nil || usual != general {
				t.Fatalf("%s is %+v by the usual form, want %+v, %v", text, usual, general, err)
			}
		}
		want, err := time.Parse(time.RFC3339Nano, text)
		if err != nil || want.Year() < 1 {
			return
		}
		again, err := parseStamp([]byte(want.Format(time.RFC3339Nano)))
		if err != nil || !again.t.Equal(want) {
			t.Fatalf("%s = %v, %v", want.Format(time.RFC3339Nano), again.t, err)
		}
	})
}

func TestTickMeter(t *testing.T) {
	times := func(n int, at func(i int) float64) time.Duration {
		var m TickMeter
		for i := range n {
			m.Add(time.Unix(0, int64(at(i)*1e9)))
		}
		return m.Step()
	}
	if got := times(100, func(i int) float64 { return float64(3 * (i * i % 17)) }); got != 3*time.Second {
		t.Errorf("multiples of three seconds: %s", got)
	}
	if got := times(200, func(i int) float64 {
		if i%50 == 7 {
			return 3*float64(i) - 0.001
		}
		return 3 * float64(i)
	}); got != 3*time.Second {
		t.Errorf("a few of them a millisecond off: %s", got)
	}
	if got := times(100, func(i int) float64 { return float64(i) * 0.7316490381237 }); got >= time.Millisecond {
		t.Errorf("no step: %s", got)
	}
	if got := times(10, func(i int) float64 { return float64(60 * i) }); got != 0 {
		t.Errorf("ten times prove nothing: %s", got)
	}
}
