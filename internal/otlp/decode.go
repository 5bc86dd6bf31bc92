// Package otlp takes spans in that an OpenTelemetry SDK or Collector sends, as calls to keep.
//
// Reading guide: decode.go is the wire format, both ways; receiver.go turns spans into calls and has them kept before
// it says so. What a span says of a call is package usage's to read.
package otlp

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"mime"
	"strconv"
	"strings"

	common "go.opentelemetry.io/proto/otlp/common/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"breakeven/usage"
)

// Encoding is how a request and its answer are written.
type Encoding uint8

// The encodings of OTLP/HTTP.
const (
	Protobuf Encoding = iota
	JSON
)

var contentTypes = [...]string{Protobuf: "application/x-protobuf", JSON: "application/json"}

// ContentType is the media type of the encoding.
func (e Encoding) ContentType() string { return contentTypes[e] }

// EncodingOf finds the encoding of a Content-Type header.
func EncodingOf(header string) (e Encoding, ok bool) {
	media, _, err := mime.ParseMediaType(header)
	if err != nil {
		return 0, false
	}
	for e, name := range contentTypes {
		if media == name {
			return Encoding(e), true
		}
	}
	return 0, false
}

// Scope is the spans of one instrumentation scope of one resource.
type Scope struct {
	Name string // of the service and of the instrumentation
	usage.Instrumented
}

// Decode reads an ExportTraceServiceRequest. Values of attributes that are lists or bytes are left out: nothing that a
// call is priced by is one.
func Decode(body []byte, e Encoding) ([]Scope, error) {
	// The request and TracesData are the same message but for their names, and only the latter comes without gRPC.
	var data trace.TracesData
	var err error
	if e == JSON {
		err = protojson.UnmarshalOptions{DiscardUnknown: true}.Unmarshal(body, &data)
	} else {
		err = proto.Unmarshal(body, &data)
	}
	if err != nil {
		return nil, fmt.Errorf("the body is no ExportTraceServiceRequest in %s: %w", e.ContentType(), err)
	}
	var scopes []Scope
	for _, r := range data.GetResourceSpans() {
		resource := attributes(r.GetResource().GetAttributes())
		service := ""
		for _, a := range resource {
			if a.Key == "service.name" {
				service = a.Value
			}
		}
		for _, s := range r.GetScopeSpans() {
			scope := Scope{Name: service + " " + s.GetScope().GetName()}
			scope.Resource = resource
			scope.Spans = make([]usage.Span, 0, len(s.GetSpans()))
			for _, one := range s.GetSpans() {
				scope.Spans = append(scope.Spans, usage.Span{
					Trace: identifier(one.GetTraceId(), 16, e), ID: identifier(one.GetSpanId(), 8, e),
					Start: one.GetStartTimeUnixNano(), End: one.GetEndTimeUnixNano(),
					Failed:     one.GetStatus().GetCode() == trace.Status_STATUS_CODE_ERROR,
					Attributes: attributes(one.GetAttributes()),
				})
			}
			scopes = append(scopes, scope)
		}
	}
	return scopes, nil
}

// identifier is an identifier of so many bytes in hexadecimal; empty where it is none. In JSON it is hexadecimal on the
// wire, which the decoder took for Base64, as everything else of its type is: undoing that gives it back.
func identifier(id []byte, size int, e Encoding) string {
	if e == JSON {
		raw, err := hex.DecodeString(base64.StdEncoding.EncodeToString(id))
		if err != nil {
			return ""
		}
		id = raw
	}
	zero := true
	for _, b := range id {
		zero = zero && b == 0
	}
	if len(id) != size || zero {
		return ""
	}
	return hex.EncodeToString(id)
}

func attributes(list []*common.KeyValue) []usage.Attribute {
	out := make([]usage.Attribute, 0, len(list))
	for _, kv := range list {
		if text, ok := scalar(kv.GetValue()); ok {
			out = append(out, usage.Attribute{Key: kv.GetKey(), Value: text})
		}
	}
	return out
}

func scalar(v *common.AnyValue) (text string, ok bool) {
	switch v := v.GetValue().(type) {
	case *common.AnyValue_StringValue:
		return v.StringValue, true
	case *common.AnyValue_IntValue:
		return strconv.FormatInt(v.IntValue, 10), true
	case *common.AnyValue_DoubleValue:
		return strconv.FormatFloat(v.DoubleValue, 'f', -1, 64), true
	case *common.AnyValue_BoolValue:
		return strconv.FormatBool(v.BoolValue), true
	}
	return "", false
}

// Accepted is the answer to a request that was taken: an ExportTraceServiceResponse, which names what was rejected and
// why, if anything was.
func Accepted(e Encoding, rejected int64, why string) []byte {
	if e == JSON {
		type partial struct {
			Rejected int64  `json:"rejectedSpans,string,omitempty"`
			Why      string `json:"errorMessage,omitempty"`
		}
		var answer struct {
			Partial *partial `json:"partialSuccess,omitempty"`
		}
		if rejected > 0 {
			answer.Partial = &partial{rejected, why}
		}
		return encoded(answer)
	}
	if rejected == 0 {
		return nil
	}
	return protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), pair(rejected, why))
}

// Code says what kind of failure it is, in the numbers of gRPC.
type Code int32

// The codes that are answered.
const (
	InvalidArgument   Code = 3
	NotFound          Code = 5
	ResourceExhausted Code = 8
	Unavailable       Code = 14
)

// Refused is the answer to a request that was not taken: a google.rpc.Status.
func Refused(e Encoding, code Code, why string) []byte {
	if e == JSON {
		return encoded(struct {
			Code    Code   `json:"code"`
			Message string `json:"message"`
		}{code, why})
	}
	return pair(int64(code), why)
}

// pair is a message whose first field is a number, and whose second is text.
func pair(number int64, text string) []byte {
	b := protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), uint64(number))
	return protowire.AppendString(protowire.AppendTag(b, 2, protowire.BytesType), strings.ToValidUTF8(text, "\uFFFD"))
}

func encoded(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err) // numbers and text can be written
	}
	return data
}
