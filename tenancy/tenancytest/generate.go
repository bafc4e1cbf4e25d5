package tenancytest

import (
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"regexp"
	"slices"
	"strings"
	"time"
)

// generate returns a value for c that nothing in the table is likely to hold already.
func generate(c column) (string, bool) {
	word := "bw" + strings.ToLower(rand.Text()[:14])
	switch c.Base {
	case "uuid":
		var b [16]byte
		_, _ = rand.Read(b[:]) // never fails
		b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
		return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:]), true
	case "smallint":
		return number(1<<15 - 1), true
	case "integer", "oid":
		return number(1<<31 - 1), true
	case "bigint":
		return number(1<<53 - 1), true
	case "bytea":
		return `\x` + hex.EncodeToString([]byte(word)), true
	case "json", "jsonb":
		return `{"bw": "` + word + `"}`, true
	case "int4range", "int8range", "numrange":
		n := number(1 << 29)
		return "[" + n + "," + n + "]", true
	case "tsrange", "tstzrange", "daterange":
		at := moment()
		return "[" + at.Format(time.DateTime) + "," + at.AddDate(0, 0, 2).Format(time.DateTime) + ")", true
	case "date":
		return moment().Format(time.DateOnly), true
	case "time without time zone", "time with time zone":
		return moment().Format(time.TimeOnly), true
	case "macaddr":
		return "02:00:" + time.Unix(mustInt(1<<31), 0).UTC().Format("15:04:05"), true
	case "xml":
		return "<bw>" + word + "</bw>", true
	}
	switch c.Category {
	case "S":
		if strings.Contains(strings.ToLower(c.Name), "mail") {
			word += "@example.com"
		}
		if c.Length > 0 && c.Length < len(word) {
			word = word[2 : 2+min(c.Length, 14)]
		}
		return word, true
	case "N":
		return number(1 << 15), true // numeric(p, s) may be small
	case "D":
		return moment().Format(time.DateTime), true
	case "T":
		return number(1<<20) + " seconds", true
	case "I":
		n := mustInt(1 << 24)
		return fmt.Sprintf("10.%d.%d.%d", n>>16, n>>8&255, n&255), true
	}
	return "", false
}

func mustInt(below int64) int64 {
	n, err := rand.Int(rand.Reader, big.NewInt(below))
	if err != nil {
		panic(err) // never fails
	}
	return n.Int64()
}

func number(most int64) string { return fmt.Sprint(1 + mustInt(most)) }

// moment is a second of the next years, for columns whose values must differ.
func moment() time.Time { return time.Unix(1_900_000_000+mustInt(300_000_000), 0).UTC() }

var (
	quoted   = regexp.MustCompile(`'((?:[^']|'')*)'`)
	numerals = regexp.MustCompile(`-?\b\d+(?:\.\d+)?\b`)
)

// candidates returns values for c that the table's rules may accept, the likeliest first. The
// first is what a rule names, where one names any.
func (t *table) candidates(cat *catalogue, c column) (out []string) {
	if c.Name == t.tenant.Name {
		return nil
	}
	if i := slices.Index(t.Split, c.Name); i >= 0 {
		for _, p := range cat.tables {
			if p.Parent == t.OID {
				from, _, _ := strings.Cut(p.Bound, " TO ")
				if all := quoted.FindAllStringSubmatch(from, -1); strings.Contains(p.Bound, " TO ") && i < len(all) {
					out = append(out, all[i][1])
				} else if !strings.Contains(p.Bound, " TO ") {
					for _, m := range all {
						out = append(out, m[1])
					}
				}
			}
		}
		if len(out) > 0 {
			return out
		}
	}
	out = append(out, c.Labels...)
	for _, k := range slices.Concat(t.Checks, t.Domains) {
		if !slices.Contains(k.Columns, c.Name) {
			continue
		}
		for _, m := range quoted.FindAllStringSubmatch(k.Text, -1) {
			if !strings.ContainsAny(m[1], `^$[]~*\`) {
				out = append(out, strings.ReplaceAll(m[1], "''", "'"))
			}
		}
		if c.Category == "N" {
			out = append(out, numerals.FindAllString(k.Text, -1)...)
			out = append(out, "1", "2", "100", "0")
		}
	}
	if len(out) > 0 {
		if v, ok := generate(c); ok { // the rule may name what the value must not be
			out = append(out, v)
		}
		return out
	}
	if c.Category == "B" {
		return []string{"false", "true"}
	}
	if c.Category == "A" {
		return []string{"{}"}
	}
	if v, ok := generate(c); ok {
		out = append(out, v)
	}
	return out
}

// invent makes rows of t for the maker's tenant out of the catalogue alone: one, or one for each
// partition.
func (m *maker) invent(t *table) error {
	base := row{t.tenant.Name: text(m.id.String())}
	for _, l := range t.Foreign {
		if err := m.parent(t, l, base); err != nil {
			return err
		}
	}
	choices := map[string][]string{}
	most := 1
	for _, c := range t.Columns {
		_, has := base[c.Name]
		if has || c.Fixed || !c.Insert || c.Default && c.Category != "S" && !slices.Contains(t.Split, c.Name) {
			continue
		}
		if c.Default && len(t.candidates(m.cat, c)) > 1 {
			continue // a text with a default and a rule: the default is right
		}
		if v := t.candidates(m.cat, c); len(v) > 0 {
			choices[c.Name] = v
			most = max(most, len(v))
		} else if c.NotNull && !c.Default {
			return noRow{"column " + c.Ident + " has a type the kit has no value for"}
		}
	}
	var last error
	put := 0
	full := min(most, 16)
	for i := range 2 * full {
		sparse := i >= full // where no full row fits, because of what its columns are to each other
		if sparse && put > 0 {
			break
		}
		r := maps.Clone(base)
		for name, v := range choices {
			if c, _ := t.column(name); !sparse || c.NotNull || slices.Contains(t.Split, name) {
				r[name] = text(v[i%len(v)])
			}
		}
		if i > 0 { // further rows must differ in what is unique
			for _, c := range t.Columns {
				if _, ok := choices[c.Name]; ok && t.unique(c.Name) && !slices.Contains(t.Split, c.Name) && len(choices[c.Name]) == 1 {
					if v, ok := generate(c); ok {
						r[c.Name] = text(v)
					}
				}
			}
		}
		if _, err := m.put(t, r); errors.As(err, new(lost)) {
			return err
		} else if err != nil {
			last = err
			continue
		}
		put++
		if len(t.Split) == 0 {
			return nil
		}
	}
	if put == 0 {
		return last
	}
	return nil
}

// parent fills the columns of a foreign key from a row that is there.
func (m *maker) parent(t *table, l link, r row) error {
	from := l.ParentName
	if p := m.cat.by[l.Parent]; p != nil {
		from = p.Name + " WHERE " + p.tenant.Ident + "::text = " + lit(m.id.String())
	}
	vals := make([]sql.NullString, len(l.Referenced))
	into := make([]any, len(l.Referenced))
	var exprs []string
	for i, c := range l.Referenced {
		exprs, into[i] = append(exprs, ident(c)+"::text"), &vals[i]
	}
	err := savepoint(m.ctx, m.tx, true, func() error {
		return m.tx.QueryRowContext(m.ctx, "SELECT "+strings.Join(exprs, ", ")+" FROM "+from+" LIMIT 1").Scan(into...)
	})
	if errors.As(err, new(lost)) {
		return err
	}
	for i, name := range l.Columns {
		c, _ := t.column(name)
		switch {
		case name == t.tenant.Name:
		case err == nil:
			r[name] = vals[i]
		case c.NotNull && l.Parent != t.OID:
			return noRow{"there is no row that its foreign key " + l.Name + " could point at"}
		case c.NotNull:
			return noRow{"its foreign key " + l.Name + " points into the table itself and must not be null"}
		default:
			r[name] = sql.NullString{}
		}
	}
	return nil
}
