package vaultsql

import (
	"database/sql"
	"errors"
	"strings"
	"time"

	"github.com/bailiwick-dev/bailiwick/vault"
)

// Columns in the order that [keyRow] and [secretRow] scan them.
const (
	keyColumns    = `k.id, k.level, k.purpose, k.subject, k.parent, k.wrapped, k.commit_hash, k.state, k.created, k.seq`
	secretColumns = `s.purpose, s.id, s.version, s.subject, s.key_id, s.fingerprint, s.closing, s.rotate_every, s.expires, s.created, s.replaced, s.used, coalesce(s.used < {now} - 60000000, true)`
)

// upperSQLite names an index to SQLite, which would read all keys in their order to save the sorting of a few.
const upperSQLite = "INDEXED BY vault_key_upper"

// words are what stands between braces in statements.
func words(upper, root string) []string {
	return []string{"{key}", keyColumns, "{upper}", upper, "{root}", root}
}

// States are letters that sort in the order in which a key goes through them, of the same size on SQLite.
const states = "ars"

func stateOf(letter string) (vault.State, bool) {
	i := strings.Index(states, letter)
	return vault.State(i), len(letter) == 1 && i >= 0
}

// none makes an answer of sql.ErrNoRows, and leaves other errors.
func none(err error) (refusal, failure error) {
	if errors.Is(err, sql.ErrNoRows) {
		return err, nil
	}
	return nil, err
}

// refusedAs returns refusal if err says that there was no row.
func refusedAs(err, refusal error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return refusal
	}
	return err
}

func micro(us int64) time.Time { return time.UnixMicro(us).UTC() }

// microOr is micro, or the zero time of NULL.
func microOr(us *int64) time.Time {
	if us == nil {
		return time.Time{}
	}
	return micro(*us)
}

// microOf is the reverse.
func microOf(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	us := t.UnixMicro()
	return &us
}
