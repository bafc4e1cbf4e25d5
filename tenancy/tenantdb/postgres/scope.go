package postgres

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"hash/maphash"
	"strconv"
	"sync"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
)

// A scope is the text that names the tenant of a transaction to the database:
//
//	<HMAC-SHA256, 64 hex><version '1'><key id, 2><expiry, 10 digits of Unix time><epoch, 12 digits><tenant id>
//
// The MAC covers all that follows it. Every field but the last has a fixed width, so that the
// database takes it apart with substr, and so that no two readings of one text exist.
const (
	scopeVersion = '1'
	scopeTenant  = 64 + 1 + 2 + 10 + 12 // where the tenant id begins
	scopeLife    = 60 * time.Second     // how long a scope may begin transactions
)

// databaseKey is the HMAC key of one database: a scope signed for one shard is no use in another.
func databaseKey(k tenancy.Key, shard string) []byte {
	m := hmac.New(sha256.New, k.Derive("tenantdb scope v1"))
	m.Write([]byte(shard))
	return m.Sum(nil)
}

// signer makes scopes, and hands out each for the first half of its life: signing costs more than the
// rest of sending it.
type signer struct {
	kid    string
	key    []byte
	now    func() time.Time
	life   time.Duration
	seed   maphash.Seed
	shards [16]signed
}

type signed struct {
	mu sync.RWMutex
	m  map[tenantdb.Scope]signedScope
}

type signedScope struct {
	text  string
	until int64 // Unix nanoseconds: not handed out afterwards
}

// maxSigned bounds the memory of one of the signer's shards.
const maxSigned = 4096

func newSigner(k tenancy.Key, shard string) *signer {
	return &signer{kid: k.ID(), key: databaseKey(k, shard), now: time.Now, life: scopeLife, seed: maphash.MakeSeed()}
}

// scope returns the signed text of s.
func (g *signer) scope(s tenantdb.Scope) string {
	now := g.now()
	c := &g.shards[maphash.Comparable(g.seed, s)%uint64(len(g.shards))]
	c.mu.RLock()
	got, ok := c.m[s]
	c.mu.RUnlock()
	if ok && now.UnixNano() < got.until {
		return got.text
	}
	text := g.sign(s, now.Add(g.life))
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.m == nil || len(c.m) >= maxSigned {
		c.m = make(map[tenantdb.Scope]signedScope)
	}
	c.m[s] = signedScope{text, now.Add(g.life / 2).UnixNano()}
	return text
}

func (g *signer) sign(s tenantdb.Scope, expiry time.Time) string {
	id := s.Tenant.String()
	b := make([]byte, 64, scopeTenant+len(id))
	b = append(b, scopeVersion)
	b = append(b, g.kid...)
	b = appendDigits(b, expiry.Unix(), 10)
	b = appendDigits(b, s.Epoch, 12)
	b = append(b, id...)
	m := hmac.New(sha256.New, g.key)
	m.Write(b[64:])
	var sum [sha256.Size]byte
	hex.Encode(b[:64], m.Sum(sum[:0]))
	return string(b)
}

// appendDigits appends n in decimal, padded with zeros to width.
func appendDigits(b []byte, n int64, width int) []byte {
	var buf [20]byte
	d := strconv.AppendInt(buf[:0], n, 10)
	for i := len(d); i < width; i++ {
		b = append(b, '0')
	}
	return append(b, d...)
}
