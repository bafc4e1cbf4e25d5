package export

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func masked(names []string, paths map[string]bool, v string) string {
	m := &mask{names: map[string]bool{}}
	for _, n := range names {
		m.names[n] = true
	}
	for p, hide := range paths {
		m.add(p, hide)
	}
	return string(m.mask([]byte(v)))
}

func TestMembersOfJSONAreMasked(t *testing.T) {
	t.Parallel()
	paths := map[string]bool{"author.email": true, "to[].name": true, "tags[]": true, "open.token": false, "a.b": false, "[].x": true}
	for in, want := range map[string]string{
		`{"author": {"email": "x", "id": 1}}`:                 `{"author":{"email":"[withheld]","id":1}}`,
		`{"author" : {"\u0065mail" : {"deep": [1]}} , "n":2}`: `{"author":{"\u0065mail":"[withheld]"},"n":2}`,
		`{"to": [{"name": "x", "y": 1}, {"name": null}]}`:     `{"to":[{"name":"[withheld]","y":1},{"name":"[withheld]"}]}`,
		`{"to": {"name": "x"}}`:                               `{"to":{"name":"[withheld]"}}`, // one, not in a list
		`{"author": [{"email": "x"}]}`:                        `{"author":[{"email":"[withheld]"}]}`,
		`{"author": "x@example.com"}`:                         `{"author":"[withheld]"}`, // what is hidden is below
		`{"author": null}`:                                    `{"author":null}`,
		`{"tags": ["a", "b"], "z": [ ]}`:                      `{"tags":["[withheld]","[withheld]"],"z":[]}`,
		`[{"x": 1, "y": 2}]`:                                  `[{"x":"[withheld]","y":2}]`,
		`{"deep": [{"Token": "t"}, {"token": [1, {}]}]}`:      `{"deep":[{"Token":"[withheld]"},{"token":"[withheld]"}]}`,
		`{"open": {"token": "shown"}}`:                        `{"open":{"token":"shown"}}`,
		`{"token": 1, "token": 2, "": {}}`:                    `{"token":"[withheld]","token":"[withheld]","":{}}`,
		`"x"`:                                                 `"[withheld]"`, `12`: `"[withheld]"`, `{}`: `{}`, ` null `: `null`,
		`{"a": `: `"[withheld]"`, ``: `"[withheld]"`, `{"a":1} x`: `"[withheld]"`,
	} {
		require.Equal(t, want, masked([]string{"token"}, paths, in), in)
	}
	require.Equal(t, `{"k":"a \" , } ] b","n":-1.5e3,"t":true}`, masked([]string{"token"}, nil, ` { "k" : "a \" , } ] b" , "n" : -1.5e3 ,"t":true } `))
}

// Whatever the JSON, nothing under a hidden name comes out, and all else does.
func TestMaskedJSONIsTheSameWithoutWhatIsHidden(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var value func(depth int) any
		key := rapid.SampledFrom([]string{"a", "b", "secret", "SECRET", "x y", `q"`, "é", ""})
		value = func(depth int) any {
			switch n := rapid.IntRange(0, 6).Draw(t, "kind"); {
			case n == 0 && depth < 4:
				out := map[string]any{}
				for range rapid.IntRange(0, 4).Draw(t, "n") {
					out[key.Draw(t, "key")] = value(depth + 1)
				}
				return out
			case n == 1 && depth < 4:
				out := []any{}
				for range rapid.IntRange(0, 4).Draw(t, "n") {
					out = append(out, value(depth+1))
				}
				return out
			case n == 2:
				return nil
			case n == 3:
				return float64(rapid.IntRange(-9, 9).Draw(t, "number"))
			}
			return rapid.SampledFrom([]string{"", "needle", `\"`, "}{][,:", "\u2028"}).Draw(t, "text")
		}
		v := value(0)
		in, err := json.MarshalIndent(v, " ", "\t")
		require.NoError(t, err)
		var got any
		require.NoError(t, json.Unmarshal([]byte(masked([]string{"secret"}, nil, string(in))), &got))
		require.Equal(t, without(v), got)
	})
}

// without is the model.
func without(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, x := range v {
			if out[k] = without(x); strings.EqualFold(k, "secret") {
				out[k] = "[withheld]"
			}
		}
		return out
	case []any:
		out := []any{}
		for _, x := range v {
			out = append(out, without(x))
		}
		return out
	}
	return v
}

func FuzzMask(f *testing.F) {
	for _, s := range []string{`{"a":[{"token":1}]}`, `"`, `{`, `[[]]`, "{\"\\u0074oken\":\"\\\"\"}", ` `, `{"a":{"b":{}}}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		require.True(t, json.Valid([]byte(masked([]string{"token"}, map[string]bool{"a[].b": true, "c": true}, s))))
	})
}
