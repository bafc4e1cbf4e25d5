package dsarsql

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/internal/migrate"
	"github.com/bailiwick-dev/bailiwick/internal/tables"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
)

// Store is a [dsar.Store]. It is safe for concurrent use by many processes.
type Store struct{ t *tables.Tables }

var _ dsar.Store = (*Store)(nil)

// New returns the requests in db, whose tables are there already: see [Migrate] and [SQLite]. It asks the database nothing. The
// first call that uses the tables is refused with [dsar.ErrSchema] if they are not there, older or newer than this release.
func New(db *tenantdb.DB) (*Store, error) {
	t, err := open(db)
	if err != nil {
		return nil, err
	}
	return &Store{t}, nil
}

// open returns the tables in db, which are looked at by the first call that uses them.
func open(db *tenantdb.DB) (*tables.Tables, error) {
	return tables.New(db, tables.Door{
		Known:  migrate.Known{Name: "dsar", Table: "dsar_breach", Version: version, Wrong: dsar.ErrSchema},
		SQLite: SQLite,
		Words: map[bool][]string{
			false: {"{lock}", "", "{skip}", "", "{tenant}", "", "{of c}", "IN (SELECT id FROM c)"},
			true:  {"{lock}", " FOR UPDATE", "{skip}", " FOR UPDATE SKIP LOCKED", "{tenant}", "tenant_id, ", "{of c}", "= ANY (ARRAY(SELECT id FROM c))"}, // whatever the planner thinks
		},
		Errors: tables.Errors{Schema: dsar.ErrSchema, Unavailable: dsar.ErrUnavailable, Unknown: dsar.ErrUnknown, Conflict: dsar.ErrConflict, Refused: dsar.ErrRefused, State: "BWD01"},
	})
}

// Tx implements [dsar.Store].
func (s *Store) Tx(ctx context.Context, f func(ctx context.Context) error) error {
	return s.t.Tx(ctx, f)
}

// InTx implements [dsar.Store].
func (s *Store) InTx(ctx context.Context) bool { return s.t.DB.InTx(ctx) }

// Now implements [dsar.Store].
func (s *Store) Now(ctx context.Context) (time.Time, error) { return now(ctx, s.t) }

func now(ctx context.Context, t *tables.Tables) (time.Time, error) {
	var us int64
	if err := t.Look(ctx, `SELECT {now}`, nil, []any{&us}); err != nil {
		return time.Time{}, err
	}
	return tables.Micro(us), nil
}

// write runs f in a transaction that f's answers do not undo, and its other errors do.
func (s *Store) write(ctx context.Context, f tenantdb.Func) error {
	return tables.Answering(func(f tenantdb.Func) error { return s.t.Write(ctx, f) }, isAnswer, f)
}

func isAnswer(err error) bool {
	return errors.Is(err, dsar.ErrNotFound) || errors.Is(err, dsar.ErrExists)
}

// errRow is a row that this code would not have written. What it says is not guessed.
var errRow = errors.New("dsarsql: a row that is none")

func refused(why string) error { return fmt.Errorf("%w: %s", dsar.ErrRefused, why) }

// texts is an error if one of them would not come back as it is.
func texts(all ...string) error {
	if !tables.AreTexts(all...) {
		return refused("text that is not UTF-8, or has a NUL")
	}
	return nil
}

// kindOf is the kind of that name.
func kindOf(name string) (dsar.Kind, error) {
	for _, k := range dsar.Kinds() {
		if k.String() == name {
			return k, nil
		}
	}
	return 0, errRow
}

// refOf is what a column has of one.
func refOf(b []byte) (r dsar.Ref, err error) {
	if copy(r[:], b) != len(r) || len(b) != len(r) {
		return r, errRow
	}
	return r, nil
}

// isID reports whether id can be one.
func isID(id dsar.ID) bool {
	return id != "" && len(id) <= 64 && !strings.ContainsFunc(string(id), func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '.')
	})
}
