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
	signatures    string // a list
	hasMAC        bool   // that there is one of that version in it
	hasEd25519    bool
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
	err = d.checkSignatures()
	return d, err
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

// isID reports whether s can be signed as an id: visible ASCII without a full stop, which would let whoever chooses ids or
// bodies move bytes between id, time and body under the same signature.
func isID(s string) bool { return len(s) <= maxID && all(s, inID) }

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

// checkSignatures says whether the list of signatures has its one form, and finds the known versions in it: each is a
// version and base64 with a comma between them, those of a known version as long as they are.
func (d *head) checkSignatures() error {
	list := d.signatures
	if len(list) > maxList {
		return errBadSignature
	}
	for n, more := 0, true; more; n++ {
		if n == maxSignatures {
			return errManySignature
		}
		var version, sig string
		version, sig, list, more = nextSignature(list)
		isMAC, isEd25519 := version == versionMAC, version == versionEd25519
		if !all(version, inVersion) || !all(sig, inBase64) || isMAC && len(sig) != macTextLen || isEd25519 && len(sig) != ed25519TextLen {
			return errBadSignature
		}
		d.hasMAC, d.hasEd25519 = d.hasMAC || isMAC, d.hasEd25519 || isEd25519
	}
	return nil
}

// nextSignature cuts the first signature off a list.
func nextSignature(list string) (version, sig, rest string, more bool) {
	first, rest, more := strings.Cut(list, " ")
	version, sig, _ = strings.Cut(first, ",")
	return version, sig, rest, more
}

// What a byte may be part of.
const (
	inID = 1 << iota
	inVersion
	inBase64
)

var class = func() (class [256]uint8) {
	for c := '!'; c <= '~'; c++ {
		if c != '.' {
			class[c] |= inID
		}
		if c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
			class[c] |= inVersion | inBase64
		}
	}
	for _, c := range "+/=" {
		class[c] |= inBase64
	}
	return class
}()

// all reports whether s has something in it, and nothing but bytes of one class.
func all(s string, of uint8) bool {
	got := of
	for i := range len(s) {
		got &= class[s[i]]
	}
	return s != "" && got == of
}
