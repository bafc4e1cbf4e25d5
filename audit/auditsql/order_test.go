package auditsql_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/audit/auditsql"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
)

// processes returns stores as that many processes would have them open on w's database.
func processes(t testing.TB, w *world, n int) (all []*auditsql.Store, dbs []*tenantdb.DB) {
	t.Helper()
	for range n {
		db := w.db
		if w.pg != nil {
			other, _ := openPostgres(t, w.pg, w.keys)
			db = other.TenantDB()
		} else if n > 1 {
			db = openSQLite(t, w.dir).TenantDB()
		}
		s, err := auditsql.New(db)
		require.NoError(t, err)
		all, dbs = append(all, s), append(dbs, db)
	}
	return all, dbs
}

// whole checks that a log has places 0 to n-1, one for each of the ids that were acknowledged.
func whole(t *testing.T, ctx context.Context, s audit.Tree, n int) []audit.Stored {
	t.Helper()
	all := stored(t, ctx, s)
	require.Len(t, all, n)
	for i, e := range all {
		require.EqualValues(t, i, e.Seq)
		if i > 0 {
			require.False(t, e.Recorded.Before(all[i-1].Recorded))
		}
	}
	return all
}

func TestPlacesHaveNoGapAndNoTwinHoweverManyWrite(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := w.tenant(t)
		stores, _ := processes(t, w, 4)
		const writers, each = 8, 10
		var wg sync.WaitGroup
		places := make([]atomic.Int32, 4*writers*each)
		for _, s := range stores {
			for range writers {
				wg.Go(func() {
					for i := range each {
						p, err := s.Append(ctx, []audit.Entry{entry(i%2, "x")})
						if err != nil || p[0].Again {
							t.Errorf("%v %v", p, err)
							return
						}
						places[p[0].Seq].Add(1)
					}
				})
			}
		}
		wg.Wait()
		for i := range places {
			require.EqualValues(t, 1, places[i].Load(), "place %d", i)
		}
		whole(t, ctx, stores[0], len(places))
	})
}

func TestTheSameIDsFromManyProcessesAreInTheLogOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := w.tenant(t)
		stores, _ := processes(t, w, 4)
		ids := make([]audit.Entry, 40)
		for i := range ids {
			ids[i] = entry(1, fmt.Sprint(i))
		}
		got := make([][]audit.Placed, len(stores))
		var wg sync.WaitGroup
		for i, s := range stores {
			wg.Go(func() {
				for at := 0; at < len(ids); at += 5 {
					p, err := s.Append(ctx, ids[at:at+5])
					if err != nil {
						t.Error(err)
						return
					}
					got[i] = append(got[i], p...)
				}
			})
		}
		wg.Wait()
		whole(t, ctx, stores[0], len(ids))
		for i := range ids {
			first := 0
			for _, g := range got {
				require.Equal(t, got[0][i].Seq, g[i].Seq)
				if !g[i].Again {
					first++
				}
			}
			require.Equal(t, 1, first)
		}
	})
}

// In the transaction of the caller, whatever its isolation: the log has each change once, or the caller is told.
func TestTransactionsOfAnyIsolationPutTheirEventsInOnce(t *testing.T) {
	levels := []sql.IsolationLevel{sql.LevelReadCommitted, sql.LevelRepeatableRead, sql.LevelSerializable}
	for _, how := range []string{"park", "append"} {
		t.Run(how, func(t *testing.T) {
			onBoth(t, func(t *testing.T, w *world) {
				ctx := w.tenant(t)
				stores, dbs := processes(t, w, 4)
				var wg sync.WaitGroup
				var committed atomic.Int32
				for i := range 12 {
					s, db, level := stores[i%4], dbs[i%4], levels[i%3]
					wg.Go(func() {
						for j := range 10 {
							err := db.Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
								id := fmt.Sprintf("%d-%d", i, j)
								if _, err := tx.ExecContext(ctx, tx.Rebind(`INSERT INTO note (id) VALUES (?)`), id); err != nil {
									return err
								}
								var err error
								if how == "park" {
									_, err = s.Park(ctx, []audit.Entry{entry(1, id)})
								} else {
									_, err = s.Append(ctx, []audit.Entry{entry(1, id)})
								}
								return err
							}, tenantdb.Isolation(level))
							switch {
							case err == nil:
								committed.Add(1)
							case how == "park" && level != sql.LevelSerializable || !errors.Is(err, tenantdb.ErrConflict):
								t.Errorf("%v: %v", level, err)
							}
							if j%3 == 0 {
								_, _ = s.Drain(ctx, 7)
							}
						}
					})
				}
				wg.Wait()
				drained(t, ctx, stores[0])
				all := whole(t, ctx, stores[0], int(committed.Load()))
				events := map[string]bool{}
				for _, e := range all {
					events[string(e.Leaf)] = true
				}
				var notes []string
				require.NoError(t, dbs[0].Read(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
					return tx.SelectContext(ctx, &notes, `SELECT id FROM note`)
				}))
				require.Len(t, notes, len(all))
				for _, n := range notes {
					require.True(t, events[n], n)
				}
			})
		})
	}
}

func drained(t *testing.T, ctx context.Context, s *auditsql.Store) {
	t.Helper()
	for {
		n, err := s.Drain(ctx, 1000)
		require.NoError(t, err)
		if n == 0 {
			return
		}
	}
}

func TestAnEventOfALateCommitIsNotPassedOver(t *testing.T) {
	t.Parallel()
	w := onPostgres(t)
	ctx := w.tenant(t)
	stores, dbs := processes(t, w, 2)
	begun, commit, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		done <- dbs[0].Tx(ctx, func(ctx context.Context, _ *sqlx.Tx) error {
			_, err := stores[0].Park(ctx, []audit.Entry{entry(1, "late")})
			close(begun)
			<-commit
			return err
		})
	}()
	<-begun
	_, err := stores[1].Park(ctx, []audit.Entry{entry(1, "early")})
	require.NoError(t, err)
	drained(t, ctx, stores[1])
	require.Equal(t, "early", string(whole(t, ctx, stores[1], 1)[0].Leaf))
	close(commit)
	require.NoError(t, <-done)
	drained(t, ctx, stores[1])
	require.Equal(t, "late", string(whole(t, ctx, stores[1], 2)[1].Leaf))
}

func TestWhatWasParkedAfterAnotherCommittedComesLater(t *testing.T) {
	t.Parallel()
	w := onPostgres(t)
	ctx := w.tenant(t)
	stores, dbs := processes(t, w, 4)
	stop := make(chan struct{})
	var drainers sync.WaitGroup
	for _, s := range stores {
		drainers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					if _, err := s.Drain(ctx, 3); err != nil {
						t.Error(err)
						return
					}
				}
			}
		})
	}
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for j := range 30 { // each begins when the one before has committed
				err := dbs[i].Tx(ctx, func(ctx context.Context, _ *sqlx.Tx) error {
					_, err := stores[i].Park(ctx, []audit.Entry{entry(0, fmt.Sprintf("%d %03d", i, j))})
					return err
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	close(stop)
	drainers.Wait()
	drained(t, ctx, stores[0])
	last := map[byte]string{}
	for _, e := range whole(t, ctx, stores[0], 120) {
		require.Greater(t, string(e.Leaf), last[e.Leaf[0]])
		last[e.Leaf[0]] = string(e.Leaf)
	}
}

func TestManySequencersAndAnIntegratorDoNotDeadlock(t *testing.T) {
	t.Parallel()
	w := onPostgres(t)
	stores, dbs := processes(t, w, 4)
	tenants := make([]context.Context, 64)
	for i := range tenants {
		tenants[i] = w.tenant(t)
	}
	var wg, integrator sync.WaitGroup
	stop := make(chan struct{})
	integrator.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			ctx, s := tenants[i%64], stores[i%4]
			err := func() error {
				from, _, err := s.Grown(ctx)
				if err != nil {
					return err
				}
				to, err := s.Size(ctx)
				if err != nil || to == from {
					return err
				}
				if err := s.Grow(ctx, from, to, []byte("x"), nil); err != nil && !errors.Is(err, audit.ErrConflict) {
					return err
				}
				return s.Sign(ctx, audit.Signed{Size: to, Note: []byte("n"), HeadsIndex: -1})
			}()
			if err != nil {
				t.Error(err)
				return
			}
		}
	})
	for p := range stores {
		for range 2 {
			wg.Go(func() {
				for range 80 {
					ctx, s := tenants[rand.IntN(64)], stores[p]
					var err error
					switch rand.IntN(3) {
					case 0:
						_, err = s.Append(ctx, []audit.Entry{entry(1, "a"), entry(0, "b")})
					case 1:
						err = dbs[p].Tx(ctx, func(ctx context.Context, _ *sqlx.Tx) error {
							_, err := s.Park(ctx, []audit.Entry{entry(1, "c")})
							return err
						})
					default:
						_, err = s.Drain(ctx, 5)
					}
					if err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
	}
	wg.Wait()
	close(stop)
	integrator.Wait()
	for _, ctx := range tenants {
		drained(t, ctx, stores[0])
		n, err := stores[0].Size(ctx)
		require.NoError(t, err)
		whole(t, ctx, stores[0], int(n))
	}
}

func TestABacklogIsDrainedInPortions(t *testing.T) {
	t.Parallel()
	w := onPostgres(t)
	s, ctx := w.store(t), w.tenant(t)
	const n = 20_000
	for range n / 2000 {
		batch := make([]audit.Entry, 2000)
		for i := range batch {
			batch[i] = entry(1, "parked")
		}
		_, err := s.Park(ctx, batch)
		require.NoError(t, err)
	}
	total := 0
	for {
		k, err := s.Drain(ctx, 1500)
		require.NoError(t, err)
		require.LessOrEqual(t, k, 1500)
		if total += k; k == 0 {
			break
		}
	}
	require.Equal(t, n, total)
	size, err := s.Size(ctx)
	require.NoError(t, err)
	require.EqualValues(t, n, size)
}
