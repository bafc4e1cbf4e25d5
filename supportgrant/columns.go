package supportgrant

import (
	"fmt"
	"reflect"

	"github.com/bailiwick-dev/bailiwick/redact"
)

// ColumnsOf returns the columns of T that support may see, for a [Resource]: those of fields whose privacy tag gives a class for which
// [redact.Class.SupportMaySee] says so. What has no tag is not among them. So one declaration, where the field is, says what it is about, and a field
// that is added later is not shown until somebody says. Names are as [Use] has them. It panics if T is not a struct or a tag is no class.
func ColumnsOf[T any]() (columns []string) {
	t := reflect.TypeFor[T]()
	if t.Kind() != reflect.Struct {
		panic("supportgrant: " + t.String() + " is not a struct")
	}
	for _, f := range reflect.VisibleFields(t) {
		name, ok := columnOf(f)
		if !ok {
			continue
		}
		class, err := redact.FieldClass(f)
		if err != nil {
			panic(fmt.Sprintf("supportgrant: %s.%s: %v", t, f.Name, err))
		}
		if class.SupportMaySee() {
			columns = append(columns, name)
		}
	}
	return columns
}

// columnOf is the column of a field, and false if it has none.
func columnOf(f reflect.StructField) (string, bool) {
	tag := f.Tag.Get("db")
	switch {
	case !f.IsExported(), tag == "-", f.Anonymous && tag == "" && f.Type.Kind() == reflect.Struct:
		return "", false
	case tag != "":
		return tag, true
	}
	return snake(f.Name), true
}
