package vaultsql

const (
	OfSubject     = ofSubject // how Shred finds keys
	SecretColumns = secretColumns
)

// SQL writes a statement as the store does.
func (s *Store) SQL(text string) string { return s.t.SQL(text) }
