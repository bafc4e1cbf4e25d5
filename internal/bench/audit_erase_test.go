package bench

import (
	"context"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/internal/dbtest"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
)

// Workload X, erasing: one operation takes a person out of the 1,000 events they are in, between as many of others, and
// records that. Beside it, one UPDATE of 1,000 rows of a table of the application's. Every commit is synced.
func BenchmarkAuditErase(b *testing.B) {
	const events = 1000
	b.Run("postgres", func(b *testing.B) {
		w := newAuditWorld(b, durablePostgres(b))
		compare(b, w.erasures(events), w.serverCPU)
	})
	b.Run("sqlite", func(b *testing.B) { compare(b, fileErasures(events), nil) })
}

func TestErasedSubjectsAreGone(t *testing.T) {
	w := newAuditWorld(t, dbtest.Postgres(t))
	t.Run("postgres", func(t *testing.T) { checkWays(t, w.erasures(5)) })
	t.Run("sqlite", func(t *testing.T) { checkWays(t, fileErasures(5)) })
}

// A forgetter fills a table with n events of somebody, and forgets them all: it returns of how many.
type forgetter struct {
	fill   func(who []string, n int) error
	forget func(who string) (int, error)
}

func forgetting(name string, vs []string, events int, open func(tb testing.TB) forgetter) way {
	var f forgetter
	var waiting []string
	var last atomic.Int64
	return way{name: name, vs: vs, open: func(tb testing.TB) func(int) error {
		f, waiting = open(tb), nil
		return shared(1, func() error {
			if len(waiting) == 0 {
				return fmt.Errorf("nobody is left to be forgotten: filling failed")
			}
			who := waiting[0]
			waiting = waiting[1:]
			n, err := f.forget(who)
			if err == nil && n != events {
				err = fmt.Errorf("%s was in %d events, not %d", who, n, events)
			}
			return err
		})
	}, prep: func(n int) {
		who := make([]string, n)
		for i := range who {
			who[i] = fmt.Sprintf("%s-%d", name, last.Add(1))
		}
		if f.fill(who, events) == nil {
			waiting = append(waiting, who...)
		}
	}}
}

// forgetOurs fills and erases in log. The events of those who will be erased, and of as many who will not be, take turns.
func forgetOurs(tb testing.TB, db *tenantdb.DB, ctx context.Context) forgetter {
	log, _, _ := openLog(tb, db)
	next := supply(4096)
	return forgetter{func(who []string, n int) error {
		var batch []audit.Event
		for range n {
			for _, id := range who {
				e := next().event
				e.Actor.ID = id
				batch = append(batch, e, next().event)
			}
		}
		for len(batch) > 0 {
			k := min(len(batch), 2048)
			if _, err := log.Append(ctx, batch[:k]...); err != nil {
				return err
			}
			batch = batch[k:]
		}
		return nil
	}, func(who string) (int, error) {
		r, err := log.Erase(ctx, audit.Erasure{Subject: audit.SubjectOf("user", who), Basis: "GDPR Art. 17(1)(b)", By: audit.Party{Type: "service", ID: "bench"}})
		return r.Events, err
	}}
}

func (w *auditWorld) erasures(events int) []way {
	ctx := context.Background()
	return []way{
		forgetting("plain_update", nil, events, func(tb testing.TB) forgetter {
			p := pool(tb, w.App.DSN, 1, nil)
			return forgetter{func(who []string, n int) error {
				_, err := p.Exec(ctx, "INSERT INTO person_row (tenant_id, actor, name, agent, body) SELECT $1, a, 'Person', 'Mozilla/5.0', $4 FROM generate_series(1, $3) CROSS JOIN unnest($2::text[]) a",
					tenantName(0), who, n, happenings(1)[0].line)
				return err
			}, func(who string) (int, error) {
				done, err := p.Exec(ctx, "UPDATE person_row SET actor = NULL, name = NULL, agent = NULL WHERE tenant_id = $1 AND actor = $2", tenantName(0), who)
				return int(done.RowsAffected()), err
			}}
		}),
		forgetting("ours", []string{"plain_update"}, events, func(tb testing.TB) forgetter { return forgetOurs(tb, w.open(tb, 2).TenantDB(), w.ctx) }),
	}
}

func fileErasures(events int) []way {
	return []way{
		forgetting("plain_update", nil, events, func(tb testing.TB) forgetter {
			db := filers[0].one(tb, filepath.Join(folder(tb), "rows.db"), "full")
			tb.Cleanup(func() { db.Close() })
			if _, err := db.Exec("CREATE TABLE person_row (id INTEGER PRIMARY KEY, actor TEXT, name TEXT, agent TEXT, body BLOB NOT NULL); CREATE INDEX person_row_actor ON person_row (actor)"); err != nil {
				tb.Fatal(err)
			}
			return forgetter{func(who []string, n int) error {
				tx, err := db.Begin()
				if err != nil {
					return err
				}
				defer tx.Rollback()
				for range n {
					for _, a := range who {
						if _, err := tx.Exec("INSERT INTO person_row (actor, name, agent, body) VALUES (?, 'Person', 'Mozilla/5.0', ?)", a, happenings(1)[0].line); err != nil {
							return err
						}
					}
				}
				return tx.Commit()
			}, func(who string) (int, error) {
				done, err := db.Exec("UPDATE person_row SET actor = NULL, name = NULL, agent = NULL WHERE actor = ?", who)
				if err != nil {
					return 0, err
				}
				n, err := done.RowsAffected()
				return int(n), err
			}}
		}),
		forgetting("ours", []string{"plain_update"}, events, func(tb testing.TB) forgetter {
			db, ctx := auditFiles(tb)
			return forgetOurs(tb, db, ctx)
		}),
	}
}
