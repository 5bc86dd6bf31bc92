package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"breakeven/focus"
	"breakeven/internal/app"
	"breakeven/ledger"
)

type usageExportCmd struct {
	Files   []string `arg:"" optional:"" help:"Call logs: files, folders, https:// and s3:// addresses, - for standard input. The calls that are kept if left out." placeholder:"LOG"`
	Focus   string   `help:"The edition of FOCUS: 1.2 or 1.4." enum:"1.2,1.4" default:"1.2"`
	Period  string   `help:"One row for each day or each hour." enum:"day,hour" default:"day"`
	Tags    []string `help:"Tags of a row, which tell rows apart: project, user, key." default:"project,user" placeholder:"TAG"`
	Account string   `help:"The billing account; the provider's identifier if left out." placeholder:"ID"`
	Type    string   `help:"The type of the file: csv or parquet." enum:"csv,parquet" default:"csv"`
	logFlags
}

func (c usageExportCmd) Run(r run) error {
	priced, logs, o, err := r.open(c.Files, c.logFlags)
	if err != nil {
		return err
	}
	a, err := priced.UsageFocus(app.FocusRequest{
		Logs: logs, Options: o, Version: focus.Version(c.Focus), Period: c.Period, Tags: c.Tags, Account: c.Account, Strict: c.Strict,
	})
	if err != nil {
		return err
	}
	if r.json {
		err = r.print(a, nil)
	} else {
		var b bytes.Buffer
		if err = app.FocusTypes[c.Type].Write(&b, a.Version, a.Charges); err == nil {
			err = r.write(b.Bytes())
		}
	}
	if err != nil {
		return err
	}
	if len(a.Missing) > 0 {
		r.complain("the export is incomplete: it has no cost for what has no price, and FOCUS allows no row without one")
		for _, m := range a.Missing {
			r.complain(fmt.Sprintf("%s: %s. %s", line(m.Name()), missingHow(m), line(missingWhy(m))))
		}
	}
	return r.badRows(a.Files, c.logFlags)
}

type focusCheckCmd struct {
	File     string   `arg:"" help:"A FOCUS file in CSV, Parquet or JSON lines; - for standard input." placeholder:"FILE"`
	Rules    string   `help:"A requirements model of the FOCUS project, such as requirements_model_1.2.json; a table of our own for the columns that usage export writes if left out." placeholder:"FILE"`
	Focus    string   `help:"The edition that our own table is for: 1.2 or 1.4." enum:"1.2,1.4" default:"1.2"`
	Supports []string `help:"What the provider of the file supports, as the model names it: SUB_ACCOUNT_SUPPORTED." placeholder:"NAME"`
	All      bool     `help:"Show the rules that hold and those that were skipped as well."`
}

func (c focusCheckCmd) Run(r run) error {
	if err := once(c.File, c.Rules); err != nil {
		return err
	}
	request := app.FocusCheckRequest{Version: focus.Version(c.Focus), Supports: c.Supports}
	if c.Rules != "" {
		f, err := os.Open(c.Rules)
		if err != nil {
			return &app.KindError{Kind: app.Unreachable, Err: err}
		}
		defer f.Close()
		if request.Rules, err = app.ReadAll(c.Rules, f, focus.MaxRules); err != nil {
			return err
		}
		if len(request.Rules) == 0 {
			return &app.KindError{Kind: app.Invalid, Err: fmt.Errorf("%s is empty", c.Rules)}
		}
	}
	var err error
	if request.File, err = r.log(c.File); err != nil {
		return err
	}
	report, err := r.app.FocusCheck(request)
	if err != nil {
		return err
	}
	if err := r.print(report, func(w io.Writer) { printFocus(w, report, c.All) }); err != nil {
		return err
	}
	if report.Conforms {
		return nil
	}
	return &app.KindError{Kind: app.Invalid, Err: errors.New("the file does not conform to FOCUS " + line(report.Version))}
}

func printFocus(w io.Writer, r focus.Conformance, whole bool) {
	for _, outcome := range []focus.Outcome{focus.Failed, focus.Advice, focus.Passed, focus.Skipped} {
		if !whole && (outcome == focus.Passed || outcome == focus.Skipped) {
			continue
		}
		for _, one := range r.Results {
			if one.Outcome != outcome {
				continue
			}
			fmt.Fprintf(w, "%s  %s: %s\n", outcome, line(one.ID), line(one.Text))
			if one.Broken > 0 {
				fmt.Fprintf(w, "      %s of %s, at %s: %s\n", ledger.Count(one.Broken, "row"), grouped(strconv.FormatInt(one.Applied, 10)), fileLines(one), line(one.Why))
			} else if one.Why != "" {
				fmt.Fprintf(w, "      %s\n", line(one.Why))
			}
		}
	}
	fmt.Fprintf(w, "FOCUS %s, %s: %s hold, %d fail, %d recommended and not followed, %d skipped\n",
		line(r.Version), ledger.Count(r.Rows, "row"), ledger.Count(int64(r.Passed), "rule"), r.Failed, r.Advised, r.Skipped)
}

// fileLines names the first rows that break a rule.
func fileLines(r focus.RuleResult) string {
	names := make([]string, len(r.Lines))
	for i, n := range r.Lines {
		names[i] = strconv.Itoa(n)
	}
	text := "line " + strings.Join(names, ", ")
	if int64(len(r.Lines)) < r.Broken {
		text += " and more"
	}
	return text
}
