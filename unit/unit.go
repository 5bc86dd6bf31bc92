// Package unit holds the units of estimates, so that a rate cannot be passed for a share, and the two lengths
// of time that every monthly figure rests on.
package unit

// HoursPerMonth is the length of a month everywhere: 8,760 hours a year over 12.
const HoursPerMonth = 730

// MonthsPerYear is the months in a year.
const MonthsPerYear = 12

// SecondsPerHour is the seconds in an hour.
const SecondsPerHour = 3600

// Share is a part of a whole, from 0 to 1.
type Share float64

// RequestsPerSecond is an arrival or service rate.
type RequestsPerSecond float64

// PerMonth is a count over a month of [HoursPerMonth].
type PerMonth float64

// PerMonth is how many requests the rate makes in a month.
func (r RequestsPerSecond) PerMonth() PerMonth {
	return PerMonth(float64(r) * HoursPerMonth * SecondsPerHour)
}

// Rate is the mean rate of a monthly count.
func (n PerMonth) Rate() RequestsPerSecond {
	return RequestsPerSecond(float64(n) / (HoursPerMonth * SecondsPerHour))
}
