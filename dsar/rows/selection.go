package rows

import (
	"context"
	"errors"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
)

var errLater = errors.New("rows: not built yet")

// Selection is the rows of one person, or of a whole tenant. It holds personal values, and prints as nothing but the kind. It is safe for
// concurrent use, for one tenant; ask for a new one when time has passed.
type Selection struct {
	r      *Rows
	person dsar.Person
}

// Resolve finds the person's row, in a transaction that only reads or in the one that ctx carries: by the key, or else by the identifiers
// that are known. What the row holds of identifiers now is added to what is known, and so are the spellings of known values
// that the database has in columns which hold identifiers.
//
// It is dsar.ErrNobody if there is no row under the key, or none under any identifier and nothing else that an identifier leads to;
// [ErrAmbiguous] if the identifiers lead to several people, none of them by its exact spelling; dsar.ErrUndecided if the map has open
// questions; tenancy.ErrNoTenant without a tenant.
func (r *Rows) Resolve(ctx context.Context, db *tenantdb.DB, p dsar.Person) (*Selection, error) {
	return nil, errLater
}

// Tenant returns the selection of ctx's whole tenant: all rows of all tables, each of them [Owned] and [Erased].
func (r *Rows) Tenant(ctx context.Context) (*Selection, error) { return nil, errLater }

// Person is who was found: with the key, in the form in which the database writes it, if they have a row, and all that they are known by. Of the
// forms Fold, Email and Phone, each known value is there in all the spellings that the database has.
func (s *Selection) Person() dsar.Person { return s.person }

// Where returns the condition on a row of the table, under the alias t, that it is in the part. It is false if no row can be.
func (s *Selection) Where(table string, p Part) (Cond, bool) { return Cond{}, false }

// Points returns the condition on a row of the table, under the alias t, that its link of that index (in Mapped.Ties) points at a row that
// is in the part, or holds an identifier of the person. It serves references as well, whose rows nobody owns. It is false if
// no row can point there.
func (s *Selection) Points(table string, tie int, at Part) (Cond, bool) { return Cond{}, false }

// Count returns how many rows of the table are in the part.
func (s *Selection) Count(ctx context.Context, db *tenantdb.DB, table string, p Part) (int64, error) {
	return 0, errLater
}

// Query says which rows and columns [Selection.Stream] reads.
type Query struct {
	Table   string
	Part    Part
	Columns []string // nil: all of the map, in its order
	And     Cond     // a further condition on t; the zero Cond: none
}

// Stream reads rows one by one, in no order, in the transaction that ctx carries ([Snapshot] makes one in which no row is read twice or
// missed) or one of its own. It returns how many there were. An error of fn ends it and is returned.
func (s *Selection) Stream(ctx context.Context, db *tenantdb.DB, q Query, fn func(*Row) error) (int64, error) {
	return 0, errLater
}

// Snapshot runs fn in a transaction that only reads, and sees the database as it was at one moment (repeatable read). On Postgres,
// times are written in UTC and ISO 8601 form in it, whatever the server's settings are. It cannot join a transaction that is less isolated.
func Snapshot(ctx context.Context, db *tenantdb.DB, fn func(context.Context) error) error {
	return errLater
}
