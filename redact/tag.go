package redact

import (
	"fmt"
	"reflect"
	"strings"
)

// FieldClass returns the class that the tag of a struct's field declares, such as [ClassEmail] for `privacy:"email"`. The
// first word of the tag is the name of a [Class] or of a [Kind]; "-" means [ClassSecret] and "safe" means
// [ClassOperations]. What follows a comma says how the value is shown, not what it is.
//
// A field without the tag has the zero Class. A word that is neither is an error that wraps [ErrClass]: a misspelt tag
// hides its field ([Copy] puts a label there), but nothing that lists fields by class would know of it.
func FieldClass(f reflect.StructField) (Class, error) {
	tag, ok := f.Tag.Lookup("privacy")
	if !ok {
		return Class{}, nil
	}
	word, _, _ := strings.Cut(tag, ",")
	word = strings.TrimSpace(word)
	switch word {
	case "-":
		return ClassSecret, nil
	case "safe":
		return ClassOperations, nil
	}
	if c, ok := classByName[word]; ok {
		return c, nil
	}
	for k := PrivateKey; k < lastKind; k++ {
		if kindNames[k] == word && !k.Class().IsZero() {
			return k.Class(), nil
		}
	}
	return Class{}, fmt.Errorf("%w: the tag `privacy:%.40q` of field %s", ErrClass, tag, f.Name)
}
