package discover

import (
	"slices"
	"strings"

	"github.com/bailiwick-dev/bailiwick/dsar/internal/word"
	"github.com/bailiwick-dev/bailiwick/dsar/schema"
)

// sounds reports whether a word ends as those do that say what somebody is.
func sounds(s string) bool {
	return len(s) > 4 && !strings.HasSuffix(s, "over") && (strings.HasSuffix(s, "er") || strings.HasSuffix(s, "or") || strings.HasSuffix(s, "ee")) && !nobody[s] && !outside[s]
}

// doerOf reports whether the word is who does what the rows of the table are: the banner of bans, the uploader of uploads.
func doerOf(s string, t *table) bool {
	stem, ok := strings.CutSuffix(s, "er")
	if !ok {
		if stem, ok = strings.CutSuffix(s, "or"); !ok {
			return false
		}
	}
	if n := len(stem); n > 3 && stem[n-1] == stem[n-2] {
		stem = stem[:n-1]
	}
	return len(stem) > 2 && slices.ContainsFunc(t.words, func(word string) bool {
		return word == stem || word == stem+"e" || !nobody[s] && strings.HasPrefix(word, stem) && len(word) > len(stem)+2
	})
}

// actsOn reports whether the rows of the table are what people do to something that no column names the type of.
func (w *world) actsOn(t *table) bool {
	return slices.ContainsFunc(t.Columns, func(c *schema.Column) bool {
		n := w.parse(word.Split(c.Name))
		return n.keyed && len(n.stem) == 1 && w.actorWord(n.stem[0])
	}) && !slices.ContainsFunc(t.Columns, func(c *schema.Column) bool {
		ws := word.Split(c.Name)
		return typeWords[ws[len(ws)-1]]
	})
}

// shortFor reports whether the word begins one of the table's name: the org of an organization membership.
func shortFor(s string, t *table) bool {
	return len(s) > 2 && slices.ContainsFunc(t.full, func(word string) bool { return strings.HasPrefix(word, s) && word != s })
}
