package consentsql

// SQL writes a statement as the store does.
func (s *Store) SQL(text string) string { return s.t.SQL(text) }

// Statements are all that read, with parameters of the kinds they are given.
func Statements(pg bool) map[string][]any {
	id, who := make([]byte, 16), make([]byte, 32)
	all := map[string][]any{
		`SELECT seq, hash, now FROM {end} e`: nil,
		historyText:                          {7, id, 7, 10},
		ledgerText:                           {7, 10},
		`SELECT data FROM consent_state WHERE who = ?`:                    {who},
		`SELECT version, language, body FROM consent_text WHERE hash = ?`: {who},
	}
	if pg {
		all[keyTexts[texts]], all[stateTexts[texts]] = []any{[][]byte{id, id}}, []any{[][]byte{who, who}}
		all[`DELETE FROM consent_state WHERE who = ?`] = []any{who}
		return all
	}
	all[keyTexts[1]], all[stateTexts[1]] = []any{id, id}, []any{who, who}
	all[`SELECT coalesce(max(seq), 0) FROM consent_row`] = nil
	all[`SELECT EXISTS (SELECT 1 FROM consent_text WHERE hash = ?)`] = []any{who}
	all[`UPDATE consent_state SET who = ?, data = zeroblob(length(data)) WHERE who = ?`] = []any{who, who}
	return all
}

// WritePostgres is the statement of Write on Postgres.
const WritePostgres = writePostgres
