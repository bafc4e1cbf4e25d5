package dsarsql

import (
	"context"
	"slices"
	"strings"

	"github.com/bailiwick-dev/bailiwick/dsar"
)

// Requests implements [dsar.Store].
func (s *Store) Requests(ctx context.Context, f dsar.Find) (out []dsar.RequestRow, err error) {
	text, args := findRequests(f)
	err = s.t.All(ctx, text, args, func() { out = nil }, func(scan func(...any) error) error {
		r, err := scanRequest(scan)
		out = append(out, r)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// findRequests is one of few texts, as they are kept.
func findRequests(f dsar.Find) (string, []any) {
	var all []string
	var args []any
	add := func(text string, more ...any) { all, args = append(all, text), append(args, more...) }
	if !f.Ref.IsZero() {
		add(`ref = ?`, f.Ref[:])
	}
	if f.States != nil {
		if !slices.Contains(f.States, dsar.Closed) {
			add(`state <> 'closed'`) // of those there is an index
		}
		addIn(add, `state`, f.States, dsar.States(), func(s dsar.State) string { return string(s) })
	}
	if f.Kinds != nil {
		addIn(add, `kind`, f.Kinds, dsar.Kinds(), dsar.Kind.String)
	}
	if f.After != (dsar.Place{}) {
		due := int64(never)
		if !f.After.Due.IsZero() {
			due = f.After.Due.UnixMicro()
		}
		add(`(due, id) > (?, ?)`, due, string(f.After.ID))
	}
	text := `SELECT ` + requestColumns + ` FROM dsar_request`
	if len(all) > 0 {
		text += ` WHERE ` + strings.Join(all, ` AND `)
	}
	text += ` ORDER BY due, id`
	if f.Limit > 0 {
		text += ` LIMIT ?`
		args = append(args, f.Limit)
	}
	return text, args
}

// addIn adds that a column is one of those of list that are known.
func addIn[T comparable](add func(string, ...any), column string, list, known []T, name func(T) string) {
	var args []any
	for _, k := range known {
		if slices.Contains(list, k) {
			args = append(args, name(k))
		}
	}
	switch len(args) {
	case 0:
		add(`1 = 0`)
	case len(known):
	default:
		add(column+` IN (?`+strings.Repeat(`, ?`, len(args)-1)+`)`, args...)
	}
}
