package supportgrant

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
)

// checked is r as it is kept, or what is wrong with it. Its errors name what the program says of itself.
func checked(r Resource) (Resource, error) {
	wrong := func(format string, args ...any) (Resource, error) {
		return Resource{}, fmt.Errorf("supportgrant: resource %q: %s", r.Name, fmt.Sprintf(format, args...))
	}
	if !isResourceName(r.Name) {
		return wrong("its name is not 1 to 64 of a-z, 0-9, \"_\", \".\" and \"-\"")
	}
	if r.Category.IsZero() {
		return wrong("it has no category")
	}
	schema, table, qualified := strings.Cut(r.Table, ".")
	if !isIdentifier(schema) || qualified && !isIdentifier(table) {
		return wrong("its table is no name of one")
	}
	if family := Excluded(r.Table); family != "" {
		return wrong("its table is of a family that no grant can give: %s", family)
	}
	r.Columns, r.Key, r.Where = slices.Clone(r.Columns), slices.Clone(r.Key), slices.Clone(r.Where)
	if len(r.Columns) == 0 || len(r.Columns) > 256 {
		return wrong("it does not list 1 to 256 columns")
	}
	for i, c := range r.Columns {
		if !isColumn(c) {
			return wrong("%q is no column", c)
		}
		if family := Excluded(c); family != "" {
			return wrong("column %q is of a family that no grant can give: %s; if it is not, name it otherwise in a view", c, family)
		}
		if slices.Contains(r.Columns[:i], c) {
			return wrong("column %q is listed twice", c)
		}
	}
	if len(r.Key) == 0 {
		return wrong("it has no key")
	}
	for i, k := range r.Key {
		if !isIdentifier(k) || !slices.Contains(r.Columns, k) || slices.Contains(r.Key[:i], k) {
			return wrong("key %q is not one of its columns, or is there twice", k)
		}
	}
	if r.Care != "" && r.Care != "*" && !isIdentifier(r.Care) {
		return wrong("Care is no column")
	}
	for i := range r.Where {
		if !isIdentifier(r.Where[i].Column) || !r.Where[i].normalize() {
			return wrong("condition %d is none", i)
		}
	}
	return r, nil
}

// normalize brings the value into one of the types that stores know, and reports whether c is a condition.
func (c *Condition) normalize() bool {
	if c.Op == Null || c.Op == NotNull {
		return c.Value == nil
	}
	if c.Op != Equal || c.Value == nil {
		return false
	}
	switch v := c.Value.(type) {
	case string, bool, int64, float64, []byte:
		return true
	case time.Time:
		c.Value = v.UTC().Truncate(time.Microsecond)
		return true
	case fmt.Stringer: // such as a uuid.UUID
		if reflect.TypeOf(v).Kind() != reflect.Pointer {
			c.Value = v.String()
			return true
		}
		return false
	}
	switch v := reflect.ValueOf(c.Value); v.Kind() {
	case reflect.String:
		c.Value = v.String()
	case reflect.Bool:
		c.Value = v.Bool()
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		c.Value = v.Int()
	case reflect.Uint8, reflect.Uint16, reflect.Uint32:
		c.Value = int64(v.Uint())
	case reflect.Float32:
		c.Value = v.Float()
	default:
		return false
	}
	return true
}

func isResourceName(s string) bool {
	if len(s) < 1 || len(s) > 64 {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' && c != '.' && c != '-' {
			return false
		}
	}
	return true
}

func isIdentifier(s string) bool {
	if len(s) < 1 || len(s) > 63 || s[0] >= '0' && s[0] <= '9' {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' {
			return false
		}
	}
	return true
}

// isColumn reports whether s is a column or a path in one: at most 8 names.
func isColumn(s string) bool {
	names := strings.Split(s, ".")
	return len(names) <= 8 && !slices.ContainsFunc(names, func(n string) bool { return !isIdentifier(n) })
}
