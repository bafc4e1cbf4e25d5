package redact

import "bytes"

// Secrets that nothing tells but their place in a line: ENV KEY value of a Dockerfile, .pgpass, AUTH user password of Redis, net user
// name password, what is piped to chpasswd.

// lineBegins reports whether src[i] is the first byte of a line, but for spaces, or of a quoted text.
func (s *scanner) lineBegins(i int) bool {
	for i > s.floor && (s.src[i-1] == ' ' || s.src[i-1] == '\t') {
		i--
	}
	return i == s.floor || s.src[i-1] == '\n' || s.src[i-1] == '"' || s.src[i-1] == '\''
}

// textEnd returns where the line or the quoted text ends that src[i] is in, at most hi.
func (s *scanner) textEnd(i, hi int) int {
	for ; i < hi; i++ {
		c := s.src[i]
		if c == '\\' && i+1 < hi {
			c = s.src[i+1]
			if c == 'n' || c == 'r' {
				break
			}
		}
		if c < ' ' || c == '"' || c == '\'' {
			break
		}
	}
	return i
}

// shortWords are the words that shortWord knows.
var shortWords = []string{"ENV", "net", "NET", "Net", "OTP", "otp", "PIN", "pin"}

// shortWord looks behind the word of three letters src[start:end] and one space.
func (s *scanner) shortWord(start, end int) bool {
	src := s.src
	switch string(src[start:end]) {
	case "ENV":
		return s.lineBegins(start) && s.environment(end)
	case "net", "NET", "Net":
		return s.netUser(end)
	case "OTP", "otp", "PIN", "pin":
		if end+4 < len(src) && string(src[end:end+4]) == " is " {
			return s.digitsOfCode(end + 4)
		}
	}
	return false
}

// environment takes the value of ENV KEY value, where src[end] is the space behind ENV.
func (s *scanner) environment(end int) bool {
	src := s.src
	from := end + 1
	to := from
	for to < len(src) && to < from+maxKey && class[src[to]]&(cUpper|cDigit|cDash) != 0 {
		to++
	}
	if to-from < 3 || to >= len(src) || src[to] != ' ' {
		return false
	}
	v := s.keys.judge(src[from:to])
	return (v.trait == keyStrong || v.trait == keyWeak) && s.optionValue(v.trait, to)
}

// netUser takes the password of net user name password /add, where src[end] is the space behind net.
func (s *scanner) netUser(end int) bool {
	src := s.src
	if end+6 >= len(src) || !foldedIs(src[end+1:end+5], "user") || src[end+5] != ' ' {
		return false
	}
	at := end + 6
	if src[at] == '/' {
		return false
	}
	for hi := min(len(src), at+lookBehind); at < hi && src[at] > ' '; at++ {
	}
	val, ok := s.valueAt(at)
	if !ok || at >= len(src) || src[at] != ' ' || src[val.start] == '/' {
		return false
	}
	rest := src[val.end:min(len(src), val.end+6)]
	if i := bytes.IndexByte(rest, '/'); i < 0 || len(rest) < i+4 || !foldedIs(rest[i+1:i+4], "add") && !foldedIs(rest[i+1:i+4], "dom") {
		return false
	}
	return s.optionValue(keyStrong, at)
}

// authCommand takes the password of AUTH password and AUTH user password, from src[i] to the end of the line, behind the AUTH at
// src[start].
func (s *scanner) authCommand(start, i int) bool {
	src := s.src
	before := src[max(s.floor, start-12):start]
	prompt := bytes.HasSuffix(before, []byte("> ")) || bytes.HasSuffix(before, []byte("redis-cli ")) || bytes.HasSuffix(before, []byte("valkey-cli "))
	if !prompt && !s.lineBegins(start) {
		return false
	}
	from, words := i, 1
	end := i
	for hi := s.textEnd(i, min(len(src), i+256)); end < hi; end++ {
		if src[end] == ' ' {
			from = end + 1
			words++
		}
	}
	least := 8
	if prompt {
		least = 4
	}
	text := src[from:end]
	if words > 2 || len(text) < least || s.fills(text) || allOf(text, cUpper|cDigit|cDash|cDot) || allOf(text, cAlpha|cDash|cDot) ||
		allOf(text, cDigit|cDot) || hasByte(text, '=') || hasByte(text, ':') || hasByte(text, '(') {
		return false
	}
	return s.hit(from, end, Credential, "command")
}

// piped takes the password of echo user:password | chpasswd, from src[i] on.
func (s *scanner) piped(i int) bool {
	src := s.src
	val, ok := s.valueAt(i)
	if !ok {
		return false
	}
	colon := bytes.IndexByte(src[val.start:val.end], ':') + val.start
	if colon <= val.start || colon+1 >= val.end {
		return false
	}
	rest := src[val.end:min(len(src), val.end+32)]
	rest = bytes.TrimLeft(rest, `"' `)
	if len(rest) == 0 || rest[0] != '|' {
		return false
	}
	rest = bytes.TrimPrefix(bytes.TrimLeft(rest[1:], " "), []byte("sudo "))
	return bytes.HasPrefix(rest, []byte("chpasswd")) && !s.fills(src[colon+1:val.end]) && s.hit(colon+1, val.end, Credential, "command")
}

// postgresPort reports whether p, which begins with ":", goes on with a port that PostgreSQL is served at and another ":".
func postgresPort(p []byte) bool {
	return p[5] == ':' && p[3] == '3' && (p[1] == '5' && p[2] == '4' || p[1] == '6' && p[2] == '4') && isDigit(p[4])
}

// pgpass takes the password of a line host:port:database:user:password, where src[i] is the first ":".
func (s *scanner) pgpass(i int) bool {
	src := s.src
	start := i
	for lo := max(s.floor, i-lookBehind); start > lo && (isWord(src[start-1]) || src[start-1] == '*' || src[start-1] == '/'); start-- {
	}
	if start == i || !s.lineBegins(start) {
		return false
	}
	at, hi := i+6, min(len(src), i+256)
	for fields := 0; at < hi; at++ {
		c := src[at]
		if c == ':' {
			if fields++; fields == 2 {
				break
			}
		} else if !isWord(c) && c != '*' && c < 0x80 {
			return false
		}
	}
	from := at + 1
	end := from
	for hi := s.textEnd(from, hi); end < hi && src[end] != ' '; end++ {
	}
	if end-from < 2 || from >= hi || end < len(src) && src[end] == ' ' || s.fills(src[from:end]) || isDigit(src[from]) && allOf(src[from:end], cDigit) && end-from < 4 {
		return false
	}
	return s.hit(from, end, Credential, "pgpass")
}
