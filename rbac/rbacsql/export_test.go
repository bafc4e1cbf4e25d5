package rbacsql

// ChangesSQL is the statement of Changes.
func (s *Store) ChangesSQL() string { return s.t.SQL(s.changes) }

// SQL writes a statement as the store does.
func (s *Store) SQL(text string) string { return s.t.SQL(text) }

// The statements that others begin with.
const (
	InvitationSQL = invitation
	ItemSQL       = item
)
