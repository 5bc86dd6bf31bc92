package feed_test

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"breakeven/internal/feed"
)

func TestReadFile(t *testing.T) {
	files := fstest.MapFS{
		"old/litellm.json":          {Data: []byte(litellmTable("3e-06"))},
		"old/litellm.json.gz":       {Data: []byte(zipped(litellmTable("3e-06")))},
		"old/portkey/groq.json":     {Data: []byte(portkeyTable("0.0001"))},
		"old/portkey/openai.json":   {Data: []byte(portkeyTable("0.0003"))},
		"old/portkey/README.md":     {Data: []byte("prices in cents")},
		"packed/portkey/groq.json":  {Data: []byte(zipped(portkeyTable("0.0001")))},
		"packed/portkey/x-ai.json":  {Data: []byte(portkeyTable("0.0002"))},
		"packed/portkey/z-ai.json":  {Data: []byte("[]")},
		"packed2/portkey/groq.json": {Data: []byte(portkeyTable("0.0001"))},
		"packed2/portkey/openai.json.gz": {
			Data: []byte(zipped(portkeyTable("0.0003"))),
		},
		"bad/short.json.gz": {Data: []byte(zipped(litellmTable("3e-06"))[:20])},
		"bad/page.json":     {Data: []byte("<html>")},
		"bad/empty.json":    {},
		"bad/bomb.json.gz":  {Data: []byte(zipped(strings.Repeat(" ", 65<<20)))},
	}
	for _, c := range []struct{ feed, name, want string }{
		{"litellm", "old/litellm.json", "acme/m input = 3"},
		{"litellm", "old/litellm.json.gz", "acme/m input = 3"},
		{"portkey", "old/portkey", "groq/m input = 1; openai/m input = 3"},
		{"portkey", "packed2/portkey", "groq/m input = 1; openai/m input = 3"},
	} {
		r, err := feed.ReadFile(named(t, c.feed), files, c.name, now)
		if err != nil || rates(r.Snapshot) != c.want || !r.Snapshot.Taken.Equal(now) || r.Status != 0 {
			t.Errorf("%s: %s, %v", c.name, rates(r.Snapshot), err)
		}
	}
	for _, c := range []struct{ feed, name, where, says string }{
		{"litellm", "old/none.json", "old/none.json", "file does not exist: check the path"},
		{"litellm", "old", "old", "check the path"},
		{"litellm", "bad/short.json.gz", "bad/short.json.gz", "unexpected EOF"},
		{"litellm", "bad/page.json", "bad/page.json", "not a litellm table"},
		{"litellm", "bad/empty.json", "bad/empty.json", "not a litellm table"},
		{"litellm", "bad/bomb.json.gz", "bad/bomb.json.gz", "more than the limit"},
		{"portkey", "packed/portkey", "packed/portkey/z-ai.json", "not a portkey table"},
		{"portkey", "bad", "bad", "no file such as ai21.json in the folder"},
	} {
		_, err := feed.ReadFile(named(t, c.feed), files, c.name, now)
		e, ok := errors.AsType[*feed.FetchError](err)
		if !ok || e.URL != c.where || !strings.Contains(e.Error(), c.says) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// A provider whose file a folder lacks is a fault, as it is where a server lacks it.
func TestReadFolderWithoutAProvider(t *testing.T) {
	f := named(t, "portkey")
	r, err := feed.ReadFile(f, fstest.MapFS{"groq.json": {Data: []byte(portkeyTable("0.0001"))}}, ".", now)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Faults) != len(f.Files)-1 || !errors.Is(r.Faults[0], fs.ErrNotExist) {
		t.Errorf("faults: %v", r.Faults)
	}
}
