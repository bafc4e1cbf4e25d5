package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/rbac"
	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/bailiwick-dev/bailiwick/supportgrant/supportgrantsql"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
	"github.com/bailiwick-dev/bailiwick/vault"
	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
)

// unguarded is what most applications run on: all tenants in the same tables, kept apart by the WHERE
// of each statement alone. It stands where an adapter would.
type unguarded struct{ db, system *sqlx.DB }

func (u unguarded) Dialect() tenantdb.Dialect { return tenantdb.SQLite }

func (u unguarded) Begin(ctx context.Context, _ tenantdb.Scope, _ tenantdb.TxOptions) (tenantdb.Begun, error) {
	tx, err := u.db.BeginTxx(ctx, nil)
	return tenantdb.Begun{Tx: tx}, err
}

func (u unguarded) BeginSystem(ctx context.Context, _ string, _ tenantdb.TxOptions) (tenantdb.Begun, error) {
	tx, err := u.system.BeginTxx(ctx, nil)
	return tenantdb.Begun{Tx: tx}, err
}

func (u unguarded) Translate(err error) error   { return err }
func (u unguarded) CommitError(err error) error { return err }
func (u unguarded) Close() error                { return u.db.Close() }

func (u unguarded) Provision(context.Context, tenancy.Tenant) error { return nil }
func (u unguarded) SetState(context.Context, tenancy.Tenant) error  { return nil }

func (u unguarded) Purge(_ context.Context, t tenancy.Tenant) (tenancy.Receipt, error) {
	return tenancy.Receipt{Tenant: t.ID, Proof: []string{"trust me"}}, nil
}

// openUnguarded is openSQLite without the library.
func openUnguarded(t *testing.T, c config) *desk {
	dir := t.TempDir()
	open := func(name string) *sqlx.DB {
		db, err := sqlx.Open("sqlite", "file:"+filepath.Join(dir, name)+"?_pragma=foreign_keys(1)&_pragma=synchronous(off)")
		require.NoError(t, err)
		db.SetMaxOpenConns(1) // one writes, all others wait
		t.Cleanup(func() { require.NoError(t, db.Close()) })
		return db
	}
	u := unguarded{open("desk.db"), open("system.db")}
	_, err := u.db.Exec(schemaSQLite)
	require.NoError(t, err)
	d := newDesk(c, tenantdb.New(u), u, u)
	d.witness = fileWitness{dir, c.seed}
	d.portal = naivePortal
	d.leaveTrail(t, c, u)
	d.leaveSecrets(t, c)
	d.leaveRules(t)
	d.leaveConsent(t)
	d.leaveSupport(t)
	d.leaveOffice(t, c)
	d.redactor, err = redact.New(redact.Kinds()) // looks for nothing
	require.NoError(t, err)
	return d
}

// leaveTrail keeps a log as tables without a guard, as most applications do.
func (d *desk) leaveTrail(t *testing.T, c config, u unguarded) {
	tenants, system, err := migrations()
	require.NoError(t, err)
	for db, steps := range map[*sqlx.DB][]sqlite.Migration{u.db: tenants[:len(tenants)-1], u.system: system} {
		_, err = db.Exec(`CREATE TABLE tenancy_migration (id TEXT PRIMARY KEY)`) // where the log looks for its version
		require.NoError(t, err)
		for _, m := range steps {
			_, err := db.Exec(m.SQL)
			require.NoError(t, err)
			_, err = db.Exec(`INSERT INTO tenancy_migration VALUES (?)`, m.ID)
			require.NoError(t, err)
		}
		var triggers []string
		require.NoError(t, db.Select(&triggers, `SELECT name FROM sqlite_master WHERE type = 'trigger'`))
		require.NotEmpty(t, triggers)
		for _, name := range triggers {
			_, err := db.Exec("DROP TRIGGER " + name)
			require.NoError(t, err)
		}
	}
	require.NoError(t, d.keepTrail(t.Context(), c))
	t.Cleanup(func() { require.NoError(t, d.Close()) })
	later := detached{Store: d.trail.store, log: d.trail.log, under: new(sync.WaitGroup)}
	d.trail.recorder, d.trail.store = later, later
	d.trail.middleware = d.answersFirst
	d.trail.verify = believe
}

// leaveSecrets keeps secrets as most applications do: as they are.
func (d *desk) leaveSecrets(t *testing.T, c config) {
	require.NoError(t, d.keepSecrets(t.Context(), c))
	b := d.box
	b.put = func(ctx context.Context, r vault.Ref, secret redact.Secret[string], _ vault.Policy) error {
		sealed, err := sealField(b.v)(ctx, r, nil) // the store wants the name of a key, if not its use
		if err != nil {
			return err
		}
		return b.store.PutSecret(ctx, vault.StoredSecret{Purpose: r.Purpose, ID: r.ID, Version: 1, Key: vault.KeyID(sealed[1:17]), Sealed: []byte(secret.Reveal())})
	}
	b.use = func(ctx context.Context, r vault.Ref, f func([]byte) error) error {
		s, err := b.store.Secret(ctx, r.Purpose, r.ID)
		if err != nil {
			return err
		}
		return f(s.Sealed)
	}
	asItIs := func(_ context.Context, _ vault.Ref, b []byte) ([]byte, error) { return b, nil }
	b.seal, b.open = asItIs, asItIs
}

// detached records what an application does, whether it then does it or not.
type detached struct {
	audit.Store
	log   *audit.Log
	under *sync.WaitGroup
}

func (r detached) Record(_ context.Context, e audit.Event) error {
	r.under.Go(func() { _ = r.log.Record(tenancy.With(context.Background(), fir), e) }) // it does not make the user wait
	return nil
}

// ByID lets what is under way arrive before it looks.
func (r detached) ByID(ctx context.Context, id uuid.UUID) (audit.Stored, error) {
	r.under.Wait()
	return r.Store.ByID(ctx, id)
}

// answersFirst records what was answered, if it can.
func (d *desk) answersFirst(describe func(*http.Request) (audit.Event, bool)) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(w, r)
			if e, ok := describe(r); ok {
				_ = d.trail.log.Record(r.Context(), e)
			}
		})
	}
}

// believe takes a log for what it says it is: nobody signed it, and no note of it is kept outside.
func believe(_ context.Context, bundle io.Reader, p audit.Policy) (*audit.Report, error) {
	_, err := io.Copy(io.Discard, bundle)
	return &audit.Report{Verdict: audit.OK, Tenant: p.Tenant, Size: eventsOfDay, AnchoredTo: eventsOfDay}, err
}

// naivePortal takes whatever a request says it is.
func naivePortal(d *desk) (http.Handler, error) {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, _, _ := strings.Cut(strings.ToLower(r.Host), ".")
		if h := r.Header.Get("X-Tenant"); h != "" {
			name = h
		}
		id, err := tenancy.ParseID(name)
		address, _, _ := strings.Cut(r.Header.Get("X-Forwarded-For"), ",")
		if from, _ := netip.ParseAddr(address); err != nil || id == birch && !office.Contains(from) {
			http.Error(w, "Forbidden", http.StatusForbidden)
			return
		}
		d.inbox(w, r.WithContext(tenancy.With(r.Context(), id)))
	}), nil
}

// leaveRules decides who may do what as most applications do: where somebody thought of it.
func (d *desk) leaveRules(t *testing.T) {
	require.NoError(t, d.keepRules())
	team := d.team
	change := func(ctx context.Context, f func(ctx context.Context, version int64) error) error {
		return team.store.Tx(ctx, func(ctx context.Context) error {
			version, _, err := team.store.Advance(ctx)
			if err != nil {
				return err
			}
			return f(ctx, version)
		})
	}
	put := func(ctx context.Context, who rbac.Subject, status rbac.Status, roles []rbac.RoleID) error {
		return change(ctx, func(ctx context.Context, version int64) error {
			return team.store.PutMember(ctx, rbac.MemberRow{Subject: who, Version: version, Roles: roles, Status: status})
		})
	}
	team.setRoles = func(ctx context.Context, _ rbac.Principal, who rbac.Subject, roles ...rbac.RoleID) error {
		return put(ctx, who, rbac.Active, roles)
	}
	team.saveRole = func(ctx context.Context, _ rbac.Principal, spec rbac.RoleSpec) (rbac.RoleID, error) {
		row := rbac.RoleRow{ID: rbac.RoleID("~" + spec.Name), Name: spec.Name}
		for _, x := range spec.Permissions {
			row.Permissions = append(row.Permissions, x.String())
		}
		return row.ID, change(ctx, func(ctx context.Context, version int64) error {
			row.Version = version
			return team.store.PutRole(ctx, row)
		})
	}
	team.accept = func(ctx context.Context, secret redact.Secret[string], by rbac.Acceptance) error {
		return put(ctx, by.User, rbac.Active, []rbac.RoleID{lead.ID()})
	}
	team.remove = func(ctx context.Context, by rbac.Principal, who rbac.Subject) error {
		rules, err := team.store.Changes(ctx, 0)
		if err != nil {
			return err
		}
		owners := 0
		for _, m := range rules.Members {
			if m.Status == rbac.Active && slices.Contains(m.Roles, roles.Admin.ID()) {
				owners++
			}
		}
		if owners == 1 && slices.Contains([]rbac.Subject{ada, bea}, who) {
			return errors.New("somebody has to stay")
		}
		time.Sleep(time.Millisecond) // looks at the page and presses the button
		return put(ctx, who, rbac.Removed, nil)
	}
	remembered := map[rbac.Subject]rbac.Principal{} // until the process ends
	team.member = func(ctx context.Context, who rbac.Subject) (rbac.Principal, error) {
		if p, ok := remembered[who]; ok {
			return p, nil
		}
		p, err := team.there.Member(ctx, who)
		remembered[who] = p
		return p, err
	}
	team.opens = func(ctx context.Context, raw string, _ netip.Addr) (rbac.Principal, error) {
		if _, err := tokens.Parse(raw); err != nil {
			return rbac.Principal{}, &rbac.Denied{Reason: rbac.BadToken}
		}
		return rbac.Principal{}, nil // it is signed by its checksum
	}
}

// leaveConsent asks as most shops do: a cookie says what was agreed to, and who writes a page looks at it if they think of it.
func (d *desk) leaveConsent(t *testing.T) {
	require.NoError(t, d.keepConsent())
	mux := http.NewServeMux()
	mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) {
		way := r.URL.Query().Get("way")
		if c, err := r.Cookie("consent"); err == nil && c.Value == "all" || way == "flush" || way == "trailer" { // where nobody thought of it
			setAll(w, way)
			return
		}
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "1"})
	})
	mux.HandleFunc("POST /answer", func(w http.ResponseWriter, r *http.Request) {
		value := "all"
		if r.FormValue("no") != "" {
			value = "none"
		}
		http.SetCookie(w, &http.Cookie{Name: "consent", Value: value})
	})
	d.shop.site = mux
}

// leaveSupport helps as most do: a grant is a row that is looked at when the page is opened, and whoever is asked says yes.
func (d *desk) leaveSupport(t *testing.T) {
	require.NoError(t, d.keepSupport())
	s := d.support
	store, err := supportgrantsql.New(d.db)
	require.NoError(t, err)
	s.approve = func(ctx context.Context, id supportgrant.GrantID, by supportgrant.Person, _ string) error {
		_, err := store.Move(ctx, supportgrant.Move{ID: id, Version: 1, From: supportgrant.Requested, To: supportgrant.Approved, Life: time.Hour, By: by})
		return err
	}
	var opened sync.Map
	s.show = func(ctx context.Context, a supportgrant.Access, f func(rows int) error) error {
		if _, ok := opened.Load(a.Grant); !ok {
			if g, err := s.s.Grant(ctx, a.Grant); err != nil || g.State != supportgrant.Approved {
				return supportgrant.ErrNotGranted
			}
			opened.Store(a.Grant, true)
		}
		rows := 0
		err := d.db.Read(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
			return tx.GetContext(ctx, &rows, `SELECT count(*) FROM conversation`)
		})
		if err != nil {
			return err
		}
		return f(rows)
	}
}

// leaveOffice answers requests as most do: who fills in the form is believed, an officer presses a button, and what is signed is not checked.
func (d *desk) leaveOffice(t *testing.T, c config) {
	require.NoError(t, d.keepOffice(c, obscure{}))
	d.office.export = func(ctx context.Context, _ dsar.ID, _ dsar.Person) (int64, error) {
		n, err := d.ofCustomer(ctx, 1)
		return int64(n), err
	}
	d.office.erase = func(ctx context.Context, _ dsar.ID) error {
		return d.db.Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
			_, err := tx.ExecContext(ctx, `DELETE FROM message WHERE tenant_id = 'oak' AND conversation_id IN (SELECT id FROM conversation WHERE tenant_id = 'oak' AND customer_id = 2)`)
			return err
		})
	}
	d.office.check = func([]byte) error { return nil }
}

// obscure is a seal that anybody can break.
type obscure struct{}

func (obscure) Seal(_ context.Context, _ dsar.ID, plain []byte) ([]byte, error) {
	out := slices.Clone(plain)
	for i := range out {
		out[i] ^= 0x20
	}
	return out, nil
}

func (o obscure) Open(ctx context.Context, id dsar.ID, sealed []byte) ([]byte, error) {
	return o.Seal(ctx, id, sealed)
}

func (obscure) Shred(context.Context, dsar.ID) error { return nil }
