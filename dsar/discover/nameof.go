package discover

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bailiwick-dev/bailiwick/dsar/internal/word"
	"github.com/bailiwick-dev/bailiwick/dsar/schema"
)

// nameOf scores how well a column's name is that of a row of the table.
func (w *world) nameOf(t, to *table, col *schema.Column, n name) (float64, string) {
	if len(n.stem) == 0 || len(to.words) == 0 {
		return 0, ""
	}
	same := func(a, b []string) bool { return slices.Equal(a, b) }
	why := fmt.Sprintf("%s names %s", col.Name, to.Name)
	// A key with a name of its own is the same key elsewhere.
	if to != t && to.key != "" && strings.EqualFold(to.key, col.Name) && (w.keys[strings.ToLower(to.key)] < 4 || !w.generic(to.key)) {
		if ks := word.Split(to.key); len(ks) > 1 || !genericKeys[strings.ToLower(to.key)] && len(ks) == 1 || to == w.actor && to.key == "uid" && (col.Family == schema.Int || col.Type == to.Column("uid").Type && t.Column("provider") == nil) {
			return 0.94, fmt.Sprintf("%s is called as the key of %s", col.Name, to.Name)
		}
	}
	if ks := word.Split(to.key); w.isRoot(to) && !w.generic(to.key) && len(ks) > 1 && len(n.whole) > len(ks) && slices.Equal(n.whole[len(n.whole)-len(ks):], ks) && ks[len(ks)-1] != "id" {
		return 0.86, fmt.Sprintf("%s ends as the key of %s is called", col.Name, to.Name)
	}
	if !n.keyed && notKeys[n.stem[len(n.stem)-1]] {
		return 0, "" // email is an address, though a table of e-mails be there
	}
	base := 0.0
	switch k := len(to.words); {
	case to == t && t == w.actor && same(n.stem, t.words):
		base = 0.35 // another key of its own
	case to == t && t != w.actor && (same(n.stem, t.words) || joined(n.stem) == joined(t.words)):
		base = 0.35 // follow.follow_id is whom one follows
	case !w.joins(to) && len(to.full) == len(t.full)+len(n.stem) && same(to.full[:len(t.full)], t.full) && same(to.full[len(t.full):], n.stem):
		base = 0.93 // issues.status_id and issue_statuses
	case same(n.stem, to.words), same(n.stem, to.full):
		base = 0.95
	case joined(n.stem) == joined(to.words), joined(n.stem) == joined(to.full):
		base = 0.93
	case len(n.stem) > k && same(n.stem[len(n.stem)-k:], to.words):
		base = 0.85
	case len(n.stem) > len(to.full) && same(n.stem[len(n.stem)-len(to.full):], to.full):
		base = 0.86
	case len(n.stem) > k && same(n.stem[:k], to.words) && w.qualified(n.stem[k:], n):
		base = 0.82
	case to != t && len(n.stem) < len(to.full) && same(n.stem, to.full[len(to.full)-len(n.stem):]) && n.keyed && !w.joins(to):
		base = 0.62
	case to == w.actor && len(n.stem) > 0 && (n.stem[len(n.stem)-1] == "user" || n.stem[len(n.stem)-1] == "usr") && len(to.words) > 0 && !w.hasUserTable():
		base = 0.78 // the people are called otherwise, and this is what a user is
	default:
		return 0, ""
	}
	if to == t && base < 0.9 && to != w.actor && !n.keyed {
		return 0, ""
	}
	if !n.keyed {
		// user, author, rev_user: a reference in some conventions, a name or a number in others.
		if n.plural {
			return base * 0.3, why + ", in the plural"
		}
		return base * 0.85, why + ", without a key word"
	}
	return base, why
}

// qualified reports whether the words only say which of several rows is meant.
func (w *world) qualified(words []string, n name) bool {
	if n.middle == 0 && !n.before && len(words) > 0 && !allDigits(words) {
		return false
	}
	if n.before && len(words) == 1 && !notKeys[words[0]] {
		return true // fk_user_approve
	}
	for _, s := range words {
		if !qualifiers[s] && !roleWords[s] && !allDigits([]string{s}) && !strings.HasSuffix(s, "ed") {
			return false
		}
	}
	return true
}

// joins reports whether the table is there to join others: its rows are known by those, not by an id of their own.
func (w *world) joins(t *table) bool {
	refs := 0
	for _, c := range t.Columns {
		if c.Name == t.key {
			continue
		}
		if strings.EqualFold(c.Name, "name") || strings.EqualFold(c.Name, "title") {
			return false
		}
		if ws := word.Split(c.Name); len(ws) > 1 && keyWords[ws[len(ws)-1]] {
			refs++
		}
	}
	return refs >= 2 && len(t.Columns) <= refs+7 && len(t.full) > 1
}
