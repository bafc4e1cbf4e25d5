package discover

import (
	"slices"
	"strings"

	"github.com/bailiwick-dev/bailiwick/dsar/classify"
	"github.com/bailiwick-dev/bailiwick/dsar/internal/word"
	"github.com/bailiwick-dev/bailiwick/dsar/schema"
	"github.com/bailiwick-dev/bailiwick/redact"
)

// table is a table and what its name says.
type table struct {
	*schema.Table
	words []string // in the singular, without the prefix all tables share
	full  []string // in the singular, whole
	key   string   // the column other tables refer to a row by; "" if it takes several
	lead  string   // the word its columns' names begin with; "" if they do not
}

// world is a database in the eyes of discovery.
type world struct {
	db         *schema.Database
	tables     []*table
	byName     map[string]*table
	vocab      map[string]bool
	keys       map[string]int // how many tables have a key of the name
	roots      []*table       // of subjects
	actor      *table         // whom "owner" means; nil if there are no people
	doer       *table         // whom "created by" means: staff, where the people are customers
	identifier string         // by which people are known elsewhere: "email"; "" if their table has none
}

func look(d *schema.Database, subjects []string) *world {
	w := &world{db: d, byName: map[string]*table{}, vocab: map[string]bool{}, keys: map[string]int{}}
	shared := sharedPrefix(d)
	for _, t := range d.Tables {
		x := &table{Table: t}
		own := t.Name
		if i := strings.LastIndex(own, "."); i >= 0 {
			own = own[i+1:]
		}
		for _, s := range word.Split(own) {
			x.full = append(x.full, word.Singular(s))
		}
		x.words = x.full
		if len(x.full) > 1 && shared[x.full[0]] {
			x.words = x.full[1:]
			if len(x.full) > 2 && shared[x.full[0]+" "+x.full[1]] {
				x.words = x.full[2:]
			}
		}
		x.lead = leadWord(t)
		w.tables = append(w.tables, x)
		w.byName[t.Name] = x
	}
	for _, x := range w.tables {
		x.key = keyOf(x)
		w.keys[strings.ToLower(x.key)]++
		for _, s := range x.words {
			w.vocab[s] = len(s) > 2
		}
	}
	for _, words := range []map[string]bool{roleWords, qualifiers, keyWords, typeWords} {
		for s := range words {
			w.vocab[s] = true
		}
	}
	for s := range strings.FieldsSeq(`user users usr created updated modified edited deleted last approved posted sent assigned reply real related log related by poster topic post owner uid
		locked closed banned affected muted target acting impersonated suspended checkedout muting invited added changed reviewed verified removed submitted graded`) {
		w.vocab[s] = true
	}
	for s := range strings.FieldsSeq(`a b sid ref key oid no on xid`) {
		delete(w.vocab, s)
	}
	w.findRoots(subjects)
	return w
}

// keyOf returns the column of the primary key, or of a key of tenant and id the id.
func keyOf(t *table) string {
	if len(t.Key) == 1 {
		return t.Key[0]
	}
	if len(t.Key) == 2 {
		for i, k := range t.Key {
			ws := word.Split(t.Key[1-i])
			if strings.EqualFold(k, "id") && len(ws) > 0 && (ws[0] == "tenant" || ws[0] == "org" || ws[0] == "organization" || ws[0] == "workspace" || ws[0] == "company" || ws[0] == "account") {
				return k
			}
		}
	}
	if len(t.Key) == 0 { // a table whose key nobody declared
		for _, c := range t.Columns {
			if strings.EqualFold(c.Name, "id") || len(t.full) == 1 && strings.EqualFold(c.Name, t.full[0]+"_id") {
				return c.Name
			}
		}
	}
	return ""
}

// sharedPrefix returns the first words that names of tables begin with for the sake of the application: wp_, mdl_, tbl_, and the
// applications of Django.
func sharedPrefix(d *schema.Database) map[string]bool {
	first, second := map[string]int{}, map[string]int{}
	bare := map[string]bool{}
	n := 0
	for _, t := range d.Tables {
		own := t.Name
		if i := strings.LastIndex(own, "."); i >= 0 {
			own = own[i+1:]
		}
		ws := word.Split(own)
		if len(ws) == 0 {
			continue
		}
		n++
		if len(ws) > 1 {
			first[word.Singular(ws[0])]++
			if len(ws) > 2 {
				second[word.Singular(ws[0])+" "+word.Singular(ws[1])]++
			}
		} else {
			bare[word.Singular(ws[0])] = true
		}
	}
	out := map[string]bool{"tbl": true, "tb": true, "t": true, "auth": true, "m": true, "app": true, "core": true, "wp": true, "public": true}
	for s, k := range first {
		// More than half of all tables, or a word that is no entity of its own: a table called user makes user_role one.
		if !bare[s] && (k*2 > n && k > 2 || k >= 3 && !slices.Contains(personWords, s)) {
			out[s] = true
		}
	}
	for s, k := range second {
		if k*5 > n*4 {
			out[s] = true // hs_hr_employee
		}
	}
	return out
}

// leadWord returns the word that nearly all columns begin with: rev_id, rev_user, rev_text.
func leadWord(t *schema.Table) string {
	n := map[string]int{}
	for _, c := range t.Columns {
		if ws := word.Split(c.Name); len(ws) > 1 {
			n[ws[0]]++
		}
	}
	for s, k := range n {
		if k >= 3 && k*10 >= len(t.Columns)*7 {
			return s
		}
	}
	return ""
}

// findRoots settles whose data it is about.
func (w *world) findRoots(subjects []string) {
	type ranked struct {
		t *table
		n int
	}
	var people []ranked
	for _, t := range w.tables {
		if t.Kind == schema.Materialized {
			continue
		}
		if n := w.personRank(t); n > 0 {
			people = append(people, ranked{t, n})
		}
	}
	slices.SortStableFunc(people, func(a, b ranked) int { return b.n - a.n })
	for _, s := range subjects {
		if t := w.byName[s]; t != nil {
			w.roots = append(w.roots, t)
		}
	}
	if len(people) > 0 {
		w.actor = people[0].t
	}
	if len(subjects) == 0 {
		for i, p := range people {
			if i == 0 || p.n >= 80 && w.hasContact(p.t) {
				w.roots = append(w.roots, p.t)
			}
		}
	}
	if len(subjects) > 0 { // what was named is meant, unless it is people who are served
		for _, p := range people {
			if w.isRoot(p.t) && !served[p.t.words[len(p.t.words)-1]] {
				w.actor = p.t
				break
			}
		}
		if w.actor == nil && len(w.roots) > 0 || len(people) > 0 && served[people[0].t.words[len(people[0].t.words)-1]] {
			w.actor = w.roots[0]
		}
	}
	w.doer = w.actor
	if w.actor != nil && len(w.actor.words) > 0 && served[w.actor.words[len(w.actor.words)-1]] {
		for _, p := range people {
			if !served[p.t.words[len(p.t.words)-1]] {
				w.doer = p.t
				break
			}
		}
	}
}

// served are people who do not do the work.
var served = set(`customer patient student contact subscriber client player guest visitor citizen kunde cliente lead donor`)

// personRank says how likely a table's rows are people; 0 is not at all.
func (w *world) personRank(t *table) int {
	name := strings.Join(t.words, " ")
	rank := 0
	for i, p := range personWords {
		if name == p || strings.Join(t.full, " ") == p || len(t.full) > 1 && len(t.words) == 1 && t.words[0] == p {
			rank = 100 - 3*i
			break
		}
		if len(t.words) == 2 && t.words[1] == p && (t.words[0] == "app" || t.words[0] == "site" || t.words[0] == "system" || t.words[0] == "sys" || t.words[0] == "application" || t.words[0] == "custom" || t.words[0] == "base" || t.words[0] == "core" || t.words[0] == "web" || t.words[0] == "auth" || t.words[0] == "re" || t.words[0] == "my" || t.words[0] == "local" || t.words[0] == "platform" || t.words[0] == "forum") {
			rank = 85 - 3*i
		}
	}
	if name == "aspnetuser" || name == "asp net user" || name == "net user" {
		rank = 98
	}
	if name == "re user" || name == "directus user" {
		rank = 98
	}
	if t.key == "" {
		return 0
	}
	if rank == 0 && w.signsIn(t) {
		rank = 50 // whatever it is called
		if last := t.full[len(t.full)-1]; last == "user" || t.full[0] == "user" || strings.Contains(last, "user") {
			rank = 75
		}
	}
	switch {
	case rank == 0:
	case w.hasContact(t):
		rank += 20
	case served[t.words[len(t.words)-1]]:
		rank -= 40 // a client may be a program
	}
	return max(rank, 0)
}

// signsIn reports whether the table has what somebody signs in with: a password, and a name or an address.
func (w *world) signsIn(t *table) bool {
	have := map[redact.Class]bool{}
	for _, c := range t.Columns {
		have[classify.Column(t.Name, c.Name, c.Family)] = true
	}
	return len(t.full) > 0 && have[redact.ClassPassword] && (have[redact.ClassEmail] || have[redact.ClassAccount]) || len(t.full) > 0 && have[redact.ClassEmail] && have[redact.ClassAccount] && have[redact.ClassName]
}

// hasContact reports whether the table says how to reach somebody, or how they sign in.
func (w *world) hasContact(t *table) bool {
	return slices.ContainsFunc(t.Columns, func(c *schema.Column) bool {
		switch classify.Column(t.Name, c.Name, c.Family) {
		case redact.ClassEmail, redact.ClassPassword, redact.ClassPhone, redact.ClassAccount:
			return true
		}
		return false
	})
}

func (w *world) isRoot(t *table) bool { return slices.Contains(w.roots, t) }
