package erase_test

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/dsarsql"
	"github.com/bailiwick-dev/bailiwick/dsar/dsartest/world"
	"github.com/bailiwick-dev/bailiwick/dsar/erase"
	"github.com/bailiwick-dev/bailiwick/dsar/schema"
	apptest "github.com/bailiwick-dev/bailiwick/internal/dbtest/app"
	"github.com/bailiwick-dev/bailiwick/internal/dbtest/door"
	"github.com/bailiwick-dev/bailiwick/internal/dbtest/worlds"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/rls"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
)

// populated puts the world of a number into a database beside the tables of dsarsql: on Postgres into one that is there.
func populated(t *testing.T, pg *door.World, i int) *worlds.Populated {
	w := worlds.Numbered(i)
	p := &worlds.Populated{World: w, Dialect: schema.Postgres, Door: pg}
	if pg == nil {
		steps, err := sqlite.ReadMigrations("dsar", dsarsql.SQLite())
		require.NoError(t, err)
		db, err := sqlite.Open(filepath.Join(t.TempDir(), "data"), sqlite.Options{Sync: sqlite.SyncNormal,
			Migrations: append(steps, sqlite.Migration{ID: "app/1", SQL: strings.Join(w.DDL(schema.SQLite), ";\n") + ";"})})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, db.Close()) })
		p.Dialect, p.Door = schema.SQLite, &door.World{Host: db, DB: db.TenantDB()}
	} else {
		tables := apptest.Tables{Postgres: strings.Join(w.DDL(schema.Postgres), ";\n") + ";\nGRANT USAGE ON SCHEMA " + w.Schema + " TO PUBLIC"}
		for _, name := range w.Tables() {
			tables.Tenants = append(tables.Tenants, rls.Table{Name: name})
		}
		tables.Add(t, pg)
	}
	p.DB, p.Ctx, p.Other = p.Door.DB, p.Door.Tenant(t), p.Door.Tenant(t)
	id, err := tenancy.From(p.Ctx)
	require.NoError(t, err)
	p.Tenant = id.String()
	p.Fill(t, p.Ctx)
	if pg == nil || w.OwnKeys() {
		p.Fill(t, p.Other)
	}
	return p
}

// fates are what a plan has to say by the model, as "table action rows".
func fates(w *world.World, who world.Who, s world.State) map[string]int64 {
	out := map[string]int64{}
	for table, rows := range w.Fates(who, s) {
		for _, f := range rows {
			if f.Action != "" {
				out[table+" "+string(f.Action)]++
			}
		}
	}
	return out
}

// Pitfall 3, the whole of it: in made-up worlds, one after the other is erased until nobody is left, some of them with interruptions; what becomes of each row is what
// brute force says, and no row of anybody else, nor of another tenant, is touched.
func TestErasuresInMadeUpWorldsDoWhatBruteForceSaysAndTouchNobodyElse(t *testing.T) {
	t.Parallel()
	numbers := []int{0, 1, 2, 81, 106, 288, 312, 401, 532, 586} // those behind 2 have each been wrong once, 81 and 106 on Postgres too
	all := false
	if n, err := strconv.Atoi(os.Getenv("BAILIWICK_WORLDS")); err == nil || soakOr(0, 1) == 1 {
		numbers, all = nil, true
		for i := range cmp.Or(n, 1500) {
			numbers = append(numbers, i)
		}
	}
	migrate := func(ctx context.Context, owner *sql.DB, appRole, systemRole string) error {
		return dsarsql.Migrate(ctx, owner, appRole, systemRole)
	}
	for _, d := range []schema.Dialect{schema.SQLite, schema.Postgres} {
		t.Run(string(d), func(t *testing.T) {
			t.Parallel()
			var pg *door.World
			if d == schema.Postgres {
				pg = door.Door{Name: "dsar", SQLite: dsarsql.SQLite(), Migrate: migrate}.OnPostgres(t)
			}
			erased, these := 0, numbers
			if d == schema.Postgres && !all {
				these = numbers[:5]
			}
			for _, i := range these {
				t.Run(strconv.Itoa(i), func(t *testing.T) { erased += erasedIn(t, populated(t, pg, i), i) })
				t.Logf("%d erasures", erased)
			}
		})
	}
}

var errStopped = errors.New("stopped")

func erasedIn(t *testing.T, p *worlds.Populated, i int) (n int) {
	random := rand.New(rand.NewPCG(uint64(i), 7))
	j, err := dsarsql.NewJournal(p.DB)
	require.NoError(t, err)
	var stop atomic.Int32 // tables have their turns side by side
	e, err := erase.New(p.DB, p.Compiled, j, erase.Options{Batch: 1 + random.IntN(5), Held: func(context.Context, dsar.Person, string) error {
		if stop.Add(-1) == 0 {
			return errStopped
		}
		return nil
	}})
	require.NoError(t, err)
	other := p.State(t, p.Other)
	before := p.State(t, p.Ctx)
	people := p.People(p.Tenant, before)
	random.Shuffle(len(people), func(i, j int) { people[i], people[j] = people[j], people[i] })
	for _, who := range people {
		before = p.State(t, p.Ctx)
		if who.Table == "" && p.Nobody(who, before) {
			continue
		}
		plan, err := e.Plan(p.Ctx, who.Person)
		require.NoError(t, err)
		planned := map[string]int64{}
		for _, x := range plan.Tables {
			planned[x.Table+" "+string(x.Action)] = x.Rows
		}
		require.Equal(t, fates(p.World, who, before), planned, "%s %s", who.Table, who.ID)
		job := dsar.Job{ID: "j" + strconv.Itoa(n), Person: who.Person, Approved: plan.Hash}
		if random.IntN(2) == 0 {
			stop.Store(1 + random.Int32N(20))
		}
		done, err := e.Erase(p.Ctx, job)
		for errors.Is(err, errStopped) {
			stop.Store(1 + random.Int32N(60))
			done, err = e.Erase(p.Ctx, job)
		}
		stop.Store(-1)
		require.NoError(t, err, "%s %s", who.Table, who.ID)
		require.Equal(t, said(plan.Tables), said(done.Tables), "%s %s", who.Table, who.ID)
		require.NoError(t, p.Judge(who, before, p.State(t, p.Ctx)))
		n++
	}
	require.Equal(t, other, p.State(t, p.Other), "another tenant's rows")
	return n
}
