package usage

import (
	"strconv"
	"time"
)

// Span is one span of a trace that is decoded already, as of a program that gets spans over the network rather than
// in a file.
type Span struct {
	// Trace and ID are in lower-case hexadecimal. Together they are the call's ID, as those of a file are.
	Trace, ID  string
	Start, End uint64 // nanoseconds since the Unix epoch; zero where unknown
	Failed     bool   // its status is an error
	Attributes []Attribute
}

// Attribute is a property of a span that is text, a number or a truth value, as text.
type Attribute struct{ Key, Value string }

// Instrumented are the spans of one instrumentation scope. Their input figures all follow one convention.
type Instrumented struct {
	// Resource describes what made the spans: the name of a service, for example, is its calls' project.
	Resource []Attribute
	Spans    []Span
	// Expect is the convention that earlier spans of the scope have proven. The spans are read by it unless they
	// prove the other; Detect where nothing is known.
	Expect InputConvention
}

// resourceColumns are the attributes of a resource that say something of its calls.
var resourceColumns = map[string]binding{
	"openinference.project.name": {fProject, 0},
	"service.name":               {fProject, 1},
}

// ReadSpans reads spans as [Read] reads a file of them. A fault's line is the number of its span, from 1. The error is
// the first bad span where Options.Strict, or what emit returned, or a mapping that cannot be.
func ReadSpans(name string, in Instrumented, o Options, emit func(*Call) error) (Summary, error) {
	f := otlp
	if in.Expect != Detect {
		f.expect, f.why = in.Expect, "earlier spans of the same instrumentation proved it"
	}
	s := newSession(name, o, emit)
	s.format, s.sum.Format, s.sum.FormatWhy = &f, f.name, "it was named"
	if err := s.remap(); err != nil {
		return s.finish(), err
	}
	s.clock, s.unit, s.hasTime = Absolute, time.Nanosecond, true
	s.rules = s.format.rules
	s.rules.input = o.Input
	if o.Input == Detect { // all of the spans are at hand, so that what they prove is known before the first is read
		probe := newSession(name, o, nil)
		probe.surveying, probe.format, probe.rules = true, s.format, s.rules
		if err := probe.spans(&in); err != nil {
			return s.finish(), err
		}
		s.tally, s.surveyed = probe.tally, probe.seen
		s.rules.input = s.tally.winner(s.format.expected())
	}
	err := s.spans(&in)
	return s.finish(), err
}

// spans makes a row of each span, and takes it.
func (s *session) spans(in *Instrumented) error {
	r := &s.row
	for i := range in.Spans {
		span := &in.Spans[i]
		r.reset(i + 1)
		r.failed = span.Failed
		for _, t := range []struct {
			name string
			at   uint64
		}{{"startTimeUnixNano", span.Start}, {"endTimeUnixNano", span.End}} {
			if t.at != 0 {
				s.column(t.name, strconv.FormatUint(t.at, 10))
			}
		}
		if span.ID != "" {
			r.set(binding{fID, 0}, "spanId", s.copied(span.Trace+"-"+span.ID))
		}
		s.column("traceId", span.Trace)
		for _, a := range span.Attributes {
			if _, ok := s.format.columns[a.Key]; ok {
				r.meet(a.Key)
				s.column(a.Key, a.Value)
			}
			r.failed = r.failed || a.Key == "error.type" && a.Value != ""
		}
		for _, a := range in.Resource {
			if b, ok := resourceColumns[a.Key]; ok && r.text[b.f] == nil {
				r.set(b, a.Key, s.copied(a.Value))
			}
		}
		if err := s.finishRow(); err != nil {
			return err
		}
	}
	return nil
}

// column fills the field that a column is of, if any.
func (s *session) column(name, text string) {
	if b, ok := s.format.columns[name]; ok {
		s.row.set(b, name, s.copied(text))
	}
}

// copied is a text in the row's scratch space.
func (s *session) copied(text string) []byte {
	begin := len(s.row.scratch)
	s.row.scratch = append(s.row.scratch, text...)
	return s.row.scratch[begin:len(s.row.scratch):len(s.row.scratch)]
}
