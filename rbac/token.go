package rbac

import "time"

// valid reports whether t is good at that time.
func (t *token) valid(now time.Time) bool {
	return (t.row.Revoked.IsZero() || now.Before(t.row.Revoked)) && now.Before(t.row.Expires)
}
