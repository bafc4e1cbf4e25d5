package audit

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"
)

// noteOver signs any text, also what is none that a note may have.
func noteOver(t *testing.T, text string, signers ...note.Signer) []byte {
	t.Helper()
	b := text + "\n"
	for _, s := range signers {
		sig, err := s.Sign([]byte(text))
		require.NoError(t, err)
		b += fmt.Sprintf("— %s %s\n", s.Name(), base64.StdEncoding.EncodeToString(append(binary.BigEndian.AppendUint32(nil, s.KeyHash()), sig...)))
	}
	return []byte(b)
}

// readNote reads a checkpoint both ways that there are: as the log does and as the verifier does.
func readNote(t *testing.T, raw []byte, key note.Verifier) bool {
	t.Helper()
	c, err := ParseCheckpoint(raw, key)
	h, err2 := openHead(raw, []Key{{Verifier: key}}, nil)
	require.Equal(t, err == nil, err2 == nil, "%v and %v", err, err2)
	if err == nil {
		require.Equal(t, c.Size, h.size)
	}
	return err == nil
}

func TestANoteIsReadHoweverManyOthersSignedIt(t *testing.T) {
	t.Parallel()
	n := newNotary(t)
	text := Checkpoint{Origin: testOrigin, Size: 7}.head()
	for _, others := range []int{0, 16, 64} {
		signers := []note.Signer{n}
		for range others {
			signers = append(signers, newNotary(t))
		}
		signers[0], signers[others] = signers[others], signers[0]
		require.True(t, readNote(t, noteOver(t, text, signers...), n), others)
	}
	require.False(t, readNote(t, noteOver(t, text, newNotary(t)), n))
	var many []note.Signer
	for range 1000 {
		many = append(many, n)
	}
	require.False(t, readNote(t, noteOver(t, text, many...), n), "a note is no place for a thousand signatures")
}

func TestANoteHasOneForm(t *testing.T) {
	t.Parallel()
	n := newNotary(t)
	text := Checkpoint{Origin: testOrigin, Size: 7}.head()
	require.True(t, readNote(t, noteOver(t, text, n), n))
	for c := range rune(' ') {
		if c == '\n' {
			continue
		}
		require.False(t, readNote(t, noteOver(t, text+"x "+string(c)+"\n", n), n), "control character %d", c)
		require.False(t, readNote(t, noteOver(t, string(c)+text, n), n), "control character %d", c)
	}
	good := string(noteOver(t, text, n))
	for name, bad := range map[string]string{
		"lines that end with CR LF":       strings.ReplaceAll(good, "\n", "\r\n"),
		"a signed text with CR LF":        string(noteOver(t, strings.ReplaceAll(text, "\n", "\r\n"), n)),
		"a signature's line with CR LF":   strings.TrimSuffix(good, "\n") + "\r\n",
		"no line end":                     strings.TrimSuffix(good, "\n"),
		"two blank lines":                 strings.Replace(good, "\n\n", "\n\n\n", 1),
		"bytes that are no UTF-8":         string(noteOver(t, text+"x \xff\n", n)),
		"a byte order mark":               "\ufeff" + good,
		"a size with a zero before it":    string(noteOver(t, strings.Replace(text, "\n7\n", "\n07\n", 1), n)),
		"a size with a sign":              string(noteOver(t, strings.Replace(text, "\n7\n", "\n+7\n", 1), n)),
		"a size that no log has":          string(noteOver(t, strings.Replace(text, "\n7\n", "\n99999999999999999999\n", 1), n)),
		"a root that is too short":        string(noteOver(t, testOrigin+"\n7\nAAAA\n", n)),
		"a root in the alphabet of URLs":  string(noteOver(t, testOrigin+"\n7\n"+strings.Repeat("_", 43)+"=\n", n)),
		"a root with bits that count not": string(noteOver(t, testOrigin+"\n7\n"+strings.Repeat("A", 42)+"B=\n", n)),
		"no root":                         string(noteOver(t, testOrigin+"\n7\n", n)),
		"no origin":                       string(noteOver(t, "\n7\n"+strings.Repeat("A", 43)+"=\n", n)),
		"a time of another zone":          string(noteOver(t, text+"time 2026-11-22T01:00:00+01:00\n", n)),
	} {
		require.False(t, readNote(t, []byte(bad), n), name)
	}
}
