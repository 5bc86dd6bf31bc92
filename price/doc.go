// Package price holds price sheets in force at a time and quotes calls with them, exactly.
//
// Reading guide: kind.go says what is billed; sheet.go is one sheet, ready to quote; quote.go turns the
// quantities of a call into lines and a total; book.go finds the sheet in force for a provider, model, route,
// tier and instant; file.go is the schema of catalog/prices and compiles it into sheets.
//
// The rules of a quote, all of them data in the sheets:
//
//   - A context band is a cliff: the whole prompt, cached tokens included, decides it, and it then applies to
//     every token of the call, the output too. Whether the boundary itself belongs to the band is the vendor's.
//   - The highest crossed band that names a kind, or that kind's fallback, gives its rate.
//   - A derived rate is a rule over another rate of the same band and tier, so it moves when its base moves.
//   - A tier without a sheet of its own bills standard. A route multiplies last.
//   - A kind without a rate makes the quote incomplete; it is never zero.
package price
