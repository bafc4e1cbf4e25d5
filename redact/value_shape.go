package redact

import (
	"bytes"
	"encoding/base64"
)

// isUUID reports whether v is 32 hexadecimal digits in groups of 8, 4, 4, 4 and 12.
func isUUID(v []byte) bool {
	if len(v) != 36 {
		return false
	}
	for i, c := range v {
		if dash := i == 8 || i == 13 || i == 18 || i == 23; dash != (c == '-') || !dash && !isHex(c) {
			return false
		}
	}
	return true
}

// looksRandom reports whether v can only be made by a generator: long, with digits among letters, without words and
// separators, and no UUID. What is hexadecimal may be a digest, unless it has the 32 digits that most keys of services have.
func looksRandom(v []byte) bool {
	if len(v) < 20 || len(v) > 512 || isUUID(v) || !looksSecret(v) {
		return false
	}
	hex, digits, upper, small, runs := true, 0, 0, 0, 0
	for i, c := range v {
		hex = hex && isHex(c)
		switch {
		case isDigit(c):
			digits++
			if i == 0 || !isDigit(v[i-1]) {
				runs++
			}
		case class[c]&cUpper != 0:
			upper++
		case class[c]&cLower != 0:
			small++
		case c != '-' && c != '_' && c != '+' && c != '/' && c != '=' && c != '.' && c != ':':
			return false
		}
	}
	return digits >= 2 && runs >= 2 && (hex && len(v) == 32 || !hex && (upper >= 3 && small >= 3 || runs >= 4))
}

// isUserPass reports whether v is base64 of printable text with a ":" in it, as in the Basic scheme.
func isUserPass(v []byte) bool {
	if len(v) < 4 || len(v) > 340 {
		return false
	}
	var buf [256]byte
	for len(v) > 0 && v[len(v)-1] == '=' {
		v = v[:len(v)-1]
	}
	n, err := base64.RawStdEncoding.Decode(buf[:], v)
	if err != nil {
		return false
	}
	colon := false
	for i, c := range buf[:n] {
		if c < ' ' || c == 0x7f {
			return false
		}
		colon = colon || c == ':' && i > 0
	}
	return colon
}

// barePlaceholder reports whether the bare value v, before rest, stands for one in code or prose: config.password, var.x,
// DB_PASSWORD, newPassword, os.Getenv(, !Ref, (known after apply).
func barePlaceholder(v, rest []byte, colon bool, k verdict) bool {
	switch v[0] {
	case '!':
		return len(v) > 1 && allOf(v[1:], cAlpha|cDash|cDot)
	case '@':
		return true
	case '(':
		return allOf(v[1:], cLower)
	case '_':
		if len(v) > 4 && v[1] == '_' && v[len(v)-1] == '_' {
			return true
		}
	}
	next := byte(0)
	if len(rest) > 0 {
		next = rest[0]
	}
	if c := v[len(v)-1]; c == '(' || c == '[' && (next == '"' || next == '\'') {
		return true
	}
	if len(v) > 4 && string(v[:4]) == "ENC[" || len(v) > 5 && string(v[:4]) == "ENC(" {
		return true
	}
	if allOf(v, cUpper|cDash) && (hasByte(v, '_') || next == '"') {
		return true
	}
	if k.mild {
		// "pass: 12", "pass=0: on", "PASS: TestX", "PASS: suite/case: it holds", "the secret: patience and practice"
		w := bytes.TrimSuffix(v, []byte(":"))
		if len(w) < 5 && allOf(w, cDigit|cDot) || colon && next == ' ' && (allOf(v, cAlpha) || isPath(w)) {
			return true
		}
	}
	return codeName(v)
}

// isPath reports whether v is words with slashes between.
func isPath(v []byte) bool {
	slashes := 0
	for _, c := range v {
		if c == '/' {
			slashes++
		} else if !isWord(c) {
			return false
		}
	}
	return slashes > 0
}

// mild are strong keys that are also plain words of prose.
var mild = map[string]bool{"pass": true, "secret": true, "secrets": true, "credentials": true, "creds": true}

// codeName reports whether v is the name of a variable or field: config.password, newPassword, apiKey, user.getToken.
func codeName(v []byte) bool {
	if len(v) > maxKey || !allOf(v, cAlpha|cDash|cDot) {
		return false
	}
	dot := -1
	for i, c := range v {
		if c == '.' {
			if dot < 0 {
				dot = i
			}
			if i == 0 || i == len(v)-1 {
				return false
			}
		}
	}
	if dot > 0 {
		return true
	}
	// One of several words, the last of which is the name of a secret.
	t := builtinKeys.judge(v)
	return (t.trait == keyStrong || t.trait == keyWeak) && !hasByte(v, '-')
}

// looksGenerated reports whether v looks random and is no name of an object either, which can have a random part: it is one row of
// letters and digits, or one with a few signs in which capitals and small letters alternate with digits. Digests stay.
func looksGenerated(v []byte) bool {
	if !looksRandom(v) {
		return false
	}
	hex, signs, upper, small := true, 0, 0, 0
	for _, c := range v {
		hex = hex && isHex(c)
		switch {
		case class[c]&cUpper != 0:
			upper++
		case class[c]&cLower != 0:
			small++
		case c == '.' || c == ':' || c == '/':
			return false
		case !isDigit(c) && c != '=':
			signs++
		}
	}
	return !hex && (signs == 0 || upper >= 5 && small >= 5 && signs <= 4)
}
