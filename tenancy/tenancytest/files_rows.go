package tenancytest

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/jmoiron/sqlx"
)

// fileTables returns the tables of a tenant's file, parents first as far as there is an order.
func fileTables(ctx context.Context, tx *sqlx.Tx) (names []string, err error) {
	err = tx.SelectContext(ctx, &names, `SELECT m.name FROM sqlite_master m WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\_%' ESCAPE '\'
		AND m.name NOT LIKE 'tenancy\_%' ESCAPE '\' AND m.sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY m.rowid`)
	return names, err
}

// contents returns how many rows each table has.
func (k *kit) contents(ctx context.Context, id tenancy.ID) (map[string]int64, error) {
	out := map[string]int64{}
	err := k.read(ctx, id, func(ctx context.Context, tx *sqlx.Tx) error {
		names, err := fileTables(ctx, tx)
		if err != nil {
			return err
		}
		for _, name := range names {
			var n int64
			if err := tx.GetContext(ctx, &n, "SELECT count(*) FROM "+ident(name)); err != nil {
				return err
			}
			out[name] = n
		}
		return nil
	})
	return out, err
}

// shared lets B insert a row and A look whether its own table grew.
func (k *kit) shared(ctx context.Context, name string) (string, error) {
	before, err := k.contents(ctx, k.A)
	if err != nil {
		return "", err
	}
	var rowid int64
	ctxB := tenancy.Switch(ctx, k.B)
	if err := k.DB.Tx(ctxB, func(ctx context.Context, tx *sqlx.Tx) error {
		if err := k.fileRow(ctx, tx, name, k.B); err != nil {
			return err
		}
		return tx.GetContext(ctx, &rowid, "SELECT last_insert_rowid()")
	}); err != nil {
		return "", skipped{"no further row could be made for it"}
	}
	after, err := k.contents(ctx, k.A)
	_ = k.DB.Tx(ctxB, func(ctx context.Context, tx *sqlx.Tx) error { // a table that is only added to keeps it
		_, err := tx.ExecContext(ctx, "DELETE FROM "+ident(name)+" WHERE rowid = ?", rowid)
		return err
	})
	if after[name] != before[name] {
		return "a row that the other tenant inserted was there", err
	}
	return "", err
}

// fillFile sees to it that a tenant's file has rows: by Seed, or rows made of the columns' types.
func (k *kit) fillFile(ctx context.Context, id tenancy.ID) error {
	have, err := k.contents(ctx, id)
	if err != nil {
		return err
	}
	empty := map[string]bool{}
	for name, rows := range have {
		if rows == 0 && k.listed(name) {
			empty[name] = true
		}
	}
	if len(empty) == 0 {
		return nil
	}
	return k.DB.Tx(tenancy.Switch(ctx, id), func(ctx context.Context, tx *sqlx.Tx) error {
		if k.Seed != nil {
			if err := k.Seed(ctx, tx, id); err != nil {
				return fmt.Errorf("tenancytest: Seed: %w", err)
			}
			return nil
		}
		names, err := fileTables(ctx, tx)
		if err != nil {
			return err
		}
		for range 2 { // the second time for tables that came before their parents
			for _, name := range names {
				if empty[name] && k.fileRow(ctx, tx, name, id) == nil {
					delete(empty, name)
				}
			}
		}
		return nil
	})
}

// fileRow inserts one row made of the types of the table's columns and of rows its foreign keys find: a
// full one, or else one that has no more than it must.
func (k *kit) fileRow(ctx context.Context, tx *sqlx.Tx, name string, id tenancy.ID) error {
	if k.fileRowOf(ctx, tx, name, id, false) == nil {
		return nil
	}
	return k.fileRowOf(ctx, tx, name, id, true)
}

func (k *kit) fileRowOf(ctx context.Context, tx *sqlx.Tx, name string, id tenancy.ID, sparse bool) error {
	var cols []struct {
		Name    string         `db:"name"`
		Type    string         `db:"type"`
		NotNull bool           `db:"notnull"`
		Default sql.NullString `db:"dflt_value"`
		Key     int            `db:"pk"`
	}
	if err := tx.SelectContext(ctx, &cols, `SELECT name, type, "notnull", dflt_value, pk FROM pragma_table_info(?)`, name); err != nil {
		return err
	}
	var links []struct {
		From  string         `db:"from"`
		Table string         `db:"table"`
		To    sql.NullString `db:"to"`
	}
	if err := tx.SelectContext(ctx, &links, `SELECT "from", "table", "to" FROM pragma_foreign_key_list(?)`, name); err != nil {
		return err
	}
	var text string
	if err := tx.GetContext(ctx, &text, "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?", name); err != nil {
		return err
	}
	var names, marks []string
	var vals []any
	for _, c := range cols {
		if c.Key == 0 && (c.Default.Valid || sparse && !c.NotNull) {
			continue
		}
		kind := column{Name: c.Name, Category: "S"}
		upper := strings.ToUpper(c.Type)
		switch {
		case strings.Contains(upper, "INT") || strings.Contains(upper, "TIME") || strings.Contains(upper, "DATE"):
			kind.Base = "integer"
		case strings.Contains(upper, "REAL") || strings.Contains(upper, "NUM"):
			kind.Category = "N"
		case strings.Contains(upper, "BOOL"):
			kind.Base = "smallint"
		}
		v, _ := generate(kind)
		if c.Name == k.Column {
			v = id.String()
		} else if allowed := allowedAfter(text, c.Name); allowed != "" {
			v = allowed
		}
		var value any = v
		for _, l := range links {
			to := l.To.String
			if to == "" {
				to = l.From
			}
			if l.From == c.Name {
				var got any
				if err := tx.QueryRowContext(ctx, "SELECT "+ident(to)+" FROM "+ident(l.Table)+" LIMIT 1").Scan(&got); err == nil {
					value = got
				} else if !c.NotNull {
					value = nil
				}
			}
		}
		names, marks, vals = append(names, ident(c.Name)), append(marks, "?"), append(vals, value)
	}
	_, err := tx.ExecContext(ctx, "INSERT INTO "+ident(name)+" ("+strings.Join(names, ", ")+") VALUES ("+strings.Join(marks, ", ")+")", vals...)
	return err
}

// allowedAfter returns the first literal of a CHECK (column IN (...)) in the text of a table.
func allowedAfter(text, column string) string {
	_, rest, ok := strings.Cut(text, "("+column+" IN (")
	rest = strings.TrimSpace(rest)
	if !ok || rest == "" {
		return ""
	}
	if m := quoted.FindStringSubmatch(rest); rest[0] == '\'' && m != nil {
		return m[1]
	}
	if at := numerals.FindStringIndex(rest); at != nil && at[0] == 0 {
		return rest[:at[1]]
	}
	return ""
}
