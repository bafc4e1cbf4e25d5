package archive

import (
	"fmt"
	"strconv"
	"strings"
)

// entry is what the first page says of a table's files.
type entry struct{ files, pages int }

// index appends the first page.
func (w *Writer) index(b []byte) []byte {
	o := &w.o
	b = head(b, o.Title)
	b = fmt.Appendf(b, "<header><h1>%s</h1>\n<p>%s</p>\n", text(o.Title), text(o.Application))
	b = fmt.Appendf(b, "<dl><dt>Request</dt><dd>%s</dd><dt>As of</dt><dd><time datetime=\"%s\">%s</time></dd><dt>Rows</dt><dd>%s</dd></dl></header>\n<main>\n",
		text(o.Request), o.At.Format("2006-01-02T15:04:05Z"), o.At.Format("2 January 2006, 15:04:05 UTC"), count(w.rows))
	b = append(b, "<section><h2>The data</h2>\n<div class=\"wide\" role=\"region\" aria-label=\"Tables\" tabindex=\"0\"><table>\n<thead><tr><th scope=\"col\">Table</th><th scope=\"col\">Rows</th><th scope=\"col\">Spreadsheets (CSV)</th><th scope=\"col\">For programs (JSON Lines)</th></tr></thead>\n<tbody>\n"...)
	for i, t := range w.tables {
		b = append(b, "<tr><th scope=\"row\">"...)
		if e := w.entries[i]; e.pages > 0 {
			b = fmt.Appendf(b, "<a href=\"%s\">%s</a>", fileName(i+1, t.Name, 1, "pages", "html"), text(t.Name))
		} else {
			b = append(b, text(t.Name)...)
		}
		if t.Note != "" {
			b = fmt.Appendf(b, "<br><small>%s</small>", text(t.Note))
		}
		if len(t.Withheld) > 0 {
			b = t.withheld(append(b, "<br>"...), "small")
		}
		b = fmt.Appendf(b, "</th><td class=\"n\">%s</td>", count(t.Rows))
		for _, ext := range []string{"csv", "jsonl"} {
			b = append(b, "<td>"...)
			b = links(b, i+1, t.Name, w.entries[i].files, ext)
			b = append(b, "</td>"...)
		}
		b = append(b, "</tr>\n"...)
	}
	b = append(b, "</tbody></table></div></section>\n"...)
	b = o.Info.section(b)
	b = append(b, `<section><h2>About these files</h2>
<p>Each table is there as CSV, for spreadsheets, as JSON Lines, one object a line, for programs, and as pages to read. JSON Lines is the exact form:
numbers that other programs would round, and infinite ones, are strings, bytes are base64. In CSV, an apostrophe stands before what a spreadsheet would take for a formula.</p>
<p><a href="`+manifestName+`">`+manifestName+`</a> names every file, and `+signedName+` is the signature on it.</p></section>
</main>
</body>
</html>
`...)
	return b
}

// links appends links to files, of many only the first and the last.
func links(b []byte, table int, name string, files int, ext string) []byte {
	const all = 12
	for n := 1; n <= files; n++ {
		if files > all && n > all-2 && n < files {
			if n == all-1 {
				b = append(b, "… "...)
			}
			continue
		}
		b = fmt.Appendf(b, "<a href=\"%s\" aria-label=\"%s of %s, file %d\">%d</a> ", fileName(table, name, n, "data", ext), strings.ToUpper(ext), text(name), n, n)
	}
	return b
}

// section appends what a person is told beside their data.
func (i *Info) section(b []byte) []byte {
	at := len(b)
	b = append(b, "<section><h2>About your data</h2>\n"...)
	began := len(b)
	line := func(label string, values ...string) {
		var some []string
		for _, v := range values {
			if v != "" {
				some = append(some, text(v))
			}
		}
		if len(some) > 0 {
			b = fmt.Appendf(b, "<dt>%s</dt><dd>%s</dd>\n", label, strings.Join(some, "<br>"))
		}
	}
	b = append(b, "<dl>\n"...)
	empty := len(b)
	line("Who is responsible", i.Controller)
	line("Contact", i.Contact)
	line("Data protection officer", i.Officer)
	line("Representative in the Union", i.Representative)
	line("Your rights", i.Rights...)
	line("Where you can complain", i.Authority)
	line("Where data comes from", i.Source)
	line("Automated decisions", i.Automated)
	line("Not in here", i.Withheld...)
	if len(b) == empty {
		b = b[:began]
	} else {
		b = append(b, "</dl>\n"...)
	}
	for _, p := range i.Purposes {
		b = fmt.Appendf(b, "<h3>%s</h3>\n<dl>\n", text(p.Name))
		line("Why", p.Why)
		line("Legal basis", p.Basis)
		line("What data", strings.Join(p.Data, ", "))
		line("Who gets it", p.Recipients...)
		line("Outside of the Union", p.Transfers...)
		line("How long", p.Kept...)
		b = append(b, "</dl>\n"...)
	}
	if len(b) == began {
		return b[:at]
	}
	return append(b, "</section>\n"...)
}

// count writes a number in groups.
func count(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "\u202f" + s[i:]
	}
	return s
}
