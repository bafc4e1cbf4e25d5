package redact

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

type (
	colour  string
	id      [4]byte // as UUIDs are
	stamped struct {
		ID      id
		Created time.Time `json:"created_at"`
	}
	base    struct{ Region, Zone string }
	profile struct {
		City   string `json:"city,omitempty"`
		Street string
		Geo    *geo
	}
	geo  struct{ Lat, Lon float64 }
	line struct {
		Brand string
		PAN   string
		Tags  []string
	}
	shop struct {
		stamped
		*base
		B       bool
		I       int
		I8      int8
		I64     int64 `json:"i64,omitempty"`
		U       uint
		U64     uint64
		F32     float32
		F64     float64
		S       string `json:"<s>"`
		Colour  colour
		Took    time.Duration
		When    *time.Time
		Zero    time.Time `json:",omitzero"`
		Str     *string
		Bytes   []byte
		Strs    []string `json:",omitempty"`
		Ptrs    []*string
		Times   []time.Time
		IDs     []id
		Arr     [2]int
		Profile profile
		Ref     *profile `json:"ref"`
		Lines   []line
		Refs    []*line
		Fixed   [1]line
	}
)

func (i id) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString(i[:])), nil }

// shopFields are all fields of a shop, in the order of json.Marshal.
var shopFields = strings.Fields(`stamped.ID stamped.Created base.Region base.Zone B I I8 I64 U U64 F32 F64 S Colour Took When Zero Str
	Bytes Strs Ptrs Times IDs Arr Profile.City Profile.Street Profile.Geo.Lat Profile.Geo.Lon Ref.City Ref.Street Ref.Geo.Lat Ref.Geo.Lon
	Lines.Brand Lines.PAN Lines.Tags Refs.Brand Refs.PAN Refs.Tags Fixed.Brand Fixed.PAN Fixed.Tags`)

func some[T any](t *rapid.T, g *rapid.Generator[T]) *T {
	if rapid.Bool().Draw(t, "nil") {
		return nil
	}
	v := g.Draw(t, "value")
	return &v
}

var shops = rapid.Custom(func(t *rapid.T) *shop {
	text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "a\"\\</&>\u2028\u2029\x00\x1f\x7f\b\f\n\r\t", "\xff\xc0é\xe2\x80", "日本"}))
	when := rapid.Custom(func(t *rapid.T) time.Time {
		return time.Unix(rapid.Int64Range(-6e10, 2e11).Draw(t, "s"), rapid.Int64Range(0, 999_999_999).Draw(t, "ns")).In(time.FixedZone("", 60*rapid.IntRange(-1400, 1400).Draw(t, "zone")))
	})
	ids := rapid.Custom(func(t *rapid.T) id { return id(rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "id")) })
	lines := rapid.Custom(func(t *rapid.T) line {
		return line{text.Draw(t, "brand"), text.Draw(t, "pan"), *orNil(t, text)}
	})
	profiles := rapid.Custom(func(t *rapid.T) profile {
		return profile{text.Draw(t, "city"), text.Draw(t, "street"), some(t, rapid.Custom(func(t *rapid.T) geo {
			return geo{rapid.Float64().Draw(t, "lat"), rapid.Float64().Draw(t, "lon")}
		}))}
	})
	s := &shop{stamped: stamped{ids.Draw(t, "id"), when.Draw(t, "created")},
		base: some(t, rapid.Custom(func(t *rapid.T) base { return base{text.Draw(t, "region"), ""} })),
		B:    rapid.Bool().Draw(t, "b"), I: rapid.Int().Draw(t, "i"), I8: rapid.Int8().Draw(t, "i8"), I64: rapid.Int64().Draw(t, "i64"),
		U: rapid.Uint().Draw(t, "u"), U64: rapid.Uint64().Draw(t, "u64"), F32: rapid.Float32().Draw(t, "f32"),
		F64: rapid.OneOf(rapid.Float64(), rapid.SampledFrom([]float64{0, math.Copysign(0, -1), 1e-7, 1e-6, 1e20, 1e21, 1e-100})).Draw(t, "f64"),
		S:   text.Draw(t, "s"), Colour: colour(text.Draw(t, "colour")), Took: time.Duration(rapid.Int64().Draw(t, "took")),
		When: some(t, when), Zero: rapid.OneOf(when, rapid.Just(time.Time{})).Draw(t, "zero"), Str: some(t, text),
		Bytes: *orNil(t, rapid.Byte()), Strs: *orNil(t, text), Times: *orNil(t, when), IDs: *orNil(t, ids),
		Profile: profiles.Draw(t, "profile"), Ref: some(t, profiles), Lines: *orNil(t, lines)}
	for range rapid.IntRange(0, 2).Draw(t, "n") {
		s.Ptrs, s.Refs = append(s.Ptrs, some(t, text)), append(s.Refs, some(t, lines))
	}
	return s
})

func orNil[T any](t *rapid.T, g *rapid.Generator[T]) *[]T {
	var none []T
	if p := some(t, rapid.SliceOfN(g, 0, 3)); p != nil {
		return p
	}
	return &none
}

func TestAViewOfAllFieldsWritesWhatJSONDoes(t *testing.T) {
	t.Parallel()
	v, err := NewView[shop](shopFields...)
	require.NoError(t, err)
	rapid.Check(t, func(t *rapid.T) {
		s := shops.Draw(t, "shop")
		want, err := json.Marshal(s)
		if err != nil {
			t.Skip(err)
		}
		got, err := v.Append([]byte("x"), s)
		require.NoError(t, err)
		require.Equal(t, "x"+string(want), string(got))
	})
	got, err := v.Append(nil, nil)
	require.NoError(t, err)
	require.Equal(t, "null", string(got))
}

// Whatever subset is listed, the output has those members and no others, each as json.Marshal writes it.
func TestAViewShowsWhatIsListedAndNothingElse(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		fields := rapid.Permutation(shopFields).Draw(t, "fields")[:rapid.IntRange(1, len(shopFields)).Draw(t, "n")]
		v, err := NewView[shop](fields...)
		require.NoError(t, err)
		require.Equal(t, fields, v.Fields())
		s := shops.Draw(t, "shop")
		all, err := json.Marshal(s)
		if err != nil {
			t.Skip(err)
		}
		out, err := v.Append(nil, s)
		require.NoError(t, err)
		var got, want map[string]any
		require.NoError(t, json.Unmarshal(all, &want))
		require.NoError(t, json.Unmarshal(out, &got))
		keep := map[string]bool{}
		for _, f := range fields {
			keep[strings.NewReplacer("stamped.Created", "created_at", "stamped.", "", "base.", "", "I64", "i64", "City", "city", "Ref.", "ref.").Replace(f)] = true
		}
		keep["<s>"] = keep["S"]
		prune(want, "", keep)
		require.Equal(t, want, got)
	})
}

// prune deletes the members that keep does not name, and structs of which nothing is kept.
func prune(m map[string]any, path string, keep map[string]bool) {
	for k, v := range m {
		p := path + k
		within := false
		for f, is := range keep {
			within = within || is && strings.HasPrefix(f, p+".")
		}
		if !keep[p] && !within {
			delete(m, k)
			continue
		}
		if within {
			list, ok := v.([]any)
			if !ok {
				list = []any{v}
			}
			for _, e := range list {
				if o, ok := e.(map[string]any); ok {
					prune(o, p+".", keep)
				}
			}
		}
	}
}

func TestAFieldThatIsAddedIsAbsentUntilItIsListed(t *testing.T) {
	t.Parallel()
	type before struct {
		Name string
		Card struct{ Brand string }
	}
	type audit struct{ By, Name2 string }
	type after struct {
		audit // promoted fields
		Name  string
		Notes string `json:"notes"`
		Extra map[string]any
		Card  struct {
			Brand string
			PAN   string
			any
		}
	}
	list := []string{"Name", "Card.Brand"}
	v1, err := NewView[before](list...)
	require.NoError(t, err)
	v2, err := NewView[after](list...)
	require.NoError(t, err)
	a, b := &before{Name: "bob"}, &after{Name: "bob", Notes: hushed, Extra: map[string]any{"k": hushed}, audit: audit{hushed, hushed}}
	a.Card.Brand, b.Card.Brand, b.Card.PAN, b.Card.any = "visa", "visa", hushed, hushed
	one, err := v1.Append(nil, a)
	require.NoError(t, err)
	two, err := v2.Append(nil, b)
	require.NoError(t, err)
	require.Equal(t, `{"Name":"bob","Card":{"Brand":"visa"}}`, string(one))
	require.Equal(t, string(one), string(two))
	v3, err := NewView[after](append(list, "Notes", "audit.By")...)
	require.NoError(t, err)
	three, err := v3.Append(nil, b)
	require.NoError(t, err)
	require.Equal(t, `{"Name":"bob","Card":{"Brand":"visa"},"notes":"`+hushed+`","By":"`+hushed+`"}`, string(three))
}

type (
	sly     string
	slyPtr  int
	slyAll  struct{ Name, Hidden string }
	slyID   [4]byte
	slyBoth [4]byte
)

func (sly) MarshalJSON() ([]byte, error)     { return []byte(`"` + hushed + `"`), nil }
func (*slyPtr) MarshalText() ([]byte, error) { return []byte(hushed), nil }
func (slyAll) MarshalJSON() ([]byte, error)  { return []byte(`"` + hushed + `"`), nil }
func (slyBoth) MarshalJSON() ([]byte, error) { return []byte(`"` + hushed + `"`), nil }
func (slyBoth) MarshalText() ([]byte, error) { return []byte(hushed), nil }
func (slyID) MarshalJSON() ([]byte, error)   { return []byte(`"` + hushed + `"`), nil }

type hostile struct {
	base
	Name    string
	lower   string
	Any     any
	Iface   interface{ String() string }
	Map     map[string]string
	Raw     json.RawMessage
	Sly     sly
	SlyPtr  slyPtr
	SlyRef  *sly
	SlyList []sly
	SlyAll  slyAll
	SlyID   slyID
	Secret  Secret[string]
	Number  json.Number
	Func    func()
	Chan    chan int
	Complex complex128
	PtrPtr  **string
	Anys    []any
	Maps    []map[string]string
	Lists   [][]string
	Struct  profile
	Structs []profile
	Token   string  `privacy:"access_token"`
	Card    string  `privacy:"card,last4"`
	Never   string  `privacy:"-"`
	Typo    string  `privacy:"emial"`
	Keys    profile `privacy:"mfa"`
	Out     string  `json:"-"`
	Str     int     `json:",string"`
	Same    string  `json:"Name"`
	Mail    string  `privacy:"email"`
	SlyBoth slyBoth
	Twins   struct {
		A string
		B string `json:"A"`
	}
	Region   string
	Overflow time.Time
	Float    float64
	Floats   []float32
	ID       badID
}

type badID [2]byte

func (b badID) MarshalText() ([]byte, error) {
	if b[0] == 0 {
		return nil, bytes.ErrTooLarge
	}
	return []byte("<" + string(b[:])), nil
}

func TestAViewIsNotMadeOfWhatCouldCarryMore(t *testing.T) {
	t.Parallel()
	for _, f := range strings.Fields(`lower Any Iface Map Map.k Raw Sly SlyPtr SlyRef SlyList SlyAll SlyID SlyBoth Secret Secret.reveal Number Func Chan
		Complex PtrPtr Anys Maps Lists Struct Structs Token Card Never Typo Keys Keys.City Out Str Zone base Name.x Overflow.wall
		Overflow.x nothing name Struct.nothing Struct.Geo Struct. .Name . _ Structs.Geo`) {
		_, err := NewView[hostile](f)
		require.ErrorIs(t, err, ErrView, f)
		require.Contains(t, err.Error(), "."+f, "the error names the field")
	}
	for _, fields := range [][]string{{}, {""}, {"Name", "Name"}, {"Name", "Same"}, {"Struct.City", "Struct.City"}, {"Struct.City", "Struct"}, {"base.Region", "Region"}, {"Twins.A", "Twins.B"}} {
		_, err := NewView[hostile](fields...)
		require.ErrorIs(t, err, ErrView, fields)
	}
	for name, err := range map[string]error{"int": last(NewView[int]("x")), "pointer": last(NewView[*hostile]("Name")), "any": last(NewView[any]("x")), "map": last(NewView[map[string]string]("x"))} {
		require.ErrorIs(t, err, ErrView, name)
	}
	v, err := NewView[hostile]("Name", "Mail", "base.Region", "SlyAll.Name")
	require.NoError(t, err)
	out, err := v.Append(nil, &hostile{Name: "n", lower: hushed, Mail: "m", SlyAll: slyAll{"s", hushed}})
	require.NoError(t, err)
	require.Equal(t, `{"Name":"n","Mail":"m","Region":"","SlyAll":{"Name":"s"}}`, string(out), "marshallers on the way are not called")
}

func last[T any](_ T, err error) error { return err }

func TestWhatCannotBeWrittenIsAnErrorThatNamesTheField(t *testing.T) {
	t.Parallel()
	v, err := NewView[hostile]("Name", "Overflow", "Float", "Floats", "ID", "Struct.City")
	require.NoError(t, err)
	good := hostile{Name: hushed, ID: badID{'a', 'b'}}
	for field, change := range map[string]func(*hostile){
		"Overflow": func(h *hostile) { h.Overflow = time.Date(12026, 1, 1, 0, 0, 0, 0, time.UTC) },
		"Float":    func(h *hostile) { h.Float = math.Inf(-1) },
		"Floats":   func(h *hostile) { h.Floats = []float32{1, float32(math.NaN())} },
		"ID":       func(h *hostile) { h.ID = badID{} },
	} {
		h := good
		change(&h)
		out, err := v.Append([]byte("["), &h)
		require.ErrorContains(t, err, "field "+field)
		hides(t, err.Error())
		require.Equal(t, "[", string(out))
	}
	out, err := v.Append(nil, &good)
	require.NoError(t, err)
	require.Contains(t, string(out), `"ID":"\u003cab"`)
}

func TestAViewStandsForAStructWithinAnother(t *testing.T) {
	t.Parallel()
	cities, err := NewView[profile]("City", "Geo.Lat")
	require.NoError(t, err)
	v, err := NewView[shop](append(append([]string{"I"}, cities.In("Profile")...), cities.In("Ref")...)...)
	require.NoError(t, err)
	out, err := v.Append(nil, &shop{I: 1, Profile: profile{City: "Turin", Street: hushed, Geo: &geo{Lat: 45}}})
	require.NoError(t, err)
	require.Equal(t, `{"I":1,"Profile":{"city":"Turin","Geo":{"Lat":45}},"ref":null}`, string(out))
	_, err = NewView[shop](cities.In("Str")...)
	require.ErrorIs(t, err, ErrView)
}

func TestAViewAllocatesNothing(t *testing.T) {
	s := benchShop()
	v, err := NewView[shop](shopFields...)
	require.NoError(t, err)
	buf, err := v.Append(nil, s)
	require.NoError(t, err)
	s.stamped.ID, s.IDs = id{}, nil
	v, err = NewView[shop](shopFields[1:]...)
	require.NoError(t, err)
	require.Zero(t, testing.AllocsPerRun(100, func() { buf, _ = v.Append(buf[:0], s) }))
}

func FuzzViewString(f *testing.F) {
	for _, s := range []string{"", "a<b>&\"\\", "\u2028\u2029\xff\xe2\x80", "\x00\x01\b\f\n\r\t\x1f\x7f", "日本"} {
		f.Add(s, 1.5)
	}
	f.Fuzz(func(t *testing.T, s string, n float64) {
		want, err := json.Marshal(s)
		require.NoError(t, err)
		require.Equal(t, string(want), string(appendJSONString(nil, s)))
		for _, v := range []any{n, float32(n)} {
			want, err := json.Marshal(v)
			got, err2 := appendJSONFloat(nil, reflect.ValueOf(v).Float(), reflect.TypeOf(v).Bits())
			require.Equal(t, err == nil, err2 == nil)
			require.Equal(t, string(want), string(got))
		}
	})
}

func benchShop() *shop {
	at := time.Date(2026, 5, 4, 8, 30, 0, 123456789, time.UTC)
	text := "the night train left on time"
	return &shop{stamped: stamped{id{1, 2, 3, 4}, at}, base: &base{"eu-1", "b"}, B: true, I: 42, I64: 1 << 40, U: 7, F64: 12.402, S: text, Colour: "red",
		When: &at, Str: &text, Strs: []string{"a", text}, Profile: profile{"Turin", "Via Po 1", &geo{45.07, 7.68}}, Ref: &profile{City: "Bari"},
		Lines: []line{{"visa", "1", nil}, {"amex", "2", []string{"x"}}}}
}

// BenchmarkView compares a View of all fields, and of the same without ids whose text their own code makes, with
// json.Marshal of the same struct.
func BenchmarkView(b *testing.B) {
	s := benchShop()
	v, err := NewView[shop](shopFields...)
	require.NoError(b, err)
	buf := make([]byte, 0, 4096)
	b.Run("view", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			buf, _ = v.Append(buf[:0], s)
		}
	})
	b.Run("json", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = json.Marshal(s)
		}
	})
	b.Run("encoder", func(b *testing.B) {
		b.ReportAllocs()
		w := bytes.NewBuffer(buf)
		e := json.NewEncoder(w)
		for b.Loop() {
			w.Reset()
			_ = e.Encode(s)
		}
	})
}
