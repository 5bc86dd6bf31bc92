package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"breakeven/internal/app"
	"breakeven/ledger"
	"breakeven/serving"
	"breakeven/serving/calibrate"
)

type servingCmd struct {
	Calibrate servingCalibrateCmd `cmd:"" help:"Fit the constants of serving engines to a table of measured results. Takes minutes."`
	Validate  servingValidateCmd  `cmd:"" help:"Compare predictions with a table of measured results: errors by source, scenario and class."`
}

type servingCalibrateCmd struct {
	Measured string `help:"Table of measured results (CSV)." required:"" placeholder:"FILE"`
	Engine   string `help:"Fit this engine family only." placeholder:"NAME"`
	Out      string `help:"Write one file for each vector into this folder, as catalog/serving holds them." placeholder:"FOLDER"`
}

func (c servingCalibrateCmd) Run(r run) error {
	data, err := r.file(c.Measured)
	if err != nil {
		return err
	}
	r.complain("fitting; this takes minutes for a large table")
	a, err := r.app.Calibrate(called(c.Measured), data, c.Engine)
	if err != nil {
		return err
	}
	for _, fit := range a.Fitted {
		if c.Out == "" {
			break
		}
		document, err := fit.Document()
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(c.Out, fit.File), document, 0o644); err != nil { //nolint:gosec // a catalog file that everybody may read
			return &app.KindError{Kind: app.Unreachable, Err: err, Hint: "--out is a folder that exists and can be written to"}
		}
	}
	return r.print(a, func(w io.Writer) {
		for _, fit := range a.Fitted {
			printCalibration(w, fit.Calibration)
		}
		for _, few := range a.TooFew {
			fmt.Fprintln(w, "not fitted:", few)
		}
		printSkipped(w, a.Rows, a.Skipped)
	})
}

func printCalibration(w io.Writer, c *serving.Calibration) {
	fmt.Fprintf(w, "%s on %s, fitted %s: %s fitted, %s held out\n\n", c.Engine, c.Vendor, c.Fitted,
		ledger.Count(len(c.Train), "group"), ledger.Count(len(c.Held), "group"))
	t := table{right: []bool{false, true}}
	t.row("constant", "value")
	t.rule()
	for _, k := range serving.Constants() {
		t.row(k.Name, strconv.FormatFloat(c.Constants[k.Name], 'g', -1, 64))
	}
	t.write(w)
	fmt.Fprintln(w)
	e := errorTable("class")
	for _, s := range c.Errors {
		e.row(errorCells(s, string(s.Class))...)
	}
	e.write(w)
	fmt.Fprintln(w)
}

// errorTable begins a table of errors, after columns of its own.
func errorTable(first ...string) *table {
	t := &table{}
	for range first {
		t.right = append(t.right, false)
	}
	t.right = append(t.right, false, false, true, true, true, true, true)
	t.row(append(first, "figure", "groups", "rows", "median", "mean", "p10", "p90")...)
	t.rule()
	return t
}

func errorCells(s serving.ErrorStat, first ...string) []string {
	groups := "fitted"
	if s.Held {
		groups = "not fitted"
	}
	return append(first, string(s.Metric), groups, ledger.Number(float64(s.Rows)), errorShare(s.Median), errorShare(s.Mean), ratioText(s.Low), ratioText(s.High))
}

func errorShare(share float64) string { return strconv.FormatFloat(100*share, 'f', 1, 64) + " %" }

func ratioText(ratio float64) string { return strconv.FormatFloat(ratio, 'f', 2, 64) }

type servingValidateCmd struct {
	Measured    string `help:"Table of measured results (CSV)." required:"" placeholder:"FILE"`
	Calibration string `help:"Folder of calibration files to use instead of the built-in ones." placeholder:"FOLDER"`
}

func (c servingValidateCmd) Run(r run) error {
	data, err := r.file(c.Measured)
	if err != nil {
		return err
	}
	var own map[string][]byte
	if c.Calibration != "" {
		paths, err := filepath.Glob(filepath.Join(c.Calibration, "*.json"))
		if err == nil && len(paths) == 0 {
			err = errors.New("no calibration file in " + c.Calibration)
		}
		if err != nil {
			return &app.KindError{Kind: app.Unreachable, Err: err}
		}
		own = map[string][]byte{}
		for _, path := range paths {
			if own[filepath.Base(path)], err = r.file(path); err != nil {
				return err
			}
		}
	}
	report, err := r.app.ValidateServing(called(c.Measured), data, own)
	if err != nil {
		return err
	}
	return r.print(report, func(w io.Writer) { printValidation(w, report) })
}

func printValidation(w io.Writer, report calibrate.Report) {
	t := errorTable("rows of", "class")
	for _, l := range report.Lines {
		of := l.Source
		switch {
		case of != "":
			of += ", " + l.Scenario
		case l.Engine != "":
			of = l.Engine
		default:
			of = "all"
		}
		t.row(errorCells(l.ErrorStat, of, string(l.Class))...)
	}
	t.write(w)
	fmt.Fprint(w, "\nmedian and mean are of the absolute error; p10 and p90 are of measured over predicted\n\n")
	if len(report.Targets) > 0 {
		c := table{right: []bool{false, true, true, true, true, true}}
		c.row("concurrency within p99 TTFT 2 s, TPOT 50 ms", "input", "output", "measured", "predicted", "ratio")
		c.rule()
		for _, x := range report.Targets {
			measured := ledger.Number(x.Measured)
			if x.Censored {
				measured = "at least " + measured
			}
			c.row(x.Group, ledger.Number(x.Input), ledger.Number(x.Output), measured, ledger.Number(x.Predicted), ratioText(x.Predicted/x.Measured))
		}
		c.write(w)
		fmt.Fprintln(w)
	}
	printSkipped(w, report.Rows, report.Skipped)
}

func printSkipped(w io.Writer, rows int, skipped []calibrate.Skipped) {
	out := 0
	for _, s := range skipped {
		out += s.Rows
	}
	fmt.Fprintf(w, "%s, %s not predicted\n", ledger.Count(rows, "row"), ledger.Number(float64(out)))
	for _, s := range skipped {
		fmt.Fprintf(w, "  %s: %s\n", ledger.Number(float64(s.Rows)), line(s.Reason))
	}
}
