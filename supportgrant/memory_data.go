package supportgrant

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

type memoryTable struct {
	Table
	rows []Row
}

// Fill makes a table of the application's in ctx's tenant, with these rows, instead of the one of that name. JSON is text. A row that has a
// column which the table has not is an error; one that lacks some has NULL there.
func (m *Memory) Fill(ctx context.Context, t Table, rows ...Row) error {
	tenant, err := tenancy.From(ctx)
	if err != nil {
		return err
	}
	table := &memoryTable{Table: Table{t.Name, slices.Clone(t.Columns)}}
	for _, r := range rows {
		row := Row{}
		for name, v := range r {
			c := Condition{name, Equal, v}
			if !slices.ContainsFunc(t.Columns, func(c Column) bool { return c.Name == name }) || v != nil && !c.normalize() {
				return fmt.Errorf("supportgrant: column %q of table %q is not there, or has a value that none can have", name, t.Name)
			}
			row[name] = c.Value
		}
		table.rows = append(table.rows, row)
	}
	of := m.tenant(tenant)
	m.mu.Lock()
	defer m.mu.Unlock()
	of.tables[t.Name] = table
	return nil
}

// Catalogue implements [Store].
func (m *Memory) Catalogue(ctx context.Context, _ []Resource) (c Catalogue, err error) {
	tenant, err := tenancy.From(ctx)
	if err != nil {
		return c, err
	}
	t := m.tenant(tenant)
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, table := range t.tables {
		c.Tables = append(c.Tables, Table{table.Name, slices.Clone(table.Columns)})
	}
	slices.SortFunc(c.Tables, func(a, b Table) int { return strings.Compare(a.Name, b.Name) })
	return c, nil
}

// data is the data statement.
func (m *Memory) data(t *memoryTenant, r *Reading, care bool) (*memoryResult, error) {
	m.mu.Lock()
	table := t.tables[r.Resource.Table]
	m.mu.Unlock()
	if table == nil {
		return nil, fmt.Errorf("%w: there is no such table", ErrSchema)
	}
	var found []Row
	for _, row := range table.rows {
		fulfils := func(c Condition) bool { return !row.fulfils(c) }
		if slices.ContainsFunc(r.Resource.Where, fulfils) || slices.ContainsFunc(r.Query.Match, fulfils) ||
			!care && (r.Resource.Care == "*" || r.Resource.Care != "" && row[r.Resource.Care] != any(false)) ||
			r.Query.After != nil && compareKeys(row.key(&r.Resource), r.Query.After) <= 0 {
			continue
		}
		found = append(found, row)
	}
	slices.SortStableFunc(found, func(a, b Row) int { return compareKeys(a.key(&r.Resource), b.key(&r.Resource)) })
	res := &memoryResult{at: -1}
	for _, row := range found[:min(len(found), r.Query.Limit)] {
		values := make([]any, len(r.Query.Columns))
		for i, c := range r.Query.Columns {
			values[i] = row.at(c)
		}
		res.rows = append(res.rows, values)
	}
	return res, nil
}

func (row Row) key(r *Resource) []any {
	key := make([]any, len(r.Key))
	for i, k := range r.Key {
		key[i] = row[k]
	}
	return key
}

// fulfils reports whether a condition is true of row.
func (row Row) fulfils(c Condition) bool {
	v := row.at(c.Column)
	switch c.Op {
	case Null:
		return v == nil
	case NotNull:
		return v != nil
	}
	return v != nil && compareValues(v, c.Value) == 0
}

// at is the value of a column, or at a path in one.
func (row Row) at(column string) any {
	base, path, ok := strings.Cut(column, ".")
	v := row[base]
	if !ok || v == nil {
		return v
	}
	text, _ := v.(string)
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	var in any
	if dec.Decode(&in) != nil {
		return nil
	}
	for _, name := range strings.Split(path, ".") {
		object, _ := in.(map[string]any)
		in = object[name]
	}
	switch in := in.(type) {
	case string:
		return in
	case json.Number:
		return in.String()
	case bool:
		return strconv.FormatBool(in)
	}
	return nil
}

func compareKeys(a, b []any) int {
	for i := range a {
		if c := compareValues(a[i], b[i]); c != 0 {
			return c
		}
	}
	return 0
}

// compareValues orders values of one type; those of others are in no order, and not equal.
func compareValues(a, b any) int {
	switch a := a.(type) {
	case string:
		if b, ok := b.(string); ok {
			return strings.Compare(a, b)
		}
	case []byte:
		if b, ok := b.([]byte); ok {
			return bytes.Compare(a, b)
		}
	case int64:
		if b, ok := b.(int64); ok {
			return cmp.Compare(a, b)
		}
	case float64:
		if b, ok := b.(float64); ok && a == b {
			return 0
		} else if ok && a < b {
			return -1
		}
	case bool:
		if b, ok := b.(bool); ok && a == b {
			return 0
		} else if ok && !a {
			return -1
		}
	case time.Time:
		if b, ok := b.(time.Time); ok {
			return a.Compare(b)
		}
	}
	return 1
}

// memoryResult is [Rows].
type memoryResult struct {
	rows [][]any
	at   int
}

func (r *memoryResult) Next() bool { r.at++; return r.at < len(r.rows) }
func (r *memoryResult) Err() error { return nil }

func (r *memoryResult) Scan(dest ...any) error {
	if r.at < 0 || r.at >= len(r.rows) || len(dest) != len(r.rows[r.at]) {
		return errScan
	}
	for i, v := range r.rows[r.at] {
		if err := scan(dest[i], v); err != nil {
			return err
		}
	}
	return nil
}

var errScan = errors.New("supportgrant: a value does not fit")

// scan puts v where dest points, as far as [database/sql.Rows.Scan] does and examples need.
func scan(dest, v any) error {
	if b, ok := v.([]byte); ok {
		v = slices.Clone(b)
	}
	if s, ok := dest.(sql.Scanner); ok {
		return s.Scan(v)
	}
	to := reflect.ValueOf(dest).Elem()
	switch {
	case v == nil && (to.Kind() == reflect.Pointer || to.Kind() == reflect.Interface || to.Kind() == reflect.Slice):
		to.SetZero()
		return nil
	case v == nil:
		return errScan
	case reflect.TypeOf(v).AssignableTo(to.Type()):
		to.Set(reflect.ValueOf(v))
		return nil
	case to.Kind() == reflect.Pointer:
		p := reflect.New(to.Type().Elem())
		to.Set(p)
		return scan(p.Interface(), v)
	}
	text := fmt.Sprint(v)
	switch to.Kind() {
	case reflect.String:
		to.SetString(text)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		n, err := strconv.ParseInt(text, 10, to.Type().Bits())
		if err != nil {
			return errScan
		}
		to.SetInt(n)
	case reflect.Float32, reflect.Float64:
		n, err := strconv.ParseFloat(text, to.Type().Bits())
		if err != nil {
			return errScan
		}
		to.SetFloat(n)
	case reflect.Bool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return errScan
		}
		to.SetBool(b)
	default:
		return errScan
	}
	return nil
}
