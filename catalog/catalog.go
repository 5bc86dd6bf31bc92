// Package catalog embeds the cited facts that Breakeven ships with: price sheets, and whatever else stands in
// the folders beside this file. Every figure in them names its source and date.
//
// The data is JSON, one file per subject, so that a correction is a one-line diff that needs no Go. The files
// under prices/ are written by tools/catalog; a figure is corrected in its curated input, never in its output.
package catalog

import "embed"

// FS holds the data files by folder: prices/openai.json, for example.
//
//go:embed */*.json
var FS embed.FS
