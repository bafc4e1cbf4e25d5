package vaultsql

// OfSubject is how Shred finds keys.
const OfSubject = ofSubject

// SQL writes a statement as the store does.
func (s *Store) SQL(text string) string { return s.sql(text) }
