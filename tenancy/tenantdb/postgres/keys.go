package postgres

import (
	"crypto/sha256"
	"errors"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// keyRows are live keys in the shape that tenancy.install_keys takes them: what of them a database holds
// verifies and signs scopes of that database, and of no other.
type keyRows struct {
	tags         []string
	ipads, opads [][]byte
}

func rowsOf(ks tenancy.Keys, shard string) (keyRows, error) {
	var r keyRows
	if ks.Current.IsZero() {
		return r, errors.New("tenantdb/postgres: no signing key: Keys.Current is not set")
	}
	for _, k := range []tenancy.Key{ks.Current, ks.Previous} {
		if k.IsZero() {
			continue
		}
		if len(r.tags) == 1 && k.ID() == ks.Current.ID() {
			return r, errors.New("tenantdb/postgres: both signing keys have one id")
		}
		ipad, opad := pads(databaseKey(k, shard))
		r.tags = append(r.tags, string(scopeVersion)+k.ID())
		r.ipads, r.opads = append(r.ipads, ipad), append(r.opads, opad)
	}
	return r, nil
}

// pads are the two blocks that HMAC puts before what it hashes (RFC 2104, section 2): Postgres has
// SHA-256 built in, but HMAC only in an extension.
func pads(key []byte) (ipad, opad []byte) {
	ipad, opad = make([]byte, sha256.BlockSize), make([]byte, sha256.BlockSize)
	copy(ipad, key)
	copy(opad, key)
	for i := range ipad {
		ipad[i] ^= 0x36
		opad[i] ^= 0x5c
	}
	return ipad, opad
}

const installKeysSQL = `SELECT tenancy.install_keys($1, $2, $3)`
