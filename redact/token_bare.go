package redact

import (
	"encoding/base64"
	"hash/crc32"
)

// Tokens that begin with nothing of their own, known by their make.

// bareToken looks for one in or around the word src[at:end].
func (s *scanner) bareToken(at, end int) bool {
	src, n := s.src, end-at
	digits := 0
	for _, c := range src[at:end] {
		if isDigit(c) {
			digits++
		}
	}
	switch {
	case n >= 50 && n <= 90 && (src[at] == 'M' || src[at] == 'N' || src[at] == 'O') && isDiscordToken(src[at:end]):
		return s.hit(at, end, Token, "discord-token")
	case n == 35 && src[at] == 'A' && src[at+1] == 'A' && at > s.floor+8 && src[at-1] == ':':
		i := at - 1
		for i > max(s.floor, at-12) && isDigit(src[i-1]) {
			i--
		}
		if d := at - 1 - i; d >= 8 && d <= 10 && (i == s.floor || !isDigit(src[i-1])) {
			return s.hit(i, end, Token, "telegram-token")
		}
	case digits >= 6 && (n == 36 || n == 37) && src[at+32] == '-' && src[at+33] == 'u' && src[at+34] == 's':
		for i := range 32 {
			if !isHex(src[at+i]) {
				return false
			}
		}
		if allOf(src[at+35:end], cDigit) {
			return s.hit(at, end, Token, "mailchimp-key")
		}
	case digits >= 6 && n == 50 && src[at+32] == '-' && src[at+41] == '-':
		for i, c := range src[at:end] {
			if i != 32 && i != 41 && !isHex(c) {
				return false
			}
		}
		return s.hit(at, end, Token, "mailgun-key")
	}
	return false
}

// azureSecret looks for a client secret of Microsoft Entra around the "~" behind the word src[at:end]: three characters,
// a digit, "Q~" and 34 characters.
func (s *scanner) azureSecret(at, end int) bool {
	src := s.src
	if end-at < 5 || src[end-1] != 'Q' || !isDigit(src[end-2]) || end-5 < s.floor {
		return false
	}
	i := end + 1
	for hi := min(len(src), end+48); i < hi && tokenSet[src[i]]&tokenSet['~'] != 0; i++ {
	}
	for i > end && src[i-1] == '.' {
		i--
	}
	return i-end >= 32 && i-end <= 40 && looksSecret(src[end+1:i]) && s.hit(end-5, i, Token, "azure-client-secret")
}

// isDiscordToken reports whether v is a user's number in base64, a time and a signature, with dots between.
func isDiscordToken(v []byte) bool {
	dot := 0
	for dot < len(v) && v[dot] != '.' {
		dot++
	}
	if dot < 23 || dot > 28 || len(v) < dot+8+27 || v[dot+7] != '.' {
		return false
	}
	var id [24]byte
	n, err := base64.RawStdEncoding.Decode(id[:], v[:dot])
	if err != nil || n < 17 {
		return false
	}
	return allOf(id[:n], cDigit) && looksSecret(v[dot+8:])
}

// tokenSum reports whether the letters and digits v end with the checksum of what is before: CRC-32 in base 62, six
// digits. GitHub and npm make their tokens so, of 30 random characters.
func tokenSum(v []byte) bool {
	const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	if len(v) != 36 {
		return false
	}
	sum := crc32.ChecksumIEEE(v[:30])
	for i := 35; i >= 30; i-- {
		if v[i] != base62[sum%62] {
			return false
		}
		sum /= 62
	}
	return true
}
