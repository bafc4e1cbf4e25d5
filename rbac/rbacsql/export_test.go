package rbacsql

// ChangesSQL is the statement of Changes.
func (s *Store) ChangesSQL() string { return s.sql(s.changes) }

// SQL writes a statement as the store does.
func (s *Store) SQL(text string) string { return s.sql(text) }

// The statements that others begin with.
const (
	InvitationSQL = invitation
	ItemSQL       = item
)
