package folder

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"breakeven/internal/warehouse"
	"breakeven/price"
)

// manifestName is the file that says what the folder holds. Replacing it is what commits a change.
const manifestName = "breakeven.json"

// schemaVersion is raised when parts or the manifest change their form.
const schemaVersion = 1

// manifest is what the folder holds.
type manifest struct {
	Schema     int    `json:"schema"`
	Salt       []byte `json:"salt"`       // the folder's own secret
	Generation int64  `json:"generation"` // of the last commit
	// Things are what has a price of its own.
	Things []thing `json:"things"`
	// Parts are sorted by their day, then by their name.
	Parts []part `json:"parts"`
}

// thing is provider, model, region and tier.
type thing [4]string

// part is one file of rows of one day.
type part struct {
	Name   string    `json:"name"` // of the file; its folder follows from Day
	Day    int64     `json:"day"`  // days since the Unix epoch
	Rows   int64     `json:"rows"`
	Bytes  int64     `json:"bytes"`
	SHA256 string    `json:"sha256"`
	Footer string    `json:"footer"` // SHA-256 of the footer alone
	First  int64     `json:"first"`  // the earliest start and the latest, in microseconds
	Last   int64     `json:"last"`
	Holds  []holding `json:"holds"`
}

// holding is how many rows of a thing a part holds, and when they start: thing, rows, first, last.
type holding [4]int64

// dir is where a part lies, below the folder.
func (p *part) dir() string {
	return filepath.Join("calls", "day="+time.UnixMicro(p.Day*day).UTC().Format(time.DateOnly))
}

func (p *part) path() string { return filepath.Join(p.dir(), p.Name) }

// batch is the identifier of the change that wrote the part.
func (p *part) batch() string {
	id, _, _ := strings.Cut(p.Name, "-")
	return id
}

// partName is the name of the n-th part of a change.
func partName(batch string, n int) string { return fmt.Sprintf("%s-%d.parquet", batch, n) }

// isPartName reports whether a file may be one of ours.
func isPartName(name string) bool {
	id, rest, ok := strings.Cut(name, "-")
	number, suffix := strings.CutSuffix(rest, ".parquet")
	_, err := strconv.ParseUint(number, 10, 32)
	return ok && suffix && err == nil && isID(id)
}

// isID reports whether a name may be a change's identifier.
func isID(name string) bool {
	_, err := hex.DecodeString(name)
	return err == nil && len(name) == idLength
}

const idLength = 12

// checkMark comes before the digest of what follows it.
const checkMark = "{\n\"check\": \""

// encode writes the manifest, with a digest of itself.
func (m *manifest) encode() ([]byte, error) {
	body, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	body = append(body[1:], '\n')
	sum := sha256.Sum256(body)
	return slices.Concat([]byte(checkMark), []byte(hex.EncodeToString(sum[:])), []byte("\",\n"), body), nil
}

// decodeManifest reads what encode writes, and nothing else.
func decodeManifest(data []byte) (*manifest, error) {
	rest, ok := bytes.CutPrefix(data, []byte(checkMark))
	if !ok || len(rest) < 67 {
		return nil, errors.New("it is no list of parts")
	}
	check, body := string(rest[:64]), rest[67:]
	sum := sha256.Sum256(body)
	if check != hex.EncodeToString(sum[:]) {
		return nil, errors.New("it was changed: its digest is another")
	}
	m := &manifest{}
	if err := json.Unmarshal(append([]byte{'{'}, body...), m); err != nil {
		return nil, err
	}
	return m, m.validate()
}

func (m *manifest) validate() error {
	switch {
	case m.Schema > schemaVersion:
		return fmt.Errorf("a later version of this program wrote it (form %d, this one knows %d)", m.Schema, schemaVersion)
	case m.Schema != schemaVersion || len(m.Salt) != 32 || m.Generation < 0:
		return errors.New("it is no list of parts")
	}
	for _, t := range m.Things {
		if _, err := price.ParseTier(t[3]); err != nil {
			return err
		}
	}
	names := make(map[string]bool, len(m.Parts))
	for i := range m.Parts {
		p := &m.Parts[i]
		rows := int64(0)
		for _, h := range p.Holds {
			if h[0] < 0 || h[0] >= int64(len(m.Things)) || h[1] <= 0 || h[1] > p.Rows {
				return fmt.Errorf("part %.40q holds what it cannot", p.Name)
			}
			rows += h[1]
		}
		if !isPartName(p.Name) || names[p.Name] || rows != p.Rows || p.Rows <= 0 || p.Bytes <= 0 || dayOf(p.First) != p.Day || dayOf(p.Last) != p.Day || p.First > p.Last {
			return fmt.Errorf("part %.40q is not as parts are", p.Name)
		}
		names[p.Name] = true
	}
	return nil
}

// rows is how many rows are kept.
func (m *manifest) rows() (n int64) {
	for i := range m.Parts {
		n += m.Parts[i].Rows
	}
	return n
}

// after is the manifest after a change: without some parts and with others, whose holdings count in things of their
// own.
func (m *manifest) after(gone map[string]bool, added []written) *manifest {
	next := &manifest{Schema: m.Schema, Salt: m.Salt, Generation: m.Generation + 1}
	places := map[thing]int64{}
	place := func(t thing) int64 {
		at, ok := places[t]
		if !ok {
			at = int64(len(next.Things))
			places[t] = at
			next.Things = append(next.Things, t)
		}
		return at
	}
	take := func(p part, things []thing) {
		holds := make([]holding, len(p.Holds))
		for i, h := range p.Holds {
			h[0] = place(things[h[0]])
			holds[i] = h
		}
		p.Holds = holds
		next.Parts = append(next.Parts, p)
	}
	for _, p := range m.Parts {
		if !gone[p.Name] {
			take(p, m.Things)
		}
	}
	for _, w := range added {
		take(w.part, w.things)
	}
	slices.SortFunc(next.Parts, func(a, b part) int { return cmp.Or(cmp.Compare(a.Day, b.Day), strings.Compare(a.Name, b.Name)) })
	return next
}

// readManifest reads the folder's manifest.
func readManifest(dir string) (*manifest, os.FileInfo, error) {
	path := filepath.Join(dir, manifestName)
	file, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = file.Close() }() // nothing was written
	info, err := file.Stat()
	if err != nil {
		return nil, nil, err
	}
	data := make([]byte, info.Size())
	if _, err := file.ReadAt(data, 0); err != nil {
		return nil, nil, err
	}
	m, err := decodeManifest(data)
	if err != nil {
		return nil, nil, &warehouse.DamageError{Place: path, Problem: "the list of parts is damaged", Hint: "restore the file from a backup of the folder", Err: err}
	}
	return m, info, nil
}

// replaceFile writes a file under another name, and puts it in its place once it lies on the disk.
func replaceFile(path string, data []byte) error {
	temporary := path + ".new"
	if err := writeFile(temporary, data); err != nil {
		return errors.Join(err, ignoreAbsent(os.Remove(temporary)))
	}
	if err := os.Rename(temporary, path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func writeFile(path string, data []byte) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	return errors.Join(err, file.Sync(), file.Close())
}

func ignoreAbsent(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}
