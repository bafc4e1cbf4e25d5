package discover

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/internal/word"
	"github.com/bailiwick-dev/bailiwick/dsar/schema"
)

// Options say what to look for. The zero value is good for most databases.
type Options struct {
	// Subjects are the tables with one row a person; nil: those that look like it.
	Subjects []string
	// NoRows keeps discovery to names and types: no row is read.
	NoRows bool
	// Aside are tables of other software, which the map leaves alone.
	Aside []dsar.Aside
	// Application is the name of the application, for the map.
	Application string
}

// Link is a link that is proposed.
type Link struct {
	dsar.Link
	Table    string
	Subject  bool    // it leads to a table of people, or is by what they are known by: one hop
	Hops     int     // to the nearest person along proposed links; 0: it leads to nobody
	Score    float64 // how likely it is, up to 1 for a declared foreign key
	Evidence []string
	Declared bool          // by a foreign key
	OnDelete schema.Action // of that
	Accepted bool          // it needs no decision
}

// Proposal is what discovery found. Links are in the order of tables and columns.
type Proposal struct {
	Database *schema.Database
	Subjects []string // tables
	Links    []Link
	// Doubtful are links that were thought of and not proposed, the likeliest first.
	Doubtful []Link
	options  Options
	world    *world
	together map[string]bool // tables whose rows go with the first of those they belong to
}

// enough is the score from which on a link is proposed.
const enough = 0.5

// Discover reads the catalogue of the database that db is connected to, and up to a thousand values of columns that may be
// links, and proposes a map. Values stay in the database, but for the names of types and the members of JSON columns, which
// are looked at and not kept.
//
// Connect as a role that sees all tables and rows; where row-level security would hide some, values are not looked at.
func Discover(ctx context.Context, db dsar.DB, o Options) (*Proposal, error) {
	d, err := schema.Read(ctx, db)
	if err != nil {
		return nil, err
	}
	p := begin(d, o)
	candidates := p.candidates()
	if !o.NoRows {
		err := schema.Aside(ctx, db, func(q dsar.DB, _ schema.Dialect) error {
			return (&sampler{ctx, q, p.world, map[*table]bool{}}).weigh(&candidates)
		})
		if err != nil {
			return nil, err
		}
	}
	p.settle(candidates)
	return p, nil
}

// FromSchema is Discover without a database: from names, types and foreign keys alone.
func FromSchema(d *schema.Database, o Options) *Proposal {
	p := begin(d, o)
	p.settle(p.candidates())
	return p
}

func begin(d *schema.Database, o Options) *Proposal {
	trimmed := *d
	trimmed.Tables = slices.DeleteFunc(slices.Clone(d.Tables), func(t *schema.Table) bool {
		return slices.ContainsFunc(o.Aside, func(a dsar.Aside) bool {
			s, all := strings.CutSuffix(a.Name, "*")
			return all && strings.HasPrefix(t.Name, s) || a.Name == t.Name
		})
	})
	p := &Proposal{Database: &trimmed, options: o, world: look(&trimmed, o.Subjects), together: map[string]bool{}}
	for _, r := range p.world.roots {
		p.Subjects = append(p.Subjects, r.Name)
	}
	if len(p.world.roots) > 0 {
		p.world.identifier = "email"
	}
	return p
}

// candidates returns every link that a foreign key or a name speaks of.
func (p *Proposal) candidates() []*candidate {
	w := p.world
	var out []*candidate
	for _, t := range w.tables {
		if t.Kind == schema.Materialized || t.Kind == schema.Virtual {
			continue
		}
		taken := map[string]bool{}
		for _, f := range t.Foreign {
			to := w.byName[f.To]
			if to == nil {
				continue
			}
			c := &candidate{Link: dsar.Link{Columns: f.Columns, To: f.To, ToColumns: f.ToCols}, from: t, to: to, score: 1, declared: true, does: f.OnDelete}
			for _, col := range f.Columns {
				if x := t.Column(col); x != nil && !x.NotNull {
					c.nullable = true
				}
				taken[col] = taken[col] || len(f.Columns) == 1
			}
			if len(f.Columns) > 1 {
				taken[f.Columns[len(f.Columns)-1]] = true
			}
			c.stem = w.parse(word.Split(f.Columns[len(f.Columns)-1])).stem
			c.by = len(c.stem) > 0 && byWords[c.stem[len(c.stem)-1]]
			c.note("a foreign key says so")
			out = append(out, c)
		}
		for _, col := range t.Columns {
			if taken[col.Name] {
				continue
			}
			if typ := w.discriminator(t, col); typ != nil && !(len(t.Key) == 1 && t.Key[0] == col.Name) && !w.calledAs(t, col) {
				if c := w.polymorphic(t, col, typ); c != nil {
					out = append(out, c)
					continue
				}
				if !slices.Equal(w.parse(word.Split(col.Name)).stem, w.actorWords()) {
					continue
				}
			}
			var best *candidate
			if found := w.resolve(t, col); len(found) > 0 {
				best = found[0]
			}
			for _, by := range []func(*table, *schema.Column) *candidate{w.byValue, w.byUserName} {
				if best == nil || best.score < enough {
					if c := by(t, col); c != nil && (best == nil || c.score >= enough) {
						best = c
					}
				}
			}
			if best != nil {
				out = append(out, best)
			}
		}
	}
	return slices.DeleteFunc(out, func(c *candidate) bool { return w.redundant(c, out) })
}

// ownAddress are words in the names of tables in which a user's own address stands.
var ownAddress = set(`email emailaddress useremail address token verification confirmation verified identity account profile credential login auth setting user data field preference notification secondary reset`)

// redundant reports whether a link by value says what a link by key says of every row: the address of a user's own.
func (w *world) redundant(c *candidate, all []*candidate) bool {
	if c.called { // the name beside the key
		return slices.ContainsFunc(all, func(o *candidate) bool {
			return o.from == c.from && o != c && !o.called && !o.generic && o.to == c.to && o.score >= enough
		})
	}
	if c.Identifier == "" || len(c.stem) > 2 || len(c.stem) == 2 && !w.actorWord(c.stem[0]) {
		return false
	}
	if !slices.ContainsFunc(c.from.full, func(s string) bool { return ownAddress[s] }) ||
		slices.ContainsFunc(c.from.full, func(s string) bool { return strings.HasPrefix(s, "invit") }) {
		return false
	}
	return slices.ContainsFunc(all, func(o *candidate) bool {
		return o.from == c.from && o.Identifier == "" && !o.generic && !o.nullable && o.score >= 0.8 && w.isRoot(o.to) && len(o.stem) > 0 && len(o.stem) <= 2 &&
			(w.actorWord(o.stem[len(o.stem)-1]) || slices.Equal(o.stem, o.to.words) || o.stem[0] == "uid" || o.stem[0] == "owner")
	})
}

func (w *world) actorWords() []string {
	if w.actor == nil {
		return nil
	}
	return w.actor.words
}

// complete says which columns a link goes to where the primary key of its table does not: a tenant and an id, or a key that
// nobody declared.
func (c *candidate) complete() {
	if c.declared || c.Identifier != "" || len(c.ToColumns) > 0 || len(c.Columns) != 1 || len(c.to.Key) == 1 {
		return
	}
	c.ToColumns = []string{c.to.key}
	if len(c.to.Key) == 2 && c.Path == "" {
		columns := make([]string, 2)
		for i, k := range c.to.Key {
			columns[i] = k
			if k == c.to.key {
				columns[i] = c.Columns[0]
			}
		}
		if c.from.Column(columns[0]) != nil && c.from.Column(columns[1]) != nil && columns[0] != columns[1] {
			c.Columns, c.ToColumns = columns, c.to.Key
		}
	}
}

// settle turns candidates into links.
func (p *Proposal) settle(candidates []*candidate) {
	w := p.world
	// From each table, the number of links to the nearest person.
	hops := map[*table]int{}
	for _, r := range w.roots {
		hops[r] = 0
	}
	for changed := true; changed; {
		changed = false
		for _, c := range candidates {
			if c.score < enough {
				continue
			}
			h, ok := hops[c.to]
			if c.Identifier != "" {
				h, ok = 0, true
			}
			if old, has := hops[c.from]; ok && (!has || h+1 < old) {
				hops[c.from], changed = h+1, true
			}
		}
	}
	for _, c := range candidates {
		c.complete()
		w.byIdentifier(c)
		l := Link{Link: c.Link, Table: c.from.Name, Score: c.score, Evidence: c.evidence, Declared: c.declared, OnDelete: c.does,
			Subject: c.Identifier != "" || w.isRoot(c.to)}
		if h, ok := hops[c.to]; ok {
			l.Hops = h + 1
		}
		if c.Identifier != "" {
			l.Hops = 1
		}
		l.Undeclared = !c.declared && c.Identifier == "" && len(c.When) == 0 && c.Path == ""
		if c.score < enough {
			p.Doubtful = append(p.Doubtful, l)
			continue
		}
		w.roles(c, &l)
		p.Links = append(p.Links, l)
	}
	p.share()
	p.along()
	for i := range p.Links {
		l := &p.Links[i]
		l.Decide = p.question(candidates, l)
		l.Accepted = l.Decide == ""
	}
	slices.SortStableFunc(p.Doubtful, func(a, b Link) int { return cmp.Compare(b.Score, a.Score) })
}
