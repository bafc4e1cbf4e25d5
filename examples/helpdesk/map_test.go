package main

import (
	"context"
	"testing"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
)

// A column that somebody adds to the schema, and nobody thought about, fails here.
func TestTheMapOfPersonalDataIsWhatTheMigrationsMade(t *testing.T) {
	t.Parallel()
	d := openDesk(t)
	require.NoError(t, d.db.Tx(tenancy.With(t.Context(), seeds[0].id), func(_ context.Context, tx *sqlx.Tx) error {
		dsar.Check(t, tx, personalData)
		return nil
	}))
}
