package rows

import "strings"

// Cond is a condition on a row of a table whose alias is t. It may be NULL where it is not true: what is to be without its rows says
// "(...) IS NOT TRUE".
type Cond struct {
	SQL  string // with ? for each of Args
	Args []any
}

var never = Cond{SQL: "1 = 0"}

var always = Cond{SQL: "1 = 1"}

// And returns the condition that both hold; that of the zero Cond always does.
func (c Cond) And(d Cond) Cond {
	if d.SQL == "" {
		return c
	}
	if c.SQL == "" {
		return d
	}
	return all(c, d)
}

// Not returns the condition that c does not hold.
func (c Cond) Not() Cond {
	switch c.SQL {
	case never.SQL:
		return always
	case always.SQL:
		return never
	}
	return Cond{"(" + c.SQL + ") IS NOT TRUE", c.Args}
}

func (c Cond) never() bool { return c.SQL == never.SQL }

// all is that each of the conditions holds.
func all(cs ...Cond) Cond { return join(" AND ", always, never, cs) }

// any is that one of the conditions holds.
func either(cs ...Cond) Cond { return join(" OR ", never, always, cs) }

func join(word string, none, decides Cond, cs []Cond) Cond {
	var parts []string
	var args []any
	for _, c := range cs {
		switch c.SQL {
		case none.SQL, "":
			continue
		case decides.SQL:
			return decides
		}
		parts = append(parts, c.SQL)
		args = append(args, c.Args...)
	}
	switch len(parts) {
	case 0:
		return none
	case 1:
		return Cond{parts[0], args}
	}
	return Cond{"(" + strings.Join(parts, word) + ")", args}
}

// Concat puts texts and conditions one behind the other, with the arguments in their order: a statement, or a part of one. Each of parts is a
// string or a Cond.
func Concat(parts ...any) Cond {
	var b strings.Builder
	var args []any
	for _, p := range parts {
		switch p := p.(type) {
		case string:
			b.WriteString(p)
		case Cond:
			b.WriteString(p.SQL)
			args = append(args, p.Args...)
		}
	}
	return Cond{b.String(), args}
}

// Arg is a parameter.
func Arg(v any) Cond { return Cond{"?", []any{v}} }

// selects reports whether the condition asks other rows.
func (c Cond) selects() bool { return strings.Contains(c.SQL, "SELECT") }

// prefixed is the condition behind a word, or nothing if it always holds.
func prefixed(word string, c Cond) Cond {
	if c.SQL == always.SQL {
		return Cond{}
	}
	return Concat(word, c)
}
