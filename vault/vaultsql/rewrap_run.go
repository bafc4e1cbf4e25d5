package vaultsql

import (
	"cmp"
	"context"
	"slices"

	"github.com/bailiwick-dev/bailiwick/vault"
	"github.com/jmoiron/sqlx"
)

// run is a stretch of keys to be wrapped anew in SQLite by one statement. It hands over one value, in which each number from
// the first on has a slot of id, parent and wrapped bytes: so each row finds its own by its number. A statement a row, or one that joins rows
// by their ids, takes several times as long.
type run struct {
	first, last int64
	size        int // of wrapped bytes
	slots       []byte
}

// sparse is how many slots a run may have for each key in it.
const sparse = 4

// runsOf puts rows into runs.
func runsOf(rows []vault.WrappedKey) (out []run) {
	rows = slices.Clone(rows)
	slices.SortFunc(rows, func(a, b vault.WrappedKey) int { return cmp.Compare(a.Seq, b.Seq) })
	for i := range rows {
		k := &rows[i]
		at := len(out) - 1
		if at < 0 || k.Seq-out[at].last > sparse || k.Seq == out[at].last || len(k.Wrapped) != out[at].size {
			out, at = append(out, run{first: k.Seq, size: len(k.Wrapped)}), at+1
		}
		r := &out[at]
		r.last = k.Seq
		r.slots = append(r.slots, make([]byte, int(r.last-r.first+1)*r.slot()-len(r.slots)-r.slot())...)
		r.slots = append(append(append(r.slots, k.ID[:]...), k.Parent[:]...), k.Wrapped...)
	}
	return out
}

func (r *run) slot() int { return 32 + r.size }

func (r *run) rewrap(ctx context.Context, tx *sqlx.Tx, from vault.KeyID) (int, error) {
	return changed(ctx, tx, `UPDATE vault_key NOT INDEXED SET parent = substr(?1, (seq - ?2) * ?4 + 17, 16), wrapped = substr(?1, (seq - ?2) * ?4 + 33, ?5)
		WHERE seq BETWEEN ?2 AND ?3 AND parent = ?6 AND state <> 's' AND id = substr(?1, (seq - ?2) * ?4 + 1, 16)`,
		r.slots, r.first, r.last, r.slot(), r.size, from[:])
}
