package archive

import (
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// Key returns a signer with an Ed25519 key, and the verifier for whoever gets the archive. The name is whose key it is: "example.com".
func Key(name string, key ed25519.PrivateKey) (note.Signer, note.Verifier, error) {
	if len(key) != ed25519.PrivateKeySize {
		return nil, nil, fmt.Errorf("%w: not an Ed25519 key", ErrOptions)
	}
	pub, _ := key.Public().(ed25519.PublicKey)
	v, err := PublicKey(name, pub)
	if err != nil {
		return nil, nil, err
	}
	const ed25519Algorithm = 1 // of signed notes
	text := base64.StdEncoding.EncodeToString(append([]byte{ed25519Algorithm}, key.Seed()...))
	s, err := note.NewSigner(fmt.Sprintf("PRIVATE+KEY+%s+%08x+%s", name, v.KeyHash(), text))
	if err != nil {
		return nil, nil, fmt.Errorf("%w: the name of a key has neither spaces nor a plus sign", ErrOptions)
	}
	return s, v, nil
}

// PublicKey returns the verifier of an Ed25519 key. A verifier from its text is made by note.NewVerifier.
func PublicKey(name string, key ed25519.PublicKey) (note.Verifier, error) {
	text, err := note.NewEd25519VerifierKey(name, key)
	if err != nil {
		return nil, fmt.Errorf("%w: not an Ed25519 key", ErrOptions)
	}
	v, err := note.NewVerifier(text)
	if err != nil {
		return nil, fmt.Errorf("%w: the name of a key has neither spaces nor a plus sign", ErrOptions)
	}
	return v, nil
}

// sign returns a signed note: a line that says what it is, and one with the hash of the manifest, so that whoever has the files
// unpacked compares it by hand.
func sign(s note.Signer, hash string) ([]byte, error) {
	b, err := note.Sign(&note.Note{Text: format + "\nsha256:" + hash + "\n"}, s)
	if err != nil {
		return nil, fmt.Errorf("archive: the manifest could not be signed: %w", err)
	}
	return b, nil
}

// signed returns the hash that one of the keys signed.
func signed(b []byte, keys []note.Verifier) (hash string, err error) {
	n, err := note.Open(b, note.VerifierList(keys...))
	if err != nil {
		return "", ErrUnsigned
	}
	// One signature, in the one form it has: what is not looked at says nothing either.
	raw, err := base64.StdEncoding.Strict().DecodeString(n.Sigs[0].Base64)
	if err != nil || len(n.Sigs)+len(n.UnverifiedSigs) != 1 ||
		string(b) != n.Text+"\n— "+n.Sigs[0].Name+" "+base64.StdEncoding.EncodeToString(raw)+"\n" {
		return "", fmt.Errorf("%w: the signature is written otherwise", ErrInvalid)
	}
	text, ok := strings.CutPrefix(n.Text, format+"\nsha256:")
	hash, end := strings.CutSuffix(text, "\n")
	if !ok || !end || len(hash) != 64 {
		return "", fmt.Errorf("%w: what was signed is something else", ErrInvalid)
	}
	return hash, nil
}
