package archive

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"strconv"
	"unicode/utf8"
)

//go:embed page.css
var css string

// policy lets a page show itself and nothing else: no script, no request, no form, whatever a value may hold.
var policy = func() string {
	sum := sha256.Sum256([]byte(css))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'"
}()

// head begins a page.
func head(b []byte, title string) []byte {
	return fmt.Appendf(b, `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="%s">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>%s</title>
<style>%s</style>
</head>
<body>
`, policy, text(title), css)
}

// beginPage begins a page of the table. The one before is ended, as it is known now that there is another.
func (w *Writer) beginPage() {
	t := w.table
	if t.pages.part > 0 {
		w.endPage(true)
	}
	t.pages = cut{part: t.pages.part + 1, on: true}
	b := head(w.html.buf, t.Name+" · "+w.o.Title)
	b = fmt.Appendf(b, "<header><p><a href=\"../%s\">%s</a></p>\n<h1>%s</h1>\n", indexName, text(w.o.Title), text(t.Name))
	if t.Note != "" {
		b = fmt.Appendf(b, "<p>%s</p>\n", text(t.Note))
	}
	b = t.withheld(b, "p")
	b = fmt.Appendf(b, "<p>From row %s on. Long values are shortened here; <a href=\"../%s\">the data files</a> have all of them.</p></header>\n",
		count(t.rows+1), fileName(t.n, t.Name, max(1, t.data.part), "data", "csv"))
	b = fmt.Appendf(b, "<main><div class=\"wide\" role=\"region\" aria-label=\"Rows of %s\" tabindex=\"0\"><table>\n<thead><tr>", text(t.Name))
	for _, c := range t.Columns {
		b = fmt.Appendf(b, "<th scope=\"col\">%s", text(c.Name))
		if c.Note != "" {
			b = fmt.Appendf(b, "<br><small>%s</small>", text(c.Note))
		}
		b = append(b, "</th>"...)
	}
	w.html.buf = append(b, "</tr></thead>\n<tbody>\n"...)
}

// withheld appends what of the table is left out.
func (t *Table) withheld(b []byte, tag string) []byte {
	if len(t.Withheld) == 0 {
		return b
	}
	b = fmt.Appendf(b, "<%s>Not shown: ", tag)
	for i, c := range t.Withheld {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = fmt.Appendf(b, "%s (%s)", text(c.Column), text(c.Why))
	}
	return fmt.Appendf(b, "</%s>\n", tag)
}

// endPage ends the page that was begun.
func (w *Writer) endPage(more bool) {
	t := w.table
	b := append(w.html.buf, "</tbody></table></div></main>\n"...)
	if t.rows > readable {
		b = fmt.Appendf(b, "<p>These are the first %s of %s rows. All are in the data files: see <a href=\"../%s\">the first page</a>.</p>\n", count(readable), count(t.rows), indexName)
	}
	b = append(b, "<nav aria-label=\"Pages\">"...)
	if t.pages.part > 1 {
		b = fmt.Appendf(b, "<a rel=\"prev\" href=\"../%s\">Earlier rows</a> ", fileName(t.n, t.Name, t.pages.part-1, "pages", "html"))
	}
	if more {
		b = fmt.Appendf(b, "<a rel=\"next\" href=\"../%s\">More rows</a> ", fileName(t.n, t.Name, t.pages.part+1, "pages", "html"))
	}
	w.html.buf = append(b, "</nav>\n</body>\n</html>\n"...)
	w.cut(w.html, t, &t.pages, "pages", "html")
}

// longest is how many bytes of a value a page shows.
const longest = 2000

// appendCellHTML appends a value that is not null, as the cell of a table.
func appendCellHTML(b, v []byte, k Kind, tr traits) []byte {
	b = append(b, "<td>"...)
	switch k {
	case Blob:
		return size(b, len(v))
	case Hex:
		return size(b, max(0, len(v)/2-1))
	case Integer, Decimal, Float:
		b = append(b[:len(b)-1], ` class="n">`...)
	case Bool:
		if t, ok := truth(v); ok && t {
			return append(b, "yes"...)
		} else if ok {
			return append(b, "no"...)
		}
	}
	long := len(v) > longest
	if long {
		at := longest
		for at > longest-utf8.UTFMax && !utf8.RuneStart(v[at]) {
			at--
		}
		v = v[:at]
	}
	if tr&(escapeHTML|invalid) == 0 {
		b = append(b, v...)
	} else {
		b = appendText(b, v)
	}
	if long {
		b = append(b, "… <small>(shortened)</small>"...)
	}
	return b
}

func size(b []byte, n int) []byte {
	return append(strconv.AppendInt(append(b, "<small>"...), int64(n), 10), " bytes</small>"...)
}

// appendText appends a text so that no byte of it is markup. Control characters are shown as the signs for them.
func appendText(b, v []byte) []byte {
	for i := 0; i < len(v); {
		c := v[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRune(v[i:])
			b = utf8.AppendRune(b, r)
			i += n
			continue
		}
		switch {
		case c == '<':
			b = append(b, "&lt;"...)
		case c == '>':
			b = append(b, "&gt;"...)
		case c == '&':
			b = append(b, "&amp;"...)
		case c == '"':
			b = append(b, "&#34;"...)
		case c == '\'':
			b = append(b, "&#39;"...)
		case c == '\n' || c == '\t':
			b = append(b, c)
		case c == '\r':
			b = append(b, "&#13;"...)
		case c < 0x20:
			b = utf8.AppendRune(b, 0x2400+rune(c))
		case c == 0x7f:
			b = utf8.AppendRune(b, 0x2421)
		default:
			b = append(b, c)
		}
		i++
	}
	return b
}

func text(s string) string { return string(appendText(nil, []byte(s))) }
