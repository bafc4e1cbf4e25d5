package dsar

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/bailiwick-dev/bailiwick/redact"
)

// ColumnsOf returns the columns of a table from the struct its rows are read into: the class of each is that of its tag
// `privacy` (see redact.FieldClass), its name that of its tag `db`, its type and strategy those of the tag `dsar`:
//
//	Email string `db:"email" privacy:"email" dsar:"text not null,pseudonym"`
//
// The strategies are null, random, pseudonym, shred, truncate=4 and constant=removed. Fields without a class, or with `db:"-"`,
// are left out: list them in Plain, or Verify finds them. It panics for a T that is not a struct and for tags that mean nothing:
// call it where the program starts.
func ColumnsOf[T any]() []Column {
	t := reflect.TypeFor[T]()
	if t.Kind() != reflect.Struct {
		panic(fmt.Sprintf("dsar: %s is not a struct", t))
	}
	var out []Column
	for _, f := range reflect.VisibleFields(t) {
		class, err := redact.FieldClass(f)
		if err != nil {
			panic(fmt.Sprintf("dsar: %s.%s: %v", t, f.Name, err))
		}
		name, _, _ := strings.Cut(f.Tag.Get("db"), ",")
		if f.Anonymous && f.Type.Kind() == reflect.Struct || class.IsZero() || class == redact.ClassOperations || name == "-" {
			continue
		}
		if name == "" {
			panic(fmt.Sprintf("dsar: %s.%s has a class and no column in a tag db", t, f.Name))
		}
		typ, does, _ := strings.Cut(f.Tag.Get("dsar"), ",")
		s, err := parseStrategy(does)
		if err != nil {
			panic(fmt.Sprintf("dsar: %s.%s: %v", t, f.Name, err))
		}
		out = append(out, Column{Name: strings.TrimSpace(name + " " + typ), Class: class, Erase: s})
	}
	return out
}

func parseStrategy(s string) (Strategy, error) {
	what, value, given := strings.Cut(strings.TrimSpace(s), "=")
	switch {
	case what == "constant" && given:
		return Constant(value), nil
	case what == "truncate" && given:
		n, err := strconv.Atoi(value)
		if err != nil {
			return Strategy{}, fmt.Errorf("truncate=%q is no length", value)
		}
		return Truncate(n), nil
	case given:
	case what == "":
		return Strategy{}, nil
	case what == "null":
		return Null, nil
	case what == "random":
		return Random, nil
	case what == "pseudonym":
		return Pseudonym, nil
	case what == "shred":
		return Shred, nil
	}
	return Strategy{}, fmt.Errorf("there is no strategy %q", s)
}
