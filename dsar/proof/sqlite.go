package proof

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/bailiwick-dev/bailiwick/dsar/schema"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/jmoiron/sqlx"
)

func (l *look) scanSQLite(ctx context.Context) error {
	if err := l.db.Read(ctx, l.sqliteTables); err != nil {
		return err
	}
	if err := l.files(ctx); err != nil {
		return err
	}
	if l.o.KeepFiles {
		l.residual("free space of the file, and the log beside it: nothing was vacuumed")
	}
	l.residual("blocks that the file system or the disk keeps under those that were written over")
	return nil
}

func (l *look) sqliteTables(ctx context.Context, tx *sqlx.Tx) error {
	l.anew()
	var now int64
	if err := tx.GetContext(ctx, &now, "SELECT bw_now()"); err != nil {
		return err
	}
	l.proof.At = time.UnixMicro(now).UTC()
	var tables []struct{ Name, SQL string }
	if err := tx.SelectContext(ctx, &tables, `SELECT name, coalesce(sql, '') AS sql FROM sqlite_master WHERE type = 'table' ORDER BY name`); err != nil {
		return err
	}
	n, texts := 0, 0
	for _, t := range tables {
		if sql := strings.ToUpper(t.SQL); strings.HasPrefix(sql, "CREATE VIRTUAL TABLE") {
			if !strings.Contains(sql, "FTS5") {
				continue // its rows are in tables of its own, which are among these
			}
			switch err := l.fullText(ctx, tx, t.Name); {
			case ctx.Err() != nil:
				return ctx.Err()
			case err != nil:
				l.residual("the words in the full-text index %s, which cannot be asked for phrases", t.Name)
			default:
				texts++
			}
			continue
		}
		if err := l.sqliteTable(ctx, tx, t.Name); err != nil {
			return fmt.Errorf("proof: %s: %w", t.Name, err)
		}
		n++
	}
	l.looked("%d tables, with those in which full-text indexes and statistics are kept: every value of whatever type", n)
	if texts > 0 {
		l.looked("%d full-text indexes, for the words of each value beside one another", texts)
	}
	return nil
}

func (l *look) sqliteTable(ctx context.Context, tx *sqlx.Tx, table string) error {
	var names []string
	if err := tx.SelectContext(ctx, &names, "SELECT name FROM pragma_table_xinfo(?)", table); err != nil {
		return err
	}
	var what []string
	for _, c := range names {
		what = append(what, "+"+schema.Quote(c)) // without the type it was declared with, of which the driver makes something
	}
	rows, err := tx.QueryContext(ctx, "SELECT "+strings.Join(what, ", ")+" FROM "+schema.Quote(table))
	if err != nil {
		return err
	}
	defer rows.Close()
	values, dest := make([]any, len(names)), make([]any, len(names))
	for i := range values {
		dest[i] = &values[i]
	}
	var buf []byte
	for rows.Next() {
		if err := rows.Scan(dest...); err != nil {
			return err
		}
		l.proof.Rows++
		for i, v := range values {
			switch v := v.(type) {
			case string:
				buf = append(buf[:0], v...)
			case []byte:
				buf = append(buf[:0], v...)
			case int64:
				if len(l.whole) == 0 {
					continue
				}
				buf = strconv.AppendInt(buf[:0], v, 10)
			case float64:
				if len(l.whole) == 0 || v != float64(int64(v)) {
					continue
				}
				buf = strconv.AppendInt(buf[:0], int64(v), 10)
			default:
				continue
			}
			l.value(table, names[i], buf)
		}
	}
	return rows.Err()
}

// fullText asks an index for the words of each value, beside one another: the index of a table whose texts are elsewhere, or nowhere, has
// them in a form in which they cannot be looked for.
func (l *look) fullText(ctx context.Context, tx *sqlx.Tx, table string) error {
	for i, v := range l.n.values {
		var n int64
		phrase := `"` + strings.ReplaceAll(v, `"`, `""`) + `"`
		if err := tx.GetContext(ctx, &n, "SELECT count(*) FROM "+schema.Quote(table)+" WHERE "+schema.Quote(table)+" MATCH ?", phrase); err != nil {
			return err
		}
		if n > 0 {
			l.live[i], l.hit[i] = true, true
			l.tally[place{table, "", "full text"}] += n
		}
	}
	return nil
}

// files looks for what no row has any more in the bytes of the tenant's files.
func (l *look) files(ctx context.Context) error {
	gone := &Needles{}
	for i, v := range l.n.values {
		if !l.live[i] {
			gone.values = append(gone.values, v)
		}
	}
	if skipped := len(l.n.values) - len(gone.values); skipped > 0 {
		l.residual("copies, in the file, of %d values that are in rows which are there: they cannot be told from those", skipped)
	}
	m := newMatcher(gone.forms())
	var bytes int64
	err := l.db.Files(ctx, func(name string, r io.Reader) error {
		// Between values in a page nothing tells where one ends.
		s := stream{m: m, hit: func(int, bool) { l.tally[place{name, "", "file"}]++ }}
		counted := &counter{r: r}
		err := s.read(counted)
		bytes += counted.n
		return err
	})
	switch {
	case errors.Is(err, tenantdb.ErrNoFiles):
		l.residual("the file itself: here it cannot be read while it is in use")
		return nil
	case err != nil:
		return err
	}
	l.looked("the %d bytes of the file and of the log beside it", bytes)
	return nil
}

type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}
