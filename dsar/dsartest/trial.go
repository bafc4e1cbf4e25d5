package dsartest

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/archive"
	"github.com/bailiwick-dev/bailiwick/dsar/dsarsql"
	"github.com/bailiwick-dev/bailiwick/dsar/erase"
	"github.com/bailiwick-dev/bailiwick/dsar/export"
	"github.com/bailiwick-dev/bailiwick/dsar/proof"
	"github.com/bailiwick-dev/bailiwick/dsar/rows"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"golang.org/x/mod/sumdb/note"
)

// Trial says how [Try] tries a map. The zero Trial does.
type Trial struct {
	// People are tried, one after the other; nil: two of each kind that has a table.
	People []dsar.Person
	// Others are tables in whose rows, in a person's export, what identifies others may stand.
	Others []string
	// Shred destroys a person's key, if the map has columns with dsar.Shred.
	Shred func(ctx context.Context, p dsar.Person) error
	// Owner is a Postgres database seen as its owner, who may read more: see package proof.
	Owner *sql.DB
}

// Try tries a map in a test, on people of ctx's tenant in a throwaway database that is filled with rows such as yours, of several people: it
// exports and erases them. The database has the tables of package dsarsql. It fails the test if
//
//   - an export does not verify, holds a secret of anybody's, or what identifies one of the others, without the map saying so;
//   - an erasure does something else than was planned, or changes a row that has nothing to do with the person;
//   - it takes somebody else away, or is not the same when it is asked for again;
//   - something of the person is found afterwards that the map does not keep.
//
// It tries what is there: columns without values and tables without rows of the people prove nothing. What it says names tables and columns,
// and no values. [dsar.Check] is the one to run first: whether the map is the database's.
func Try(t dsar.T, ctx context.Context, db *tenantdb.DB, m *dsar.Map, o Trial) {
	t.Helper()
	x := &trial{T: t, ctx: ctx, db: db, o: o}
	if err := x.open(m); err != nil {
		t.Fatalf("dsartest: %v", err)
		return
	}
	people, err := x.people()
	if err != nil {
		t.Fatalf("dsartest: who to try: %v", err)
		return
	}
	if len(people) < 2 {
		t.Fatalf("dsartest: there are %d people to try: give two of them rows at least", len(people))
		return
	}
	for i, p := range people {
		if err := x.try(p, people[i+1:]); err != nil {
			t.Fatalf("dsartest: person %d, a %s: %v", i+1, p.Kind, err)
			return
		}
	}
}

// trial is one.
type trial struct {
	dsar.T
	ctx      context.Context
	db       *tenantdb.DB
	o        Trial
	c        *dsar.Compiled
	rows     *rows.Rows
	exporter *export.Exporter
	verifier note.Verifier
	eraser   *erase.Eraser
	prover   *proof.Prover
}

func (x *trial) open(m *dsar.Map) (err error) {
	if x.c, err = m.Compile(); err != nil {
		return err
	}
	if x.rows, err = rows.New(x.c, x.db.Dialect()); err != nil {
		return err
	}
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	signer, verifier, err := archive.Key("dsartest", key)
	if err != nil {
		return err
	}
	x.verifier = verifier
	if x.exporter, err = export.New(x.db, x.c, export.Options{Signer: signer, Unencrypted: true}); err != nil {
		return err
	}
	journal, err := dsarsql.NewJournal(x.db)
	if err != nil {
		return err
	}
	if x.eraser, err = erase.New(x.db, x.c, journal, erase.Options{Shred: x.o.Shred}); err != nil {
		return err
	}
	x.prover, err = proof.New(x.db, x.c, proof.Options{Owner: x.o.Owner})
	return err
}

// errEnough ends a reading.
var errEnough = errors.New("enough")

// people are those to be tried.
func (x *trial) people() ([]dsar.Person, error) {
	if x.o.People != nil {
		return x.o.People, nil
	}
	tenant, err := x.rows.Tenant(x.ctx)
	if err != nil {
		return nil, err
	}
	var out []dsar.Person
	for _, s := range x.c.Subjects() {
		if s.Table == "" {
			continue
		}
		t, _ := x.c.Table(s.Table)
		n := 0
		_, err := tenant.Stream(x.ctx, x.db, rows.Query{Table: t.Name, Part: rows.All, Columns: t.Key}, func(r *rows.Row) error {
			p := dsar.Person{Kind: s.Kind}
			for _, v := range r.Values {
				p.Key = append(p.Key, string(v))
			}
			out = append(out, p)
			if n++; n == 2 {
				return errEnough
			}
			return nil
		})
		if err != nil && !errors.Is(err, errEnough) {
			return nil, err
		}
	}
	return out, nil
}

// try exports and erases a person, in front of others.
func (x *trial) try(p dsar.Person, others []dsar.Person) error {
	who, err := x.rows.Resolve(x.ctx, x.db, p)
	if err != nil {
		return fmt.Errorf("resolve: %w", err)
	}
	if err := x.export(who, others); err != nil {
		return fmt.Errorf("export: %w", err)
	}
	before, err := x.bystanders(who)
	if err != nil {
		return fmt.Errorf("rows: %w", err)
	}
	taken, err := x.prover.Collect(x.ctx, p)
	if err != nil {
		return fmt.Errorf("collect: %w", err)
	}
	if err := x.erase(p); err != nil {
		return fmt.Errorf("erase: %w", err)
	}
	if err := x.unchanged(before); err != nil {
		return fmt.Errorf("rows: %w", err)
	}
	for _, other := range others {
		if _, err := x.rows.Resolve(x.ctx, x.db, other); errors.Is(err, dsar.ErrNobody) {
			x.Errorf("the erasure of a %s took another person away, a %s", p.Kind, other.Kind)
		} else if err != nil {
			return fmt.Errorf("resolve: %w", err)
		}
	}
	// Who was found has all spellings of what they are known by, and whose row is gone is looked for by these.
	found, err := x.prover.ProveTaken(x.ctx, who.Person(), taken)
	if err != nil {
		return fmt.Errorf("prove: %w", err)
	}
	for _, r := range found.Found {
		if !r.Kept {
			x.Errorf("after the erasure of a %s something is left in %s.%s, %s, in %d rows: is there a link, or a class, that the map lacks?", p.Kind, r.Table, r.Column, r.Form, r.Rows)
		}
	}
	return nil
}

// erase does what is planned, and asks for it again.
func (x *trial) erase(p dsar.Person) error {
	plan, err := x.eraser.Plan(x.ctx, p)
	if err != nil {
		return fmt.Errorf("plan: %w", err)
	}
	job := dsar.Job{ID: "dsartest-" + rand.Text(), Person: p, Approved: plan.Hash}
	done, err := x.eraser.Erase(x.ctx, job)
	if err != nil {
		return err
	}
	for _, planned := range plan.Tables {
		i := slices.IndexFunc(done.Tables, func(d dsar.Planned) bool { return d.Table == planned.Table && d.Action == planned.Action })
		if got := int64(0); i < 0 && planned.Rows != 0 || i >= 0 && done.Tables[i].Rows != planned.Rows {
			if i >= 0 {
				got = done.Tables[i].Rows
			}
			x.Errorf("of %s there were %d rows to %s, and it was done to %d", planned.Table, planned.Rows, planned.Action, got)
		}
	}
	again, err := x.eraser.Erase(x.ctx, job)
	if err != nil {
		return fmt.Errorf("again: %w", err)
	}
	if !slices.EqualFunc(done.Tables, again.Tables, func(a, b dsar.Planned) bool { return a.Table == b.Table && a.Action == b.Action && a.Rows == b.Rows }) {
		x.Errorf("an erasure that is asked for again says something else")
	}
	return nil
}
