package redact

import (
	"bytes"
	"strings"
)

// Options of command lines: --password x, -storepass x, and the short ones of the programs that take a password there.

// commands are programs with the letters of their options: a letter takes a secret, one behind "+" a secret glued to
// it, one behind ":" user:secret, one behind "=" cookies.
var commands = map[string]string{
	"mysql": "+p", "mysqldump": "+p", "mysqladmin": "+p", "mysqlimport": "+p", "mariadb": "+p", "mariadb-dump": "+p",
	"sshpass": "p+p", "docker": "Lp", "podman": "Lp", "buildah": "Lp", "skopeo": "Lp", "nerdctl": "Lp", "helm": "Lp",
	"ldapsearch": "w", "ldapadd": "w", "ldapmodify": "w", "ldapdelete": "w", "ldappasswd": "ws", "ldapwhoami": "w",
	"redis-cli": "a", "valkey-cli": "a", "sqlcmd": "P", "osql": "P", "isql": "P", "mosquitto_pub": "P", "mosquitto_sub": "P",
	"mongo": "p", "mongosh": "p", "mongodump": "p", "mongorestore": "p", "unzip": "P+P", "zip": "P+P", "curl": ":u:U=b", "curlie": ":u", "wget": "",
	"http": ":a", "https": ":a", "ssh-keygen": "NP", "cqlsh": "p", "clickhouse-client": "", "influx": "", "rclone": "", "sftp": "",
	"smbclient": ":U", "psexec": "p", "psexec.exe": "p", "psexec64": "p", "PsExec.exe": "p", "PsExec": "p", "PSEXEC": "p", "PsExec64.exe": "p", "useradd": "p", "usermod": "p", "expect": "", "snmpwalk": "cAX", "snmpget": "cAX", "xfreerdp": "", "ipmitool": "P", "zabbix_sender": "",
}

// lineOptions is what is known of the command in a line.
type lineOptions struct {
	how  string // of its program, as in commands
	at   int    // where it was seen
	seen int    // up to where programs have been looked for
}

// maxCommand is how far behind its program an option is known: less than the Writer keeps.
const maxCommand = 256

// program returns how the options of the program are that src[start] is an argument of, as far as the line and what was
// found in it let see.
func (s *scanner) program(start int) string {
	src, o := s.src, &s.opts
	if o.at < start-maxCommand || o.at < s.floor {
		o.how = ""
	}
	i := max(o.seen, start-maxCommand, s.floor)
	o.seen = max(o.seen, start)
	for i < start {
		if !isWord(src[i]) {
			if c := src[i]; c == '\n' || c == '|' || c == ';' || c == '[' || c == '&' {
				o.how = ""
			}
			i++
			continue
		}
		from := i
		for i < start && isWord(src[i]) {
			i++
		}
		if n := i - from; n >= 3 && n <= 18 && class[src[from]]&cAlpha != 0 && src[i] == ' ' {
			if how := commands[string(src[from:i])]; how != "" {
				if how[0] == 'L' {
					if how = how[1:]; !strings.HasPrefix(string(src[i:min(len(src), i+8)]), " login") {
						how = ""
					}
				}
				o.how, o.at = how, from
			}
		}
	}
	return o.how
}

// option looks at the word src[start:end], which begins with "-".
func (s *scanner) option(start, end int) bool {
	src := s.src
	if !s.r.on[Credential] || start > s.floor && !isSpace(src[start-1]) && !hasByte([]byte(`"'[(,`), src[start-1]) {
		return false
	}
	if end-start >= 2 && class[src[start+1]]&cAlpha != 0 && shortOptions>>(lower(src[start+1])&63)&1 != 0 {
		opts := s.program(start)
		for k := 0; k < len(opts); k++ {
			how := byte(' ')
			if !isAlnum(opts[k]) {
				how = opts[k]
				k++
			}
			if opts[k] != src[start+1] {
				continue
			}
			if s.short(how, start, end) {
				return true
			}
		}
	}
	if end-start == 2 && src[start+1] == 'u' && end < len(src) && src[end] == ' ' && s.userAndSecret(end) {
		return true
	}
	if end-start < 4 || end-start > maxKey || src[end-1] == '.' || end >= len(src) || src[end] != ' ' && src[end] != '"' && src[end] != '\'' {
		return false
	}
	name := start
	for name < end && src[name] == '-' {
		name++
	}
	v := s.keys.judge(src[max(name, end-maxKey):end])
	switch {
	case string(src[name:end]) == "user" || string(src[name:end]) == "proxy-user":
		return strings.HasPrefix(s.program(start), ":") && s.short(':', start, end)
	case v.trait == keyCookie:
		return s.cookies(end)
	case v.trait != keyStrong && v.trait != keyWeak || strings.HasPrefix(string(src[name:end]), "no-"):
		return false
	}
	at := end
	if src[at] != ' ' { // the quote of an array: "--password", "x"
		_, n := quoteAt(src, at, min(len(src), at+16))
		at += n
		if at >= len(src) || src[at] != ',' {
			return false
		}
		at++
	}
	return s.optionValue(v.trait, at)
}

// userAndSecret takes what follows "user:" behind "-u" of any program when it looks like a secret. No user begins as a label does.
func (s *scanner) userAndSecret(at int) bool {
	val, ok := s.valueAt(at)
	if !ok {
		return false
	}
	text := s.src[val.start:val.end]
	k := bytes.IndexByte(text, ':')
	return k > 0 && text[0] != '/' && text[0] != '[' && !hasByte(text[:k], '@') && k+1 < len(text) && looksSecret(text[k+1:]) && !s.fills(text[k+1:]) && !bytes.Contains(text, []byte("://")) &&
		s.hit(val.start+k+1, val.end, Credential, "option")
}

// optionValue takes the value of an option that names a secret, from src[at] on.
func (s *scanner) optionValue(trait keyTrait, at int) bool {
	src := s.src
	val, ok := s.valueAt(at)
	if !ok {
		return false
	}
	text := src[val.start:val.end]
	if len(text) > 5 && string(text[:5]) == "pass:" { // openssl
		val.start += 5
		text = text[5:]
	}
	switch {
	case s.fills(text) || text[0] == '-' || trait == keyWeak && !looksSecret(text):
		return false
	case !val.quoted && (optionProse.has(bytes.TrimRight(text, ".,;")) || codeName(text) || barePlaceholder(text, src[val.end:], false, verdict{}) || hasByte(text, '=')):
		return false
	}
	return s.hit(val.start, val.end, Credential, "option")
}

// optionProse are words that follow an option in a text about it.
var optionProse = wordsOf(`to is and or option options flag flags for with from in the a an instead when as on value parameter argument set
		are was must should can will may not if has have used via at by of be but that this it which requires specified given means
		work works isn doesn don won wasn`)

// short takes the value of the short option src[start:end] of a program.
func (s *scanner) short(how byte, start, end int) bool {
	src := s.src
	if how == '+' {
		if end-start < 5 || end < len(src) && class[src[end]]&cSpace == 0 {
			if end-start == 2 && end < len(src) && (src[end] == '\'' || src[end] == '"') {
				return s.optionValue(keyStrong, end)
			}
			if end-start < 5 {
				return false
			}
		}
		stop := s.bareEnd(start+2, min(len(src), end+256))
		return !s.fills(src[start+2:stop]) && s.hit(start+2, stop, Credential, "option")
	}
	if how != ':' && end-start != 2 || end >= len(src) || src[end] != ' ' {
		return false
	}
	switch how {
	case '=':
		return s.cookies(end)
	case ':':
		val, ok := s.valueAt(end)
		if !ok || s.fills(src[val.start:val.end]) {
			return false
		}
		for i := val.start; i < val.end && (src[i] != '[' || !isLabel(src[i:val.end])); i++ {
			if c := src[i]; c == ':' || c == '%' && s.opts.how == ":U" {
				if i == val.start || i+1 >= val.end || src[i+1] == '/' || s.fills(src[i+1:val.end]) {
					return false
				}
				if hasByte(src[val.start:i], '@') { // the user is an address
					return s.hit(val.start, val.end, Credential, "option")
				}
				return s.hit(i+1, val.end, Credential, "option")
			}
		}
		return false
	}
	return s.optionValue(keyStrong, end)
}

// shortOptions has a bit for the letter of each short option in commands.
var shortOptions = func() (t uint64) {
	for _, how := range commands {
		for k := range len(how) {
			if isAlnum(how[k]) && how[k] != 'L' {
				t |= 1 << (lower(how[k]) & 63)
			}
		}
	}
	return t
}()

// netUse finds the password behind the share that begins at src[i] in net use \\\\host\\share x.
func (s *scanner) netUse(i int) bool {
	src, before := s.src, s.src[max(s.floor, i-12):i]
	if k := bytes.LastIndex(before, []byte("use ")); k < 4 || !s.r.on[Credential] || !foldedIs(before[k-4:k-1], "net") {
		return false
	} else if drive := before[k+4:]; len(drive) != 0 && len(drive) != 3 {
		return false
	}
	at := i
	for hi := min(len(src), i+128); at < hi && src[at] > ' '; at++ {
	}
	if at+6 < len(src) && string(src[at:at+6]) == " /user" {
		for at++; at < len(src) && src[at] > ' '; at++ {
		}
	}
	if at+2 >= len(src) || src[at] != ' ' || src[at+1] == '/' || src[at+1] == '*' || src[at+1] == '\\' {
		return false
	}
	return s.optionValue(keyStrong, at)
}
