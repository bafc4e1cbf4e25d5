package rows

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/bailiwick-dev/bailiwick/dsar/schema"
)

// value is a value of a row, or one that a column is compared with.
type value struct {
	text string // as the database writes it; a blob of SQLite as \x and hex digits
	raw  any    // on SQLite: int64, float64, string or []byte
	null bool
}

// placeholder is a ? of the column's type. The type is the map's, without a length, which would cut the value.
func (r *Rows) placeholder(t *table, column string) string {
	if typ := r.castable(t, column); typ != "" {
		return "CAST(? AS " + typ + ")"
	}
	return "?"
}

// castable is the type that a parameter for the column is cast to, on Postgres; "" if it takes that of what it is compared with.
func (r *Rows) castable(t *table, column string) string {
	typ := t.types[column]
	if r.dialect != schema.Postgres || typ == "" || strings.ContainsAny(typ, `"`) { // the map has names in small letters
		return ""
	}
	for {
		before, after, ok := strings.Cut(typ, "(")
		if !ok {
			break
		}
		_, after, _ = strings.Cut(after, ")")
		typ = strings.TrimSpace(before) + after
	}
	switch typ {
	case "char", "character":
		return "bpchar" // without a length it is of one character
	case "smallint", "integer", "int", "int2", "int4", "int8", "serial", "bigserial", "smallserial":
		return "bigint" // a number that does not fit is not found, and no error
	}
	return typ
}

// fits reports whether a column of the family can hold the text, as far as Postgres would refuse to look for it.
func (r *Rows) fits(f schema.Family, text string) bool {
	if r.dialect != schema.Postgres {
		return true
	}
	switch f {
	case schema.Int:
		return numeral.MatchString(text)
	case schema.Number:
		_, err := strconv.ParseFloat(text, 64)
		return err == nil
	case schema.UUID:
		b, err := hex.DecodeString(strings.ReplaceAll(text, "-", ""))
		return err == nil && len(b) == 16
	case schema.Bool, schema.Time, schema.JSON:
		return text != ""
	case schema.Bytes:
		_, err := hex.DecodeString(strings.TrimPrefix(text, `\x`))
		return err == nil && strings.HasPrefix(text, `\x`)
	}
	return !strings.ContainsRune(text, 0)
}

// arguments are the values that a column of SQLite may hold for v: a column without a type, or of one that SQLite does not convert to, holds
// what the application wrote, 7 or '7'.
func arguments(f schema.Family, v value) []any {
	var out []any
	add := func(x any) {
		if !slices.ContainsFunc(out, func(y any) bool { return fmt.Sprintf("%T%v", x, x) == fmt.Sprintf("%T%v", y, y) }) {
			out = append(out, x)
		}
	}
	if v.raw != nil {
		add(v.raw)
	}
	if f == schema.Int && v.raw != nil {
		return out // SQLite converts the other side
	}
	if _, blob := v.raw.([]byte); !blob {
		add(v.text)
	}
	if f == schema.Text || f == schema.JSON {
		return out
	}
	if n, err := strconv.ParseInt(v.text, 10, 64); err == nil && strconv.FormatInt(n, 10) == v.text {
		add(n)
	}
	if h, ok := strings.CutPrefix(v.text, `\x`); ok {
		if b, err := hex.DecodeString(h); err == nil {
			add(b)
		}
	}
	if len(v.text) == 36 && f != schema.Int {
		if b, err := hex.DecodeString(strings.ReplaceAll(v.text, "-", "")); err == nil && len(b) == 16 {
			add(b)
		}
	}
	return out
}

// equal is the condition that the column holds one of the values.
func (r *Rows) equal(t *table, a ref, column string, values ...value) Cond {
	f := t.family(column)
	c := a(column)
	if r.dialect == schema.SQLite {
		var args []any
		for _, v := range values {
			if !v.null {
				args = append(args, arguments(f, v)...)
			}
		}
		switch len(args) {
		case 0:
			return never
		case 1:
			return Cond{c + " = ?", args}
		}
		return Cond{c + " IN (?" + strings.Repeat(", ?", len(args)-1) + ")", args}
	}
	var texts []string
	for _, v := range values {
		if _, err := strconv.ParseInt(v.text, 10, 64); v.null || !r.fits(f, v.text) || err != nil && r.castable(t, column) == "bigint" {
			continue
		}
		texts = append(texts, v.text)
	}
	switch len(texts) {
	case 0:
		return never
	case 1:
		return Cond{c + " = " + r.placeholder(t, column), []any{texts[0]}}
	}
	typ := r.castable(t, column)
	if typ == "" {
		typ = "text"
		c = "CAST(" + c + " AS text)"
	}
	return Cond{c + " = ANY(CAST(? AS " + typ + "[]))", []any{arrayText(texts)}}
}

// arrayText is an array of Postgres as text.
func arrayText(texts []string) string {
	var b strings.Builder
	b.WriteByte('{')
	for i, s := range texts {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('"')
		for _, c := range []byte(s) {
			if c == '"' || c == '\\' {
				b.WriteByte('\\')
			}
			b.WriteByte(c)
		}
		b.WriteByte('"')
	}
	b.WriteByte('}')
	return b.String()
}
