package tenantdb_test

import (
	"context"
	"database/sql"
	"errors"
	"runtime"
	"testing"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
)

var errMine = errors.New("mine")

func insert(id string) tenantdb.Func {
	return func(ctx context.Context, tx *sqlx.Tx) error {
		tenant, err := tenancy.From(ctx)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, tx.Rebind(`INSERT INTO note (tenant_id, id) VALUES (?, ?)`), tenant, id)
		return err
	}
}

func notes(t *testing.T, ctx context.Context, db *tenantdb.DB) (ids []string) {
	t.Helper()
	require.NoError(t, db.Read(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		return tx.SelectContext(ctx, &ids, `SELECT id FROM note ORDER BY id`)
	}))
	return ids
}

func TestATransactionSeesItsTenantOnly(t *testing.T) {
	each(t, func(t *testing.T, db *tenantdb.DB, a, b context.Context) {
		require.NoError(t, db.Tx(a, insert("1")))
		require.NoError(t, db.Tx(b, insert("2")))
		require.Equal(t, []string{"1"}, notes(t, a, db))
		require.Equal(t, []string{"2"}, notes(t, b, db))
	})
}

func TestWithoutOneTenantNothingRuns(t *testing.T) {
	each(t, func(t *testing.T, db *tenantdb.DB, a, _ context.Context) {
		never := func(context.Context, *sqlx.Tx) error { t.Error("ran"); return nil }
		require.ErrorIs(t, db.Tx(t.Context(), never), tenancy.ErrNoTenant)
		require.ErrorIs(t, db.Read(t.Context(), never), tenancy.ErrNoTenant)
		two := tenancy.With(a, tenancy.MustParseID("b"))
		require.ErrorIs(t, db.Tx(two, never), tenancy.ErrConflict)
		nobody := tenancy.With(t.Context(), tenancy.MustParseID("nobody"))
		require.ErrorIs(t, db.Tx(nobody, insert("1")), tenancy.ErrUnknownTenant)
	})
}

func TestAFailingFunctionLeavesNothing(t *testing.T) {
	each(t, func(t *testing.T, db *tenantdb.DB, a, _ context.Context) {
		require.ErrorIs(t, db.Tx(a, func(ctx context.Context, tx *sqlx.Tx) error {
			require.NoError(t, insert("1")(ctx, tx))
			return errMine
		}), errMine)
		require.PanicsWithValue(t, "boom", func() {
			_ = db.Tx(a, func(ctx context.Context, tx *sqlx.Tx) error {
				require.NoError(t, insert("2")(ctx, tx))
				panic("boom")
			})
		})
		gone := make(chan struct{})
		go func() {
			defer close(gone)
			_ = db.Tx(a, func(ctx context.Context, tx *sqlx.Tx) error {
				_ = insert("3")(ctx, tx)
				runtime.Goexit() // as t.FailNow does
				return nil
			})
		}()
		<-gone
		require.Empty(t, notes(t, a, db))
		require.NoError(t, db.Tx(a, insert("4")), "a connection or handle was left behind")
	})
}

func TestACallWithTheContextJoinsTheTransaction(t *testing.T) {
	each(t, func(t *testing.T, db *tenantdb.DB, a, _ context.Context) {
		require.NoError(t, db.Tx(a, func(ctx context.Context, tx *sqlx.Tx) error {
			require.True(t, db.InTx(ctx))
			require.NoError(t, db.Tx(ctx, func(ctx context.Context, inner *sqlx.Tx) error {
				require.Same(t, tx, inner)
				return insert("1")(ctx, inner)
			}))
			require.Equal(t, []string{"1"}, notes(t, ctx, db), "a read inside sees the writes before it")
			return nil
		}))
		require.False(t, db.InTx(a))
		require.ErrorIs(t, db.Tx(a, func(ctx context.Context, _ *sqlx.Tx) error {
			require.NoError(t, db.Tx(ctx, insert("2")))
			return errMine
		}), errMine)
		require.Equal(t, []string{"1"}, notes(t, a, db), "the joined write outlived its transaction")
	})
}

func TestASwallowedErrorOfAJoinedCallDoomsTheWhole(t *testing.T) {
	each(t, func(t *testing.T, db *tenantdb.DB, a, _ context.Context) {
		for _, fail := range []tenantdb.Func{
			func(context.Context, *sqlx.Tx) error { return errMine },
			func(context.Context, *sqlx.Tx) error { panic("boom") },
		} {
			err := db.Tx(a, func(ctx context.Context, tx *sqlx.Tx) error {
				require.NoError(t, insert("1")(ctx, tx))
				func() {
					defer func() { _ = recover() }()
					_ = db.Tx(ctx, fail)
				}()
				return nil
			})
			require.ErrorIs(t, err, tenantdb.ErrDoomed)
			require.Empty(t, notes(t, a, db))
		}
	})
}

func TestATransactionDoesNotFollowAContextToAnotherTenant(t *testing.T) {
	each(t, func(t *testing.T, db *tenantdb.DB, a, b context.Context) {
		bID, err := tenancy.From(b)
		require.NoError(t, err)
		require.NoError(t, db.Tx(a, func(ctx context.Context, _ *sqlx.Tx) error {
			never := func(context.Context, *sqlx.Tx) error { t.Error("ran"); return nil }
			require.ErrorIs(t, db.Tx(tenancy.Switch(ctx, bID), never), tenantdb.ErrMismatch)
			require.ErrorIs(t, db.Savepoint(tenancy.Switch(ctx, bID), never), tenantdb.ErrMismatch)
			require.ErrorIs(t, db.Tx(tenancy.With(ctx, bID), never), tenancy.ErrConflict)
			require.False(t, db.InTx(tenancy.Switch(ctx, bID)))
			require.Nil(t, db.Native(tenancy.Switch(ctx, bID)))
			return nil
		}))
	})
}

func TestAStatementWithAnotherTenantsContextIsRefused(t *testing.T) {
	each(t, func(t *testing.T, db *tenantdb.DB, a, b context.Context) {
		require.NoError(t, db.Tx(a, func(ctx context.Context, tx *sqlx.Tx) error {
			var n int
			require.ErrorIs(t, tx.GetContext(b, &n, `SELECT count(*) FROM note`), tenantdb.ErrMismatch)
			_, err := tx.ExecContext(b, `DELETE FROM note`)
			require.ErrorIs(t, err, tenantdb.ErrMismatch)
			ready, err := tx.PreparexContext(ctx, `SELECT count(*) FROM note`)
			require.NoError(t, err)
			require.ErrorIs(t, ready.GetContext(b, &n), tenantdb.ErrMismatch, "a prepared statement")
			require.NoError(t, ready.Close())
			two := tenancy.With(b, tenancy.MustParseID("a"))
			require.ErrorIs(t, tx.GetContext(two, &n, `SELECT count(*) FROM note`), tenancy.ErrConflict)
			return tx.GetContext(context.Background(), &n, `SELECT count(*) FROM note`) // the transaction says whose it is
		}))
	})
}

func TestAContextKeptBeyondItsTransactionIsRefused(t *testing.T) {
	each(t, func(t *testing.T, db *tenantdb.DB, a, _ context.Context) {
		var kept context.Context
		require.NoError(t, db.Tx(a, func(ctx context.Context, _ *sqlx.Tx) error { kept = ctx; return nil }))
		require.ErrorContains(t, db.Tx(kept, insert("1")), "has ended")
		require.Error(t, db.Savepoint(kept, insert("1")))
		require.False(t, db.InTx(kept))
		require.Empty(t, notes(t, a, db))
	})
}

func TestAKeyThatIsTakenIsSaidAlikeOnBothDatabasesAndOnlyToItsTenant(t *testing.T) {
	each(t, func(t *testing.T, db *tenantdb.DB, a, b context.Context) {
		require.NoError(t, db.Tx(a, insert("1")))
		require.ErrorIs(t, db.Tx(a, insert("1")), tenantdb.ErrUnique)
		require.NoError(t, db.Tx(b, insert("1")))
	})
}

func TestReadRefusesWrites(t *testing.T) {
	each(t, func(t *testing.T, db *tenantdb.DB, a, _ context.Context) {
		require.ErrorIs(t, db.Read(a, insert("1")), tenantdb.ErrReadOnly)
		require.ErrorIs(t, db.Read(a, func(ctx context.Context, _ *sqlx.Tx) error {
			return db.Tx(ctx, insert("1"))
		}), tenantdb.ErrReadOnly)
		require.Empty(t, notes(t, a, db))
	})
}

func TestASavepointUndoesItsOwnPartAndKeepsTheTenant(t *testing.T) {
	each(t, func(t *testing.T, db *tenantdb.DB, a, b context.Context) {
		require.NoError(t, db.Tx(b, insert("theirs")))
		require.NoError(t, db.Tx(a, func(ctx context.Context, tx *sqlx.Tx) error {
			// The savepoint is the very first thing: the scope must be older than it.
			require.ErrorIs(t, db.Savepoint(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
				require.NoError(t, insert("1")(ctx, tx))
				return errMine
			}), errMine)
			require.NoError(t, insert("2")(ctx, tx))
			require.NoError(t, db.Savepoint(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
				require.NoError(t, insert("3")(ctx, tx))
				require.Error(t, db.Savepoint(ctx, insert("3"))) // a duplicate, inside a savepoint inside one
				return db.Tx(ctx, insert("4"))
			}))
			require.ErrorIs(t, db.Savepoint(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
				_ = db.Tx(ctx, func(context.Context, *sqlx.Tx) error { return errMine })
				return insert("5")(ctx, tx)
			}), tenantdb.ErrDoomed)
			require.Equal(t, []string{"2", "3", "4"}, notes(t, ctx, db))
			return nil
		}))
		require.Equal(t, []string{"2", "3", "4"}, notes(t, a, db))
		require.Error(t, db.Savepoint(a, insert("6")), "a savepoint needs a transaction")
	})
}

// manyErrors cannot be compared, as validator.ValidationErrors cannot.
type manyErrors []error

func (manyErrors) Error() string { return "many" }

func TestASavepointHoldsWhateverRunsInIt(t *testing.T) {
	each(t, func(t *testing.T, db *tenantdb.DB, a, _ context.Context) {
		require.NoError(t, db.Tx(a, func(ctx context.Context, tx *sqlx.Tx) error {
			require.ErrorIs(t, db.Savepoint(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
				require.NoError(t, insert("1")(ctx, tx))
				_, err := tx.ExecContext(ctx, "SAVEPOINT bailiwick_1") // as if to be undone in place of ours
				require.NoError(t, err)
				return errMine
			}), errMine)
			return nil
		}))
		require.Empty(t, notes(t, a, db))
		require.ErrorIs(t, db.Tx(a, func(ctx context.Context, _ *sqlx.Tx) error {
			_ = db.Tx(ctx, func(context.Context, *sqlx.Tx) error { return manyErrors{errMine} })
			return db.Savepoint(ctx, insert("2"))
		}), tenantdb.ErrDoomed)
		require.Empty(t, notes(t, a, db))
	})
}

func TestACallIsNotIsolatedLessThanItAsksFor(t *testing.T) {
	each(t, func(t *testing.T, db *tenantdb.DB, a, _ context.Context) {
		serializable := tenantdb.Isolation(sql.LevelSerializable)
		nested := func(ctx context.Context, _ *sqlx.Tx) error { return db.Tx(ctx, insert("1"), serializable) }
		require.NoError(t, db.Tx(a, nested, serializable))
		err := db.Tx(a, func(ctx context.Context, tx *sqlx.Tx) error {
			require.NoError(t, db.Tx(ctx, insert("2"), tenantdb.Isolation(sql.LevelReadCommitted)))
			return db.Tx(ctx, insert("3"), serializable)
		})
		if db.Dialect() == tenantdb.SQLite { // where nothing is less
			require.NoError(t, err)
			return
		}
		require.ErrorContains(t, err, "less isolated")
		require.Equal(t, []string{"1"}, notes(t, a, db))
	})
}

func TestACancelledContextLeavesNothing(t *testing.T) {
	each(t, func(t *testing.T, db *tenantdb.DB, a, _ context.Context) {
		ctx, cancel := context.WithCancel(a)
		err := db.Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
			require.NoError(t, insert("1")(ctx, tx))
			cancel()
			return nil
		})
		require.ErrorIs(t, err, context.Canceled)
		require.NotErrorIs(t, err, tenantdb.ErrOutcomeUnknown, "nothing was sent")
		require.Empty(t, notes(t, a, db))
		require.ErrorIs(t, db.Tx(ctx, insert("2")), context.Canceled)
		require.NoError(t, db.Tx(a, insert("3")))
	})
}

func TestRetryRunsAgainAfterAConflictAndNothingElse(t *testing.T) {
	each(t, func(t *testing.T, db *tenantdb.DB, a, _ context.Context) {
		runs := 0
		conflict := func(n int) tenantdb.Func {
			return func(ctx context.Context, tx *sqlx.Tx) error {
				if runs++; runs <= n {
					return tenantdb.ErrConflict
				}
				return insert("1")(ctx, tx)
			}
		}
		require.ErrorIs(t, db.Tx(a, conflict(1)), tenantdb.ErrConflict)
		require.Equal(t, 1, runs)
		runs = 0
		require.NoError(t, db.Tx(a, conflict(2), tenantdb.Retry(2)))
		require.Equal(t, 3, runs)
		runs = 0
		require.ErrorIs(t, db.Tx(a, func(context.Context, *sqlx.Tx) error { runs++; return errMine }, tenantdb.Retry(2)), errMine)
		require.Equal(t, 1, runs)
		require.Equal(t, []string{"1"}, notes(t, a, db))
	})
}

func TestTheLimiterIsAskedOnceATransactionAndReleased(t *testing.T) {
	each(t, func(t *testing.T, db *tenantdb.DB, a, _ context.Context) {
		l := &limiter{}
		limited := db.WithLimits(l)
		require.NoError(t, limited.Tx(a, func(ctx context.Context, _ *sqlx.Tx) error {
			require.Equal(t, 1, l.held)
			return limited.Tx(ctx, insert("1"))
		}))
		require.Equal(t, limiter{asked: 1}, *l)
		l.full = true
		require.ErrorIs(t, limited.Tx(a, insert("2")), tenancy.ErrBusy)
		require.Equal(t, []string{"1"}, notes(t, a, db))
	})
}

type limiter struct {
	asked, held int
	full        bool
}

func (l *limiter) Acquire(context.Context, tenancy.ID) (func(), error) {
	if l.full {
		return nil, tenancy.ErrBusy
	}
	l.asked++
	l.held++
	return func() { l.held-- }, nil
}

func TestSystemWorkNeedsAReasonAndIsApart(t *testing.T) {
	each(t, func(t *testing.T, db *tenantdb.DB, a, _ context.Context) {
		never := func(context.Context, *sqlx.Tx) error { t.Error("ran"); return nil }
		require.Error(t, db.System(a, "  ", never))
		require.NoError(t, db.Tx(a, func(ctx context.Context, tenantTx *sqlx.Tx) error {
			return db.System(ctx, "test", func(ctx context.Context, tx *sqlx.Tx) error {
				require.NotSame(t, tenantTx, tx)
				require.NoError(t, db.System(ctx, "test", func(_ context.Context, inner *sqlx.Tx) error {
					require.Same(t, tx, inner)
					return nil
				}))
				var one int
				return tx.GetContext(ctx, &one, "SELECT 1")
			})
		}))
	})
}

func TestWhatWaitsForTheCommitRunsAfterItAndNeverWithout(t *testing.T) {
	each(t, func(t *testing.T, db *tenantdb.DB, a, b context.Context) {
		var ran []string
		note := func(ctx context.Context, s string) {
			db.AfterCommit(ctx, func() {
				require.NoError(t, db.Tx(a, insert(s)), "the transaction is over, and its tenant's writer free")
				ran = append(ran, s)
			})
		}
		note(a, "at once")
		require.Equal(t, []string{"at once"}, ran)
		require.NoError(t, db.Tx(a, func(ctx context.Context, _ *sqlx.Tx) error {
			note(ctx, "outer")
			require.Error(t, db.Savepoint(ctx, func(ctx context.Context, _ *sqlx.Tx) error { note(ctx, "undone"); return errMine }))
			require.NoError(t, db.Savepoint(ctx, func(ctx context.Context, _ *sqlx.Tx) error { note(ctx, "kept"); return nil }))
			require.NoError(t, db.Tx(ctx, func(ctx context.Context, _ *sqlx.Tx) error { note(ctx, "inner"); return nil }))
			require.Len(t, ran, 1)
			return nil
		}))
		require.Equal(t, []string{"at once", "outer", "kept", "inner"}, ran)
		require.ErrorIs(t, db.Tx(a, func(ctx context.Context, _ *sqlx.Tx) error { note(ctx, "rolled back"); return errMine }), errMine)
		require.ErrorIs(t, db.Tx(a, func(ctx context.Context, _ *sqlx.Tx) error {
			note(ctx, "doomed")
			_ = db.Tx(ctx, func(context.Context, *sqlx.Tx) error { return errMine })
			return nil
		}), tenantdb.ErrDoomed)
		runs := 0
		require.NoError(t, db.Tx(b, func(ctx context.Context, _ *sqlx.Tx) error {
			if db.AfterCommit(ctx, func() { runs += 10 }); runs == 0 {
				runs++
				return tenantdb.ErrConflict
			}
			return nil
		}, tenantdb.Retry(1)))
		require.Equal(t, 11, runs, "once, for the run that committed")
		require.Len(t, ran, 4)
	})
}

func TestARowIsReadInOneGoAndWhatItDidIsInForce(t *testing.T) {
	each(t, func(t *testing.T, db *tenantdb.DB, a, b context.Context) {
		add := "INSERT INTO note (tenant_id, id) VALUES ('a', '1') RETURNING id"
		var id string
		require.ErrorIs(t, db.Row(t.Context(), add, nil, []any{&id}), tenancy.ErrNoTenant)
		require.NoError(t, db.Row(a, add, nil, []any{&id}))
		require.Equal(t, "1", id)
		require.Equal(t, []string{"1"}, notes(t, a, db))
		require.Empty(t, notes(t, b, db))
		require.ErrorIs(t, db.Row(a, add, nil, []any{&id}), tenantdb.ErrUnique)
		require.ErrorIs(t, db.Row(a, "SELECT id FROM note WHERE id = 'x'", nil, []any{&id}), sql.ErrNoRows)
		nobody := tenancy.With(t.Context(), tenancy.MustParseID("nobody"))
		require.ErrorIs(t, db.Row(nobody, add, nil, []any{&id}), tenancy.ErrUnknownTenant)
		if db.Dialect() == tenantdb.Postgres {
			require.ErrorIs(t, db.Row(b, "INSERT INTO note (tenant_id, id) VALUES ('a', '2') RETURNING id", nil, []any{&id}), tenantdb.ErrIsolation)
		}
		// Joined.
		require.ErrorIs(t, db.Tx(a, func(ctx context.Context, _ *sqlx.Tx) error {
			require.NoError(t, db.Row(ctx, "INSERT INTO note (tenant_id, id) VALUES ('a', '2') RETURNING id", nil, []any{&id}))
			require.ErrorIs(t, db.Row(ctx, "SELECT id FROM note WHERE id = 'x'", nil, []any{&id}), sql.ErrNoRows)
			require.Equal(t, []string{"1", "2"}, notes(t, ctx, db))
			return errMine
		}), errMine)
		require.Equal(t, []string{"1"}, notes(t, a, db))
		l := &limiter{}
		require.NoError(t, db.WithLimits(l).Row(a, "SELECT id FROM note", nil, []any{&id}))
		require.Equal(t, limiter{asked: 1}, *l)
		done, cancel := context.WithCancel(a)
		cancel()
		require.Error(t, db.Row(done, add, nil, []any{&id}))
	})
}

func TestWhatIsPutOffCommitsWithTheTransactionOrNotAtAll(t *testing.T) {
	each(t, func(t *testing.T, db *tenantdb.DB, a, b context.Context) {
		put := func(ctx context.Context, id string) error {
			tenant, _ := tenancy.From(ctx)
			q := "INSERT INTO note (tenant_id, id) VALUES (?, ?)"
			if db.Dialect() == tenantdb.Postgres {
				q = "INSERT INTO note (tenant_id, id) VALUES ($1, $2)"
			}
			return db.Defer(ctx, q, tenant.String(), id)
		}
		require.NoError(t, put(a, "1"), "on its own")
		require.NoError(t, db.Tx(a, func(ctx context.Context, tx *sqlx.Tx) error {
			require.NoError(t, insert("2")(ctx, tx))
			require.NoError(t, put(ctx, "3"))
			require.Error(t, db.Savepoint(ctx, func(ctx context.Context, _ *sqlx.Tx) error {
				require.NoError(t, put(ctx, "undone"))
				return errMine
			}))
			require.Error(t, db.Savepoint(ctx, func(ctx context.Context, _ *sqlx.Tx) error {
				require.NoError(t, db.Flush(ctx))
				return errMine
			}))
			return put(ctx, "4")
		}))
		require.Equal(t, []string{"1", "2", "3", "4"}, notes(t, a, db))
		require.ErrorIs(t, db.Tx(a, func(ctx context.Context, _ *sqlx.Tx) error {
			require.NoError(t, put(ctx, "5"))
			return errMine
		}), errMine)
		require.NoError(t, db.Tx(a, func(ctx context.Context, _ *sqlx.Tx) error {
			require.NoError(t, put(ctx, "5"))
			require.NoError(t, db.Flush(ctx))
			require.Equal(t, []string{"1", "2", "3", "4", "5"}, notes(t, ctx, db))
			return nil
		}))
		require.NoError(t, db.Flush(a), "outside there is nothing to do")
		// What fails at the end undoes the whole, and leaves a connection that works.
		for range 3 {
			err := db.Tx(a, func(ctx context.Context, tx *sqlx.Tx) error {
				require.NoError(t, insert("6")(ctx, tx))
				return put(ctx, "1")
			})
			require.ErrorIs(t, err, tenantdb.ErrUnique)
			require.NotErrorIs(t, err, tenantdb.ErrOutcomeUnknown)
		}
		require.NoError(t, put(b, "1"))
		require.Equal(t, []string{"1"}, notes(t, b, db))
		require.Equal(t, []string{"1", "2", "3", "4", "5"}, notes(t, a, db))
		require.ErrorIs(t, db.Read(a, func(ctx context.Context, _ *sqlx.Tx) error { return put(ctx, "7") }), tenantdb.ErrReadOnly)
	})
}
