package supportgrantsql

import (
	"context"
	"fmt"

	"github.com/bailiwick-dev/bailiwick/internal/tables"
	"github.com/bailiwick-dev/bailiwick/supportgrant"
)

type sqliteGuard struct{ t *tables.Tables }

func newSQLiteGuard(t *tables.Tables) guard { return &sqliteGuard{t} }

var errSQLite = fmt.Errorf("%w: no guarded reads on SQLite", supportgrant.ErrUnavailable)

func (g *sqliteGuard) Read(context.Context, supportgrant.Reading, func(context.Context, supportgrant.Rows) error) error {
	return errSQLite
}

func (g *sqliteGuard) Drain(context.Context, ...supportgrant.GrantID) error { return errSQLite }

func (g *sqliteGuard) Catalogue(context.Context, []supportgrant.Resource) (supportgrant.Catalogue, error) {
	return supportgrant.Catalogue{}, errSQLite
}

func (g *sqliteGuard) first(context.Context) (done func()) { return func() {} }
