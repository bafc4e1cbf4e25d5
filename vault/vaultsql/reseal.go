package vaultsql

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/vault"
	"github.com/jmoiron/sqlx"
)

// Column is a column of the application's own with sealed values, in a table of tenants.
type Column struct {
	Table, ID, Sealed string // names; ID is text, unique within a tenant, and what the values are bound to
	Purpose           string
	// Subject names the column with whose each value is, "" if they are nobody's, and SubjectType the type of the subject, or ""
	// if the column has that, too, as in "user:42".
	Subject, SubjectType string
}

// resealed is how many rows one transaction of [Reseal] looks at.
const resealed = 500

type resealRow struct {
	ID     string
	Sealed []byte
	Who    string
}

// Reseal brings the values of ctx's tenant in c that are sealed under older keys of the purpose under its newest one, a few
// hundred in a transaction, while they are read and written. It changes no other column. What is lost to a shredding stays
// as it is. It can be stopped at any moment: what is under the newest key is passed over when it is called again.
// progress, if it is not nil, is told how many rows were looked at. It returns how many were changed.
func (s *Store) Reseal(ctx context.Context, v *vault.Vault, c Column, progress func(vault.Progress)) (changed int, err error) {
	f, err := v.Field(ctx, c.Purpose)
	if err != nil {
		return 0, err
	}
	var p vault.Progress
	err = s.t.DB.Read(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		return tx.GetContext(ctx, &p.Total, "SELECT count(*) FROM "+name(c.Table)+" WHERE "+name(c.Sealed)+" IS NOT NULL")
	})
	if err != nil {
		return 0, fmt.Errorf("vaultsql: %w", err)
	}
	for after := ""; ; {
		var rows []resealRow
		n := 0
		err := s.t.DB.Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) (err error) {
			rows, n = nil, 0
			if err := tx.SelectContext(ctx, &rows, tx.Rebind(c.page(s.t.PG)), after, resealed); err != nil {
				return err
			}
			for i := range rows {
				done, err := c.reseal(ctx, tx, f, &rows[i])
				if err != nil {
					return err
				}
				n += done
			}
			return nil
		})
		if err != nil {
			return changed, fmt.Errorf("vaultsql: %w", err)
		}
		if len(rows) == 0 {
			return changed, nil
		}
		after, changed, p.Done = rows[len(rows)-1].ID, changed+n, p.Done+len(rows)
		if progress != nil {
			progress(p)
		}
	}
}

// page selects the next rows. On Postgres they are locked, for somebody may be writing them; SQLite has one writer.
func (c *Column) page(pg bool) string {
	who, lock := "''", ""
	if c.Subject != "" {
		who = "COALESCE(" + name(c.Subject) + ", '')"
	}
	order := name(c.ID)
	if pg {
		lock, order = " FOR NO KEY UPDATE", order+` COLLATE "C"`
	}
	return fmt.Sprintf(`SELECT %s AS id, %s AS sealed, %s AS who FROM %s WHERE %s > ? AND %s IS NOT NULL ORDER BY %s LIMIT ?%s`,
		name(c.ID), name(c.Sealed), who, name(c.Table), order, name(c.Sealed), order, lock)
}

func (c *Column) reseal(ctx context.Context, tx *sqlx.Tx, f *vault.Field, r *resealRow) (int, error) {
	who := audit.Subject(r.Who)
	if c.SubjectType != "" && r.Who != "" {
		who = audit.SubjectOf(c.SubjectType, r.Who)
	}
	sealed, changed, err := f.Reseal(ctx, nil, r.ID, who, r.Sealed)
	if errors.Is(err, vault.ErrShredded) || err == nil && !changed {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	_, err = tx.ExecContext(ctx, tx.Rebind(fmt.Sprintf(`UPDATE %s SET %s = ? WHERE %s = ?`, name(c.Table), name(c.Sealed), name(c.ID))), sealed, r.ID)
	return 1, err
}

// name quotes a table's or a column's name; of a table in a schema, each part.
func name(s string) string {
	parts := strings.Split(s, ".")
	for i, p := range parts {
		parts[i] = `"` + strings.ReplaceAll(p, `"`, `""`) + `"`
	}
	return strings.Join(parts, ".")
}
