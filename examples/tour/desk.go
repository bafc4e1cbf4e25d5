package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/jmoiron/sqlx"
)

// desk is the support desk under attack: an application's database, opened the way an application
// opens it.
type desk struct {
	db   *tenantdb.DB
	life *tenancy.Lifecycle
	dir  *tenancy.Memory
	seed uint64

	backend tenantdb.Backend // what db is over, to route to it
	shard   tenancy.Shard    // where the tenants live
	what    string           // the database, in words
	keeper  string           // who keeps tenants apart in it
	kept    string           // where it is, for -keep
	witness witness
	pg      *pgDesk                                     // nil on SQLite
	portal  func(d *desk) (app http.Handler, err error) // its web server
	trail   *trail                                      // its audit log
	box     *box                                        // its vault
	sealed  [][]byte                                    // what ginkgo sealed of its customers
	team    *team                                       // who may do what
	shop    *shop                                       // larch's visitors, and what they agreed to
	support *support                                    // who helps neem
	office  *bureau                                     // where oak's customers ask for their data

	redactor *redact.Redactor // what its logs and reports go through

	orgs             []org
	ops              atomic.Int64 // operations so far, for the progress line
	clients, opsEach int          // of the crowd
	close            []func() error
}

// org is a tenant and what the tour knows of it without asking the database.
type org struct {
	id    tenancy.ID
	mark  string
	books books
	print string // the witness's fingerprint after seeding
}

// A witness looks at what is stored from outside: not through the library, and not as the
// application.
type witness interface {
	// Prints are fingerprints of everything that is kept of each tenant, by the tenants' marks.
	Prints(ctx context.Context) (map[string]string, error)
	// Traces looks for text everywhere, and says where that is.
	Traces(ctx context.Context, text string) (found int64, looked string, err error)
}

// The cast.
var (
	alder   = tenancy.MustParseID("alder")   // attacks
	birch   = tenancy.MustParseID("birch")   // is attacked
	cedar   = tenancy.MustParseID("cedar")   // is suspended
	dogwood = tenancy.MustParseID("dogwood") // is purged
	elm     = tenancy.MustParseID("elm")     // is moved
	fir     = tenancy.MustParseID("fir")     // is audited
	ginkgo  = tenancy.MustParseID("ginkgo")  // has secrets
	hazel   = tenancy.MustParseID("hazel")   // wants them
	juniper = tenancy.MustParseID("juniper") // has a team
	kauri   = tenancy.MustParseID("kauri")   // has another
	larch   = tenancy.MustParseID("larch")   // has visitors
	maple   = tenancy.MustParseID("maple")   // has others
	neem    = tenancy.MustParseID("neem")    // needs help
	oak     = tenancy.MustParseID("oak")     // has customers who ask
)

const home = tenancy.Region("eu")

func newDesk(c config, db *tenantdb.DB, backend tenantdb.Backend, host tenancy.Host) *desk {
	d := &desk{db: db, backend: backend, dir: tenancy.NewMemory(), seed: c.seed, clients: c.clients, opsEach: c.opsEach, portal: portal, redactor: redact.Default()}
	d.shard = tenancy.Shard{Name: "desk", Region: home, Host: host}
	d.life = &tenancy.Lifecycle{Store: d.dir, Shards: []tenancy.Shard{d.shard}}
	return d
}

func (d *desk) org(id tenancy.ID) *org {
	for i := range d.orgs {
		if d.orgs[i].id == id {
			return &d.orgs[i]
		}
	}
	panic("no such tenant in the tour: " + id.String())
}

func (d *desk) rows() (n int) {
	for _, o := range d.orgs {
		n += o.books.rows()
	}
	return n
}

func (d *desk) messages() (n int) {
	for _, o := range d.orgs {
		n += len(o.books.messages)
	}
	return n
}

// Close closes everything that was opened, the last first.
func (d *desk) Close() error {
	var errs []error
	for i := len(d.close) - 1; i >= 0; i-- {
		errs = append(errs, d.close[i]())
	}
	d.close = nil
	return errors.Join(errs...)
}

// fill provisions every tenant and writes its books, total rows in all, and has the witness take
// their fingerprints.
func (d *desk) fill(ctx context.Context, total int) error {
	d.orgs = make([]org, len(trees))
	errs := make([]error, len(trees))
	var wg sync.WaitGroup
	turns := make(chan struct{}, 4)
	for i, tree := range trees {
		wg.Go(func() {
			turns <- struct{}{}
			defer func() { <-turns }()
			id := tenancy.MustParseID(tree)
			d.orgs[i] = org{id: id, mark: mark(d.seed, id), books: write(d.seed, i, id, total)}
			if _, errs[i] = d.life.Provision(ctx, id, home); errs[i] == nil {
				errs[i] = d.db.Tx(tenancy.With(ctx, id), d.orgs[i].books.insert)
			}
			d.ops.Add(int64(d.orgs[i].books.rows()))
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	prints, err := d.witness.Prints(ctx)
	for i := range d.orgs {
		if d.orgs[i].print = prints[d.orgs[i].mark]; err == nil && d.orgs[i].print == "" {
			err = fmt.Errorf("the witness does not see %s", d.orgs[i].id) // it would see no change either
		}
	}
	return err
}

// insert writes all rows of b, a few hundred with each statement.
func (b books) insert(ctx context.Context, tx *sqlx.Tx) error {
	return errors.Join(
		insert(ctx, tx, "organisation", []organisation{b.org}),
		insert(ctx, tx, "member", b.members),
		insert(ctx, tx, "customer", b.customers),
		insert(ctx, tx, "conversation", b.conversations),
		insert(ctx, tx, "message", b.messages),
		insert(ctx, tx, "api_connection", b.connections),
	)
}

var columns = map[string]string{
	"organisation":   "tenant_id, name, plan",
	"member":         "tenant_id, id, email, name, role",
	"customer":       "tenant_id, id, email, name",
	"conversation":   "tenant_id, id, customer_id, member_id, subject, status, opened_at",
	"message":        "tenant_id, id, conversation_id, author, body, sent_at",
	"api_connection": "tenant_id, id, provider, secret_hash",
}

func insert[T any](ctx context.Context, tx *sqlx.Tx, table string, rows []T) error {
	const most = 500
	query := fmt.Sprintf("INSERT INTO %s (%s) VALUES (:%s)", table, columns[table], strings.ReplaceAll(columns[table], ", ", ", :"))
	for ; len(rows) > 0; rows = rows[min(most, len(rows)):] {
		if _, err := tx.NamedExecContext(ctx, query, rows[:min(most, len(rows))]); err != nil {
			return fmt.Errorf("%s: %w", table, err)
		}
	}
	return nil
}

// texts returns what a query of one text column returns to tenant id.
func (d *desk) texts(ctx context.Context, id tenancy.ID, query string, args ...any) (out []string, err error) {
	err = d.db.Read(tenancy.With(ctx, id), func(ctx context.Context, tx *sqlx.Tx) error {
		return tx.SelectContext(ctx, &out, tx.Rebind(query), args...)
	})
	return out, err
}

// exec runs a statement as tenant id and undoes what it did: an attack that the database lets happen
// must not change what the next one finds.
func (d *desk) exec(ctx context.Context, id tenancy.ID, statement string, args ...any) (rows int64, err error) {
	undo := errors.New("undo")
	err = d.db.Tx(tenancy.With(ctx, id), func(ctx context.Context, tx *sqlx.Tx) error {
		res, err := tx.ExecContext(ctx, tx.Rebind(statement), args...)
		if err != nil {
			return err
		}
		if rows, err = res.RowsAffected(); err != nil {
			return err
		}
		return undo
	})
	if errors.Is(err, undo) {
		err = nil
	}
	return rows, err
}

// foreign counts the texts that bear the mark of another tenant than o.
func foreign(o *org, texts []string) (n int) {
	for _, text := range texts {
		if m := markIn.FindString(text); m != "" && m != o.mark {
			n++
		}
	}
	return n
}

// unchanged returns an error if the witness sees that something of tenant id changed since the desk
// was filled.
func (d *desk) unchanged(ctx context.Context, id tenancy.ID) error {
	prints, err := d.witness.Prints(ctx)
	if o := d.org(id); err == nil && prints[o.mark] != o.print {
		err = fmt.Errorf("the witness sees that %s's data changed", id)
	}
	return err
}
