package audit

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// Checkpoint is a signed statement of how long a log is and what it holds (c2sp.org/tlog-checkpoint).
type Checkpoint struct {
	Origin string
	Size   uint64
	Root   [32]byte
	// Time is when it was signed by the signer's clock, to the second; zero if the checkpoint does not tell.
	// Only a witness's cosignature vouches for a time.
	Time time.Time
	// HeadsIndex is the place of the checkpoint's text in the log of heads; -1 if it is not known.
	HeadsIndex int64
	// Note is the whole signed note.
	Note []byte
}

// maxSignedNote bounds the notes that are read from outside.
const maxSignedNote = 1 << 20

// ParseCheckpoint returns the checkpoint in a signed note. At least one signature must be by one of the
// keys, and none by them may be wrong; others are passed over.
func ParseCheckpoint(signed []byte, keys ...note.Verifier) (Checkpoint, error) {
	if len(keys) == 0 {
		return Checkpoint{}, errors.New("audit: no key to verify a checkpoint with")
	}
	if len(signed) > maxSignedNote || !isPlainNote(signed) {
		return Checkpoint{}, errHead
	}
	n, err := note.Open(signed, note.VerifierList(keys...))
	if err != nil {
		return Checkpoint{}, fmt.Errorf("audit: checkpoint: %w", err)
	}
	c, err := parseHeadText(n.Text)
	c.Note = signed
	return c, err
}

// head returns the text of c, which is what is signed, and is put into the log of heads.
func (c Checkpoint) head() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%d\n%s\n", c.Origin, c.Size, base64.StdEncoding.EncodeToString(c.Root[:]))
	if !c.Time.IsZero() {
		fmt.Fprintf(&b, "time %s\n", c.Time.UTC().Format(time.RFC3339))
	}
	return b.String()
}

var errHead = errors.New("audit: bad text of a checkpoint")

// parseHeadText reads the text of a checkpoint. Lines after the third may be any; the first "time" among them is read.
func parseHeadText(text string) (Checkpoint, error) {
	lines := strings.Split(text, "\n")
	if len(lines) < 4 || lines[len(lines)-1] != "" {
		return Checkpoint{}, errHead
	}
	lines = lines[:len(lines)-1]
	for _, line := range lines {
		if line == "" {
			return Checkpoint{}, errHead
		}
	}
	size, err := parseDecimal(lines[1])
	if err != nil {
		return Checkpoint{}, errHead
	}
	root, err := parseHash(lines[2])
	if err != nil {
		return Checkpoint{}, errHead
	}
	c := Checkpoint{Origin: lines[0], Size: size, Root: root, HeadsIndex: -1}
	for _, line := range lines[3:] {
		if at, ok := strings.CutPrefix(line, "time "); ok {
			c.Time, err = time.Parse(time.RFC3339, at)
			if err != nil || c.Time.UTC().Format(time.RFC3339) != at {
				return Checkpoint{}, errHead
			}
			break
		}
	}
	return c, nil
}

// parseDecimal reads a number as these formats write it: digits without a sign or a leading zero.
func parseDecimal(s string) (uint64, error) {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil || strconv.FormatUint(n, 10) != s {
		return 0, errors.New("audit: bad number")
	}
	return n, nil
}

// parseHash reads a hash in the one base64 form it has.
func parseHash(s string) (h [hashSize]byte, err error) {
	b, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil || len(b) != hashSize || base64.StdEncoding.EncodeToString(b) != s {
		return h, errors.New("audit: bad hash")
	}
	return [hashSize]byte(b), nil
}

// openUnverified returns the checkpoint in a note whose signatures nobody here can verify, and who says to
// have signed it. It is for the log's own notes, which are compared with its tree.
func openUnverified(signed []byte) (Checkpoint, []note.Signature, error) {
	if len(signed) > maxSignedNote {
		return Checkpoint{}, nil, errHead
	}
	_, err := note.Open(signed, note.VerifierList())
	var open *note.UnverifiedNoteError
	if !errors.As(err, &open) {
		return Checkpoint{}, nil, errHead
	}
	c, err := parseHeadText(open.Note.Text)
	c.Note = signed
	return c, open.Note.UnverifiedSigs, err
}

// sign returns the checkpoint as a note signed by s.
func (c Checkpoint) sign(s note.Signer) (Checkpoint, error) {
	signed, err := note.Sign(&note.Note{Text: c.head()}, s)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("audit: signing a checkpoint of size %d: %w", c.Size, err)
	}
	c.Note = signed
	return c, nil
}
