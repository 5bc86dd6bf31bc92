package httpapi_test

import (
	"net/http"
	"strings"
	"testing"
)

// An export may be a Parquet file; what is in it is tested in package app.
func TestFocusExportAsParquet(t *testing.T) {
	s := server(t)
	contentType, body := form(t, "log.csv", "time,model,input_tokens,output_tokens\n2026-08-20T10:00:00Z,gpt-5.6-sol,1000,100\n", map[string]string{"type": "parquet"})
	status, file, header := call(t, s, http.MethodPost, "/api/v1/usage/export", contentType, body)
	if status != http.StatusOK || header.Get("Content-Type") != "application/vnd.apache.parquet" || !strings.HasPrefix(file, "PAR1") {
		t.Fatalf("%d %q %.100q", status, header, file)
	}
}
