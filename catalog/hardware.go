package catalog

import (
	"fmt"
	"io/fs"
	"path"

	"breakeven/gpu"
	"breakeven/llm"
)

// Accelerators reads the embedded accelerators. Like every function here it does all of its work on each call.
// An error means that this build carries a broken catalog.
func Accelerators() (*gpu.Catalog, error) {
	files, err := folder("gpus")
	if err != nil {
		return nil, err
	}
	c, err := gpu.NewCatalog(files)
	if err != nil {
		return nil, fmt.Errorf("embedded accelerators: %w", err)
	}
	return c, nil
}

// Offers reads the embedded offers of rentable machines.
func Offers() (*gpu.Market, error) {
	files, err := folder("offers")
	if err != nil {
		return nil, err
	}
	m, err := gpu.NewMarket(files)
	if err != nil {
		return nil, fmt.Errorf("embedded offers: %w", err)
	}
	return m, nil
}

// Models reads the embedded architectures of open-weight models.
func Models() (*llm.Catalog, error) {
	files, err := folder("models")
	if err != nil {
		return nil, err
	}
	c, err := llm.NewCatalog(files)
	if err != nil {
		return nil, fmt.Errorf("embedded models: %w", err)
	}
	return c, nil
}

// folder reads the embedded files of one folder by their names.
func folder(name string) (map[string][]byte, error) {
	paths, err := fs.Glob(FS, name+"/*.json")
	if err != nil {
		return nil, fmt.Errorf("embedded %s: %w", name, err)
	}
	files := make(map[string][]byte, len(paths))
	for _, p := range paths {
		data, err := FS.ReadFile(p)
		if err != nil {
			return nil, fmt.Errorf("embedded %s: %w", name, err)
		}
		files[path.Base(p)] = data
	}
	return files, nil
}
