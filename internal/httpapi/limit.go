package httpapi

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime/multipart"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// MaxUpload is the largest upload of logs that is read, in bytes.
const MaxUpload = 8 << 30

// middleware stands before an operation.
type middleware = func(huma.Context, func(huma.Context))

// limited refuses a body of more than most bytes, before more than that of it is in memory.
func limited(api huma.API, most int64) middleware {
	return func(ctx huma.Context, next func(huma.Context)) {
		r, w := humago.Unwrap(ctx)
		data, err := readLimited(w, r, most)
		if err != nil {
			refuse(api, ctx, err, most)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(data))
		next(ctx)
	}
}

func readLimited(w http.ResponseWriter, r *http.Request, most int64) ([]byte, error) {
	if r.ContentLength > most {
		return nil, &http.MaxBytesError{Limit: most}
	}
	return io.ReadAll(http.MaxBytesReader(w, r.Body, most))
}

// uploaded reads a form, with what is large in temporary files, and refuses one of more than [MaxUpload] bytes.
func uploaded(api huma.API) middleware {
	const most = MaxUpload
	return func(ctx huma.Context, next func(huma.Context)) {
		r, w := humago.Unwrap(ctx)
		if r.ContentLength > most {
			refuse(api, ctx, &http.MaxBytesError{Limit: most}, most)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, most)
		if err := r.ParseMultipartForm(humago.MultipartMaxMemory); err != nil {
			refuse(api, ctx, err, most)
			return
		}
		next(ctx)
	}
}

// refuse says why a body was not read.
func refuse(api huma.API, ctx huma.Context, err error, most int64) {
	status, why := http.StatusBadRequest, "the body cannot be read: "+err.Error()
	_, disk := errors.AsType[*fs.PathError](err)
	_, large := errors.AsType[*http.MaxBytesError](err)
	switch {
	case large:
		status, why = http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is larger than %d bytes", most)
	case errors.Is(err, multipart.ErrMessageTooLarge):
		status, why = http.StatusRequestEntityTooLarge, "the form's fields other than files are too large"
	case errors.Is(err, http.ErrNotMultipart):
		status, why = http.StatusUnsupportedMediaType, "the body is no form: send multipart/form-data"
	case disk:
		status, why = http.StatusInsufficientStorage, "the server has no room for the upload"
	}
	// A client that is gone gets no answer, and nothing is left to do about that.
	_ = huma.WriteErr(api, ctx, status, why, &huma.ErrorDetail{Location: "body", Message: why})
}
