package rbacsql

import (
	"context"
	"fmt"
	"strings"

	"github.com/jmoiron/sqlx"
)

// table is one whose rows are put: added, or written over where the key is there. Values come in the order of key and columns.
type table struct {
	name         string
	key, columns []string
}

var (
	roles   = table{"rbac_role", []string{"id"}, []string{"version", "name", "machine", "permissions", "parents", "removed", "created_by", "created"}}
	members = table{"rbac_member", []string{"kind", "id"}, []string{"version", "roles", "status", "expires", "owner", "created_by", "created"}}
	tokens  = table{"rbac_token", []string{"id"}, []string{"version", "member_kind", "member", "integration", "hash", "last4", "scopes", "networks",
		"created_by", "created", "expires", "revoked", "reason", "replaced_by"}}
	invitations = table{"rbac_invitation", []string{"id"}, []string{"hash", "address", "roles", "state", "invited_by_kind", "invited_by", "member", "created", "expires"}}
	reviews     = table{"rbac_review", []string{"id"}, []string{"opened_by", "opened", "due", "closed", "closed_by", "overdue", "applied", "reminded", "summary"}}
)

func (t table) insert() string {
	all := len(t.key) + len(t.columns)
	return fmt.Sprintf("INSERT INTO %s (%s, %s) VALUES (?%s)", t.name, strings.Join(t.key, ", "), strings.Join(t.columns, ", "), strings.Repeat(", ?", all-1))
}

func (t table) upsert() string {
	var set []string
	for _, c := range t.columns {
		set = append(set, c+" = excluded."+c)
	}
	return fmt.Sprintf("%s ON CONFLICT (tenant_id, %s) DO UPDATE SET %s", t.insert(), strings.Join(t.key, ", "), strings.Join(set, ", "))
}

func (t table) update() string {
	return fmt.Sprintf("UPDATE %s SET %s = ? WHERE %s = ?", t.name, strings.Join(t.columns, " = ?, "), strings.Join(t.key, " = ? AND "))
}

// statements of each table, made once.
var upserts, inserts, updates = map[string]string{}, map[string]string{}, map[string]string{}

func init() {
	for _, t := range []table{roles, members, tokens, invitations, reviews} {
		upserts[t.name], inserts[t.name], updates[t.name] = t.upsert(), t.insert(), t.update()
	}
}

// put puts a row. SQLite asks the triggers of INSERT even where ON CONFLICT turns it into an UPDATE, and these refuse what is
// there, so that there it is two statements.
func (s *Store) put(ctx context.Context, tx *sqlx.Tx, t table, values ...any) error {
	if s.t.PG {
		_, err := tx.ExecContext(ctx, s.t.SQL(upserts[t.name]), values...)
		return err
	}
	n := len(t.key)
	done, err := tx.ExecContext(ctx, updates[t.name], append(append([]any{}, values[n:]...), values[:n]...)...)
	if err != nil {
		return err
	}
	if changed, err := done.RowsAffected(); err != nil || changed > 0 {
		return err
	}
	_, err = tx.ExecContext(ctx, inserts[t.name], values...)
	return err
}
