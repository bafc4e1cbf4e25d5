package finding

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode"
)

// WriteText writes the report for a person: each finding with what was seen and what mends it, then
// the waived ones, then a line that counts them. Names from the outside cannot drive a terminal.
func (r *Report) WriteText(w io.Writer) error {
	var b bytes.Buffer
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "%-8s %s  %s\n", f.Severity, f.Rule, printable(f.Object))
		paragraph(&b, "", f.Message)
		paragraph(&b, "seen: ", f.Evidence)
		paragraph(&b, "fix:  ", f.Fix)
	}
	for _, f := range r.Waived {
		fmt.Fprintf(&b, "%-8s %s  %s\n", "waived", f.Rule, printable(f.Object))
		paragraph(&b, "because: ", f.Reason)
		if !f.Until.IsZero() {
			paragraph(&b, "until:   ", f.Until.UTC().Format("2006-01-02"))
		}
	}
	errs, warnings, infos := r.Count()
	fmt.Fprintf(&b, "%s at %s: %d rules, %s, %s, %d info, %d waived\n", r.Tool, printable(r.Target), len(r.Rules),
		plural(errs, "error"), plural(warnings, "warning"), infos, len(r.Waived))
	_, err := w.Write(b.Bytes())
	return err
}

// String is what WriteText writes.
func (r *Report) String() string {
	var b strings.Builder
	_ = r.WriteText(&b) // a Builder takes everything
	return b.String()
}

// WriteJSON writes the report as one indented JSON object.
func (r *Report) WriteJSON(w io.Writer) error { return writeJSON(w, r) }

func writeJSON(w io.Writer, v any) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return err
	}
	_, err := w.Write(b.Bytes())
	return err
}

// paragraph writes s indented under a finding, the first line behind its label.
func paragraph(b *bytes.Buffer, label, s string) {
	if s == "" {
		return
	}
	for i, line := range strings.Split(strings.TrimRight(s, "\n"), "\n") {
		if i > 0 {
			label = strings.Repeat(" ", len(label))
		}
		fmt.Fprintf(b, "         %s%s\n", label, printable(line))
	}
}

// printable shows runes that would not print as escapes.
func printable(s string) string {
	s = strings.ToValidUTF8(s, "\ufffd") // a byte of its own can be a control character to a terminal
	if strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if unicode.IsPrint(r) {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
