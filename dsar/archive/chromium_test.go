package archive_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/bailiwick-dev/bailiwick/dsar/archive"
	"github.com/bailiwick-dev/bailiwick/internal/browser"
	"github.com/stretchr/testify/require"
)

// The tests of the package share one browser.
var chromium browser.Browser

// hostile are texts that would like to be more.
var hostile = []string{
	`<script>self.ran=1;fetch('/evil')</script>`, `<img src=/evil onerror="self.ran=1">`, `"><svg onload=self.ran=1>`, `'><iframe src=/evil>`,
	`</td></table><style>@import '/evil'</style>`, `<meta http-equiv=refresh content="0;url=/evil">`, `<base href="https://evil.test/">`,
	`<form action=/evil><input autofocus onfocus=self.ran=1>`, `<a href="javascript:self.ran=1">click</a>`, `<link rel=stylesheet href=/evil>`,
	"&lt;script&gt;self.ran=1&lt;/script&gt;", `<!-- `, `]]><script>self.ran=1</script>`, "\x00<script\x00>self.ran=1</script>", "\xff<script>self.ran=1</script>",
	`<template><script>self.ran=1</script></template>`, `</title><script>self.ran=1</script>`, `</style><script>self.ran=1</script>`, "\u202e<b>rtl</b>",
	`<math><mtext></mtext><script>self.ran=1</script>`, `<a ping=/evil href=/evil>`, `<object data=/evil>`, `<video src=/evil onerror=self.ran=1>`,
}

func TestThePagesRunNoScriptAndAskForNothing(t *testing.T) {
	t.Parallel()
	tab := chromium.Tab(t)
	o := options(t)
	all := strings.Join(hostile, " ")
	o.Title, o.Application, o.Request = "Your data "+all, all, all
	o.Info = archive.Info{Controller: all, Contact: all, Officer: all, Rights: hostile, Source: all, Authority: all, Withheld: hostile,
		Purposes: []archive.Purpose{{Name: all, Why: all, Basis: all, Data: hostile, Recipients: hostile, Transfers: hostile, Kept: hostile}}}
	var b bytes.Buffer
	w, err := archive.NewWriter(&b, o)
	require.NoError(t, err)
	for i, h := range hostile {
		table := archive.Table{Name: h, Note: h, Columns: []archive.Column{{Name: h, Note: h}, {Name: "json", Kind: archive.JSON}, {Name: "id", Kind: archive.Integer}}}
		require.NoError(t, w.Table(table))
		for _, v := range hostile {
			require.NoError(t, w.Row([][]byte{[]byte(v), []byte(v), []byte(v)}, nil))
		}
		if i == 0 {
			require.NoError(t, w.Row([][]byte{[]byte(strings.Repeat("é", 999) + "<script>self.ran=1</script>"), nil, nil}, nil)) // cut where the tag begins
		}
	}
	_, err = w.Close()
	require.NoError(t, err)
	all2 := files(t, b.Bytes())
	var mu sync.Mutex
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		content, ok := all2[strings.TrimPrefix(r.URL.Path, "/")]
		if !ok {
			if r.URL.Path != "/favicon.ico" {
				mu.Lock()
				asked = append(asked, r.URL.Path)
				mu.Unlock()
			}
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write(content)
	}))
	defer server.Close()
	pages := 0
	for name := range all2 {
		if !strings.HasSuffix(name, ".html") {
			continue
		}
		if pages++; pages > 6 && name != "index.html" {
			continue // each has the same values
		}
		tab.Open(server.URL + "/" + name)
		require.Equal(t, 0, browser.Eval[int](tab, `self.ran || 0`), name)
		require.Empty(t, tab.Violations(), name)
		require.Equal(t, 0, browser.Eval[int](tab, `document.querySelectorAll('script,img,iframe,svg,form,link,base,object,video,template,math,body style,body meta').length`), name)
		require.Equal(t, 0, browser.Eval[int](tab, `[...document.links].filter(a => !a.href.startsWith(location.origin + '/') || a.protocol != 'http:').length`), name)
		require.NotEmpty(t, browser.Eval[string](tab, `getComputedStyle(document.body).getPropertyValue('--ink')`), "its own style is let in")
		// The policy holds, and is not only there: a script that got in would not run.
		require.Equal(t, []string{"script-src-elem inline"}, browser.Eval[[]string](tab,
			`(async () => { const s = document.createElement('script'); s.textContent = 'self.ran=1'; document.body.append(s); await new Promise(r => setTimeout(r, 50)); return violations })()`), name)
		require.Equal(t, 0, browser.Eval[int](tab, `self.ran || 0`), name)
	}
	mu.Lock()
	defer mu.Unlock()
	require.Empty(t, asked)
	require.Greater(t, pages, len(hostile))
}

// What a reader with a screen reader or a keyboard needs.
func TestThePagesAreAccessible(t *testing.T) {
	t.Parallel()
	var cells []cell
	for range 3000 {
		cells = append(cells, cell{archive.Text, []byte(strings.Repeat("some words ", 30))})
	}
	b := files(t, write(t, options(t), cells...))
	require.Contains(t, b, "pages/001-t-0002.html")
	for name, content := range b {
		if !strings.HasSuffix(name, ".html") {
			continue
		}
		s := string(content)
		for _, has := range []string{`<html lang="en">`, "<title>", `name="viewport"`, "<main>", "<h1>", `scope="col"`, `role="region"`, `tabindex="0"`, "color-scheme:light dark"} {
			require.Contains(t, s, has, name)
		}
		require.Equal(t, 1, strings.Count(s, "<h1>"), name)
	}
	require.Contains(t, string(b["pages/001-t-0001.html"]), `rel="next" href="../pages/001-t-0002.html"`)
	require.Contains(t, string(b["pages/001-t-0002.html"]), `rel="prev" href="../pages/001-t-0001.html"`)
}
