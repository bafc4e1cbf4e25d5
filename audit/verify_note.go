package audit

import (
	"bytes"
	"encoding/base64"
	"errors"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Key is a key that a log's checkpoints are signed with.
type Key struct {
	note.Verifier
	Until uint64 // the largest size it may sign, once it was retired; 0: it is in use
}

// head is what a checkpoint says.
type head struct {
	origin string
	size   uint64
	root   treeHash
	at     time.Time // of its time line; zero without
	text   string    // what is signed
	raw    []byte    // the whole note
	cosigs int       // of known witnesses
}

var (
	errNoteForm    = errors.New("it is no checkpoint")
	errNoteSigned  = errors.New("no known key signed it")
	errNoteForged  = errors.New("a signature of a known key is wrong")
	errNoteRetired = errors.New("it is signed by a retired key only")
)

// openHead reads a signed checkpoint and checks that one of keys signed it.
func openHead(raw []byte, keys []Key, witnesses []note.Verifier) (head, error) {
	if len(raw) > maxNote || !isPlainNote(raw) {
		return head{}, errNoteForm
	}
	n, err := note.Open(raw, knownKeys(keys, witnesses))
	var forged *note.InvalidSignatureError
	switch {
	case errors.As(err, &forged):
		return head{}, errNoteForged
	case err != nil:
		var unknown *note.UnverifiedNoteError
		if errors.As(err, &unknown) {
			return head{}, errNoteSigned
		}
		return head{}, errNoteForm
	}
	c, err := parseHeadText(n.Text)
	if err != nil || c.Size >= maxIndex {
		return head{}, errNoteForm
	}
	h := head{origin: c.Origin, size: c.Size, root: c.Root, at: c.Time, text: n.Text, raw: raw}
	signed, retired := false, false
	for _, s := range n.Sigs {
		for _, k := range keys {
			if k.Name() == s.Name && k.KeyHash() == s.Hash {
				good := k.Until == 0 || h.size <= k.Until
				signed, retired = signed || good, retired || !good
			}
		}
		for _, w := range witnesses {
			if w.Name() == s.Name && w.KeyHash() == s.Hash {
				h.cosigs++
				break
			}
		}
	}
	switch {
	case signed:
		return h, nil
	case retired:
		return h, errNoteRetired
	}
	return h, errNoteSigned
}

// knownKeys are all of them, each once.
func knownKeys(keys []Key, witnesses []note.Verifier) note.Verifiers {
	type id struct {
		name string
		hash uint32
	}
	seen := map[id]bool{}
	var all []note.Verifier
	add := func(v note.Verifier) {
		if k := (id{v.Name(), v.KeyHash()}); !seen[k] {
			seen[k] = true
			all = append(all, v)
		}
	}
	for _, k := range keys {
		add(k.Verifier)
	}
	for _, w := range witnesses {
		add(w)
	}
	return note.VerifierList(all...)
}

// isPlainNote refuses the second ways to write the same signature, which base64 has.
func isPlainNote(raw []byte) bool {
	i := strings.LastIndex(string(raw), "\n\n")
	if i < 0 {
		return false
	}
	for _, l := range strings.SplitAfter(string(raw[i+2:]), "\n") {
		if l == "" {
			continue
		}
		l, ok := strings.CutSuffix(l, "\n")
		_, sig, ok2 := strings.Cut(strings.TrimPrefix(l, "— "), " ")
		if _, err := base64.StdEncoding.Strict().DecodeString(sig); !ok || !ok2 || err != nil {
			return false
		}
	}
	return true
}

// parseHashLines reads lines of base64 hashes up to the blank line that ends them, and returns what follows.
func parseHashLines(s string) (hs []tlog.Hash, rest string, ok bool) {
	for {
		l, after, found := strings.Cut(s, "\n")
		if !found {
			return nil, "", false
		}
		if l == "" {
			return hs, after, true
		}
		h, err := parseHash(l)
		if err != nil || len(hs) == maxPath {
			return nil, "", false
		}
		hs, s = append(hs, tlog.Hash(h)), after
	}
}

// readProof reads a proof of inclusion (c2sp.org/tlog-proof) in the one form that a bundle has: without extra data.
func readProof(b []byte) (p Proof, ok bool) {
	if p.UnmarshalText(b) != nil {
		return p, false
	}
	same, err := p.MarshalText()
	return p, err == nil && bytes.Equal(same, b)
}
