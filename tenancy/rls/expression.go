package rls

import (
	"slices"
	"strings"
)

// token is one lexical element of an expression as the server prints it.
type token struct {
	kind   tokenKind
	text   string // as written
	val    string // of an identifier or string: without quotes
	spaced bool   // space stands before it
}

type tokenKind byte

const (
	tkWord   tokenKind = iota + 1 // identifier or keyword
	tkQuoted                      // "identifier"
	tkString                      // 'constant'
	tkNumber
	tkOther // one character of anything else; "::" as one
)

// expression is a policy expression, taken apart.
type expression []token

// lex takes SQL apart. It never fails: what it does not know comes out as single characters. Nothing
// but the width of the space between tokens is lost.
func lex(s string) expression {
	var out expression
	spaced := false
	for i := 0; i < len(s); {
		start := i
		c := s[i]
		t := token{}
		switch {
		case isSpace(c):
			i++
			spaced = true
			continue
		case c == '\'' || (c == 'E' || c == 'e') && i+1 < len(s) && s[i+1] == '\'':
			escapes := c != '\''
			if escapes {
				i++
			}
			i, t.val = quoted(s, i, '\'', escapes)
			t.kind = tkString
		case c == '"':
			i, t.val = quoted(s, i, '"', false)
			t.kind = tkQuoted
		case isDigit(c) || c == '.' && i+1 < len(s) && isDigit(s[i+1]):
			for i < len(s) && (isWord(s[i]) || s[i] == '.') {
				i++
			}
			t.kind = tkNumber
		case isWord(c):
			for i < len(s) && (isWord(s[i]) || s[i] == '$') {
				i++
			}
			t.kind, t.val = tkWord, s[start:i]
		case strings.HasPrefix(s[i:], "::"):
			i += 2
			t.kind = tkOther
		default:
			i++
			t.kind = tkOther
		}
		t.text, t.spaced = s[start:i], spaced
		spaced = false
		out = append(out, t)
	}
	return out
}

// quoted reads what stands between the quotes that begin at s[i]; an unclosed one ends with s.
func quoted(s string, i int, q byte, escapes bool) (end int, val string) {
	var b strings.Builder
	for i++; i < len(s); i++ {
		switch {
		case s[i] == q && i+1 < len(s) && s[i+1] == q:
			i++
		case s[i] == q:
			return i + 1, b.String()
		case escapes && s[i] == '\\' && i+1 < len(s):
			i++
		}
		b.WriteByte(s[i])
	}
	return len(s), b.String()
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }
func isDigit(c byte) bool { return c >= '0' && c <= '9' }
func isWord(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || isDigit(c) || c >= 0x80
}

func (e expression) String() string {
	var b strings.Builder
	for _, t := range e {
		if t.spaced {
			b.WriteByte(' ')
		}
		b.WriteString(t.text)
	}
	return b.String()
}

func (t token) is(s string) bool { return t.kind == tkOther && t.text == s }

func (t token) isName() bool { return t.kind == tkWord || t.kind == tkQuoted }

// call is one call of a function in an expression.
type call struct {
	schema, name string // schema is "" where none is written: a function of pg_catalog, or a keyword like coalesce
	from, open   int    // of the first token and of the opening bracket
	close        int    // of the closing bracket
	hoisted      bool   // it stands inside a sub-select
}

// calls finds the calls in e.
func (e expression) calls() []call {
	var out []call
	var selects []bool // per open bracket: is it, or one around it, a sub-select
	inside := false
	for i, t := range e {
		switch {
		case t.is("("):
			selects = append(selects, inside)
			if i+1 < len(e) && e[i+1].kind == tkWord && (e[i+1].text == "SELECT" || e[i+1].text == "WITH") {
				inside = true
				continue
			}
			if i == 0 || !e[i-1].isName() || e[i-1].kind == tkWord && notCalled[e[i-1].text] {
				continue
			}
			c := call{name: e[i-1].val, from: i - 1, open: i, close: e.closing(i), hoisted: inside}
			if i >= 3 && e[i-2].is(".") && e[i-3].isName() {
				c.schema, c.from = e[i-3].val, i-3
			}
			if c.from > 0 && e[c.from-1].is("::") { // a type with a modifier
				continue
			}
			out = append(out, c)
		case t.is(")") && len(selects) > 0:
			inside = selects[len(selects)-1]
			selects = selects[:len(selects)-1]
		}
	}
	return out
}

// notCalled are the words before a bracket that call nothing.
var notCalled = map[string]bool{"AND": true, "OR": true, "NOT": true, "IN": true, "ANY": true, "ALL": true, "SOME": true,
	"SELECT": true, "WHERE": true, "ON": true, "FROM": true, "EXISTS": true, "WHEN": true, "THEN": true, "ELSE": true, "CASE": true,
	"ROW": true, "ARRAY": true, "IS": true, "LIKE": true, "BETWEEN": true, "OPERATOR": true, "AS": true, "UNION": true, "JOIN": true,
	"HAVING": true, "USING": true, "VALUES": true, "FILTER": true, "OVER": true, "DISTINCT": true, "COALESCE": true,
	"LATERAL": true, "LIMIT": true, "OFFSET": true}

// closing returns the index of the bracket that closes the one at open, or len(e).
func (e expression) closing(open int) int {
	depth := 0
	for i := open; i < len(e); i++ {
		switch {
		case e[i].is("("):
			depth++
		case e[i].is(")"):
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return len(e)
}

// literals returns the string and number constants of e, without those that name a setting.
func (e expression) literals() []string {
	var out []string
	for i, t := range e {
		switch {
		case t.kind == tkString && !(i >= 2 && e[i-1].is("(") && e[i-2].val == "current_setting"):
			out = append(out, t.val)
		case t.kind == tkNumber:
			out = append(out, t.text)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// settings returns the settings e reads by a constant name, and whether it reads one by another.
func (e expression) settings() (names []string, computed bool) {
	for _, c := range e.calls() {
		if c.name != "current_setting" || c.schema != "" && c.schema != "pg_catalog" {
			continue
		}
		if c.open+1 < len(e) && e[c.open+1].kind == tkString {
			names = append(names, e[c.open+1].val)
		} else {
			computed = true
		}
	}
	slices.Sort(names)
	return slices.Compact(names), computed
}

// mentions reports whether a name stands in e[from:to], other than as a call or a type.
func (e expression) mentions(n string, from, to int) bool {
	for i := from; i < to && i < len(e); i++ {
		if e[i].isName() && e[i].val == n && !(i > 0 && e[i-1].is("::")) && !(i+1 < len(e) && e[i+1].is("(") && e[i].kind == tkWord) {
			return true
		}
	}
	return false
}

// replaceCalls returns e with each call that f has something for replaced by it.
func (e expression) replaceCalls(f func(call) (string, bool)) expression {
	var out expression
	next := 0
	for _, c := range e.calls() {
		if c.from < next {
			continue // inside one that was replaced
		}
		if with, ok := f(c); ok {
			out = append(out, e[next:c.from]...)
			out = append(out, token{kind: tkOther, text: with, spaced: e[c.from].spaced})
			next = min(c.close+1, len(e))
		}
	}
	return append(out, e[next:]...)
}
