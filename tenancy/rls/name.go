package rls

import (
	"fmt"
	"strings"
)

// maxName is the longest identifier of Postgres, in bytes; it cuts longer ones off without an error.
const maxName = 63

// name is a qualified name.
type name struct{ schema, name string }

// String returns the name as SQL, quoted where it has to be.
func (n name) String() string { return quote(n.schema) + "." + quote(n.name) }

// parseName reads a table's name as SQL would: note, app.note, "Note", app."Order line". The schema
// is public where none is written. Upper case outside quotes is refused, not folded: whoever writes it
// may mean either.
func parseName(s string) (name, error) {
	first, rest, err := parsePart(s)
	if err != nil {
		return name{}, err
	}
	if rest == "" {
		return name{"public", first}, nil
	}
	if rest[0] != '.' {
		return name{}, fmt.Errorf("rls: %q is not the name of a table", s)
	}
	second, rest, err := parsePart(rest[1:])
	if err != nil {
		return name{}, err
	}
	if rest != "" {
		return name{}, fmt.Errorf("rls: %q is not the name of a table: it is schema.table at most", s)
	}
	if first == "pg_catalog" || first == "information_schema" || strings.HasPrefix(first, "pg_toast") {
		return name{}, fmt.Errorf("rls: %q is one of the system's own", s)
	}
	return name{first, second}, nil
}

// parseIdentifier reads one identifier: a column or a role.
func parseIdentifier(s string) (string, error) {
	part, rest, err := parsePart(s)
	if err == nil && rest != "" {
		err = fmt.Errorf("rls: %q is more than one identifier", s)
	}
	return part, err
}

func parsePart(s string) (part, rest string, err error) {
	switch {
	case s == "":
		return "", "", fmt.Errorf("rls: an identifier is empty")
	case s[0] != '"':
		end := 0
		for end < len(s) && plain(s[end], end == 0) {
			end++
		}
		part, rest = s[:end], s[end:]
		if end == 0 || rest != "" && rest[0] != '.' {
			return "", "", fmt.Errorf(`rls: %q is not an identifier: write other characters than a-z 0-9 _ between double quotes`, s)
		}
	default:
		var b strings.Builder
		i := 1
		for ; ; i++ {
			if i >= len(s) {
				return "", "", fmt.Errorf("rls: %q lacks its closing quote", s)
			}
			if s[i] == '"' {
				if i+1 >= len(s) || s[i+1] != '"' {
					break
				}
				i++
			}
			b.WriteByte(s[i])
		}
		part, rest = b.String(), s[i+1:]
	}
	switch {
	case part == "":
		return "", "", fmt.Errorf("rls: %q holds an empty identifier", s)
	case len(part) > maxName:
		return "", "", fmt.Errorf("rls: an identifier of %d bytes is longer than %d", len(part), maxName)
	case strings.IndexByte(part, 0) >= 0 || strings.ToValidUTF8(part, "") != part:
		return "", "", fmt.Errorf("rls: an identifier is not text")
	}
	return part, rest, nil
}

func plain(c byte, first bool) bool {
	return c >= 'a' && c <= 'z' || c == '_' || !first && (c >= '0' && c <= '9')
}

// quote writes an identifier as Postgres's quote_ident does.
func quote(s string) string {
	bare := s != "" && !keywords[s]
	for i := range len(s) {
		bare = bare && plain(s[i], i == 0)
	}
	if bare {
		return s
	}
	return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
}

// literal writes a string constant.
func literal(s string) string {
	q := "'" + strings.ReplaceAll(s, "'", "''") + "'"
	if strings.Contains(s, `\`) {
		return "E" + strings.ReplaceAll(q, `\`, `\\`)
	}
	return q
}

// keywords are the words that cannot stand for every kind of name without quotes.
var keywords = func() map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(`
all analyse analyze and any array as asc asymmetric authorization between bigint binary bit boolean both
case cast char character check coalesce collate collation column concurrently constraint create cross
current_catalog current_date current_role current_schema current_time current_timestamp current_user
dec decimal default deferrable desc distinct do else end except exists extract false fetch float for
foreign freeze from full grant greatest group grouping having ilike in initially inner inout int integer
intersect interval into is isnull join json json_array json_arrayagg json_exists json_object
json_objectagg json_query json_scalar json_serialize json_table json_value lateral leading least left like
limit localtime localtimestamp merge_action national natural nchar none normalize not notnull null nullif
numeric offset on only or order out outer overlaps overlay placing position precision primary real
references returning right row select session_user setof similar smallint some substring symmetric
system_user table tablesample then time timestamp to trailing treat trim true union unique user using
values varchar variadic verbose when where window with xmlattributes xmlconcat xmlelement xmlexists
xmlforest xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable`) {
		m[w] = true
	}
	return m
}()
