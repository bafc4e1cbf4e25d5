package rbacsql

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/bailiwick-dev/bailiwick/rbac"
)

// changes reads all rules above a version in one statement, which is one moment's view wherever it runs. Members are many: what
// many of them have in common is one column, which is parsed once (see common). What else there is of roles and tokens is a JSON array.
const changes = `
SELECT 0 AS what, coalesce((SELECT version FROM rbac_version), 0) AS version, '' AS id, '' AS more, {now} AS created, NULL AS expires
UNION ALL
SELECT 1, version, id, kind || ' ' || status || ' ' || octet_length(owner) || ' ' || octet_length(created_by) || ' ' || owner || created_by || roles, created, expires
FROM rbac_member WHERE version > ?
UNION ALL
SELECT 2, version, id, {array}(name, machine, permissions, parents, removed, created_by){text}, created, NULL FROM rbac_role WHERE version > ?
UNION ALL
SELECT 3, version, id, {array}(member_kind, member, integration, {hex}, last4, scopes, networks, created_by, revoked, reason, replaced_by){text}, created, expires
FROM rbac_token WHERE version > ?`

// changesOn writes the statement for a database.
func changesOn(pg bool) string {
	if pg {
		return strings.NewReplacer("{array}", "json_build_array", "{text}", "::text", "{hex}", "encode(hash, 'hex')").Replace(changes)
	}
	return strings.NewReplacer("{array}", "json_array", "{text}", "", "{hex}", "hex(hash)").Replace(changes)
}

// Changes implements [rbac.Store].
func (s *Store) Changes(ctx context.Context, after int64) (out rbac.Changes, err error) {
	var r *reading
	err = s.t.All(ctx, s.changes, []any{after, after, after}, func() { r = newReading() }, func(scan func(...any) error) error { return r.next(scan) })
	if err != nil {
		return rbac.Changes{}, err
	}
	return r.Changes, nil
}

// reading is the rows of changes on their way into a [rbac.Changes].
type reading struct {
	rbac.Changes
	what             int
	version          int64
	id               string
	more             sql.RawBytes
	created, expires sql.NullInt64
	members          map[string]rbac.MemberRow // by their column more
	roles            lists[rbac.RoleID]
	names            lists[string]
}

func newReading() *reading {
	return &reading{members: map[string]rbac.MemberRow{}, roles: lists[rbac.RoleID]{}, names: lists[string]{}}
}

func (r *reading) next(scan func(...any) error) (err error) {
	if err := scan(&r.what, &r.version, &r.id, &r.more, &r.created, &r.expires); err != nil {
		return err
	}
	switch r.what {
	case 0:
		r.Version, r.Now = r.version, micro(r.created.Int64)
		return nil
	case 1:
		return r.member()
	case 2:
		return r.role()
	case 3:
		return r.token()
	}
	return errRow
}

func (r *reading) member() (err error) {
	m, known := r.members[string(r.more)]
	if !known {
		if m, err = r.common(string(r.more)); err != nil {
			return err
		}
		r.members[string(r.more)] = m
	}
	m.ID, m.Version, m.Created, m.Expires = r.id, r.version, microOr(r.created), microOr(r.expires)
	r.Members = append(r.Members, m)
	return nil
}

// common parses what a member has in common with others: the kind and status, which are words; the lengths of the owner and of
// who made it; these; and the roles.
func (r *reading) common(text string) (m rbac.MemberRow, err error) {
	part := strings.SplitN(text, " ", 5)
	if len(part) < 5 {
		return m, errRow
	}
	owner, err1 := strconv.Atoi(part[2])
	by, err2 := strconv.Atoi(part[3])
	if rest := len(part[4]); err1 != nil || err2 != nil || owner < 0 || by < 0 || owner > rest || by > rest-owner {
		return m, errRow
	}
	m.Kind, m.Status, m.Owner, m.CreatedBy = rbac.Kind(part[0]), rbac.Status(part[1]), part[4][:owner], part[4][owner:owner+by]
	m.Roles, err = r.roles.parse([]byte(part[4][owner+by:]))
	return m, err
}

func (r *reading) role() (err error) {
	x := rbac.RoleRow{ID: rbac.RoleID(r.id), Version: r.version, Created: microOr(r.created)}
	var machine, removed flag
	var permissions, parents string
	if err := array(r.more, &x.Name, &machine, &permissions, &parents, &removed, &x.CreatedBy); err != nil {
		return err
	}
	x.Machine, x.Removed = bool(machine), bool(removed)
	if x.Permissions, err = r.names.parse([]byte(permissions)); err != nil {
		return err
	}
	x.Parents, err = r.roles.parse([]byte(parents))
	r.Roles = append(r.Roles, x)
	return err
}

func (r *reading) token() (err error) {
	x := rbac.TokenRow{ID: r.id, Version: r.version, Created: microOr(r.created), Expires: microOr(r.expires)}
	var hash, scopes string
	var nets *string
	var revoked *int64
	if err := array(r.more, &x.Member.Kind, &x.Member.ID, &x.Integration, &hash, &x.Last4, &scopes, &nets, &x.CreatedBy, &revoked, &x.Reason, &x.ReplacedBy); err != nil {
		return err
	}
	if n, err := hex.Decode(x.Hash[:], []byte(hash)); err != nil || n != len(x.Hash) {
		return errRow
	}
	if revoked != nil {
		x.Revoked = micro(*revoked)
	}
	if x.Scopes, err = r.names.parse([]byte(scopes)); err != nil {
		return err
	}
	x.Networks, err = networks(nets)
	r.Tokens = append(r.Tokens, x)
	return err
}

// array reads a JSON array, each of its parts into one of to.
func array(text []byte, to ...any) error {
	n := len(to)
	if err := json.Unmarshal(text, &to); err != nil || len(to) != n {
		return errRow
	}
	return nil
}

// flag is a boolean as both databases write it.
type flag bool

func (f *flag) UnmarshalJSON(b []byte) error {
	*f = string(b) == "true" || string(b) == "1"
	return nil
}
