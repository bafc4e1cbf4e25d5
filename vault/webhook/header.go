package webhook

import (
	"net/http"
	"strings"
)

// The headers of a delivery, in the spelling of [http.CanonicalHeaderKey]. On the wire their case does not matter.
const (
	HeaderID        = "Webhook-Id"        // of the event: the same each time it is tried
	HeaderTimestamp = "Webhook-Timestamp" // of the attempt: seconds since 1970
	HeaderSignature = "Webhook-Signature" // one or more, with a space between them: "v1," and base64
)

const (
	maxID         = 256
	maxTime       = 12 // digits, which last for 31,000 years
	maxSignatures = 8
	maxList       = 16 << 10 // of the header of signatures: those of other versions may be long
)

// head is what the three headers of a delivery say, in the form that was signed.
type head struct {
	id, timestamp string
	unix          int64
	signatures    string
}

func parseHead(h http.Header) (head, error) {
	var d head
	var err error
	if d.id, err = one(h[HeaderID], errNoID, errManyIDs); err != nil {
		return head{}, err
	}
	if d.timestamp, err = one(h[HeaderTimestamp], errNoTimestamp, errManyTimes); err != nil {
		return head{}, err
	}
	if d.signatures, err = one(h[HeaderSignature], errNoSignature, errManyLists); err != nil {
		return head{}, err
	}
	if !isID(d.id) {
		return head{}, errBadID
	}
	var ok bool
	if d.unix, ok = parseTimestamp(d.timestamp); !ok {
		return head{}, errBadTimestamp
	}
	return d, checkSignatures(d.signatures)
}

func one(values []string, missing, many error) (string, error) {
	switch {
	case len(values) > 1:
		return "", many
	case len(values) == 0 || values[0] == "":
		return "", missing
	}
	return values[0], nil
}

// isID reports whether s can be signed as an id. A full stop in it would let whoever chooses ids or bodies move bytes
// between id, time and body under the same signature.
func isID(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' || s[i] == '.' {
			return false
		}
	}
	return s != "" && len(s) <= maxID
}

// parseTimestamp reads the one way to write a time.
func parseTimestamp(s string) (unix int64, ok bool) {
	if s == "" || len(s) > maxTime || s[0] == '0' {
		return 0, false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		unix = unix*10 + int64(s[i]-'0')
	}
	return unix, true
}

// checkSignatures says whether a list of signatures has its one form: each a version and base64 with a comma between
// them, those of a known version as long as they are.
func checkSignatures(list string) error {
	if len(list) > maxList {
		return errBadSignature
	}
	for n, more := 0, true; more; n++ {
		if n == maxSignatures {
			return errManySignature
		}
		var version, sig string
		version, sig, list, more = nextSignature(list)
		if !isToken(version, false) || !isToken(sig, true) ||
			version == versionMAC && len(sig) != macTextLen || version == versionEd25519 && len(sig) != ed25519TextLen {
			return errBadSignature
		}
	}
	return nil
}

// nextSignature cuts the first signature off a list.
func nextSignature(list string) (version, sig, rest string, more bool) {
	first, rest, more := strings.Cut(list, " ")
	version, sig, _ = strings.Cut(first, ",")
	return version, sig, rest, more
}

// isToken reports whether s is one or more letters and digits, or characters of standard base64.
func isToken(s string, base64 bool) bool {
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
		case base64 && (c == '+' || c == '/' || c == '='):
		default:
			return false
		}
	}
	return s != ""
}
