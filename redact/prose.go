package redact

// spokenWords are words after which a secret can stand with no more than a space, a quote or "is" between, and how sure
// that is.
var spokenWords = map[string]speech{
	"Bearer": speechScheme, "bearer": speechScheme, "BEARER": speechScheme, "Basic": speechBasic, "basic": speechBasic, "BASIC": speechBasic,
	"Token": speechScheme, "token": speechScheme, "TOKEN": speechScheme, "SSWS": speechScheme, "ApiKey": speechScheme, "apikey": speechScheme,
	"Splunk": speechScheme, "GenieKey": speechScheme, "OAuth": speechScheme, "FlyV1": speechScheme, "secret": speechScheme, "Secret": speechScheme,
	"password": speechPassword, "Password": speechPassword, "PASSWORD": speechPassword, "passwd": speechPassword, "passphrase": speechPassword,
	"passcode": speechPassword, "Passphrase": speechPassword,
	"requirepass": speechDirective, "masterauth": speechDirective, "bindpw": speechDirective, "rootpw": speechDirective, "rootbindpw": speechDirective,
	"IDENTIFIED": speechBy, "identified": speechBy, "Identified": speechBy,
	"ConvertTo-SecureString": speechQuoted,
	"add-authtoken":          speechScheme,
	"AUTH":                   speechScheme,
	"aws_secret_access_key":  speechScheme,
	"code":                   speechCode, "Code": speechCode, "CODE": speechCode,
	"your": speechYour,
	"echo": speechPiped,
}

type speech uint8

const (
	speechScheme    speech = iota + 1 // Bearer x: when it looks like a secret
	speechBasic                       // Basic x: or when it decodes to user:password
	speechPassword                    // PASSWORD 'x', login a password x, the password is x
	speechDirective                   // requirepass x
	speechBy                          // IDENTIFIED BY 'x'
	speechQuoted                      // ConvertTo-SecureString "x"
	speechCode                        // verification code is 123456
	speechYour                        // 123456 is your verification code
	speechPiped                       // echo user:x | chpasswd
)

// spoken finds the secret behind the word src[start:end], if it is one of spokenWords.
func (s *scanner) spoken(start, end int) bool {
	src := s.src
	if end-start > 24 {
		return false
	}
	how := spokenWords[string(src[start:end])]
	if how == 0 || end >= len(src) {
		return false
	}
	i := end
	for i < len(src) && i < end+3 && (src[i] == ' ' || src[i] == '\t') {
		i++
	}
	if i == end && i+2 < len(src) && (src[i] == '%' && src[i+1] == '2' && src[i+2] == '0') {
		i += 3
	}
	if i == end || i >= len(src) {
		return false
	}
	switch how {
	case speechPassword:
		return s.password(start, i)
	case speechDirective:
		return (start == s.floor || src[start-1] == '\n') && s.optionValue(keyStrong, i)
	case speechBy:
		if i+3 < len(src) && src[i]|0x20 == 'b' && src[i+1]|0x20 == 'y' && src[i+2] == ' ' {
			return s.quotedValue(i + 3)
		}
		return false
	case speechQuoted:
		return s.quotedValue(i)
	case speechCode:
		return s.oneTime(start, i)
	case speechYour:
		return s.codeBefore(start, end)
	case speechPiped:
		return s.piped(i)
	}
	if src[start] == 'A' && src[start+1] == 'U' && s.authCommand(start, i) {
		return true
	}
	return s.scheme(how, end, i)
}

// scheme takes the secret of eight bytes or more at src[from] behind a word such as Bearer, which ends before src[end], and
// one space.
func (s *scanner) scheme(how speech, end, from int) bool {
	src := s.src
	if src[end] == ' ' && from != end+1 {
		return false
	}
	i := schemeValue(src, from)
	text := src[from:i]
	if len(text) < 8 || i < len(src) && (src[i] == '(' || src[i] == '[' || src[i] == '@') || pairIn(text) {
		return false
	}
	return (looksSecret(text) && (!isUUID(text) || src[end-6]|0x20 == 's') || how == speechBasic && isUserPass(text)) && s.hit(from, i, Credential, "scheme")
}

// schemeValue returns the end of what can stand behind a scheme.
func schemeValue(src []byte, from int) int {
	i := from
	for hi := min(len(src), from+maxWindow-lookBehind); i < hi && (isWord(src[i]) || src[i] == '+' || src[i] == '/' || src[i] == '=' || src[i] == '~' || src[i] == '|' || src[i] == ':'); i++ {
	}
	for i > from && (src[i-1] == '.' || src[i-1] == ':') {
		i--
	}
	return i
}

// pairIn reports whether v holds a "=" that does not fill up base64: token=x is for the rule of keys.
func pairIn(v []byte) bool {
	for k, c := range v {
		if c == '=' && k+1 < len(v) && v[k+1] != '=' {
			return true
		}
	}
	return false
}

// authorization takes what follows the scheme in the header whose value begins at src[at]. Of a scheme that is not one of
// spokenWords it has to look like a secret.
func (s *scanner) authorization(at int) bool {
	src := s.src
	for n := 0; at < len(src) && n < 8 && hasByte([]byte(" [\"'\\"), src[at]); n++ {
		at++
	}
	end := schemeEnd(src, at)
	if end == 0 {
		return false
	}
	from := end + 1
	if src[end] == '%' {
		from += 2
	}
	to := schemeValue(src, from)
	text := src[from:to]
	if len(text) < 4 || pairIn(text) || text[0] == '=' || to < len(src) && (src[to] == '(' || src[to] == '[' || src[to] == '@') {
		return false
	}
	switch spokenWords[string(src[at:end])] {
	case speechScheme:
		if s.fills(text) || optionProse.has(text) || codeName(text) || len(text) < 6 && allOf(text, cLower) {
			return false
		}
	case speechBasic:
		if !isUserPass(text) && !looksSecret(text) {
			return false
		}
	default:
		if !looksSecret(text) && !isUUID(text) {
			return false
		}
	}
	return s.hit(from, to, Credential, "scheme")
}

// schemeEnd returns the end of the scheme of authorization at src[at], behind which more stands, or 0.
func schemeEnd(src []byte, at int) int {
	i := at
	for hi := min(len(src), at+24); i < hi && (isAlnum(src[i]) || src[i] == '-'); i++ {
	}
	if i < at+2 || i+3 >= len(src) || src[i] != ' ' && string(src[i:i+3]) != "%20" {
		return 0
	}
	return i
}

// quotedValue takes the quoted value at src[at].
func (s *scanner) quotedValue(at int) bool {
	val, ok := s.valueAt(at)
	if !ok || !val.quoted {
		return false
	}
	text := s.src[val.start:val.end]
	return !s.fills(text) && !codeName(text) && s.hit(val.start, val.end, Credential, "key-quoted")
}

// password takes what follows the word password at src[start], from src[i] on: a quoted text, what follows "is", and
// in .netrc, behind "login x", any word.
func (s *scanner) password(start, i int) bool {
	src := s.src
	if src[i] == '\'' || src[i] == '"' || src[i] == '\\' {
		if src[start] == 'p' && i+1 < len(src) && !s.quoteOpens(i) {
			return false
		}
		return s.quotedValue(i)
	}
	if i+3 < len(src) && src[i] == 'i' && src[i+1] == 's' && src[i+2] == ' ' {
		if i += 3; i+1 < len(src) && (src[i] == '\'' || src[i] == '"') {
			return s.quotedPassword(i)
		}
	} else if i+8 < len(src) && isDigit(src[i]) && src[i+1] == ' ' { // of a router: password 7 08…
		to := schemeValue(src, i+2)
		text := src[i+2 : to]
		return len(text) >= 8 && (looksSecret(text) || allOf(text, cDigit|cUpper)) && s.hit(i+2, to, Credential, "prose")
	} else if i+4 < len(src) && src[i+3] == ' ' && foldedIs(src[i:i+3], "for") {
		return s.passwordFor(i + 4)
	} else if !s.afterLogin(start) {
		return false
	} else {
		return s.optionValue(keyStrong, i)
	}
	val, ok := s.valueAt(i)
	if !ok {
		return false
	}
	for !val.quoted && val.end > val.start && (src[val.end-1] == '.' || src[val.end-1] == '!' && val.end-val.start > 12) {
		val.end--
	}
	text := src[val.start:val.end]
	digits, letters := 0, 0
	for _, c := range text {
		if isDigit(c) {
			digits++
		} else if isAlnum(c) {
			letters++
		}
	}
	if s.fills(text) || hasByte(text, ' ') || len(text) < 6 || digits == 0 || letters == 0 {
		return false
	}
	return s.hit(val.start, val.end, Credential, "prose")
}

// passwordFor finds the quoted value behind password for 'somebody' is, or =, or to, from src[i] on.
func (s *scanner) passwordFor(i int) bool {
	src := s.src
	for hi := min(len(src), i+lookBehind); i+4 < hi && src[i] != '\n'; i++ {
		if src[i] != ' ' || src[i+1] == ' ' {
			continue
		}
		at := i + 1
		switch {
		case src[at] == '=' || src[at] == ':':
			at++
		case src[at+2] == ' ' && (foldedIs(src[at:at+2], "is") || foldedIs(src[at:at+2], "to")):
			at += 2
		default:
			continue
		}
		if at+9 < len(src) && string(src[at:at+9]) == " PASSWORD" && src[at+9] == '(' { // of MySQL
			at += 10
		}
		if at < len(src) && src[at] == ' ' {
			at++
		}
		return at+1 < len(src) && (src[at] == '\'' || src[at] == '"') && s.quotedPassword(at)
	}
	return false
}

// quotedPassword takes the quoted value at src[at] in prose about a password, when it can be one.
func (s *scanner) quotedPassword(at int) bool {
	val, ok := s.valueAt(at)
	if !ok || !val.quoted || val.end-val.start < 4 || val.end-val.start > lookBehind {
		return false
	}
	text := s.src[val.start:val.end]
	return !s.fills(text) && !codeName(text) && !hasByte(text, ' ') && !hasByte(text, '{') && !holdsLabel(text) && s.hit(val.start, val.end, Credential, "prose")
}

// quoteOpens reports whether the quote at src[i] opens: the quotes before it on the line are even in number.
func (s *scanner) quoteOpens(i int) bool {
	n := 0
	for k := i - 1; k >= max(s.floor, i-lookBehind) && s.src[k] != '\n'; k-- {
		if s.src[k] == s.src[i] {
			n++
		}
	}
	return n%2 == 0
}

// afterLogin reports whether "machine", a host, "login" and one word stand before src[start], as in .netrc.
func (s *scanner) afterLogin(start int) bool {
	src := s.src
	lo := max(0, start-128)
	i := s.skipBack(start, lo, " \t\r\n")
	to := i
	for i > lo && class[src[i-1]]&cSpace == 0 {
		i--
	}
	if i == to {
		return false
	}
	word := func() (from, to int) {
		to = s.skipBack(i, lo, " \t\r\n")
		for i = to; i > lo && class[src[i-1]]&cSpace == 0; i-- {
		}
		return i, to
	}
	if a, b := word(); string(src[a:b]) != "login" {
		return false
	}
	a, b := word()
	if string(src[a:b]) == "default" {
		return true
	}
	host := hasByte(src[a:b], '.') || string(src[a:b]) == "localhost"
	a, b = word()
	return host && string(src[a:b]) == "machine"
}
