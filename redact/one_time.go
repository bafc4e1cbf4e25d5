package redact

import "bytes"

// oneTime takes the one-time code behind the word code at src[start], from src[i] on, when the word before says that it is one: your
// verification code is 123456, login code: 123 456.
func (s *scanner) oneTime(start, i int) bool {
	src := s.src
	to := start
	for to > s.floor && to > start-2 && (src[to-1] == ' ' || src[to-1] == '-' || src[to-1] == '_') {
		to--
	}
	from := to
	for from > s.floor && from > to-20 && class[src[from-1]]&cAlpha != 0 {
		from--
	}
	if from == to || to == start || !codeWords.has(lowered(src[from:to])) {
		return false
	}
	if i+3 < len(src) && string(src[i:i+3]) == "is " {
		i += 3
	}
	for n := 0; n < 3 && i < len(src) && hasByte([]byte(` :"'<*`), src[i]); n++ {
		i++
	}
	return s.digitsOfCode(i)
}

// codeWords are what stands before "code" when it is good for one time.
var codeWords = wordsOf(`your verification login signin security confirmation authentication auth passcode otp mfa time factor recovery sms`)

// lowered returns the small letters of w, which are at most 24.
func lowered(w []byte) []byte {
	var b [24]byte
	n := copy(b[:], w)
	for k := range n {
		b[k] = lower(b[k])
	}
	return b[:n]
}

// digitsOfCode takes the four to eight digits at src[i], or two groups of three.
func (s *scanner) digitsOfCode(i int) bool {
	src := s.src
	end := i
	for end < len(src) && end < i+9 && isDigit(src[end]) {
		end++
	}
	if end-i == 3 && end+4 <= len(src) && (src[end] == ' ' || src[end] == '-') && isDigit(src[end+1]) && isDigit(src[end+2]) && isDigit(src[end+3]) {
		end += 4
	}
	if n := end - i; n < 4 || n > 8 || end < len(src) && (isAlnum(src[end]) || src[end] == '_' || src[end] == '%' || src[end] == '/') ||
		end+1 < len(src) && (src[end] == '.' || src[end] == ',' || src[end] == ':' || src[end] == '-') && isDigit(src[end+1]) {
		return false
	}
	return s.hit(i, end, Credential, "one-time-code")
}

// codeBefore takes the digits in front of "is your verification code", where "your" begins at src[start] and ends before src[end].
func (s *scanner) codeBefore(start, end int) bool {
	src := s.src
	if start < s.floor+8 || string(src[start-4:start]) != " is " {
		return false
	}
	i := start - 4
	for i > s.floor && i > start-13 && isDigit(src[i-1]) {
		i--
	}
	if i > s.floor && (isAlnum(src[i-1]) || src[i-1] == '.' || src[i-1] == '_' || src[i-1] == '-' && (i < s.floor+2 || src[i-2] != 'G')) {
		return false
	}
	ahead := src[end:min(len(src), end+48)]
	if k := bytes.IndexAny(ahead, ".\n"); k >= 0 {
		ahead = ahead[:k]
	}
	for _, w := range []string{"code", "OTP", "passcode", "PIN"} {
		if bytes.Contains(ahead, []byte(w)) {
			return s.digitsOfCode(i)
		}
	}
	return false
}
