package redact

import (
	"encoding"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"net/netip"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"
)

// plan says how values of one type are redacted. It is made once for each type and Redactor.
type plan struct {
	typ       reflect.Type
	size      uintptr // of a value
	shape     shape
	skip      bool // no value of the type can hold text
	recursive bool // a value of the type can hold another of it
	exported  bool // only exported fields may be copied: the others hold what cannot be looked at
	members   []member
	elem, key *plan
	speaks    bool // has code of its own that makes text
	tells     bool // what that code says of a redacted value is looked at too
	named     int  // the field whose text is the name of the one called Value, plus one
}

type shape uint8

const (
	shapeOther shape = iota // no text in it: kept
	shapeText
	shapeNumber
	shapeBytes
	shapeRawJSON
	shapeStruct
	shapePointer
	shapeSlice
	shapeArray
	shapeMap
	shapeInterface
	shapeTexts    // []string
	shapeLabels   // map[string]string
	shapeURL      // url.URL
	shapeOpaque   // a struct without exported fields that can hold text: see closed
	shapeNumbered // a json.Number
	shapeLetters  // an array of bytes
	shapeSealed   // a private key of the standard library
)

// member is a field of a struct that has to be looked at.
type member struct {
	offset uintptr
	op     op
	field  *field
	tag    *tagRule
	plan   *plan
	value  bool // what the named field of the plan names
}

// op is how a field is redacted, of those that need no reflection.
type op uint8

const (
	opReflect op = iota
	opText       // a text about which neither a tag nor its name says anything
	opInt        // likewise a number of eight bytes
	opTaggedText
	opTexts
	opLabels
	opStruct
	opStructs // a slice of structs
	opPointer // to a struct
)

func (m *member) choose() op {
	bare := m.field == nil || m.field.hide == hideNothing && m.field.who == nil
	switch {
	case m.value, m.plan.tells, m.plan.elem != nil && m.plan.elem.tells:
	case m.tag != nil:
		if m.plan.shape == shapeText {
			return opTaggedText
		}
	case m.plan.shape == shapeTexts:
		return opTexts
	case m.plan.shape == shapeLabels && !m.field.whole():
		return opLabels
	case m.plan.shape == shapeStruct && !m.field.whole():
		return opStruct
	case m.plan.shape == shapeSlice && m.plan.elem.shape == shapeStruct && !m.field.whole():
		return opStructs
	case m.plan.shape == shapePointer && m.plan.elem.shape == shapeStruct && !m.plan.recursive && !m.plan.elem.exported && !m.field.whole():
		return opPointer
	case bare && m.plan.shape == shapeText:
		return opText
	case bare && m.plan.shape == shapeNumber && m.plan.typ.Size() == 8 && wide(m.plan.typ):
		return opInt
	}
	return opReflect
}

var (
	typeTime      = reflect.TypeFor[time.Time]()
	typeURL       = reflect.TypeFor[url.URL]()
	typeRawJSON   = reflect.TypeFor[json.RawMessage]()
	typeNumber    = reflect.TypeFor[json.Number]()
	typeTexts     = reflect.TypeFor[[]string]()
	typeLabels    = reflect.TypeFor[map[string]string]()
	typeObject    = reflect.TypeFor[map[string]any]()
	typeCookie    = reflect.TypeFor[http.Cookie]()
	typeError     = reflect.TypeFor[error]()
	typeStringer  = reflect.TypeFor[fmt.Stringer]()
	typeJSON      = reflect.TypeFor[json.Marshaler]()
	typeTextual   = reflect.TypeFor[encoding.TextMarshaler]()
	typeFormatter = reflect.TypeFor[fmt.Formatter]()
)

// plan returns the plan for a type.
func (r *Redactor) plan(t reflect.Type) *plan {
	if p := r.shared.last.Load(); p != nil && p.typ == t {
		return p
	}
	if p, ok := r.shared.plans.Load(t); ok {
		r.shared.last.Store(p.(*plan))
		return p.(*plan)
	}
	r.shared.build.Lock()
	defer r.shared.build.Unlock()
	b := planner{r: r, made: map[reflect.Type]*plan{}}
	p := b.plan(t)
	for t, p := range b.made { // all at once: none of them is seen half made
		r.shared.plans.LoadOrStore(t, p)
	}
	return p
}

// planner makes the plans of one type and all types in it.
type planner struct {
	r    *Redactor
	made map[reflect.Type]*plan
	open []*plan // from the first type to the one that is looked at
}

func (b *planner) plan(t reflect.Type) *plan {
	if p, ok := b.made[t]; ok {
		if slices.Contains(b.open, p) || p.recursive {
			for _, o := range b.open { // more than are on the cycle, perhaps: that costs a little and is right
				o.recursive = true
			}
			p.recursive = true
		}
		return p
	}
	p := &plan{typ: t, size: t.Size()}
	b.made[t], b.open = p, append(b.open, p)
	defer func() { b.open = b.open[:len(b.open)-1] }()
	for _, i := range []reflect.Type{typeError, typeStringer, typeJSON, typeTextual, typeFormatter} {
		p.speaks = p.speaks || t.Implements(i) || t.Kind() != reflect.Interface && reflect.PointerTo(t).Implements(i)
	}
	p.tells = p.speaks && b.mayTell(t)
	b.shape(p)
	p.skip = p.skip && !p.tells
	return p
}

// shape says how the values of p's type are redacted, and makes the plans of the types in it.
func (b *planner) shape(p *plan) {
	t := p.typ
	if t.Name() == "PrivateKey" && strings.HasPrefix(t.PkgPath(), "crypto/") {
		p.shape = shapeSealed
		return
	}
	switch t {
	case typeURL:
		p.shape = shapeURL
		return
	case typeRawJSON:
		p.shape = shapeRawJSON
		return
	case typeNumber:
		p.shape = shapeNumbered
		return
	case typeTexts:
		p.shape = shapeTexts
		return
	case typeLabels:
		p.shape = shapeLabels
		return
	}
	switch t.Kind() {
	case reflect.String:
		p.shape = shapeText
	case reflect.Int, reflect.Int64, reflect.Uint, reflect.Uint64, reflect.Int32, reflect.Uint32, reflect.Float64,
		reflect.Int16, reflect.Uint16, reflect.Float32, reflect.Int8, reflect.Uint8, reflect.Uintptr:
		p.shape, p.skip = shapeNumber, true // one without a name is kept
	case reflect.Slice, reflect.Array:
		p.shape = shapeSlice
		if t.Kind() == reflect.Array {
			p.shape = shapeArray
		}
		if t.Elem().Kind() == reflect.Uint8 && t.Kind() == reflect.Slice {
			p.shape = shapeBytes
			return
		}
		p.elem = b.plan(t.Elem())
		p.skip = p.elem.skip
		if t.Elem().Kind() == reflect.Uint8 {
			p.shape, p.skip = shapeLetters, false
		}
	case reflect.Pointer:
		p.shape, p.elem = shapePointer, b.plan(t.Elem())
		p.skip = p.elem.skip
	case reflect.Map:
		p.shape, p.elem, p.key = shapeMap, b.plan(t.Elem()), b.plan(t.Key())
		p.skip = p.elem.skip && p.key.skip
	case reflect.Interface:
		p.shape = shapeInterface
	case reflect.Struct:
		b.members(p)
	default:
		p.skip = true // booleans, complex numbers, channels, functions
	}
}

func (b *planner) members(p *plan) {
	t := p.typ
	p.shape = shapeStruct
	if isSecret(t) {
		p.shape, p.skip, p.speaks = shapeOther, true, false
		return
	}
	if known(t, b.r.on[IP]) {
		p.skip = true
		return
	}
	open := 0
	for i := range t.NumField() {
		sf := t.Field(i)
		if !sf.IsExported() && !(sf.Anonymous && sf.Type.Kind() == reflect.Struct) {
			p.exported = p.exported || !plain(sf.Type, 0)
			continue
		}
		open++
		m := member{offset: sf.Offset, tag: parseTag(sf.Tag.Get("privacy")), plan: b.plan(sf.Type)}
		if m.tag != nil && m.tag.safe {
			continue
		}
		if !sf.IsExported() { // embedded: its exported fields are this type's too
			p.exported = p.exported || m.plan.exported || m.plan.shape == shapeOpaque
		}
		if !sf.Anonymous {
			m.field = b.r.memberName(sf)
		}
		switch sf.Name {
		case "Name", "Key":
			if m.plan.shape == shapeText {
				p.named = i + 1
			}
		case "Value", "Values":
			m.value = true
			if t == typeCookie {
				m.field, m.value = &field{hide: hideAll, rule: "cookie"}, false
			}
		}
		if m.tag == nil && m.plan.skip && m.plan.shape != shapeNumber && !m.field.whole() {
			continue
		}
		if m.tag == nil && m.plan.shape == shapeNumber && !wide(sf.Type) && m.field.hide == hideNothing && m.field.who == nil {
			continue
		}
		m.op = m.choose()
		p.members = append(p.members, m)
	}
	if p.exported && open == 0 {
		p.shape = shapeOpaque
	}
	p.skip = !p.exported && len(p.members) == 0
}

// wide reports whether a number of the type can have eleven digits.
func wide(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Int, reflect.Int64, reflect.Uint, reflect.Uint64:
		return t.Name() == t.Kind().String() // not a duration
	}
	return false
}

// memberName says what the name of a field, in JSON or else in Go, says.
func (r *Redactor) memberName(sf reflect.StructField) *field {
	f := r.field(sf.Name)
	if name, _, _ := strings.Cut(sf.Tag.Get("json"), ","); name != "" && name != "-" && name != sf.Name {
		if g := r.field(name); g.hide > f.hide || f.who == nil && g.who != nil {
			return g
		}
	}
	return f
}

// known reports whether the values of a struct type with fields of its own are safe to keep as they are.
func known(t reflect.Type, addresses bool) bool {
	switch t {
	case typeTime, reflect.TypeFor[time.Location](), reflect.TypeFor[big.Int](), reflect.TypeFor[big.Float](), reflect.TypeFor[big.Rat]():
		return true
	case reflect.TypeFor[netip.Addr](), reflect.TypeFor[netip.AddrPort](), reflect.TypeFor[netip.Prefix]():
		return !addresses
	}
	return false
}

// plain reports whether no value of a type can hold text, nor a lock.
func plain(t reflect.Type, depth int) bool {
	if depth > 8 {
		return false
	}
	switch t.Kind() {
	case reflect.String, reflect.Interface, reflect.Map, reflect.Func, reflect.Chan, reflect.UnsafePointer:
		return false
	case reflect.Pointer:
		return known(t.Elem(), false) || plain(t.Elem(), depth+1)
	case reflect.Slice:
		return t.Elem().Kind() != reflect.Uint8 && plain(t.Elem(), depth+1)
	case reflect.Array:
		return plain(t.Elem(), depth+1)
	case reflect.Struct:
		if known(t, false) {
			return true
		}
		if p := t.PkgPath(); p == "sync" || p == "sync/atomic" {
			return false
		}
		for i := range t.NumField() {
			if !plain(t.Field(i).Type, depth+1) {
				return false
			}
		}
	}
	return true
}

// tagRule is what a struct tag says of a field: `privacy:"email"`, `privacy:"card,last4"`, `privacy:"secret"`,
// `privacy:"-"` (left out), `privacy:"safe"` (kept without a look).
type tagRule struct {
	safe, drop bool
	kind       Kind
	label      string
	how        Strategy
	asked      bool // the tag says how
}

// parseTag reads a tag. It never lets a value pass that a tag it does not know was put on: the tag's first word becomes
// the label.
func parseTag(tag string) *tagRule {
	if tag == "" {
		return nil
	}
	word, how, asked := strings.Cut(tag, ",")
	word = strings.TrimSpace(word)
	t := &tagRule{label: "[redacted]"}
	switch word {
	case "safe":
		t.safe = true
		return t
	case "-":
		t.drop = true
		return t
	case "secret", "password":
		t.kind = Credential
	case "pan":
		t.kind = Card
	case "iban":
		t.kind = BankAccount
	default:
		for k := PrivateKey; k < lastKind; k++ {
			if kindNames[k] == word {
				t.kind = k
			}
		}
	}
	if t.kind != 0 {
		t.label = labels[t.kind]
	} else if len(word) <= 64 && allOf([]byte(word), cWord) && word != "" {
		t.label = "[redacted:" + word + "]"
	}
	if asked && t.kind != 0 {
		t.asked = true
		switch strings.TrimSpace(how) {
		case "mask":
			t.how = Mask
		case "last4":
			t.how = Last4
		case "drop":
			t.how = Drop
		case "pseudonym":
			t.how = Pseudonym
		}
		if t.kind.secret() && t.how != Drop {
			t.how = Label
		}
	}
	return t
}

// value returns what takes the place of a text under the tag.
func (t *tagRule) value(w *walker, s string) string {
	if s == "" || t.drop {
		return ""
	}
	if s[0] == '[' && settled([]byte(s)) {
		return s
	}
	if w.r.onMatch != nil {
		w.r.onMatch(max(t.kind, 0), "tag")
	}
	how := Label
	if t.kind != 0 {
		if how = w.r.use[t.kind]; t.asked {
			how = t.how
		}
	}
	switch how {
	case Mask:
		return string(appendMask(nil, []byte(s), 0))
	case Last4:
		if strings.HasPrefix(s, "***") && strings.Count(s, "*") >= 8 && len(strings.Trim(s, "* -")) <= 4 {
			return s // it was done before
		}
		return string(appendMask(nil, []byte(s), 4))
	case Drop:
		return ""
	case Pseudonym:
		if w.r.names != nil {
			return string(w.r.names.append(nil, t.kind, []byte(s)))
		}
	}
	return t.label
}
