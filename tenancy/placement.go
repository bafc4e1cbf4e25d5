package tenancy

import (
	"crypto/sha256"
	"encoding/binary"
)

// Shard is one of the databases that tenants live in.
type Shard struct {
	Name   string // "" where there is one only
	Region Region
	Host   Host
	Full   bool // takes no new tenants
}

// Rendezvous chooses one of candidates for id by rendezvous hashing (highest random weight; SHA-256 of
// the shard's name and the id): evenly, the same in every process, and so that a shard added takes
// over no other choice than those that fall to itself. It returns "" if there are no candidates.
func Rendezvous(id ID, candidates []string) string {
	var best string
	var most uint64
	for i, name := range candidates {
		sum := sha256.Sum256([]byte(name + "\x00" + id.s))
		if w := binary.BigEndian.Uint64(sum[:8]); i == 0 || w > most || w == most && name < best {
			best, most = name, w
		}
	}
	return best
}
