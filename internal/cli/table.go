package cli

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// table lays out columns of text. Cells beyond the aligned columns follow their row as remarks; a column's cell
// is cut at [maxCell] characters, a remark is not.
type table struct {
	right []bool // which columns are aligned right
	rows  [][]string
}

func (t *table) row(cells ...string) {
	safe := make([]string, len(cells))
	for i, c := range cells {
		if i < len(t.right) {
			safe[i] = cell(c)
		} else {
			safe[i] = line(c)
		}
	}
	t.rows = append(t.rows, safe)
}

// rule draws a line.
func (t *table) rule() { t.rows = append(t.rows, nil) }

func (t *table) write(w io.Writer) {
	widths := make([]int, len(t.right))
	for _, row := range t.rows {
		for i := range min(len(row), len(widths)) {
			widths[i] = max(widths[i], utf8.RuneCountInString(row[i]))
		}
	}
	total := 0
	for _, width := range widths {
		total += width
	}
	for _, row := range t.rows {
		if row == nil {
			fmt.Fprintln(w, strings.Repeat("─", total+2*(len(widths)-1)))
			continue
		}
		var b strings.Builder
		for i, cell := range row {
			if i > 0 {
				b.WriteString("  ")
			}
			if i >= len(widths) {
				b.WriteString(cell)
				continue
			}
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if t.right[i] {
				b.WriteString(pad + cell)
			} else {
				b.WriteString(cell + pad)
			}
		}
		fmt.Fprintln(w, strings.TrimRight(b.String(), " "))
	}
}
