package catalog

import (
	"fmt"

	"breakeven/serving"
)

// Calibrations reads the embedded constants of serving engines. The command "breakeven serving calibrate" writes
// their files.
func Calibrations() (*serving.Calibrations, error) {
	files, err := folder("serving")
	if err != nil {
		return nil, err
	}
	c, err := serving.NewCalibrations(files)
	if err != nil {
		return nil, fmt.Errorf("embedded calibrations: %w", err)
	}
	return c, nil
}
