package httpapi

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"breakeven/focus"
	"breakeven/internal/app"
)

// exportForm is an upload of call logs that come back as FOCUS rows.
type exportForm struct {
	Files   []huma.FormFile `form:"files" required:"false" doc:"Call logs; gzip and zstd are undone, and Parquet is read."`
	Kept    bool            `form:"kept" required:"false" doc:"Take the calls that the server keeps, in place of files."`
	From    string          `form:"from" required:"false" doc:"Only calls that begin at this instant or later: RFC 3339, or a day."`
	To      string          `form:"to" required:"false" doc:"Only calls that begin before this instant."`
	Only    []string        `form:"only" required:"false" nullable:"false" doc:"Only calls with this model, provider, project, user, key or tier, as dimension=value." example:"project=search"`
	Focus   string          `form:"focus" required:"false" doc:"The edition of FOCUS; 1.2 if left out." enum:"1.2,1.4"`
	Period  string          `form:"period" required:"false" doc:"One row for each day or each hour; day if left out." enum:"day,hour"`
	Tags    []string        `form:"tags" required:"false" nullable:"false" doc:"Tags of a row, which tell rows apart; project and user if left out." enum:"project,user,key"`
	Type    string          `form:"type" required:"false" doc:"The type of the file; csv if left out." enum:"csv,parquet"`
	Account string          `form:"account" required:"false" doc:"The billing account; the provider's identifier if left out."`
	Format  string          `form:"format" required:"false" doc:"The logs' format; detected if left out."`
	As      string          `form:"as" required:"false" doc:"Provider and model of calls that name none." example:"anthropic/claude-sonnet-4-6"`
	Replace bool            `form:"replace_model" required:"false" doc:"Take as for every call, whatever the log names."`
	Input   string          `form:"input" required:"false" doc:"Whether the input figure holds cached tokens." enum:"detect,includes,excludes"`
	Map     []string        `form:"map" required:"false" nullable:"false" doc:"Columns of the log for our fields, as field=column."`
	Strict  bool            `form:"strict" required:"false" doc:"Stop at the first bad row, and fail if a price is missing."`
}

// log is the part of the form that says how the logs are read.
func (f *exportForm) log() *logForm {
	return &logForm{
		Files: f.Files, Kept: f.Kept, From: f.From, To: f.To, Only: f.Only, Format: f.Format, As: f.As, Replace: f.Replace, Input: f.Input, Map: f.Map, Strict: f.Strict,
	}
}

// focusForm is an upload of a FOCUS file.
type focusForm struct {
	Files    []huma.FormFile `form:"files" required:"true" doc:"One FOCUS file in CSV, Parquet or JSON lines."`
	Rules    string          `form:"rules" required:"false" doc:"A requirements model of the FOCUS project, in JSON; a table of our own if left out."`
	Focus    string          `form:"focus" required:"false" doc:"The edition that our own table is for; 1.2 if left out." enum:"1.2,1.4"`
	Supports []string        `form:"supports" required:"false" nullable:"false" doc:"Criteria of the model that the provider of the file meets."`
}

// focusFile is an export.
type focusFile struct {
	ContentType string `header:"Content-Type"`
	Complete    bool   `header:"Breakeven-Complete" doc:"Whether every row has a cost. A cost without a price is null, and such an export does not conform."`
	Body        []byte
}

func (h handlers) focus(api huma.API) {
	const exportPath = "/api/v1/usage/export"
	files := map[string]*huma.MediaType{
		"text/csv":                       {Schema: &huma.Schema{Type: huma.TypeString}},
		"application/vnd.apache.parquet": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}},
	}
	huma.Register(api, huma.Operation{
		OperationID: "post-api-v1-usage-export", Method: http.MethodPost, Path: exportPath, Summary: "Call logs as FOCUS rows in CSV or Parquet", Tags: []string{"usage"},
		BodyReadTimeout: -1, Middlewares: huma.Middlewares{uploaded(api)},
		Responses: map[string]*huma.Response{"200": {Description: "OK", Content: files}},
	}, func(_ context.Context, in *struct {
		RawBody huma.MultipartFormFiles[exportForm]
	}) (*focusFile, error) {
		form := in.RawBody.Data()
		log := form.log()
		defer log.close()
		o, err := log.options()
		if err != nil {
			return nil, h.problem(err)
		}
		tags := form.Tags
		if len(tags) == 0 {
			tags = []string{"project", "user"}
		}
		a, err := h.app.UsageFocus(app.FocusRequest{
			Logs: log.logs(), Options: o, Version: focus.Version(form.Focus), Period: form.Period, Tags: tags, Account: form.Account, Strict: form.Strict,
		})
		if err != nil {
			return nil, h.problem(err)
		}
		var b bytes.Buffer
		file := app.FocusTypes[cmp.Or(form.Type, "csv")]
		if err := file.Write(&b, a.Version, a.Charges); err != nil {
			return nil, h.problem(fmt.Errorf("the export cannot be written: %w", err))
		}
		return &focusFile{file.ContentType, a.Complete, b.Bytes()}, nil
	})
	delete(api.OpenAPI().Paths[exportPath].Post.Responses["200"].Headers, "Content-Type") // the content says it
	asFiles(api, exportPath)

	large(api, "/api/v1/usage/focus-check", "Hold a FOCUS file against the static rules of the specification", "usage", func(_ context.Context, in *struct {
		RawBody huma.MultipartFormFiles[focusForm]
	}) (*body[focus.Conformance], error) {
		form := in.RawBody.Data()
		log := &logForm{Files: form.Files}
		defer log.close()
		if len(form.Files) != 1 {
			return nil, huma.NewError(http.StatusBadRequest, "one file is checked at a time", &huma.ErrorDetail{Location: "files", Message: "one file is checked at a time", Value: len(form.Files)})
		}
		a, err := h.app.FocusCheck(app.FocusCheckRequest{File: log.logs()[0], Rules: []byte(form.Rules), Version: focus.Version(form.Focus), Supports: form.Supports})
		return answer(h, a, err)
	})
}

// asFiles says of a form that its files come as they are.
func asFiles(api huma.API, path string) {
	form := api.OpenAPI().Paths[path].Post.RequestBody
	form.Required = true
	form.Content["multipart/form-data"].Schema.Properties["files"].Items.ContentEncoding = ""
}
