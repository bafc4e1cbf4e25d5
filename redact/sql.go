package redact

import (
	"database/sql"
	"strconv"
	"strings"
)

// SQL returns a query and its arguments as a log may show them. Names of columns decide as names of fields do: for
// literals and placeholders that are compared with or assigned to a column, and for the rows of an INSERT with a list of
// columns. Placeholders may be ?, $1, :name, @name or @p1; a [sql.NamedArg] is judged by its own name too. All other
// literals and arguments are scanned. args itself is not changed.
func (r *Redactor) SQL(query string, args ...any) (string, []any) {
	w := r.walk()
	w.cut = true
	defer w.done()
	q := sqlWalk{w: w, src: query}
	q.run()
	out := make([]any, len(args))
	for i, a := range args {
		var f *field
		if i < len(q.places) {
			f = q.places[i]
		}
		if n, ok := a.(sql.NamedArg); ok {
			if g := r.field(n.Name); g.hide > hideNothing || g.who != nil {
				f = g
			} else if f = q.names[n.Name]; f == nil {
				f = g
			}
			n.Value = w.anySafe(f, n.Value, r.limits[0])
			out[i] = n
			continue
		}
		out[i] = w.anySafe(f, a, r.limits[0])
	}
	return q.b.String(), out
}

// DSN returns a data source name with user and password replaced, and other parameters by their names: URLs, with several
// hosts too, user:password@tcp(host)/db, key='value' lists and Key=value;Key=value lists.
func (r *Redactor) DSN(s string) string {
	w := r.walk()
	defer w.done()
	head, query, hasQuery := strings.Cut(s, "?")
	if at := strings.LastIndexByte(s, '@'); at > len(head) && !strings.ContainsAny(s[len(head):at], "&=") {
		head, query, hasQuery = s, "", false // the "?" is in the password
	}
	prefix := ""
	if i := strings.Index(head, "://"); i >= 0 {
		prefix, head = head[:i+3], head[i+3:]
	}
	at := strings.LastIndexByte(head, '@')
	switch {
	case at >= 0 && (prefix != "" || !strings.ContainsAny(head[:at], "= ;") || strings.HasPrefix(head[at+1:], "tcp(") || strings.HasPrefix(head[at+1:], "unix(")):
		if user := head[:at]; user != "" {
			if t, changed := w.replaced(UserInfo, "userinfo", []byte(user)); changed {
				user = t
			}
			head = user + head[at:]
		}
	case prefix == "":
		if strings.Contains(s, ";") {
			return w.assignments(s, ";")
		}
		return w.assignments(s, " \t\n\r")
	}
	if prefix == "sqlserver://" || prefix == "jdbc:" || strings.Contains(head, ";") {
		host, rest, ok := strings.Cut(head, ";")
		if ok {
			head = host + ";" + w.assignments(rest, ";")
		}
	}
	out := prefix + head
	if hasQuery {
		out += "?" + w.pairs(query)
	}
	return w.text(nil, out)
}

// assignments redacts key=value parts between separators, with values in quotes or not.
func (w *walker) assignments(s, seps string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		start := i
		for i < len(s) && s[i] != '=' && !strings.ContainsRune(seps, rune(s[i])) {
			i++
		}
		key := s[start:i]
		for i < len(s) && seps != ";" && isSpace(s[i]) { // "key = value"
			j := i
			for j < len(s) && isSpace(s[j]) {
				j++
			}
			if j == len(s) || s[j] != '=' {
				break
			}
			i = j
		}
		if i == len(s) || s[i] != '=' {
			b.WriteString(w.text(nil, key))
			if i < len(s) {
				b.WriteByte(s[i])
				i++
			}
			continue
		}
		i++
		for i < len(s) && isSpace(s[i]) {
			i++
		}
		b.WriteString(s[start:i])
		from := i
		if i < len(s) && (s[i] == '\'' || s[i] == '"' || s[i] == '{') {
			end := s[i]
			if end == '{' {
				end = '}'
			}
			for i++; i < len(s); i++ {
				if s[i] == '\\' && seps != ";" {
					i++
				} else if s[i] == end {
					if i+1 < len(s) && s[i+1] == end {
						i++
						continue
					}
					break
				}
			}
			inner := s[from+1 : min(i, len(s))]
			b.WriteByte(s[from])
			b.WriteString(w.text(w.connection(key), inner))
			b.WriteByte(end)
			i = min(i+1, len(s))
			continue
		}
		for i < len(s) && !strings.ContainsRune(seps, rune(s[i])) {
			if s[i] == '\\' && seps != ";" {
				i++
			}
			i++
		}
		i = min(i, len(s))
		b.WriteString(w.text(w.connection(key), s[from:i]))
	}
	return b.String()
}

// connection is what a key of a data source says: its user is hidden with its password, as in a URL.
func (w *walker) connection(key string) *field {
	key = strings.TrimSpace(key)
	f := w.r.field(key)
	switch strings.ToLower(key) {
	case "user", "uid", "user id", "username", "userid":
		if f.hide == hideNothing && w.r.on[UserInfo] {
			return &field{hide: hideAll, rule: "userinfo"}
		}
	}
	return f
}

// sqlWalk goes over the tokens of one query. It is no parser: it knows just enough to tell which column a literal or a
// placeholder belongs to.
type sqlWalk struct {
	w       *walker
	src     string
	b       strings.Builder
	places  []*field          // by the index of the argument
	names   map[string]*field // by the name of a placeholder
	columns []*field          // of an INSERT
	last    *field            // the last word that can be a column
	column  *field            // what the next value belongs to
	beside  *field            // the word right before
	rows    bool              // behind VALUES
	depth   int
	at      int // the column in a row
	anon    int // how many ? there were
}

func (q *sqlWalk) run() {
	s := q.src
	listing, insert := false, false
	for i := 0; i < len(s); {
		start, c := i, s[i]
		if !isSpace(c) && !isLetter(c) && c != '\'' && c != '$' && c != '?' && c != ':' && c != '@' {
			q.beside = nil
		}
		switch {
		case c == '\'' || (c == 'E' || c == 'e' || c == 'N' || c == 'n') && i+1 < len(s) && s[i+1] == '\'':
			escapes := c == 'E' || c == 'e'
			if c != '\'' {
				i++
			}
			open := i
			for i++; i < len(s); i++ {
				if s[i] == '\\' && (escapes || i+1 < len(s) && s[i+1] == '\'' && i+2 < len(s) && s[i+2] != ')' && s[i+2] != ',' && s[i+2] != ' ' && s[i+2] != ';') {
					i++
				} else if s[i] == '\'' {
					if i+1 < len(s) && s[i+1] == '\'' {
						i++
						continue
					}
					break
				}
			}
			end := min(i, len(s))
			i = min(i+1, len(s))
			q.b.WriteString(s[start : open+1])
			q.b.WriteString(q.w.text(q.owner(), s[open+1:end]))
			q.b.WriteString(s[end:i])
			q.used()
		case c == '$' && i+1 < len(s) && (s[i+1] == '$' || isLetter(s[i+1]) || s[i+1] == '_') && dollarTag(s[i:]) != "":
			tag := dollarTag(s[i:])
			body, _, found := strings.Cut(s[i+len(tag):], tag)
			i += len(tag) + len(body)
			q.b.WriteString(tag)
			q.b.WriteString(q.w.text(q.owner(), body))
			if found {
				q.b.WriteString(tag)
				i += len(tag)
			}
			q.used()
		case c == '-' && strings.HasPrefix(s[i:], "--"):
			if n := strings.IndexByte(s[i:], '\n'); n >= 0 {
				i += n
			} else {
				i = len(s)
			}
			q.b.WriteString(q.w.text(nil, s[start:i]))
		case c == '/' && strings.HasPrefix(s[i:], "/*"):
			if n := strings.Index(s[i+2:], "*/"); n >= 0 {
				i += n + 4
			} else {
				i = len(s)
			}
			q.b.WriteString(q.w.text(nil, s[start:i]))
		case c == '?', c == '$' && i+1 < len(s) && isDigit(s[i+1]), (c == ':' || c == '@') && i+1 < len(s) && (isAlnum(s[i+1]) || s[i+1] == '_') && (i == 0 || s[i-1] != ':' && s[i-1] != '@'):
			for i++; i < len(s) && (isAlnum(s[i]) || s[i] == '_'); i++ {
			}
			q.placeholder(s[start:i])
			q.b.WriteString(s[start:i])
			q.used()
		case isDigit(c):
			for i++; i < len(s) && (isAlnum(s[i]) || s[i] == '.'); i++ {
			}
			if t, yes := q.w.number(q.owner(), []byte(s[start:i])); yes {
				q.b.WriteString("'" + t + "'")
			} else {
				q.b.WriteString(s[start:i])
			}
			q.used()
		case isLetter(c) || c == '_' || c == '"' || c == '`' || c == '[':
			name := ""
			if c == '"' || c == '`' || c == '[' {
				end := c
				if c == '[' {
					end = ']'
				}
				n := strings.IndexByte(s[i+1:], end)
				if n < 0 {
					n = len(s) - i - 2
				}
				i = min(i+n+2, len(s))
				name = strings.Trim(s[start:i], "\"`[]")
			} else {
				for i++; i < len(s) && (isLetter(s[i]) || isDigit(s[i]) || s[i] == '_'); i++ {
				}
				name = s[start:i]
			}
			switch strings.ToLower(name) {
			case "insert", "replace":
				insert, q.columns, q.rows = true, nil, false
				q.last = nil
			case "values":
				q.rows, listing, q.at = true, false, 0
			case "select", "on", "returning", "where":
				q.rows, insert, q.column, q.last = false, false, nil, nil
			case "and", "or", "set":
				q.column, q.last = nil, nil
			case "like", "ilike", "in", "is", "between", "any":
				q.column = q.last
			case "identified": // MySQL: IDENTIFIED BY 'secret'
				q.beside = q.w.r.field("password")
			case "by":
			case "not", "null", "into", "case", "when", "then", "else", "end":
			default:
				f := q.w.r.field(name)
				q.last, q.beside = f, f
				if listing {
					q.columns = append(q.columns, f)
				}
				if f.name != f.key { // a quoted literal or a name that shows something
					q.b.WriteString(f.name)
					continue
				}
				if c == '"' && q.column != nil && q.column != f { // MySQL: a literal
					q.b.WriteByte('"')
					q.b.WriteString(q.w.text(q.column, s[start+1:max(start+1, i-1)]))
					q.b.WriteByte('"')
					continue
				}
			}
			q.b.WriteString(s[start:i])
		default:
			i++
			switch c {
			case '(':
				q.depth++
				if insert && !q.rows && q.columns == nil {
					listing, q.columns = true, []*field{}
				} else if q.rows && q.depth == 1 {
					q.at = 0
				}
			case ')':
				q.depth--
				if listing {
					listing = false
				}
				if q.depth == 0 {
					q.column = nil
				}
			case ',':
				if q.rows && q.depth == 1 {
					q.at++
				} else if q.depth == 0 {
					q.column, q.last = nil, nil
				}
			case '=', '<', '>', '~':
				q.column = q.last
			}
			q.b.WriteByte(c)
		}
	}
}

// owner is the column that a value belongs to, or nil.
func (q *sqlWalk) owner() *field {
	if q.rows && q.depth > 0 {
		if q.at < len(q.columns) {
			return q.columns[q.at]
		}
		return nil
	}
	if q.column == nil && q.beside.whole() { // ALTER ROLE x PASSWORD 'secret'
		return q.beside
	}
	return q.column
}

func (q *sqlWalk) used() {
	q.beside = nil
	if q.depth == 0 {
		q.column = nil
	}
}

// placeholder notes which column an argument belongs to. If a placeholder stands for several, one that hides wins.
func (q *sqlWalk) placeholder(p string) {
	f := q.owner()
	at := -1
	switch {
	case p == "?":
		at = q.anon
		q.anon++
	case p[0] == '@' && (p[1] == 'p' || p[1] == 'P') || p[0] == '$' || p[0] == '?':
		digits := strings.TrimLeft(p, "$@?pP")
		if n, err := strconv.Atoi(digits); err == nil && n > 0 && n <= 1<<16 {
			at = n - 1
		}
	}
	if at < 0 {
		if q.names == nil {
			q.names = map[string]*field{}
		}
		own := q.w.r.field(p[1:])
		if f == nil || f.hide == hideNothing && f.who == nil {
			f = own
		}
		q.names[p[1:]] = f
		return
	}
	for len(q.places) <= at {
		q.places = append(q.places, nil)
	}
	if old := q.places[at]; f != nil && (old == nil || old.hide < f.hide || old.hide == hideNothing && old.who == nil) {
		q.places[at] = f
	}
}

// dollarTag returns the tag that s begins with, such as $$ or $body$, or "".
func dollarTag(s string) string {
	for i := 1; i < len(s) && i < 64; i++ {
		if s[i] == '$' {
			return s[:i+1]
		}
		if !isLetter(s[i]) && !isDigit(s[i]) && s[i] != '_' {
			break
		}
	}
	return ""
}
