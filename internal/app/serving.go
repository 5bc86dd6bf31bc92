package app

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"breakeven/catalog"
	"breakeven/fact"
	"breakeven/serving"
	"breakeven/serving/calibrate"
)

// Calibrated is one vector of constants that was fitted, with the file that holds it.
type Calibrated struct {
	File        string               `json:"file" doc:"Name of its file in catalog/serving."`
	Calibration *serving.Calibration `json:"calibration"`
}

// CalibrateAnswer is every vector that a table is enough for.
type CalibrateAnswer struct {
	Rows    int                 `json:"rows"`
	Fitted  []Calibrated        `json:"fitted" nullable:"false"`
	TooFew  []string            `json:"too_few" nullable:"false" doc:"Engines that were measured too seldom to be fitted."`
	Skipped []calibrate.Skipped `json:"skipped" nullable:"false"`
}

// trials reads a table of measured results.
func (a *App) trials(name string, data []byte) (calibrate.Trials, int, error) {
	rows, err := calibrate.Read(bytes.NewReader(data))
	if err != nil {
		return calibrate.Trials{}, 0, &KindError{Kind: Invalid, Err: fmt.Errorf("%s: %w", name, err)}
	}
	models, err := a.models()
	if err != nil {
		return calibrate.Trials{}, 0, err
	}
	accelerators, err := a.accelerators()
	if err != nil {
		return calibrate.Trials{}, 0, err
	}
	return calibrate.NewTrials(calibrate.Catalog{Models: models, Accelerators: accelerators}, rows), len(rows), nil
}

// Calibrate fits the constants of every engine family, or of one, to a table of measured results.
func (a *App) Calibrate(name string, data []byte, engine string) (CalibrateAnswer, error) {
	trials, rows, err := a.trials(name, data)
	if err != nil {
		return CalibrateAnswer{}, err
	}
	answer := CalibrateAnswer{Rows: rows, Fitted: []Calibrated{}, TooFew: []string{}, Skipped: trials.Reasons()}
	day := fact.Date(a.Now().UTC().Format(time.DateOnly))
	for _, v := range trials.Vectors() {
		vendor, family := v[0], v[1]
		if engine != "" && engine != family {
			continue
		}
		c, err := trials.Fit(vendor, family, day)
		if few, ok := errors.AsType[*calibrate.TooFewError](err); ok {
			answer.TooFew = append(answer.TooFew, few.Error())
			continue
		}
		if err != nil {
			return CalibrateAnswer{}, err
		}
		answer.Fitted = append(answer.Fitted, Calibrated{File: vendor + "-" + family + ".json", Calibration: c})
	}
	if len(answer.Fitted) == 0 {
		return answer, &KindError{Kind: Invalid, Err: fmt.Errorf("%s: no engine was measured often enough to be fitted", name), Hint: "each needs 20 rows"}
	}
	return answer, nil
}

// Document is the calibration as its file holds it.
func (c Calibrated) Document() ([]byte, error) {
	data, err := json.MarshalIndent(c.Calibration, "", "  ")
	if err != nil {
		return nil, err
	}
	return append(data, '\n'), nil
}

// ValidateServing compares what the calibrations predict with a table of measured results. Calibration files of one's
// own, by name, stand in the place of the embedded ones.
func (a *App) ValidateServing(name string, data []byte, own map[string][]byte) (calibrate.Report, error) {
	trials, rows, err := a.trials(name, data)
	if err != nil {
		return calibrate.Report{}, err
	}
	all, err := catalog.Calibrations()
	if len(own) > 0 {
		all, err = serving.NewCalibrations(own)
	}
	if err != nil {
		return calibrate.Report{}, err
	}
	return trials.Validate(rows, all), nil
}
