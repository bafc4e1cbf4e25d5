package discover

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/classify"
	"github.com/bailiwick-dev/bailiwick/dsar/internal/word"
	"github.com/bailiwick-dev/bailiwick/dsar/schema"
	"github.com/bailiwick-dev/bailiwick/redact"
)

// candidate is a link that may be.
type candidate struct {
	dsar.Link
	from     *table
	to       *table
	score    float64
	evidence []string
	declared bool // by a foreign key
	by       bool // created_by and the like
	nullable bool
	called   bool // by a user name that stands there under its own name
	generic  bool // a polymorphic one of anything, not of people
	stem     []string
}

func (c *candidate) note(format string, args ...any) {
	c.evidence = append(c.evidence, fmt.Sprintf(format, args...))
}

// scale changes the score for a reason.
func (c *candidate) scale(by float64, format string, args ...any) {
	c.score *= by
	c.note(format, args...)
}

// name is a column's name taken apart.
type name struct {
	words  []string // in the singular
	stem   []string // without key words
	keyed  bool     // it says that it is a key
	plural bool     // user_ids
	before bool     // the key word stands in front: id_user
	middle int      // words behind a key word in the middle: user_id_from; 0 if none
}

// parse takes the words of a column's name apart.
func (w *world) parse(ws []string) name {
	var cut []string
	for _, s := range ws {
		if len(s) > 4 && !w.vocab[word.Singular(s)] {
			if parts := word.Segment(s, func(s string) bool { return w.vocab[s] }); parts != nil {
				cut = append(cut, parts...)
				continue
			}
		}
		cut = append(cut, s)
	}
	ws = cut
	var n name
	for i, s := range ws {
		one := word.Singular(s)
		if full, ok := abbreviations[one]; ok {
			one = full
		}
		if i == len(ws)-1 && one != s && (keyWords[one] || len(ws) == 1) {
			n.plural = true
		}
		n.words = append(n.words, one)
	}
	stem := slices.Clone(n.words)
	for len(stem) > 1 && (keyWords[stem[len(stem)-1]] && !(n.keyed && stem[len(stem)-1] == "key") || stem[len(stem)-1] == "uid") { // developer_key_id is of a key
		stem, n.keyed = stem[:len(stem)-1], true
	}
	for len(stem) > 1 && (stem[0] == "id" || stem[0] == "fk" || stem[0] == "ref" || stem[0] == "f" && n.keyed) {
		stem, n.keyed, n.before = stem[1:], true, true
	}
	for i := 1; i < len(stem)-1; i++ {
		if keyWords[stem[i]] {
			behind := stem[i+1:]
			stem = append(slices.Clone(stem[:i]), behind...)
			n.keyed, n.middle = true, len(behind)
			break
		}
	}
	n.stem = stem
	return n
}

// resolve returns the links that the name of the column proposes, the best first; none for a column that holds no key.
func (w *world) resolve(t *table, col *schema.Column) []*candidate {
	family := col.Family
	if family == schema.Array {
		family = col.Element
	}
	switch family {
	case schema.Bool, schema.Time, schema.JSON, schema.Enum, schema.Number:
		return nil
	}
	if col.Generated {
		return nil
	}
	ws := word.Split(col.Name)
	variants := [][]string{ws}
	if t.lead != "" && len(ws) > 1 && ws[0] == t.lead {
		variants = append(variants, ws[1:])
	}
	best := map[*table]*candidate{}
	for i, v := range variants {
		if len(v) == 0 {
			continue
		}
		n := w.parse(v)
		for _, c := range w.named(t, col, n) {
			if i > 0 {
				c.note("without %q, which the columns of %s begin with", t.lead, t.Name)
			}
			if old := best[c.to]; old == nil || c.score > old.score {
				best[c.to] = c
			}
		}
	}
	var out []*candidate
	for _, c := range best {
		w.typed(c, col)
		w.doubted(c, t, col)
		if c.score > 0 {
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b *candidate) int {
		if a.score != b.score {
			if a.score > b.score {
				return -1
			}
			return 1
		}
		return strings.Compare(a.to.Name, b.to.Name)
	})
	return out
}

// named finds tables that the name of a column speaks of.
func (w *world) named(t *table, col *schema.Column, n name) []*candidate {
	var out []*candidate
	add := func(to *table, score float64, format string, args ...any) *candidate {
		if to == nil || to.key == "" {
			return nil
		}
		c := &candidate{Link: dsar.Link{Columns: []string{col.Name}, To: to.Name}, from: t, to: to, score: score, nullable: !col.NotNull, stem: n.stem}
		if col.Family == schema.Array {
			c.Path = "[]"
		}
		c.note(format, args...)
		out = append(out, c)
		return c
	}
	own := slices.Contains(t.Key, col.Name) && len(t.Key) == 1
	for _, to := range w.tables {
		if to.Kind == schema.Materialized || own && to == t {
			continue
		}
		if score, why := w.nameOf(t, to, col, n); score > 0 && (!own || score >= 0.9) {
			add(to, score, "%s", why)
		}
	}
	if own && (t == w.actor || !w.actorWord(n.stem[len(n.stem)-1])) {
		return out // its own key
	}
	if w.actor != nil {
		if score, by, why := w.role(t, col, n); score > 0 {
			to := w.actor
			if by {
				to = w.doer
			}
			if c := add(to, score, "%s", why); c != nil {
				c.by = by
			}
		}
	}
	last := n.stem[len(n.stem)-1]
	if (last == "parent" || last == "ancestor" || last == "to" && len(n.stem) == 2 && n.stem[0] == "report" && w.personRank(t) > 0) && len(n.stem) < 3 && !own && t.key != "" {
		add(t, 0.8, "the parent of a row is a row of the same table")
	}
	return out
}

// nameOf scores how well a column's name is that of a row of the table.
func (w *world) nameOf(t, to *table, col *schema.Column, n name) (float64, string) {
	if len(n.stem) == 0 || len(to.words) == 0 {
		return 0, ""
	}
	if !n.keyed && notKeys[n.stem[len(n.stem)-1]] {
		return 0, "" // email is an address, though a table of e-mails be there
	}
	same := func(a, b []string) bool { return slices.Equal(a, b) }
	why := fmt.Sprintf("%s names %s", col.Name, to.Name)
	// A key with a name of its own is the same key elsewhere.
	if to != t && to.key != "" && strings.EqualFold(to.key, col.Name) {
		if ks := word.Split(to.key); len(ks) > 1 || !genericKeys[strings.ToLower(to.key)] && len(ks) == 1 || to == w.actor && to.key == "uid" && (col.Family == schema.Int || col.Type == to.Column("uid").Type && t.Column("provider") == nil) {
			return 0.94, fmt.Sprintf("%s is called as the key of %s", col.Name, to.Name)
		}
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

func (w *world) hasUserTable() bool {
	return slices.ContainsFunc(w.tables, func(t *table) bool {
		return t.key != "" && (slices.Equal(t.words, []string{"user"}) || slices.Equal(t.full, []string{"user"}))
	})
}

func joined(ws []string) string { return strings.Join(ws, "") }

var genericKeys = map[string]bool{"id": true, "uuid": true, "guid": true, "key": true, "pk": true, "name": true, "code": true, "slug": true, "oid": true, "uid": true,
	"token": true, "version": true, "number": true, "no": true, "title": true, "type": true, "value": true, "path": true, "url": true, "hash": true, "email": true, "date": true, "sid": true}

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

func allDigits(words []string) bool {
	for _, s := range words {
		if strings.Trim(s, "0123456789") != "" && s != "a" && s != "b" && s != "one" && s != "two" && s != "first" && s != "second" {
			return false
		}
	}
	return len(words) > 0
}

// joins reports whether the table is there to join others: its rows are known by those, not by an id of their own.
func (w *world) joins(t *table) bool {
	refs := 0
	for _, c := range t.Columns {
		if c.Name == t.key {
			continue
		}
		if ws := word.Split(c.Name); len(ws) > 1 && keyWords[ws[len(ws)-1]] {
			refs++
		}
	}
	return refs >= 2 && len(t.Columns) <= refs+7 && len(t.full) > 1
}

// role scores how well a column's name is what somebody is to a row, and whether it says "by".
func (w *world) role(t *table, col *schema.Column, n name) (score float64, by bool, why string) {
	stem := slices.Clone(n.stem)
	for len(stem) > 1 && allDigits(stem[len(stem)-1:]) {
		stem = stem[:len(stem)-1]
	}
	last := stem[len(stem)-1]
	switch {
	case last != "by" && byWords[last] && len(stem) == 2 && len(stem[0]) > 3:
		return 0.8, true, fmt.Sprintf("%s says who did something", col.Name)
	case len(stem) > 1 && last == "to" && (stem[len(stem)-2] == "out" || stem[len(stem)-2] == "checkedout" || len(stem[len(stem)-2]) > 5 && strings.HasSuffix(stem[len(stem)-2], "ed") && (n.keyed || match(col.Family, w.actor.Column(w.actor.key).Family) == 1 && (col.Family != schema.Text || col.Type == w.actor.Column(w.actor.key).Type))):
		return 0.75, false, fmt.Sprintf("%s says who has it", col.Name)
	case len(stem) == 2 && stem[0] == "checked" && last == "out":
		return 0.75, true, fmt.Sprintf("%s says who has it", col.Name)
	case last == "by" && len(stem) > 1:
		if notBy[stem[len(stem)-2]] || len(stem) == 2 && stem[0] == "sort" {
			return 0, false, ""
		}
		return 0.87, true, fmt.Sprintf("%s says who did something", col.Name)
	case len(stem) > 1 && (last == "from" || last == "to") && w.actorWord(stem[len(stem)-2]):
		return 0.85, false, fmt.Sprintf("%s names a person at one end", col.Name)
	case len(stem) == 1 && (last == "from" || last == "to"):
		if t.Column("from"+col.Name[4-min(4, len(col.Name)):]) == nil && !w.messaging(t) {
			return 0.3, false, fmt.Sprintf("%s may be a person", col.Name)
		}
		if w.messaging(t) {
			if n.keyed {
				return 0.75, false, fmt.Sprintf("%s is one end of a %s", col.Name, strings.Join(t.words, " "))
			}
			return 0.62, false, fmt.Sprintf("%s is one end of a %s", col.Name, strings.Join(t.words, " "))
		}
		return 0.4, false, fmt.Sprintf("%s may be a person", col.Name)
	case last == "uid":
		return 0.72, false, fmt.Sprintf("%s is the id of a user in some conventions", col.Name)
	case len(n.words) > 1 && n.words[len(n.words)-1] == "uid" && (strings.HasSuffix(last, "ed") || last == "create" || last == "write" || last == "creat"):
		return 0.85, true, fmt.Sprintf("%s says who did something", col.Name)
	case len(n.words) > 1 && n.words[len(n.words)-1] == "uid" && w.actor.key == "uid":
		return 0.86, false, fmt.Sprintf("%s ends as the key of %s is called", col.Name, w.actor.Name)
	case w.entity(t, last):
		return 0, false, "" // a table of that name is there
	case roleWords[last]:
		score := 0.88
		if weakRoles[last] {
			score = 0.51
		}
		if last == "profile" || last == "contact" || last == "agent" || last == "lead" || last == "handler" || last == "player" || last == "host" || last == "holder" || last == "resolver" || last == "dispatcher" || last == "candidate" {
			score = 0.6
		}
		if last == "customer" || last == "student" || last == "patient" || last == "employee" || last == "driver" || last == "guest" || last == "staff" || last == "operator" || last == "subscriber" || last == "winner" {
			score = 0.66
		}
		if !n.keyed {
			score *= 0.8
			if n.plural {
				score *= 0.4
			}
		}
		return score, false, fmt.Sprintf("%s is a role that people have", col.Name)
	case n.keyed && len(stem) == 1 && (last == "invited" || last == "creat" || last == "assigned"):
		return 0.6, false, fmt.Sprintf("%s may be a person", col.Name)
	case n.keyed && sounds(last) || n.keyed && len(stem) == 1 && last == "notifiable":
		return 0.56, false, fmt.Sprintf("%s sounds like somebody", col.Name)
	case len(stem) > 1 && last == "to" && w.personRank(t) == 0 && (stem[len(stem)-2] == "report" || stem[len(stem)-2] == "reporting"):
		return 0.8, false, fmt.Sprintf("%s names somebody's superior", col.Name)
	case len(stem) == 2 && w.actorWord(stem[0]) && (last == "created" || last == "modified" || last == "updated" || last == "added" || last == "edited"):
		return 0.8, true, fmt.Sprintf("%s says who did something", col.Name)
	case n.keyed && len(n.stem) == 1 && (pairedWords[last] || last == "related" || last == "connected") && w.messaging(t) && w.pairing(t, col):
		return 0.66, false, fmt.Sprintf("%s is the other one of two people", col.Name)
	case n.keyed && len(n.stem) == 1 && strings.HasSuffix(joined(t.words), "ship") && w.pairing(t, col) && !w.entity(t, last):
		return 0.7, false, fmt.Sprintf("%s is the other one of two people", col.Name)
	case n.keyed && slices.Equal(n.stem, t.words) && len(t.words) == 1 && w.pairing(t, col):
		return 0.6, false, fmt.Sprintf("%s is the other one of two people", col.Name)
	case n.keyed && len(stem) > 1 && (stem[0] == "assigned" || stem[0] == "created") && last == "to":
		return 0.85, false, fmt.Sprintf("%s says who has it", col.Name)
	case len(stem) > 1 && (stem[len(stem)-2] == "assigned" || stem[len(stem)-2] == "delegated" || stem[len(stem)-2] == "granted" || stem[len(stem)-2] == "issued" || stem[len(stem)-2] == "sent") && last == "to":
		return 0.8, false, fmt.Sprintf("%s says who has it", col.Name)
	case len(stem) > 1 && stem[0] == w.actorName() && qualifiers[last] && n.keyed:
		return 0.8, false, fmt.Sprintf("%s names a person", col.Name)
	}
	return 0, false, ""
}

// sounds reports whether a word ends as those do that say what somebody is.
func sounds(s string) bool {
	return len(s) > 4 && (strings.HasSuffix(s, "er") || strings.HasSuffix(s, "or") || strings.HasSuffix(s, "ee")) && !nobody[s] && !outside[s]
}

// calling returns the column with what people are called by others: a user name that is in text.
func (w *world) calling() *schema.Column {
	if w.actor == nil {
		return nil
	}
	var found *schema.Column
	for _, u := range w.actor.Columns {
		if u.Family != schema.Text || u.Name == w.actor.key {
			continue
		}
		switch words := strings.Join(word.Split(u.Name), " "); words {
		case "username", "user name", "login", "user login", "user key", "login name", "handle":
			if found == nil {
				found = u
			}
		}
	}
	return found
}

// byUserName returns a link by what people are called: a column that is called as the user name is.
func (w *world) byUserName(t *table, col *schema.Column) *candidate {
	u := w.calling()
	if u == nil || t == w.actor || col.Family != schema.Text {
		return nil
	}
	words := strings.Join(word.Split(col.Name), " ")
	if words != "username" && words != "user name" && words != "authorname" && !strings.EqualFold(col.Name, u.Name) || words == "handle" || words == "login" {
		return nil
	}
	c := &candidate{Link: dsar.Link{Columns: []string{col.Name}, To: w.actor.Name, ToColumns: []string{u.Name}}, from: t, to: w.actor, score: 0.55, nullable: !col.NotNull,
		stem: []string{"username"}, called: true}
	c.note("%s is called as %s.%s", col.Name, w.actor.Name, u.Name)
	return c
}

// entity reports whether another table than that of the people has the name.
func (w *world) entity(of *table, s string) bool {
	return slices.ContainsFunc(w.tables, func(t *table) bool {
		return t != w.actor && t != of && t.key != "" && (len(t.words) == 1 && t.words[0] == s || len(t.full) == 1 && t.full[0] == s)
	})
}

// pairing reports whether the table joins two people, one of whom another column names.
func (w *world) pairing(t *table, col *schema.Column) bool {
	return len(t.Columns) <= 6 && slices.ContainsFunc(t.Columns, func(c *schema.Column) bool {
		ws := word.Split(c.Name)
		return c != col && len(ws) > 1 && w.actorWord(word.Singular(ws[0])) && keyWords[ws[len(ws)-1]]
	})
}

func (w *world) actorName() string {
	if w.actor == nil || len(w.actor.words) == 0 {
		return "user"
	}
	return w.actor.words[len(w.actor.words)-1]
}

func (w *world) actorWord(s string) bool { return s == "user" || s == w.actorName() }

// messaging reports whether the name of the table says that its rows have two ends.
func (w *world) messaging(t *table) bool {
	return slices.ContainsFunc(t.full, func(s string) bool { return messages[s] || messages[word.Singular(s)] })
}

// typed weighs whether the column's values can be keys of the table.
func (w *world) typed(c *candidate, col *schema.Column) {
	family := col.Family
	if family == schema.Array {
		family = col.Element
	}
	key := c.to.Column(c.to.key)
	fit := match(family, key.Family)
	role := c.to == w.actor && c.to.key != col.Name && !w.exactly(c)
	if fit < 0.5 {
		// Another key may be meant: a uuid beside a number, a user name.
		for _, u := range c.to.Unique {
			if len(u) == 1 && u[0] != c.to.key && match(family, c.to.Column(u[0]).Family) == 1 {
				is := word.Split(u[0])
				last := is[len(is)-1]
				if last == "uuid" || last == "guid" || last == "uid" || family == schema.Text && (last == "username" || last == "login" || last == "name" || last == "handle" || last == "email") && (c.by || role) {
					c.ToColumns = []string{u[0]}
					if family == schema.Text && last != "uuid" && last != "guid" && last != "uid" {
						c.scale(0.65, "it holds text, as %s.%s does", c.to.Name, u[0])
					} else {
						c.note("it is of the type of %s.%s", c.to.Name, u[0])
					}
					return
				}
			}
		}
		if u := w.calling(); u != nil && role && !c.by && family == schema.Text && !isKeyed(col.Name) && len(c.stem) > 0 && assigning[c.stem[len(c.stem)-1]] {
			c.ToColumns = []string{u.Name}
			c.scale(0.72, "text, as user names are")
			return
		}
		if c.by && family == schema.Text {
			for _, u := range c.to.Columns {
				switch classify.Column(c.to.Name, u.Name, u.Family) {
				case redact.ClassAccount, redact.ClassEmail:
					c.ToColumns = []string{u.Name}
					c.scale(0.62, "text, as user names and addresses are")
					return
				}
			}
		}
	}
	if fit < 0.5 && fit > 0 && w.exactly(c) && isKeyed(col.Name) && family == schema.Text {
		fit = 0.55 // what is called user_id holds ids of users, as text
	}
	switch {
	case fit == 1:
		if family == schema.Text && role && !c.by && (len(c.stem) == 0 || !isKeyed(col.Name)) {
			// author text: a name, more often than a key.
			if key.Family == schema.Text && col.Type != key.Type {
				c.scale(0.6, "text, of another type than the key")
			}
		}
	case fit == 0:
		c.score = 0
	default:
		c.scale(fit, "it is %s, and the key of %s is %s", orAny(col.Type), c.to.Name, orAny(key.Type))
	}
}

func isKeyed(column string) bool {
	return slices.ContainsFunc(word.Split(column), func(s string) bool { return keyWords[word.Singular(s)] })
}

// exactly reports whether the column's name is the table's.
func (w *world) exactly(c *candidate) bool {
	return slices.Equal(c.stem, c.to.words) || slices.Equal(c.stem, c.to.full)
}

func orAny(typ string) string {
	if typ == "" {
		return "of any type"
	}
	return typ
}

// match says how well values of one family can be keys of another.
func match(col, key schema.Family) float64 {
	text := func(f schema.Family) bool { return f == schema.Text || f == schema.UUID || f == schema.Bytes }
	switch {
	case col == key, col == schema.Any, key == schema.Any:
		return 1
	case col == schema.Int && key == schema.Number || col == schema.Number && key == schema.Int:
		return 0.9
	case text(col) && text(key):
		return 0.9
	case col == schema.Text && key == schema.Int:
		return 0.4
	case col == schema.Other && text(key):
		return 0.7
	}
	return 0
}

// doubted weighs what speaks against a link.
func (w *world) doubted(c *candidate, t *table, col *schema.Column) {
	words := c.stem
	own := slices.Concat(t.words)
	for i, s := range words {
		if outside[s] && !slices.Contains(c.to.words, s) && i < len(words) {
			c.scale(0.25, "%q is another system's", s)
			break
		}
	}
	if len(words) > 0 && notKeys[words[len(words)-1]] && !slices.Equal(words, c.to.words) && !slices.Equal(words, c.to.full) {
		if last := words[len(words)-1]; !roleWords[last] && !(len(c.to.words) > 0 && c.to.words[len(c.to.words)-1] == last) {
			c.scale(0.2, "%q is no key", last)
		}
	}
	ws := word.Split(col.Name)
	first := ws[0]
	if first == "http" || first == "url" {
		c.scale(0.2, "%q is no person's", first)
	}
	if len(ws) > 1 && (first == "max" || first == "num" || first == "min" || first == "total" || first == "count" || first == "is" || first == "has" || first == "can" || first == "show" || first == "allow" || first == "number") {
		c.scale(0.1, "%q counts or asks", first)
	}
	if last := ws[len(ws)-1]; last == "uid" && (col.Family == schema.Text && c.to.key != "uid" || t.Column("provider") != nil) && len(ws) == 1 {
		c.scale(0.3, "uid is the id at another service as well")
	}
	if ws[len(ws)-1] == "uid" && len(ws) == 1 && c.to == w.actor && w.actor.key != "uid" && slices.ContainsFunc(t.Columns, func(o *schema.Column) bool {
		os := word.Split(o.Name)
		return len(os) == 2 && os[1] == "id" && (roleWords[os[0]] && !weakRoles[os[0]] || w.actorWord(os[0]))
	}) {
		c.scale(0.6, "another column says whose it is")
	}
	if len(words) > 0 && (weakRoles[words[len(words)-1]] || words[len(words)-1] == "customer" || words[len(words)-1] == "subscriber") && !w.exactly(c) && slices.ContainsFunc(t.full, func(s string) bool { return outside[s] }) {
		c.scale(0.3, "%s is about another system", t.Name)
	}
	if strings.EqualFold(col.Name, "client_id") && slices.ContainsFunc(own, func(s string) bool {
		return s == "oauth" || s == "token" || s == "grant" || s == "consent" || s == "authorization"
	}) {
		c.scale(0.2, "a client of OAuth is a program")
	}
	if col.Family == schema.Text && len(words) > 0 && weakRoles[words[len(words)-1]] && !w.exactly(c) {
		c.scale(0.8, "text, which other systems' ids are")
	}
}

// assigning are roles that trackers write as user names.
var assigning = set(`assignee reporter creator author lead owner user approver reviewer requester uploader editor submitter`)
