package supportgrantsql

import (
	"context"
	"fmt"

	"github.com/bailiwick-dev/bailiwick/internal/tables"
	"github.com/bailiwick-dev/bailiwick/supportgrant"
)

// postgresGuard reads nothing yet: there are no guarded reads on Postgres.
type postgresGuard struct{ t *tables.Tables }

func newPostgresGuard(t *tables.Tables) guard { return &postgresGuard{t} }

var errPostgres = fmt.Errorf("%w: no guarded reads on Postgres", supportgrant.ErrUnavailable)

func (g *postgresGuard) Read(context.Context, supportgrant.Reading, func(context.Context, supportgrant.Rows) error) error {
	return errPostgres
}

func (g *postgresGuard) Drain(context.Context, ...supportgrant.GrantID) error { return errPostgres }

func (g *postgresGuard) Catalogue(context.Context, []supportgrant.Resource) (supportgrant.Catalogue, error) {
	return supportgrant.Catalogue{}, errPostgres
}

func (g *postgresGuard) first(context.Context) (done func()) { return func() {} }
