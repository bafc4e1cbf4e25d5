package receipt

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// The first lines, which keep a signature of one thing from being taken for one of another.
const (
	receiptHeader     = "bailiwick dsar receipt v1"
	certificateHeader = "bailiwick dsar deletion certificate v1"
)

// maxSigned bounds what is read from outside.
const maxSigned = 4 << 20

// shortest is the length below which a value is in anything by accident.
const shortest = 4

// canonical is the one way in which v is written.
func canonical(header string, v any) (string, error) {
	var b bytes.Buffer
	b.WriteString(header + "\n")
	enc := json.NewEncoder(&b) // which ends with a newline, as a note does
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(v); err != nil {
		return "", fmt.Errorf("%w: it cannot be written", ErrIncomplete)
	}
	return b.String(), nil
}

func sign(header string, v any, s note.Signer, never []string) ([]byte, error) {
	if s == nil {
		return nil, fmt.Errorf("%w: there is no signer", ErrIncomplete)
	}
	text, err := canonical(header, v)
	if err != nil {
		return nil, err
	}
	small := strings.ToLower(text)
	for _, value := range never {
		quoted, _ := json.Marshal(strings.ToLower(value))
		if len(value) >= shortest && (strings.Contains(small, strings.ToLower(value)) || strings.Contains(small, string(quoted[1:len(quoted)-1]))) {
			return nil, ErrPersonal
		}
	}
	signed, err := note.Sign(&note.Note{Text: text}, s)
	if err != nil {
		return nil, fmt.Errorf("receipt: sign: %w", err)
	}
	return signed, nil
}

func open(header string, signed []byte, v any, keys []note.Verifier) error {
	if len(signed) > maxSigned {
		return fmt.Errorf("%w: it is too long", ErrInvalid)
	}
	n, err := note.Open(signed, note.VerifierList(keys...))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	body, ok := strings.CutPrefix(n.Text, header+"\n")
	if !ok {
		return fmt.Errorf("%w: it is something else that was signed", ErrInvalid)
	}
	if err := json.Unmarshal([]byte(body), v); err != nil {
		return fmt.Errorf("%w: it cannot be read", ErrInvalid)
	}
	if again, err := canonical(header, v); err != nil || again != n.Text {
		return fmt.Errorf("%w: it is not in canonical form", ErrInvalid)
	}
	return nil
}
