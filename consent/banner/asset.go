package banner

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"maps"
	"mime"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

//go:embed banner.css
var styleSource string

//go:embed banner.js
var scriptSource string

// style and script are what is sent: the files without what is for their readers.
var (
	style  = []byte(lean(styleSource))
	script = []byte(tight(lean(scriptSource)))
)

// lean takes indentation, empty lines and lines that are comments out of a file. No string of it goes over a line's end.
func lean(source string) string {
	var b strings.Builder
	for line := range strings.Lines(source) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "//") || strings.HasPrefix(line, "/*") && strings.HasSuffix(line, "*/") {
			continue
		}
		b.WriteString(line)
		b.WriteByte('\n')
	}
	return b.String()
}

// tight makes names that begin with '$' short, and takes the spaces out of a script that do not part two words. Line ends stay, since they
// end statements. It knows strings in quotes, no templates, and no regular expressions with spaces or quotes in them.
func tight(source string) string {
	source = shorten(source)
	var b strings.Builder
	var quote byte
	for i := 0; i < len(source); i++ {
		switch c := source[i]; {
		case quote == 0 && c == ' ' && (!word(source[i-1]) || !word(source[i+1])):
			continue
		case quote == 0 && (c == '\'' || c == '"'):
			quote = c
		case c == quote:
			quote = 0
		}
		b.WriteByte(source[i])
	}
	return b.String()
}

var ownName = regexp.MustCompile(`\$[a-z]+`)

// shorten gives a script's own names a letter, or for the less frequent ones a letter and a digit. No other name in it begins with a capital and
// is so short.
func shorten(source string) string {
	count := map[string]int{}
	for _, name := range ownName.FindAllString(source, -1) {
		count[name]++
	}
	names := slices.SortedFunc(maps.Keys(count), func(a, b string) int { return cmp.Or(count[b]-count[a], strings.Compare(a, b)) })
	short := map[string]string{}
	for i, name := range names {
		short[name] = string(rune('A' + i%26))
		if i >= 26 {
			short[name] += strconv.Itoa(i / 26)
		}
	}
	return ownName.ReplaceAllStringFunc(source, func(name string) string { return short[name] })
}

// word reports whether c is a character of names and keywords.
func word(c byte) bool {
	return c == '_' || c == '$' || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z'
}

// An asset is a file that is the same for everybody. Its name says what is in it, so that it can be kept for good.
type asset struct {
	name         string
	plain, small []byte // small is gzip
}

func assetOf(name, ext string, content []byte) asset {
	sum := sha256.Sum256(content)
	var small bytes.Buffer
	z, _ := gzip.NewWriterLevel(&small, gzip.BestCompression)
	_, _ = z.Write(content)
	_ = z.Close()
	return asset{name + "-" + hex.EncodeToString(sum[:6]) + ext, content, small.Bytes()}
}

func (a asset) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	a.send(w, r)
}

// send writes the content, with the headers that describe it.
func (a asset) send(w http.ResponseWriter, r *http.Request) {
	h, body := w.Header(), a.plain
	h.Add("Vary", "Accept-Encoding")
	if acceptsGzip(r.Header.Get("Accept-Encoding")) {
		h.Set("Content-Encoding", "gzip")
		body = a.small
	}
	h.Set("Content-Type", contentTypes[path.Ext(a.name)])
	h.Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body) // net/http leaves it out for HEAD
}

var contentTypes = map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".json": "application/json"}

func acceptsGzip(field string) bool {
	for part := range strings.SplitSeq(field, ",") {
		coding, params, err := mime.ParseMediaType(part)
		if err == nil && coding == "gzip" {
			q, err := strconv.ParseFloat(params["q"], 64)
			return params["q"] == "" || err == nil && q > 0
		}
	}
	return false
}
