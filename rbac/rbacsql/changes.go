package rbacsql

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"strings"

	"github.com/bailiwick-dev/bailiwick/rbac"
)

// changes reads all rules above a version in one statement, which is one moment's view wherever it runs. Members are many, and
// have the columns; what else there is of roles and tokens is a JSON array.
const changes = `
SELECT 0 AS what, coalesce((SELECT version FROM rbac_version), 0) AS version, '' AS kind, '' AS id, '' AS list, '' AS word, '' AS more, '' AS created_by, {now} AS created, NULL AS expires
UNION ALL
SELECT 1, version, kind, id, roles, status, owner, created_by, created, expires FROM rbac_member WHERE version > ?
UNION ALL
SELECT 2, version, '', id, permissions, name, {array}(machine, removed, parents){text}, created_by, created, NULL FROM rbac_role WHERE version > ?
UNION ALL
SELECT 3, version, member_kind, id, scopes, integration, {array}(member, {hex}, last4, networks, revoked, reason, replaced_by){text}, created_by, created, expires
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
	err = s.all(ctx, s.changes, []any{after, after, after}, func() { r = newReading() }, func(scan func(...any) error) error { return r.next(scan) })
	if err != nil {
		return rbac.Changes{}, err
	}
	return r.Changes, nil
}

// reading is the rows of changes on their way into a [rbac.Changes].
type reading struct {
	rbac.Changes
	what                              int
	version                           int64
	id                                string
	kind, list, word, more, createdBy sql.RawBytes
	created, expires                  sql.NullInt64
	roles                             lists[rbac.RoleID]
	names                             lists[string]
	words                             words
}

func newReading() *reading {
	return &reading{roles: lists[rbac.RoleID]{}, names: lists[string]{}, words: words{}}
}

func (r *reading) next(scan func(...any) error) (err error) {
	if err := scan(&r.what, &r.version, &r.kind, &r.id, &r.list, &r.word, &r.more, &r.createdBy, &r.created, &r.expires); err != nil {
		return err
	}
	switch r.what {
	case 0:
		r.Version, r.Now = r.version, micro(r.created.Int64)
	case 1:
		m := rbac.MemberRow{Subject: rbac.Subject{Kind: rbac.Kind(r.words.of(r.kind)), ID: r.id}, Version: r.version, Status: rbac.Status(r.words.of(r.word)),
			Expires: microOr(r.expires), Owner: r.words.of(r.more), CreatedBy: r.words.of(r.createdBy), Created: microOr(r.created)}
		m.Roles, err = r.roles.parse(r.list)
		r.Members = append(r.Members, m)
	case 2:
		err = r.role()
	case 3:
		err = r.token()
	}
	return err
}

func (r *reading) role() (err error) {
	x := rbac.RoleRow{ID: rbac.RoleID(r.id), Version: r.version, Name: string(r.word), CreatedBy: r.words.of(r.createdBy), Created: microOr(r.created)}
	var machine, removed flag
	var parents string
	if err := array(r.more, &machine, &removed, &parents); err != nil {
		return err
	}
	x.Machine, x.Removed = bool(machine), bool(removed)
	if x.Permissions, err = r.names.parse(r.list); err != nil {
		return err
	}
	x.Parents, err = r.roles.parse([]byte(parents))
	r.Roles = append(r.Roles, x)
	return err
}

func (r *reading) token() (err error) {
	x := rbac.TokenRow{ID: r.id, Version: r.version, Member: rbac.Subject{Kind: rbac.Kind(r.words.of(r.kind))}, Integration: r.words.of(r.word),
		CreatedBy: r.words.of(r.createdBy), Created: microOr(r.created), Expires: microOr(r.expires)}
	var hash string
	var nets *string
	var revoked *int64
	if err := array(r.more, &x.Member.ID, &hash, &x.Last4, &nets, &revoked, &x.Reason, &x.ReplacedBy); err != nil {
		return err
	}
	if n, err := hex.Decode(x.Hash[:], []byte(hash)); err != nil || n != len(x.Hash) {
		return errRow
	}
	if revoked != nil {
		x.Revoked = micro(*revoked)
	}
	if x.Scopes, err = r.names.parse(r.list); err != nil {
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
