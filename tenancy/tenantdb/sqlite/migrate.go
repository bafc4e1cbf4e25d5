package sqlite

import (
	"context"
	"crypto/sha256"
	"database/sql/driver"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/jmoiron/sqlx"
)

// Migration is one step of a schema. Once released it is never changed: a file that has run it remembers a hash of
// its SQL, and is refused ([tenantdb.ErrSchema]) to a program in which that is another. What a Func does is not seen.
type Migration struct {
	// ID names the step for ever: "app/0001", "audit/0002". The steps of a file are known by their ids,
	// not by their count, so that the lists of several packages can be joined and each can grow.
	ID string
	// SQL is any number of statements; Func, if set, runs after it.
	SQL  string
	Func func(ctx context.Context, tx *sqlx.Tx) error

	sum string // of SQL, and of whether there is a Func
}

// ReadMigrations returns the steps that the .sql files of fsys hold, in the order of their names. Their
// ids are door + "/" + the name without its ending. Files of pressly/goose are understood: what comes
// after "-- +goose Down" is left out. Annotations other than Up, Down, StatementBegin and StatementEnd are errors.
func ReadMigrations(door string, fsys fs.FS) ([]Migration, error) {
	names, err := fs.Glob(fsys, "*.sql")
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	var out []Migration
	for _, n := range names {
		b, err := fs.ReadFile(fsys, n)
		if err != nil {
			return nil, err
		}
		up, err := gooseUp(string(b))
		if err != nil {
			return nil, fmt.Errorf("sqlite: %s/%s: %w", door, n, err)
		}
		out = append(out, Migration{ID: door + "/" + strings.TrimSuffix(path.Base(n), ".sql"), SQL: up})
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("sqlite: %s has no .sql files", door)
	}
	return out, nil
}

// ReadDoors returns the steps of several doors, by their names, as [ReadMigrations] reads each:
//
//	sqlite.ReadDoors(map[string]fs.FS{"audit": auditsql.SQLite(), "vault": vaultsql.SQLite()})
func ReadDoors(doors map[string]fs.FS) (all []Migration, err error) {
	for _, door := range slices.Sorted(maps.Keys(doors)) {
		steps, err := ReadMigrations(door, doors[door])
		if err != nil {
			return nil, err
		}
		all = append(all, steps...)
	}
	return all, nil
}

// gooseUp returns what comes before "-- +goose Down", however goose lets it be written: what comes after it
// drops tables. It refuses what only goose itself could do.
func gooseUp(text string) (string, error) {
	length := 0
	for line := range strings.Lines(text) {
		if before, command, found := strings.Cut(line, "+goose"); found && strings.HasPrefix(strings.TrimSpace(before), "--") {
			switch strings.ToLower(strings.TrimSpace(strings.ReplaceAll(command, "--", ""))) {
			case "up", "statementbegin", "statementend":
			case "down":
				return text[:length], nil
			default:
				return "", errors.New("an annotation of goose that is not understood here")
			}
		}
		length += len(line)
	}
	return text, nil
}

// summed returns a copy of list with the sum of each step, if the list makes sense.
func summed(list []Migration) ([]Migration, error) {
	seen := map[string]bool{}
	list = slices.Clone(list)
	for i, m := range list {
		switch {
		case m.ID == "" || m.SQL == "" && m.Func == nil:
			return nil, errors.New("sqlite: a migration has no ID or nothing to do")
		case seen[m.ID]:
			return nil, fmt.Errorf("sqlite: two migrations are named %q", m.ID)
		}
		seen[m.ID] = true
		text := strings.ReplaceAll(m.SQL, "\r\n", "\n") // as git may check it out on one machine and not on another
		list[i].sum = digest(fmt.Sprintf("%t\n%s", m.Func != nil, text))
	}
	return list, nil
}

// fingerprint names a set of migrations, whatever order they ran in.
func fingerprint(list []Migration) string {
	known := make([]string, len(list))
	for i, m := range list {
		known[i] = m.ID + " " + m.sum
	}
	slices.Sort(known)
	return digest(strings.Join(known, "\n"))
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:8])
}

// migrateFile brings the file of a tenant to the schema of this program, on a connection of its own
// that no rules bind. It returns the header after it.
func (d *DB) migrateFile(ctx context.Context, path string, mode openMode, id tenancy.ID) (hd *header, err error) {
	c, err := d.connect(ctx, path, mode, false)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.destroy()) }()
	return d.migrateOn(ctx, c, id)
}

// migrateOn is one transaction: a file is migrated or it is not.
func (d *DB) migrateOn(ctx context.Context, c *conn, id tenancy.ID) (hd *header, err error) {
	err = d.change(ctx, c, func(ctx context.Context, tx *sqlx.Tx) error {
		if hd, err = d.identify(ctx, c, id); err != nil {
			return err
		}
		if hd.schema == d.schema { // somebody was faster
			return nil
		}
		n, err := apply(ctx, c, tx, d.opts.Migrations)
		if err != nil {
			return err
		}
		hd.schema, hd.version = d.schema, hd.version+1
		if err := d.writeHeader(ctx, c, hd); err != nil {
			return err
		}
		return c.exec(ctx, fmt.Sprintf("PRAGMA user_version = %d", n))
	})
	if err != nil {
		return nil, err
	}
	return hd, nil
}

// change runs f in a writing transaction on a connection of maintenance.
func (d *DB) change(ctx context.Context, c *conn, f func(context.Context, *sqlx.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	// The statements of f watch ctx. The transaction does not, or database/sql would roll it back by
	// itself, some time after we have closed the connection.
	tx, err := d.beginOn(context.WithoutCancel(ctx), c, false)
	if err != nil {
		return err
	}
	done := false
	defer func() {
		if !done { // f panicked, or called runtime.Goexit
			_ = tx.Rollback()
		}
	}()
	err = f(ctx, tx)
	done = true
	if err != nil {
		return errors.Join(d.Translate(err), tx.Rollback())
	}
	return d.CommitError(tx.Commit())
}

// apply runs the steps of list that the file has not seen, and returns how many it has seen then. A file
// that has seen others was made by a newer program; one that has seen them with another text is not what this
// program takes it for.
func apply(ctx context.Context, c *conn, tx *sqlx.Tx, list []Migration) (int, error) {
	seen, err := c.strings(ctx, "SELECT sum || ' ' || id FROM tenancy_migration")
	if err != nil {
		return 0, err
	}
	done := make(map[string]bool, len(seen))
	for _, s := range seen {
		sum, id, _ := strings.Cut(s, " ")
		i := slices.IndexFunc(list, func(m Migration) bool { return m.ID == id })
		switch {
		case i < 0:
			return 0, fmt.Errorf("%w: the file was migrated by a newer program: it has %q", tenantdb.ErrSchema, id)
		case list[i].sum != sum:
			return 0, fmt.Errorf("%w: migration %q was changed after the file had run it: put it back, and add a new one", tenantdb.ErrSchema, id)
		}
		done[id] = true
	}
	ran := false
	for _, m := range list {
		if done[m.ID] {
			continue
		}
		ran = true
		if m.SQL != "" {
			if _, err := tx.ExecContext(ctx, m.SQL); err != nil {
				return 0, fmt.Errorf("sqlite: migration %s: %w", m.ID, err)
			}
		}
		if m.Func != nil {
			if err := m.Func(ctx, tx); err != nil {
				return 0, fmt.Errorf("sqlite: migration %s: %w", m.ID, err)
			}
		}
		if err := c.exec(ctx, "INSERT INTO tenancy_migration (id, sum, applied_at) VALUES (?, ?, bw_now())", m.ID, m.sum); err != nil {
			return 0, err
		}
	}
	if ran { // foreign keys are not enforced here, so that tables can be rebuilt
		var bad [4]driver.Value
		switch err := c.row(ctx, bad[:], "PRAGMA foreign_key_check"); {
		case err == nil:
			return 0, fmt.Errorf("%w: the migrations leave rows whose foreign keys point nowhere", tenantdb.ErrSchema)
		case err != io.EOF:
			return 0, err
		}
	}
	return len(list), nil
}
