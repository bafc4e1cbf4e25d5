package discover

import (
	"slices"
	"strings"

	"github.com/bailiwick-dev/bailiwick/dsar/internal/word"
	"github.com/bailiwick-dev/bailiwick/dsar/schema"
)

// table is a table and what its name says.
type table struct {
	*schema.Table
	words  []string // in the singular, without the prefix all tables share
	full   []string // in the singular, whole
	key    string   // the column other tables refer to a row by; "" if it takes several
	lead   string   // the word its columns' names begin with; "" if they do not
	called string   // of a table of people, the column of names that links go by and two of them may share; "" if there is none
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
