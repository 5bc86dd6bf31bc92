package chtest

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"
)

const (
	// Package is the npm package that holds the library, and its version: ClickHouse 26.7. That it can listen is no
	// promise of its makers, so the version is fixed.
	Package = "@chdb/lib-linux-x64-gnu@" + version
	version = "26.7.3-stable.1"

	// Variable names the environment variable that holds the path of the library, or of its folder, to use instead.
	Variable = "BREAKEVEN_CHDB"

	libraryFile = "libchdb.so"
)

// ErrAbsent says why there is no ClickHouse. Tests then skip.
var ErrAbsent = errors.New("no ClickHouse: set " + Variable + " to the path of " + libraryFile + " of the npm package " + Package + ", or make npm and its registry available (Linux on amd64)")

// packed bounds how long npm may take to bring the package, which has 178 MB.
const packed = 5 * time.Minute

// Library is the path of ClickHouse's library: the one that is named, the one in the user's cache, or one that npm
// brings into it.
func Library(ctx context.Context) (string, error) {
	if named := os.Getenv(Variable); named != "" {
		if info, err := os.Stat(named); err != nil {
			return "", fmt.Errorf("chtest: %s: %w", Variable, err)
		} else if info.IsDir() {
			named = filepath.Join(named, libraryFile)
		}
		_, err := os.Stat(named)
		return named, err
	}
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		return "", ErrAbsent
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrAbsent, err)
	}
	folder := filepath.Join(cache, "breakeven", "chdb-"+version)
	library := filepath.Join(folder, libraryFile)
	if _, err := os.Stat(library); err == nil {
		return library, nil
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", err
	}
	if err := bring(ctx, folder); err != nil {
		return "", fmt.Errorf("%w: %w", ErrAbsent, err)
	}
	return library, nil
}

// bring has npm fetch the package and unpacks the library. Several processes may do so at once.
func bring(ctx context.Context, folder string) error {
	ctx, cancel := context.WithTimeout(ctx, packed)
	defer cancel()
	work, err := os.MkdirTemp(folder, "npm")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(work) }()
	npm := exec.CommandContext(ctx, "npm", "pack", "--silent", "--pack-destination", work, Package)
	npm.Dir = work
	if said, err := npm.CombinedOutput(); err != nil {
		return fmt.Errorf("npm pack %s: %w: %s", Package, err, said)
	}
	archives, err := filepath.Glob(filepath.Join(work, "*.tgz"))
	if err != nil || len(archives) != 1 {
		return fmt.Errorf("npm pack %s left %d archives", Package, len(archives))
	}
	unpacked := filepath.Join(work, libraryFile)
	if err := unpack(archives[0], unpacked); err != nil {
		return err
	}
	return os.Rename(unpacked, filepath.Join(folder, libraryFile))
}

// unpack takes the library out of the package's archive.
func unpack(archive, library string) error {
	in, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer in.Close()
	plain, err := gzip.NewReader(in)
	if err != nil {
		return err
	}
	for files := tar.NewReader(plain); ; {
		file, err := files.Next()
		if err != nil {
			return fmt.Errorf("%s: no %s in it: %w", archive, libraryFile, err)
		}
		if filepath.Base(file.Name) != libraryFile {
			continue
		}
		out, err := os.Create(library)
		if err != nil {
			return err
		}
		_, err = io.Copy(out, files)
		return errors.Join(err, out.Close())
	}
}
