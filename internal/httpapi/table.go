package httpapi

import (
	"bytes"
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"breakeven/internal/app"
)

// csvFile is an answer's table.
type csvFile struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

// uploadOf is an upload of a form.
type uploadOf[Form any] struct {
	RawBody huma.MultipartFormFiles[Form]
}

// tabular registers an operation over uploaded or kept calls twice: its answer in JSON, and its answer's table in CSV
// under the same path with .csv.
func tabular[Form any, Out app.Tabular](h handlers, api huma.API, path, summary string, call func(context.Context, *Form) (Out, error)) {
	large(api, path, summary, "usage", func(ctx context.Context, in *uploadOf[Form]) (*body[Out], error) {
		a, err := call(ctx, in.RawBody.Data())
		return answer(h, a, err)
	})
	asCSV := path + ".csv"
	var out *csvFile
	huma.Register(api, huma.Operation{
		OperationID: huma.GenerateOperationID(http.MethodPost, asCSV, out), Method: http.MethodPost, Path: asCSV, Summary: summary + ", as CSV", Tags: []string{"usage"},
		BodyReadTimeout: -1, Middlewares: huma.Middlewares{uploaded(api)},
		Responses: map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{"text/csv": {Schema: &huma.Schema{Type: huma.TypeString}}}}},
	}, func(ctx context.Context, in *uploadOf[Form]) (*csvFile, error) {
		a, err := call(ctx, in.RawBody.Data())
		if err != nil {
			return nil, h.problem(err)
		}
		var b bytes.Buffer
		if err := a.Table().WriteCSV(&b); err != nil {
			return nil, h.problem(err)
		}
		return &csvFile{"text/csv; charset=utf-8", b.Bytes()}, nil
	})
	delete(api.OpenAPI().Paths[asCSV].Post.Responses["200"].Headers, "Content-Type") // the content says it
	asFiles(api, asCSV)
}
