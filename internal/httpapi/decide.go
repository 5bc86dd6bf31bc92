package httpapi

import (
	"context"
	"io"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"breakeven/decide"
	"breakeven/internal/app"
	"breakeven/internal/logfile"
	"breakeven/internal/scenariofile"
	"breakeven/internal/warehouse"
	"breakeven/scenario"
	"breakeven/usage"
)

// logForm is an upload of call logs. Large parts lie in temporary files while the request runs.
type logForm struct {
	Files    []huma.FormFile `form:"files" required:"false" doc:"Call logs; gzip and zstd are undone, and Parquet is read."`
	Kept     bool            `form:"kept" required:"false" doc:"Take the calls that the server keeps, in place of files."`
	From     string          `form:"from" required:"false" doc:"Only calls that begin at this instant or later: RFC 3339, or a day."`
	To       string          `form:"to" required:"false" doc:"Only calls that begin before this instant."`
	Only     []string        `form:"only" required:"false" nullable:"false" doc:"Only calls with this model, provider, project, user, key or tier, as dimension=value." example:"project=search"`
	Scenario string          `form:"scenario" required:"false" doc:"A scenario in JSON or YAML; documented defaults if left out."`
	Format   string          `form:"format" required:"false" doc:"The logs' format; detected if left out."`
	As       string          `form:"as" required:"false" doc:"Provider and model of calls that name none." example:"anthropic/claude-sonnet-4-6"`
	Replace  bool            `form:"replace_model" required:"false" doc:"Take as for every call, whatever the log names."`
	Input    string          `form:"input" required:"false" doc:"Whether the input figure holds cached tokens." enum:"detect,includes,excludes"`
	Map      []string        `form:"map" required:"false" nullable:"false" doc:"Columns of the log for our fields, as field=column."`
	By       []string        `form:"by" required:"false" nullable:"false" doc:"Dimensions to group a report by." enum:"hour,day,month,model,provider,project,user,key,tier"`
	Strict   bool            `form:"strict" required:"false" doc:"Stop at the first bad row, and fail if a price is missing."`
}

type upload = uploadOf[logForm]

// sources are the calls that the form means: those that are kept, or those of the uploaded parts.
func (f *logForm) sources(ctx context.Context, a *app.App) ([]app.Source, error) {
	only, err := selection(f.From, f.To, f.Only)
	if err != nil {
		return nil, err
	}
	list := f.logs()
	switch {
	case f.Kept && len(list) > 0:
		return nil, &app.KindError{Kind: app.BadUsage, Err: &decide.FieldError{Field: "kept", Problem: "is given beside files", Hint: "send files, or take the calls that are kept"}}
	case f.Kept:
		kept, err := a.KeptSource(ctx)
		if err != nil {
			return nil, err
		}
		list = []app.Source{kept}
	case len(list) == 0:
		return nil, &app.KindError{Kind: app.BadUsage, Err: &decide.FieldError{Field: "files", Problem: "is missing", Hint: "send a call log, or take the calls that are kept with kept=true"}}
	}
	for i := range list {
		list[i] = list[i].Select(only)
	}
	return list, nil
}

// open is the calls that the form means, and how they are read.
func (f *logForm) open(ctx context.Context, a *app.App) ([]app.Source, usage.Options, error) {
	o, err := f.options()
	if err != nil {
		return nil, o, err
	}
	list, err := f.sources(ctx, a)
	return list, o, err
}

// selection reads which calls are meant.
func selection(from, to string, only []string) (warehouse.Selection, error) {
	var times [2]time.Time
	for i, field := range []struct{ name, text string }{{"from", from}, {"to", to}} {
		var err error
		if times[i], err = app.ParseInstant(field.text); err != nil {
			return warehouse.Selection{}, &app.KindError{Kind: app.BadUsage, Err: &decide.FieldError{Field: field.name, Problem: err.Error()}}
		}
	}
	return app.ParseSelection(times[0], times[1], only)
}

// logs turns the uploaded parts into sources. A part is read where it lies, so that it can be read again.
func (f *logForm) logs() []app.Source {
	var list []app.Source
	for _, file := range f.Files {
		list = append(list, app.Source{Name: file.Filename, Open: func() (io.ReadCloser, error) { return logfile.Decode(file.Filename, file.File, file.Size) }})
	}
	return list
}

// close closes the uploaded parts. The server removes their files with the request.
func (f *logForm) close() {
	for _, file := range f.Files {
		_ = file.Close() // it was only read
	}
}

func (f *logForm) options() (usage.Options, error) {
	columns := map[string]string{}
	for _, m := range f.Map {
		field, column, ok := strings.Cut(m, "=")
		if !ok {
			return usage.Options{}, &app.KindError{Kind: app.BadUsage, Err: &decide.FieldError{Field: "map", Value: m, Problem: "is not field=column"}}
		}
		columns[field] = column
	}
	return app.LogOptions{Format: f.Format, Input: f.Input, As: f.As, ReplaceModel: f.Replace, Map: columns, Strict: f.Strict}.Usage()
}

func (h handlers) decide(api huma.API) {
	document(api, "/api/v1/decide", "Decide on a scenario", "decide", func(_ context.Context, in *rawDocument) (*body[app.DecideAnswer], error) {
		s, err := h.app.CheckScenario("scenario", in.RawBody)
		if err != nil {
			return nil, h.problem(err)
		}
		a, err := h.app.Decide(app.DecideRequest{Scenario: s})
		return answer(h, a, err)
	})
	get(api, "/api/v1/example", "Decide on the example scenario and its call log", "decide", func(context.Context, *struct{}) (*body[app.DecideAnswer], error) {
		a, err := h.app.Example()
		return answer(h, a, err)
	})
	large(api, "/api/v1/decide/log", "Decide on call logs", "decide", func(ctx context.Context, in *upload) (*body[app.DecideAnswer], error) {
		form := in.RawBody.Data()
		defer form.close()
		var s scenario.Scenario
		if form.Scenario != "" {
			var err error
			if s, err = h.app.CheckScenario("scenario", []byte(form.Scenario)); err != nil {
				return nil, h.problem(err)
			}
		}
		logs, o, err := form.open(ctx, h.app)
		if err != nil {
			return nil, h.problem(err)
		}
		a, err := h.app.Decide(app.DecideRequest{Scenario: s, Logs: logs, Options: o, Strict: form.Strict})
		return answer(h, a, err)
	})
	tabular(h, api, "/api/v1/usage/report", "Read call logs and report tokens and cost", func(ctx context.Context, form *logForm) (app.UsageAnswer, error) {
		defer form.close()
		logs, o, err := form.open(ctx, h.app)
		if err != nil {
			return app.UsageAnswer{}, err
		}
		return h.app.UsageReport(app.UsageRequest{Logs: logs, Options: o, By: form.By, Strict: form.Strict})
	})
	get(api, "/api/v1/usage/formats", "The log formats that can be read", "usage", func(context.Context, *struct{}) (*body[[]usage.Format], error) {
		return answer(h, h.app.UsageFormats(), nil)
	})
}

// large registers an operation that takes uploads up to [MaxUpload].
func large[In, Out any](api huma.API, path, summary, tag string, call func(context.Context, *In) (*body[Out], error)) {
	var out *body[Out]
	huma.Register(api, huma.Operation{
		OperationID: huma.GenerateOperationID(http.MethodPost, path, out), Method: http.MethodPost, Path: path, Summary: summary, Tags: []string{tag},
		BodyReadTimeout: -1, Middlewares: huma.Middlewares{uploaded(api)},
	}, call)
	form := api.OpenAPI().Paths[path].Post.RequestBody
	form.Required = true
	form.Content["multipart/form-data"].Schema.Properties["files"].Items.ContentEncoding = "" // the bytes as they are
}

type newQuery struct {
	Preset string `query:"preset" doc:"Start from a scenario of the guide." enum:"small,growth,scale,consumer,regulated,bursty,fine-tuned"`
}

// text is an answer that is no JSON.
type text struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

// rawDocument is a scenario as it came. The scenario's own decoder reads it: it tells what was left out from what
// was given, and names each fault with its line.
type rawDocument struct {
	RawBody []byte `contentType:"application/json"`
}

// document registers an operation whose body is a scenario, in JSON or YAML.
func document[Out any](api huma.API, path, summary, tag string, call func(context.Context, *rawDocument) (*body[Out], error)) {
	var out *body[Out]
	schema := &huma.MediaType{Schema: api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[scenario.Scenario](), true, "Scenario")}
	content := map[string]*huma.MediaType{"application/json": schema, "application/yaml": schema}
	huma.Register(api, huma.Operation{
		OperationID: huma.GenerateOperationID(http.MethodPost, path, out), Method: http.MethodPost, Path: path, Summary: summary, Tags: []string{tag},
		SkipValidateBody: true, Middlewares: huma.Middlewares{limited(api, scenariofile.MaxBytes)},
		RequestBody: &huma.RequestBody{Required: true, Content: content},
	}, call)
	// Registering describes the body as the bytes that the operation takes.
	content["application/json"] = schema
}

func (h handlers) scenarios(api huma.API) {
	const newPath = "/api/v1/scenario/new"
	get(api, "/api/v1/scenario/schema", "The JSON schema of a scenario", "scenario", func(context.Context, *struct{}) (*body[any], error) {
		s, err := h.app.ScenarioSchema()
		return answer(h, s, err)
	})
	huma.Register(api, huma.Operation{
		OperationID: "new-scenario", Method: http.MethodGet, Path: newPath, Summary: "A scenario to start from, in YAML", Tags: []string{"scenario"},
		Responses: map[string]*huma.Response{"200": {Content: map[string]*huma.MediaType{"application/yaml": {Schema: &huma.Schema{Type: huma.TypeString}}}}},
	}, func(_ context.Context, in *newQuery) (*text, error) {
		data, err := h.app.NewScenario(in.Preset)
		if err != nil {
			return nil, h.problem(err)
		}
		return &text{"application/yaml", data}, nil
	})
	delete(api.OpenAPI().Paths[newPath].Get.Responses["200"].Headers, "Content-Type") // the content says it
	document(api, "/api/v1/scenario/check", "Check a scenario and name every fault with its line", "scenario", func(_ context.Context, in *rawDocument) (*body[scenario.Scenario], error) {
		s, err := h.app.CheckScenario("scenario", in.RawBody)
		return answer(h, s, err)
	})
	get(api, "/api/v1/scenario/defaults", "What is assumed where a scenario says nothing", "scenario", func(context.Context, *struct{}) (*body[[]scenario.Default], error) {
		return answer(h, scenario.Defaults(), nil)
	})
	get(api, "/api/v1/models", "Open weights that can be sized for GPUs, and who hosts them", "catalog", func(context.Context, *struct{}) (*body[[]app.OpenModel], error) {
		list, err := h.app.OpenModels()
		return answer(h, list, err)
	})
	get(api, "/api/v1/gpus/history", "What accelerators cost earlier, by whom and in which sense", "catalog", func(context.Context, *struct{}) (*body[[]app.GPUSeries], error) {
		list, err := h.app.GPUHistory()
		return answer(h, list, err)
	})
	get(api, "/api/v1/gpus", "Accelerators and the offers for them", "catalog", func(_ context.Context, in *struct {
		Offers bool `query:"offers" default:"true" doc:"With the offers, of which there are many."`
	}) (*body[[]app.Accelerator], error) {
		list, err := h.app.Accelerators(in.Offers)
		return answer(h, list, err)
	})
}
