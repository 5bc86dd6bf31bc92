// Command example writes the example call log: one invented working day of a coding assistant. Nothing in it
// was measured; its shape follows what public traces show (a daily cycle, long prompts that are mostly cached,
// lengths spread log-normally and independent of each other). The same seed writes the same bytes.
package main

import (
	"compress/gzip"
	"encoding/csv"
	"fmt"
	"log"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"time"
)

const (
	calls = 30_000
	seed  = 20261117
)

func main() {
	if err := write(os.Stdout); err != nil {
		log.Fatal("example: ", err)
	}
}

func write(out *os.File) error {
	zip, err := gzip.NewWriterLevel(out, gzip.BestCompression)
	if err != nil {
		return err
	}
	w := csv.NewWriter(zip)
	if err := w.Write([]string{"time", "model", "input_tokens", "cache_read_tokens", "output_tokens", "project"}); err != nil {
		return err
	}
	rng := rand.New(rand.NewPCG(seed, 1))
	start := time.Date(2026, 11, 17, 0, 0, 0, 0, time.UTC)
	// Arrivals are a Poisson process whose rate follows the working day: time runs through the inverse of the
	// cumulative rate.
	total := cumulative(24)
	at := 0.0
	for range calls {
		at += rng.ExpFloat64() * total / calls
		if at >= total {
			break
		}
		hour := inverse(at)
		model, project := "claude-sonnet-4-6", "editor"
		input, cachedShare, output := lognormal(rng, 30_000, 0.9), 0.55+0.4*rng.Float64(), lognormal(rng, 620, 1.3)
		if rng.Float64() < 0.2 {
			model, project = "claude-haiku-4-5", "autocomplete"
			input, cachedShare, output = lognormal(rng, 6000, 0.7), 0.5*rng.Float64(), lognormal(rng, 90, 0.8)
		}
		whole := int64(min(input, 180_000)) + 200
		if err := w.Write([]string{
			start.Add(time.Duration(hour * float64(time.Hour))).Format("2006-01-02T15:04:05.000Z"), model,
			strconv.FormatInt(whole, 10), strconv.FormatInt(int64(float64(whole)*cachedShare), 10), strconv.FormatInt(int64(output)+1, 10), project,
		}); err != nil {
			return err
		}
	}
	w.Flush()
	if err := w.Error(); err != nil {
		return fmt.Errorf("writing: %w", err)
	}
	return zip.Close()
}

// rate is the load at an hour of the day: low at night, highest in the afternoon.
func rate(hour float64) float64 {
	afternoon, morning := (hour-15)/4.5, (hour-10)/2
	return 0.15 + math.Exp(-afternoon*afternoon) + 0.35*math.Exp(-morning*morning)
}

const steps = 24 * 60

// cumulative is the integral of the rate from midnight.
func cumulative(hour float64) float64 {
	sum := 0.0
	for i := range int(hour * 60) {
		sum += rate((float64(i) + 0.5) / 60)
	}
	return sum / 60
}

// inverse is the hour at which the cumulative rate reaches target.
func inverse(target float64) float64 {
	sum := 0.0
	for i := range steps {
		next := sum + rate((float64(i)+0.5)/60)/60
		if next >= target {
			return (float64(i) + (target-sum)/(next-sum)) / 60
		}
		sum = next
	}
	return 24
}

// lognormal draws a length with the given mean and coefficient of variation.
func lognormal(rng *rand.Rand, mean, cv float64) float64 {
	s2 := math.Log(1 + cv*cv)
	return math.Exp(math.Log(mean) - s2/2 + math.Sqrt(s2)*rng.NormFloat64())
}
