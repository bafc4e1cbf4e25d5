package supportgrant

import (
	"database/sql"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode"

	"github.com/bailiwick-dev/bailiwick/redact"
)

// Row is a row by the names of its columns: for screens that show any resource. Reading into it reads all columns of the
// resource; a struct reads those that it has fields for, which is better where it is known what is to be seen. Values are those of
// [database/sql/driver.Value].
type Row map[string]any

// shape is how rows of a resource come into values of a type.
type shape struct {
	row     bool
	columns []string
	fields  [][]int // indices in the struct, as the columns
}

// shapeKey is what a shape depends on.
type shapeKey struct {
	of reflect.Type
	r  *Resource
}

// shapeIn is shapeOf, worked out once for a type and a resource of s.
func shapeIn[T any](s *Service, r *Resource) (*shape, error) {
	key := shapeKey{reflect.TypeFor[T](), r}
	if sh, ok := s.shapes.Load(key); ok {
		return sh.(*shape), nil
	}
	sh, err := shapeOf[T](r)
	if err == nil {
		s.shapes.Store(key, sh)
	}
	return sh, err
}

// shapeOf is the shape of T for a resource. A column that the resource does not list is an error.
func shapeOf[T any](r *Resource) (*shape, error) {
	t := reflect.TypeFor[T]()
	if t == reflect.TypeFor[Row]() {
		return &shape{row: true, columns: r.Columns}, nil
	}
	if t.Kind() != reflect.Struct {
		return nil, &InvalidError{"type", "rows are read into structs, or into Row"}
	}
	var s shape
	for _, f := range reflect.VisibleFields(t) {
		name, ok := columnOf(f)
		if !ok {
			continue
		}
		if throughPointer(t, f.Index) {
			return nil, &InvalidError{"type", "it embeds a pointer"}
		}
		if f.Type == reflect.TypeFor[sql.RawBytes]() { // memory that is the driver's again by the time the row is shown
			return nil, &InvalidError{"type", "field " + f.Name + " is sql.RawBytes"}
		}
		if !slices.Contains(r.Columns, name) {
			return nil, &InvalidError{"type", "field " + f.Name + " is no column that the resource lists"}
		}
		if slices.Contains(s.columns, name) {
			return nil, &InvalidError{"type", "two fields are one column"}
		}
		if class, err := redact.FieldClass(f); err != nil || !class.IsZero() && !class.SupportMaySee() {
			return nil, &InvalidError{"type", "field " + f.Name + " is of a class of data that support may not see"}
		}
		s.columns, s.fields = append(s.columns, name), append(s.fields, f.Index)
	}
	if len(s.columns) == 0 {
		return nil, &InvalidError{"type", "it has no field for a column"}
	}
	return &s, nil
}

func throughPointer(t reflect.Type, index []int) bool {
	for _, i := range index[:len(index)-1] {
		if t = t.Field(i).Type; t.Kind() == reflect.Pointer {
			return true
		}
	}
	return false
}

// snake is a field's name as a column: CreatedAt is created_at, and UserID is user_id.
func snake(s string) string {
	var b strings.Builder
	rs := []rune(s)
	for i, r := range rs {
		if unicode.IsUpper(r) && i > 0 && (!unicode.IsUpper(rs[i-1]) || i+1 < len(rs) && unicode.IsLower(rs[i+1])) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// collect reads all rows, and the values of the key of the last one.
func collect[T any](s *shape, keys int, rows Rows, limit int) (all []T, last []any, err error) {
	dest := make([]any, len(s.columns)+keys)
	last = make([]any, keys)
	for i := range last {
		dest[len(s.columns)+i] = &last[i]
	}
	values := make([]any, len(s.columns)) // of a Row
	all = make([]T, 0, min(limit, 64))
	for rows.Next() {
		if len(all) == limit {
			return nil, nil, fmt.Errorf("%w: more rows than were asked for", ErrSchema)
		}
		all = append(all, *new(T))
		v := &all[len(all)-1]
		if s.row {
			for i := range values {
				values[i] = nil
				dest[i] = &values[i]
			}
		} else {
			at := reflect.ValueOf(v).Elem()
			for i, index := range s.fields {
				dest[i] = at.FieldByIndex(index).Addr().Interface()
			}
		}
		if err := rows.Scan(dest...); err != nil { // whose text may hold a value
			return nil, nil, fmt.Errorf("%w: a row does not fit the type it is read into", ErrSchema)
		}
		if s.row {
			row := make(Row, len(s.columns))
			for i, c := range s.columns {
				row[c] = values[i]
			}
			*v = any(row).(T)
		}
	}
	return all, last, rows.Err()
}
