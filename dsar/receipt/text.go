package receipt

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/bailiwick-dev/bailiwick/dsar"
)

// WriteText writes the receipt in words, for the person.
func (r *Receipt) WriteText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "Request %s: %s.\nEnded %s.\n", r.Request, r.Outcome, when(r.Ended))
	if r.Refusal != nil {
		fmt.Fprintf(&b, "Refused: %s (%s).\n", r.Refusal.Ground, r.Refusal.Law)
	}
	for _, what := range []struct {
		action dsar.Action
		title  string
	}{{dsar.ActDelete, "Erased"}, {dsar.ActMask, "Made anonymous"}, {dsar.ActKeep, "Kept"}} {
		first := true
		for _, x := range r.Rows {
			if x.Action != what.action {
				continue
			}
			if first {
				b.WriteString("\n" + what.title + ":\n")
				first = false
			}
			fmt.Fprintf(&b, "  %s: %d %s", x.Table, x.Rows, plural(x.Rows, "row"))
			if x.Why != "" {
				b.WriteString(", " + x.Why)
			}
			if !x.Until.IsZero() {
				b.WriteString(", until " + x.Until.Format(time.DateOnly))
			}
			b.WriteString("\n")
		}
	}
	if r.Others {
		b.WriteString("\nRows of other people stay; what linked them to you was removed, or is theirs too.\n")
	}
	if r.Proof != "" {
		fmt.Fprintf(&b, "\nAfterwards %d %s looked through; ", r.Looked, plural(r.Looked, "row was", "rows were"))
		if r.Left == 0 {
			b.WriteString("nothing was found but what is kept.\n")
		} else {
			fmt.Fprintf(&b, "something was found in %d %s.\n", r.Left, plural(int64(r.Left), "place"))
		}
	}
	writeProcessors(&b, r.Processors)
	writeList(&b, "Copies may remain in:", r.Residual)
	for _, h := range [][2]string{{"Map", r.Map}, {"Plan", r.Plan}, {"Proof", r.Proof}} {
		if h[1] != "" {
			fmt.Fprintf(&b, "%s %s\n", h[0], h[1])
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// WriteText writes the certificate in words.
func (c *Certificate) WriteText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "Everything of workspace %s was destroyed.\nEnded %s.\n", c.Tenant, when(c.Purged))
	if c.Keys {
		b.WriteString("Its keys were destroyed: what was sealed under them cannot be read anywhere.\n")
	}
	if len(c.Erased) > 0 {
		b.WriteString("\nRows of tables, or bytes of files:\n")
		for _, name := range slices.Sorted(maps.Keys(c.Erased)) {
			fmt.Fprintf(&b, "  %s: %d\n", name, c.Erased[name])
		}
	}
	writeList(&b, "Looked at afterwards:", c.Looked)
	writeProcessors(&b, c.Processors)
	writeList(&b, "Copies may remain in:", c.Residual)
	if c.Map != "" {
		b.WriteString("Map " + c.Map + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

var words = map[dsar.Confirmation]string{
	dsar.Unconfirmed: "unconfirmed", dsar.Accepted: "accepted, not done yet", dsar.Declined: "refused", dsar.HadNothing: "had nothing", dsar.Confirmed: "confirmed",
}

func writeProcessors(b *strings.Builder, all []Processor) {
	if len(all) == 0 {
		return
	}
	b.WriteString("\nOthers who hold data for us:\n")
	for _, p := range all {
		fmt.Fprintf(b, "  %s: %s", p.Name, words[p.State])
		if !p.At.IsZero() {
			b.WriteString(", " + when(p.At))
		}
		b.WriteString("\n")
	}
}

func writeList(b *strings.Builder, title string, lines []string) {
	if len(lines) == 0 {
		return
	}
	b.WriteString("\n" + title + "\n")
	for _, l := range lines {
		b.WriteString("  " + l + "\n")
	}
	b.WriteString("\n")
}

func when(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// plural is one if n is 1, else many: the word with an s where there is no other.
func plural(n int64, one string, many ...string) string {
	switch {
	case n == 1:
		return one
	case len(many) > 0:
		return many[0]
	}
	return one + "s"
}
