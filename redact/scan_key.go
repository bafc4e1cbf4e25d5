package redact

// trigger looks closely at the separator src[i], where the last word is src[ls:le]. It returns a match, or how many
// bytes to go on by.
func (s *scanner) trigger(i, ls, le int) (skip int, ok bool) {
	src := s.src
	switch src[i] {
	case ':':
		if i+3 < len(src) && src[i+1] == '/' && src[i+2] == '/' && (s.r.on[UserInfo] || s.r.on[Token]) {
			ok = s.r.on[UserInfo] && s.userinfo(i) || s.r.on[Token] && s.hook(i)
			return 3, ok
		}
		if n := labelEnd(src, i, ls, le); n > 0 {
			return n - i, false
		}
		if s.addresses && i+1 < len(src) && src[i+1] == ':' && le != i {
			if a, b, kind, rule, ok := ipAt(src, i, &s.r.on); ok {
				return 1, s.hit(a, b, kind, rule)
			}
		}
		ok = s.key(i, i+1, ls, le) || s.r.on[Credential] && (s.foreign(i, ls, le) && s.foreignKey(i) ||
			le == i && i-ls == 4 && foldedIs(src[ls:le], "code") && s.oneTime(ls, i+1) ||
			i+6 < len(src) && postgresPort(src[i:i+6]) && s.pgpass(i))
	case '=':
		ok = s.key(i, i+1, ls, le) || s.r.on[Credential] && s.foreign(i, ls, le) && s.foreignKey(i)
	case '>':
		if le == i && ls > s.floor && src[ls-1] == '<' {
			ok = s.key(i, i+1, ls, le)
		} else if i > s.floor && (src[i-1] == '"' || src[i-1] == '\'') {
			ok = s.element(i)
		}
	case '(':
		ok = s.call(i, ls, le)
	case '~':
		if le == i && ls > 0 && src[ls-1] == '[' {
			if n := labelAt(src, ls-1); n > 0 {
				return n - i, false
			}
		}
		ok = le == i && s.r.on[Token] && s.azureSecret(ls, le)
	case '@':
		if s.r.on[Email] {
			if s.email(i) {
				return 1, true
			}
		}
		if s.r.on[UserInfo] {
			ok = s.dsnUser(i)
		}
	case '%':
		if i+2 < len(src) && isHex(src[i+1]) && isHex(src[i+2]) {
			if src[i+1] == '3' && (src[i+2]|0x20 == 'd' || src[i+2]|0x20 == 'a') {
				ok = s.key(i, i+3, ls, le)
			} else if s.r.on[Email] && (src[i+1] == '4' && src[i+2] == '0' || src[i+1] == '2' && src[i+2] == '5') {
				ok = s.email(i)
			} else if src[i+1] == '2' && src[i+2] == '0' && le == i && le-ls >= 4 && s.r.on[Credential] {
				ok = s.spoken(ls, le)
			}
			return 3, ok
		}
	case '&':
		if i+4 < len(src) && src[i+1] == '#' && s.r.on[Email] {
			ok = s.email(i)
		}
	case '\\':
		if skip = s.escape(i); skip == 2 && src[i+1] == '\\' {
			n := 2
			for hi := min(len(src)-i, maxWord); n < hi && src[i+n] == '\\'; n++ {
			}
			if n -= maxEscape + 2; n > 2 {
				return n &^ 1, false // only the last of them can belong to an escaped "@"
			}
		}
		if skip == 2 && i >= s.floor+8 && src[i-1] == ' ' && s.netUse(i) {
			return skip, true
		}
		if (skip == 6 || skip == 2 && src[i+1] == '\\') && s.r.on[Email] {
			ok = s.email(i)
		}
		return skip, ok
	}
	return 1, ok
}

// labelEnd returns the end of the label whose ":" is src[i], when src[ls:le] is its first word, and else 0.
func labelEnd(src []byte, i, ls, le int) int {
	if le != i || i-ls != len("redacted") || ls == 0 || src[ls-1] != '[' || string(src[ls:i]) != "redacted" {
		return 0
	}
	for j := i + 1; j < min(len(src), i+24); j++ {
		if src[j] == ']' && j > i+1 {
			return j + 1
		}
		if class[src[j]]&(cLower|cDash) == 0 {
			break
		}
	}
	return 0
}

// escape returns the length of the escape that begins with the backslash src[i].
func (s *scanner) escape(i int) int {
	if i+1 >= len(s.src) {
		return 1
	}
	switch s.src[i+1] {
	case 'n', 'r', 't', 'b', 'f', '\\', '/':
		return 2
	case 'u':
		if i+5 < len(s.src) && isHex(s.src[i+2]) && isHex(s.src[i+3]) && isHex(s.src[i+4]) && isHex(s.src[i+5]) {
			return 6
		}
	}
	return 1
}

// keyMaybe is the quick look at the key src[ls:le], which has two bytes or more: most are one plain word and not of a kind
// with those that matter, or have been judged before.
func (s *scanner) keyMaybe(ls, le int) bool {
	src := s.src
	if isDigit(src[le-1]) && isDigit(src[ls]) && le-ls <= maxKey {
		return false // the hour of a time
	}
	k := quietOf(src, ls, le)
	if k.n != 0 && k.small() {
		return s.keys.extra != nil || s.keys.table.maybe(src, ls, le) && !s.keys.quiet.has(k)
	}
	if k.n == 0 {
		return le-ls > 16 || s.keys.extra != nil || class[src[ls]]&class[src[ls+1]]&class[src[le-1]]&cLower == 0 || s.keys.table.maybe(src, ls, le)
	}
	return !s.keys.quiet.has(k)
}
