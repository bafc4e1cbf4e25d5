package proof

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/rows"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/jmoiron/sqlx"
)

// ErrBlind: a table of the map cannot be read, so that nothing can be said of it.
var ErrBlind = errors.New("proof: a table of the map cannot be read")

// Options are what a Prover may be given. The zero value is usable.
type Options struct {
	// Owner is a Postgres database seen as the owner of its tables, or a superuser: to make the planner's statistics anew, to vacuum, and to
	// look at large objects and at tables that the application's role may not read. Without it, what cannot be done is said in
	// dsar.Proof.Residual.
	Owner *sql.DB
	// Backups is how long backups live. Zero: nobody knows, and the proof says so.
	Backups time.Duration
	// KeepFiles leaves files as they are: nothing is vacuumed, and the proof says that removed rows may still be in them.
	KeepFiles bool
}

// Prover is a dsar.Prover and a dsar.Collector. It is safe for concurrent use.
type Prover struct {
	db   *tenantdb.DB
	c    *dsar.Compiled
	rows *rows.Rows
	o    Options
}

var _ dsar.Collector = (*Prover)(nil)

// New returns the Prover of a database with a map.
func New(db *tenantdb.DB, c *dsar.Compiled, o Options) (*Prover, error) {
	if db == nil {
		return nil, errors.New("proof: no database")
	}
	r, err := rows.New(c, db.Dialect())
	if err != nil {
		return nil, err
	}
	return &Prover{db: db, c: c, rows: r, o: o}, nil
}

// Prove implements dsar.Prover. It looks for all that the person is known by, and says that nothing was taken from their rows before:
// see [Prover.ProveTaken].
func (p *Prover) Prove(ctx context.Context, who dsar.Person) (*dsar.Proof, error) {
	return p.Look(ctx, p.of(ctx, who))
}

// Look scrubs, unless it must not, and looks for the needles wherever the database may keep values. It is not for use inside a transaction.
func (p *Prover) Look(ctx context.Context, n *Needles) (*dsar.Proof, error) {
	if _, err := tenancy.From(ctx); err != nil {
		return nil, err
	}
	if len(n.values)+len(n.short) == 0 {
		return nil, fmt.Errorf("%w: there is nothing to look for", dsar.ErrNobody)
	}
	l := p.newLook(n)
	if !p.o.KeepFiles {
		if err := p.Scrub(ctx); err != nil {
			return nil, err
		}
	}
	if err := l.run(ctx); err != nil {
		return nil, err
	}
	return l.proof, nil
}

func (p *Prover) newLook(n *Needles) *look {
	l := &look{Prover: p, n: n, m: newMatcher(n.forms()), tally: map[place]int64{}, live: make([]bool, len(n.values)), hit: make([]bool, len(n.values)), proof: &dsar.Proof{Map: p.c.Hash()}}
	l.digits()
	l.proof.Needles = len(l.m.forms) + len(n.short)
	return l
}

// anew forgets what was found: where the tenant is moved meanwhile, what was looked through in one transaction is looked through again.
func (l *look) anew() {
	*l.proof = dsar.Proof{Map: l.proof.Map, Needles: l.proof.Needles}
	clear(l.tally)
	clear(l.live)
	clear(l.hit)
}

// look is one search.
type look struct {
	*Prover
	n     *Needles
	m     *matcher
	whole []string // needles that are numbers, for columns of numbers
	proof *dsar.Proof

	mu    sync.Mutex // of what follows, and of the proof's rows
	tally map[place]int64
	live  []bool // by value: it is in a row that is there, alone or inside of something longer
	hit   []bool // by value: it was found, wherever
}

// place is where something was found, and how it was written.
type place struct{ table, column, form string }

func (l *look) run(ctx context.Context) error {
	scan := l.scanSQLite
	if l.db.Dialect() == tenantdb.Postgres {
		scan = l.scanPostgres
	}
	if err := scan(ctx); err != nil {
		return err
	}
	if err := l.shortOnes(ctx); err != nil {
		return err
	}
	for at, rows := range l.tally {
		l.proof.Found = append(l.proof.Found, dsar.Residue{Table: at.table, Column: at.column, Rows: rows, Form: at.form, Kept: l.kept(at)})
	}
	slices.SortFunc(l.proof.Found, func(a, b dsar.Residue) int {
		return cmp.Or(strings.Compare(a.Table, b.Table), strings.Compare(a.Column, b.Column), strings.Compare(a.Form, b.Form))
	})
	if !l.n.taken {
		l.looked("what the person is known by; values of their rows were not taken before the erasure")
	}
	if l.n.ordinary > 0 {
		l.looked("not for %d values of the person's rows, which others have too or which tell nothing", l.n.ordinary)
	}
	switch b := l.o.Backups; {
	case b > 0:
		l.residual("backups and copies of the database that were made before, until %s", l.proof.At.Add(b).UTC().Format(time.DateOnly))
	default:
		l.residual("backups and copies of the database that were made before, for as long as they are kept")
	}
	return nil
}

func (l *look) looked(format string, args ...any) {
	l.proof.Looked = append(l.proof.Looked, fmt.Sprintf(format, args...))
}

func (l *look) residual(format string, args ...any) {
	l.proof.Residual = append(l.proof.Residual, fmt.Sprintf(format, args...))
}

// digits are the needles that a column of numbers can hold.
func (l *look) digits() {
	for _, f := range l.m.forms {
		if s := string(f.pattern); (f.beside == noDigit || f.name == "as is") && len(s) <= 18 && strings.Trim(s, "0123456789") == "" && !slices.Contains(l.whole, s) {
			l.whole = append(l.whole, s)
		}
	}
}

// value looks through one value of a row that is there. seen has what was found in the row before, by column and form.
func (l *look) value(table, column string, b []byte) {
	var seen [4]string // few forms are in one value
	n := 0
	l.mu.Lock()
	defer l.mu.Unlock()
	l.m.each(b, func(f, _ int, alone bool) {
		form := &l.m.forms[f]
		l.live[form.value] = true
		if !alone {
			return
		}
		l.hit[form.value] = true
		if slices.Contains(seen[:min(n, len(seen))], form.name) {
			return
		}
		if n < len(seen) {
			seen[n] = form.name
		}
		n++
		l.tally[place{table, column, form.name}]++
	})
}

// kept reports whether the map keeps what is in that place.
func (l *look) kept(at place) bool {
	t, ok := l.c.Table(at.table)
	if !ok {
		return false
	}
	if _, kept := t.Erase.Reason(); kept {
		return true
	}
	if f, ok := t.Field(at.column); ok && f.Column != nil {
		if _, kept := f.Column.Erase.Reason(); kept {
			return true
		}
	}
	if t.Shared != dsar.LastOwnerWins {
		return false
	}
	return slices.ContainsFunc(l.c.Reach(at.table), func(r dsar.Reach) bool { return r.Role == dsar.CoOwner })
}

// shortOnes looks for identifiers that are too short to be looked for inside of text: only where an identifier is all that a column holds.
func (l *look) shortOnes(ctx context.Context) error {
	if len(l.n.short) == 0 {
		return nil
	}
	l.looked("%d identifiers of fewer than %d characters: as a whole, in the columns that hold identifiers", len(l.n.short), shortestText)
	found := map[place]int64{}
	err := l.db.Read(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		clear(found)
		for _, s := range l.n.short {
			for _, at := range l.holders(s.Identifier) {
				var n int64
				query := "SELECT count(*) FROM " + l.rows.SQL(at.table) + " AS t WHERE lower(CAST(t." + quote(at.column) + " AS text)) = lower(CAST(? AS text))"
				if err := tx.GetContext(ctx, &n, tx.Rebind(query), s.Value); err != nil {
					return fmt.Errorf("proof: %s: %w", at.table, err)
				}
				if n > 0 {
					found[place{at.table, at.column, "as is"}] += n
				}
			}
		}
		return nil
	})
	for at, n := range found {
		l.tally[at] += n
	}
	return err
}

// holders are the columns that hold an identifier.
func (l *look) holders(identifier string) (out []place) {
	for _, s := range l.c.Subjects() {
		if id, ok := s.Identifier(identifier); ok && id.Column != "" {
			out = append(out, place{table: s.Table, column: id.Column})
		}
	}
	for _, name := range l.c.TableNames() {
		t, _ := l.c.Table(name)
		for _, tie := range t.Ties {
			if tie.Identifier == identifier && tie.Path == "" {
				out = append(out, place{table: name, column: tie.Columns[0]})
			}
		}
	}
	return out
}
