package webhook

import (
	"net/http"
	"strconv"
	"time"
)

// Signer signs deliveries with the secrets of one endpoint. It is safe for concurrent use.
type Signer struct {
	keys []key
}

// NewSigner returns a signer for s: "whsec_" or "whsk_". It signs with both secrets if there are two. [ErrSecret] if one
// of them cannot sign.
func NewSigner(s Secrets) (*Signer, error) {
	keys, err := s.keys(signingKey)
	if err != nil {
		return nil, err
	}
	return &Signer{keys}, nil
}

// Sign sets the three headers of a delivery in h, in place of what they were. id names the event and is the same each
// time it is tried: 1 to 256 visible ASCII characters without a full stop. t is the time of this attempt. body is sent as
// it is here, byte for byte.
func (s *Signer) Sign(h http.Header, id string, t time.Time, body []byte) error {
	timestamp := strconv.FormatInt(t.Unix(), 10)
	switch _, ok := parseTimestamp(timestamp); {
	case len(s.keys) == 0:
		return ErrSecret
	case !isID(id):
		return errBadID
	case !ok:
		return errBadTimestamp
	}
	var list []byte
	for i, k := range s.keys {
		if i > 0 {
			list = append(list, ' ')
		}
		list = k.sign(list, id, timestamp, body)
	}
	h[HeaderID] = []string{id}
	h[HeaderTimestamp] = []string{timestamp}
	h[HeaderSignature] = []string{string(list)}
	return nil
}
