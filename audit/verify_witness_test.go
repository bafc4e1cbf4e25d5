package audit_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	"crypto/sha256"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/audit/audittest"
	"github.com/stretchr/testify/require"
)

// cosigner is a witness, made from its specification.
type cosigner struct {
	name string
	key  ed25519.PrivateKey
}

func newCosigner(name string, seed byte) *cosigner {
	return &cosigner{name, ed25519.NewKeyFromSeed([]byte(strings.Repeat(string('a'+rune(seed)), 32)))}
}

func (c *cosigner) public() []byte { return append([]byte{4}, c.key.Public().(ed25519.PublicKey)...) }
func (c *cosigner) Name() string   { return c.name }
func (c *cosigner) KeyHash() uint32 {
	sum := sha256.Sum256(append([]byte(c.name+"\n"), c.public()...))
	return binary.BigEndian.Uint32(sum[:])
}
func (c *cosigner) vkey() string {
	return fmt.Sprintf("%s+%08x+%s", c.name, c.KeyHash(), base64.StdEncoding.EncodeToString(c.public()))
}
func (c *cosigner) Sign(msg []byte) ([]byte, error) {
	const at = 1795305600
	sig := binary.BigEndian.AppendUint64(nil, at)
	return append(sig, ed25519.Sign(c.key, []byte(fmt.Sprintf("cosignature/v1\ntime %d\n%s", at, msg)))...), nil
}

// line is the witness's line of signature for a note.
func (c *cosigner) line(tb testing.TB, raw []byte) string {
	tb.Helper()
	text, _, _ := strings.Cut(string(raw), "\n\n")
	sig, err := c.Sign([]byte(text + "\n"))
	require.NoError(tb, err)
	return fmt.Sprintf("— %s %s\n", c.name, base64.StdEncoding.EncodeToString(append(binary.BigEndian.AppendUint32(nil, c.KeyHash()), sig...)))
}

func TestWitnessesAnchorTheLogThroughItsHeads(t *testing.T) {
	t.Parallel()
	h := audittest.NewHistory(5, audittest.Plan{Events: 700, Rare: 50, Heads: true})
	w1, w2 := newCosigner("witness.example/1", 1), newCosigner("witness.example/2", 2)
	p := h.Policy
	for _, w := range []*cosigner{w1, w2} {
		v, err := audit.NewCosignatureVerifier(w.vkey())
		require.NoError(t, err)
		p.Witnesses = append(p.Witnesses, v)
	}
	h.SignHeads(p.Now, h.Signer(), w1)
	require.Equal(t, audit.OK, verify(t, h.Bundle(), p).Verdict)

	p.MinWitnesses = 2
	r := verify(t, h.Bundle(), p)
	require.Equal(t, audit.Unanchored, r.Verdict)
	require.Equal(t, map[string]int{audit.RuleWitnesses: 1}, r.Count)

	p.MaxAge = time.Minute
	h.Own("audit.exported", map[string]any{"format": "bundle"})
	h.Sign(h.Signer(), len(h.Leaves), p.Now)
	h.SignHeads(p.Now, h.Signer(), w1, w2)
	require.Equal(t, audit.OK, verify(t, h.Bundle(), p).Verdict)

	p.Now = p.Now.Add(time.Hour)
	require.Equal(t, map[string]int{audit.RuleTooOld: 1}, verify(t, h.Bundle(), p).Count)
}
