package erase

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"

	"github.com/google/uuid"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/rows"
	"github.com/bailiwick-dev/bailiwick/dsar/schema"
	"github.com/bailiwick-dev/bailiwick/redact"
)

// mailHost is that of addresses that stand in for others: nobody can ever have it (RFC 2606).
const mailHost = "@erased.invalid"

// value returns the SQL of what a column holds after the strategy, and false if it holds what it did. Rows have the alias t.
func (l *layout) value(t *table, c *schema.Column, class redact.Class, s dsar.Strategy, salt []byte) (rows.Cond, bool, error) {
	_, kept := s.Reason()
	switch {
	case s.IsZero(), kept, s.Is(dsar.Shred):
		return rows.Cond{}, false, nil
	case c.Generated:
		return rows.Cond{}, false, l.cannot(t, c, s, "it is computed from others")
	}
	text, n := s.Value()
	var out rows.Cond
	switch {
	case s.Is(dsar.Null):
		if c.NotNull {
			return out, false, l.cannot(t, c, s, "it may not be null")
		}
		out.SQL = "NULL"
	case s.Is(dsar.Constant("")):
		out = l.cast(c, text)
	case s.Is(dsar.Random):
		out.SQL = l.random(c, class)
	case s.Is(dsar.Pseudonym):
		out = l.pseudonym(t, c, class, salt)
	case s.Is(dsar.Truncate(0)):
		out.SQL = l.truncate(c, n)
	}
	if out.SQL == "" {
		return out, false, l.cannot(t, c, s, "it does not fit the type")
	}
	return out, true, nil
}

func (l *layout) cannot(t *table, c *schema.Column, s dsar.Strategy, why string) error {
	return fmt.Errorf("%w: %s.%s cannot become %q: %s", ErrMap, t.Name, c.Name, s, why)
}

// cast is a text as the column's type.
func (l *layout) cast(c *schema.Column, text string) rows.Cond {
	if l.pg {
		return rows.Concat("CAST(CAST(", rows.Arg(text), " AS text) AS ", c.Type, ")")
	}
	switch c.Family {
	case schema.Int, schema.Bool:
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return rows.Arg(n)
		}
	case schema.Number:
		if f, err := strconv.ParseFloat(text, 64); err == nil {
			return rows.Arg(f)
		}
	case schema.Bytes:
		return rows.Arg([]byte(text))
	}
	return rows.Arg(text)
}

var width = regexp.MustCompile(`\((\d+)\)$`)

// room is how many characters a text column takes.
func room(c *schema.Column) int {
	if m := width.FindStringSubmatch(c.Type); m != nil {
		if n, err := strconv.Atoi(m[1]); err == nil {
			return n
		}
	}
	return 1 << 20
}

// random is SQL of another value for each row.
func (l *layout) random(c *schema.Column, class redact.Class) string {
	tail := ""
	if class == redact.ClassEmail && room(c) >= len(mailHost)+12 {
		tail = " || '" + mailHost + "'"
	}
	free := room(c)
	if tail != "" {
		free -= len(mailHost)
	}
	if !l.pg {
		switch c.Family {
		case schema.Text, schema.Any:
			if free < 32 {
				return fmt.Sprintf("substr(lower(hex(randomblob(16))), 1, %d)", free) + tail
			}
			return "lower(hex(randomblob(16)))" + tail
		case schema.UUID:
			return "lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-8' || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))"
		case schema.Int:
			return "-1 - abs(random() % 9007199254740991)"
		case schema.Number:
			return "abs(random() % 1000000) / 1000000.0"
		case schema.Bool:
			return "abs(random() % 2)"
		case schema.Time:
			return "CASE WHEN typeof(t." + schema.Quote(c.Name) + ") IN ('integer', 'real') THEN abs(random() % 1000000000) ELSE datetime(abs(random() % 1000000000), 'unixepoch') END"
		case schema.Bytes:
			return "randomblob(16)"
		case schema.JSON:
			return "json_quote(lower(hex(randomblob(16))))"
		}
		return ""
	}
	cast := func(s string) string { return "CAST(" + s + " AS " + c.Type + ")" }
	hexes := "replace(CAST(gen_random_uuid() AS text), '-', '')"
	switch c.Family {
	case schema.Text:
		return cast(fmt.Sprintf("left(%s, %d)", hexes, min(free, 32)) + tail)
	case schema.UUID:
		return cast("gen_random_uuid()")
	case schema.Int:
		switch c.Type {
		case "smallint":
			return cast("-1 - floor(random() * 32767)")
		case "integer":
			return cast("-1 - floor(random() * 2147483647)")
		}
		return cast("-1 - floor(random() * 9007199254740991)")
	case schema.Number:
		return cast("random()")
	case schema.Bool:
		return "(random() < 0.5)"
	case schema.Time:
		return cast("to_timestamp(floor(random() * 1000000000))")
	case schema.Bytes:
		return "uuid_send(gen_random_uuid())"
	case schema.JSON:
		return cast("to_json(" + hexes + ")")
	case schema.Enum:
		return "(enum_range(CAST(NULL AS " + c.Type + ")))[1 + floor(random() * cardinality(enum_range(CAST(NULL AS " + c.Type + "))))::int]"
	case schema.Array:
		return cast("'{}'")
	}
	return ""
}

// stand returns bytes that stand in for the person for as long as the salt is there: nobody can work them out afterwards.
func stand(salt []byte) []byte {
	h := hmac.New(sha256.New, salt)
	h.Write([]byte("pseudonym"))
	return h.Sum(nil)
}

// pseudonym is the same value wherever the person stood, as long as the type allows; in a column whose values are unique each row's has an
// ending of its own.
func (l *layout) pseudonym(t *table, c *schema.Column, class redact.Class, salt []byte) rows.Cond {
	s := stand(salt)
	switch c.Family {
	case schema.Text, schema.Any:
		name, tail, free := "erased-"+hex.EncodeToString(s[:8]), "", room(c)
		if class == redact.ClassEmail && free >= len(mailHost)+12 {
			tail, free = mailHost, free-len(mailHost)
		}
		if len(name) > free {
			name = hex.EncodeToString(s)[:min(free, 64)]
		}
		if !t.live.IsUnique([]string{c.Name}) || t.root || len(name)+9 > free {
			return l.cast(c, name+tail)
		}
		ending := "lower(hex(randomblob(4)))"
		if l.pg {
			ending = "left(CAST(gen_random_uuid() AS text), 8)"
		}
		return rows.Concat("(", l.cast(&schema.Column{Type: "text", Family: schema.Text}, name+"-"), " || ", ending, " || '"+tail+"')")
	case schema.UUID:
		u, _ := uuid.FromBytes(s[:16])
		u[6], u[8] = u[6]&0x0f|0x80, u[8]&0x3f|0x80 // version 8 of RFC 9562: made as one likes
		return l.cast(c, u.String())
	case schema.Int:
		n := binary.BigEndian.Uint64(s)
		bound := uint64(9007199254740991)
		switch c.Type {
		case "smallint":
			bound = 32767
		case "integer":
			if l.pg {
				bound = 2147483647
			}
		}
		return l.cast(c, strconv.FormatInt(-1-int64(n%bound), 10))
	}
	return rows.Cond{SQL: l.random(c, class)}
}

// truncate is SQL of the first n characters of a text, the year, month or day of a time, or the network of an address.
func (l *layout) truncate(c *schema.Column, n int) string {
	col := "t." + schema.Quote(c.Name)
	unit := map[int]string{4: "year", 7: "month", 10: "day"}[n]
	switch {
	case c.Family == schema.Text || c.Family == schema.Any && !l.pg:
		if l.pg {
			return fmt.Sprintf("left(%s, %d)", col, n)
		}
		return fmt.Sprintf("substr(%s, 1, %d)", col, n)
	case c.Family == schema.Time && unit != "":
		if l.pg {
			return "CAST(date_trunc('" + unit + "', " + col + ") AS " + c.Type + ")"
		}
		return fmt.Sprintf("CASE typeof(%s) WHEN 'text' THEN substr(%s, 1, %d) || substr('0000-01-01 00:00:00.000000', %d, max(0, length(%s) - %d)) ELSE unixepoch(%s, 'unixepoch', 'start of %s') END",
			col, col, n, n+1, col, n, col, unit)
	case l.pg && (c.Type == "inet" || c.Type == "cidr"):
		return fmt.Sprintf("CAST(network(set_masklen(CAST(%s AS inet), least(%d, masklen(CAST(%s AS inet))))) AS %s)", col, n, col, c.Type)
	}
	return ""
}
