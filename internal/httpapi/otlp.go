package httpapi

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/klauspost/compress/zstd"

	"breakeven/internal/otlp"
)

// MaxSpans is the largest request of spans that is read, in bytes, before and after it is decompressed: as large as a
// Collector itself takes one.
const MaxSpans = 20 << 20

const (
	maxSpanReaders = 8                // requests of spans that are in memory as bytes
	spanBodyTime   = 10 * time.Second // for a request's body to arrive
	storeAgain     = 5 * time.Second  // until an exporter asks again whether calls can be kept
)

// spanReceiver is the endpoint of OTLP/HTTP for traces.
type spanReceiver struct {
	receiver *otlp.Receiver // nil where no calls are kept
	readers  chan struct{}
}

// spans registers the paths of OTLP/HTTP.
func (h handlers) spans(mux *http.ServeMux) {
	s := spanReceiver{h.receiver, make(chan struct{}, maxSpanReaders)}
	mux.HandleFunc("POST /v1/traces", s.traces)
	for path, why := range map[string]string{
		"POST /v1/logs":    "logs are not received: the spans of calls to language models are, at /v1/traces",
		"POST /v1/metrics": "metrics are not received: the spans of calls to language models are, at /v1/traces",
	} {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			refuseSpans(w, r, &spanError{http.StatusNotFound, otlp.NotFound, why, 0})
		})
	}
}

// spanError is a request of spans that was not taken.
type spanError struct {
	status int
	code   otlp.Code
	why    string
	again  time.Duration // after which to send it again; zero for never
}

func (e *spanError) Error() string { return e.why }

func (s spanReceiver) traces(w http.ResponseWriter, r *http.Request) {
	receipt, err := s.take(w, r)
	if err != nil {
		refuseSpans(w, r, err)
		return
	}
	e, _ := otlp.EncodingOf(r.Header.Get("Content-Type"))
	w.Header().Set("Content-Type", e.ContentType())
	// An exporter that is gone gets no answer, and sends again what is kept already: it counts once.
	_, _ = w.Write(otlp.Accepted(e, receipt.Rejected, receipt.Why))
}

// refuseSpans answers in the request's own encoding, or in JSON where that is none of ours.
func refuseSpans(w http.ResponseWriter, r *http.Request, err error) {
	e, ok := otlp.EncodingOf(r.Header.Get("Content-Type"))
	if !ok {
		e = otlp.JSON
	}
	refused := spanErrorOf(err)
	w.Header().Set("Content-Type", e.ContentType())
	if refused.again > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(refused.again.Seconds()))))
	}
	w.WriteHeader(refused.status)
	_, _ = w.Write(otlp.Refused(e, refused.code, refused.why))
}

// spanErrorOf says which answer an error is. OTLP has exporters send again what is answered by 429, 502, 503 or 504,
// and drop what is answered by anything else.
func spanErrorOf(err error) *spanError {
	if e, ok := errors.AsType[*spanError](err); ok {
		return e
	}
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return &spanError{http.StatusRequestEntityTooLarge, otlp.InvalidArgument, fmt.Sprintf("the request is larger than %d bytes: have fewer spans sent at once", MaxSpans), 0}
	}
	if store, ok := errors.AsType[*otlp.StoreError](err); ok {
		return &spanError{http.StatusServiceUnavailable, otlp.Unavailable, store.Error(), storeAgain}
	}
	return &spanError{http.StatusServiceUnavailable, otlp.Unavailable, err.Error(), storeAgain}
}

// take reads a request and has its calls kept.
func (s spanReceiver) take(w http.ResponseWriter, r *http.Request) (otlp.Receipt, error) {
	if s.receiver == nil {
		return otlp.Receipt{}, &spanError{http.StatusNotFound, otlp.NotFound, "no calls are kept here: start the server with --warehouse", 0}
	}
	e, ok := otlp.EncodingOf(r.Header.Get("Content-Type"))
	if !ok {
		return otlp.Receipt{}, &spanError{http.StatusUnsupportedMediaType, otlp.InvalidArgument, "the body is neither application/x-protobuf nor application/json", 0}
	}
	scopes, err := s.read(w, r, e)
	if err != nil {
		return otlp.Receipt{}, err
	}
	receipt, err := s.receiver.Take(r.Context(), scopes)
	if errors.Is(err, otlp.ErrFull) {
		return receipt, s.full(err.Error())
	}
	return receipt, err
}

// full refuses what comes too fast.
func (s spanReceiver) full(why string) error {
	return &spanError{http.StatusTooManyRequests, otlp.ResourceExhausted, why, s.receiver.Every()}
}

// read decodes a request. Only so many are in memory at once: the others are to come again.
func (s spanReceiver) read(w http.ResponseWriter, r *http.Request, e otlp.Encoding) ([]otlp.Scope, error) {
	select {
	case s.readers <- struct{}{}:
		defer func() { <-s.readers }()
	default:
		s.receiver.Refuse()
		return nil, s.full("too many requests are being read")
	}
	// Whoever sends slowly holds one of the few places. A test's recorder has no deadline to set.
	//nolint:forbidigo // A deadline is by the machine's clock, whatever time answers are as of.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(spanBodyTime))
	defer func() { _ = http.NewResponseController(w).SetReadDeadline(time.Time{}) }()
	if r.ContentLength > MaxSpans {
		return nil, &http.MaxBytesError{Limit: MaxSpans}
	}
	plain, err := decompressed(http.MaxBytesReader(w, r.Body, MaxSpans), r.Header.Get("Content-Encoding"))
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(plain, MaxSpans+1))
	if closed := plain.Close(); err == nil {
		err = closed
	}
	if err != nil {
		if _, large := errors.AsType[*http.MaxBytesError](err); large {
			return nil, err
		}
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return nil, &spanError{http.StatusServiceUnavailable, otlp.Unavailable, "the body did not arrive in time", s.receiver.Every()}
		}
		return nil, &spanError{http.StatusBadRequest, otlp.InvalidArgument, "the body cannot be read: " + err.Error(), 0}
	}
	if len(data) > MaxSpans {
		return nil, &http.MaxBytesError{Limit: MaxSpans}
	}
	scopes, err := otlp.Decode(data, e)
	if err != nil {
		return nil, &spanError{http.StatusBadRequest, otlp.InvalidArgument, err.Error(), 0}
	}
	return scopes, nil
}

// zstdWindow is the largest window of zstd that is decompressed; encoders use 8 MB at most unless told otherwise.
const zstdWindow = 8 << 20

// decompressed undoes a Content-Encoding.
func decompressed(body io.ReadCloser, encoding string) (io.ReadCloser, error) {
	switch encoding {
	case "", "identity":
		return body, nil
	case "gzip":
		z, err := gzip.NewReader(body)
		if err != nil {
			return nil, &spanError{http.StatusBadRequest, otlp.InvalidArgument, "the body is not gzip: " + err.Error(), 0}
		}
		return z, nil
	case "zstd":
		z, err := zstd.NewReader(body, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(zstdWindow))
		if err != nil {
			return nil, &spanError{http.StatusBadRequest, otlp.InvalidArgument, "the body is not zstd: " + err.Error(), 0}
		}
		return z.IOReadCloser(), nil
	}
	return nil, &spanError{http.StatusUnsupportedMediaType, otlp.InvalidArgument, fmt.Sprintf("the body is encoded by %q: send gzip, zstd or none", encoding), 0}
}
