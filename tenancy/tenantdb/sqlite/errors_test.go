package sqlite_test

import (
	"context"
	"errors"
	"os"
	"testing"

	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
	"github.com/stretchr/testify/require"
)

func TestAFullQuotaRefusesTheStatementAndKeepsTheTenant(t *testing.T) {
	t.Parallel()
	const limit = 256 << 10
	dir := tempDir(t)
	db := open(t, dir, sqlite.Options{Migrations: notes, MaxBytes: limit})
	provision(t, db, acme, globex)
	var err error
	for range 200 {
		if err = exec(db, acme, "INSERT INTO note (body) VALUES (printf('%.4000c', 'x'))"); err != nil {
			break
		}
	}
	require.ErrorIs(t, err, tenantdb.ErrQuota)
	require.NotErrorIs(t, err, tenantdb.ErrOutcomeUnknown)
	require.NotErrorIs(t, err, tenantdb.ErrUnavailable)
	n := len(bodies(t, db, acme))
	require.Positive(t, n)
	require.NoError(t, db.Close())
	for _, f := range filesIn(t, dir) {
		fi, err := os.Stat(f)
		require.NoError(t, err)
		if f[len(f)-3:] == ".db" {
			require.LessOrEqual(t, fi.Size(), int64(limit))
		}
	}
	db = open(t, dir, sqlite.Options{Migrations: notes, MaxBytes: limit})
	require.Len(t, bodies(t, db, acme), n)
	require.NoError(t, exec(db, acme, "DELETE FROM note"))
	require.NoError(t, exec(db, acme, "INSERT INTO note (body) VALUES ('room again')"))
	_, err = sqlite.Open(tempDir(t), sqlite.Options{MaxBytes: 1})
	require.Error(t, err)
}

func TestCommitErrorsSayWhatIsKnown(t *testing.T) {
	t.Parallel()
	db := open(t, tempDir(t), sqlite.Options{Migrations: append(notes[:1:1], sqlite.Migration{ID: "t/2", SQL: "CREATE TABLE child (note INTEGER REFERENCES note DEFERRABLE INITIALLY DEFERRED)"})})
	provision(t, db, acme)
	err := exec(db, acme, "INSERT INTO child VALUES (99)")
	var e *sqlite.Error
	require.ErrorAs(t, err, &e, "the commit is where a deferred key is checked")
	require.Equal(t, 787, e.Code())
	require.NotErrorIs(t, err, tenantdb.ErrOutcomeUnknown)
	require.NoError(t, exec(db, acme, "INSERT INTO note (body) VALUES ('the connection is fit for the next')"))

	require.NoError(t, db.CommitError(nil))
	require.ErrorIs(t, db.CommitError(errors.New("?")), tenantdb.ErrOutcomeUnknown)
	require.NotErrorIs(t, db.CommitError(context.Canceled), tenantdb.ErrOutcomeUnknown)
	require.NoError(t, db.Translate(nil))
	plainErr := errors.New("the caller's own")
	require.Equal(t, plainErr, db.Translate(plainErr))
}
