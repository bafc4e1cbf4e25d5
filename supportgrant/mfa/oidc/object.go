package oidc

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"math"
	"strings"
)

var errForm = errors.New("oidc: not of the form it has to have")

// object is a JSON object by the exact names of its members. Package json matches names in either case and lets the last of two
// win: of what is signed there is one reading only.
type object map[string]json.RawMessage

// parseObject takes one object and nothing else, no name of which comes twice.
func parseObject(b []byte) (object, error) {
	dec := json.NewDecoder(bytes.NewReader(b))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, errForm
	}
	o := object{}
	for dec.More() {
		t, err := dec.Token()
		name, isName := t.(string)
		if err != nil || !isName {
			return nil, errForm
		}
		if _, twice := o[name]; twice {
			return nil, errForm
		}
		var v json.RawMessage
		if dec.Decode(&v) != nil {
			return nil, errForm
		}
		o[name] = v
	}
	if _, err := dec.Token(); err != nil {
		return nil, errForm
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, errForm
	}
	return o, nil
}

// has returns a member that is there and not null.
func (o object) has(name string) (json.RawMessage, bool) {
	v, ok := o[name]
	return v, ok && string(v) != "null"
}

// text returns a member that is a string, "" if there is none.
func (o object) text(name string) (string, error) {
	v, ok := o.has(name)
	if !ok {
		return "", nil
	}
	var s *string
	if json.Unmarshal(v, &s) != nil || s == nil {
		return "", errForm
	}
	return *s, nil
}

// texts returns a member that is an array of strings, or one string where single says that it may be.
func (o object) texts(name string, single bool) ([]string, error) {
	v, ok := o.has(name)
	if !ok {
		return nil, nil
	}
	if v[0] == '"' && single {
		s, err := o.text(name)
		return []string{s}, err
	}
	var list []*string
	if v[0] != '[' || json.Unmarshal(v, &list) != nil {
		return nil, errForm
	}
	out := make([]string, len(list))
	for i, s := range list {
		if s == nil {
			return nil, errForm
		}
		out[i] = *s
	}
	return out, nil
}

// seconds returns a member that is a NumericDate (RFC 7519, section 2) in whole seconds, and false if there is none.
func (o object) seconds(name string) (int64, bool, error) {
	v, ok := o.has(name)
	if !ok {
		return 0, false, nil
	}
	var f float64
	if v[0] == '"' || json.Unmarshal(v, &f) != nil || f < 0 || f >= 1<<53 {
		return 0, false, errForm
	}
	return int64(math.Floor(f)), true, nil
}

// decode takes base64url without padding in its one spelling.
func decode(s string) ([]byte, error) {
	if strings.ContainsAny(s, "\r\n") { // the decoder skips them
		return nil, errForm
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil {
		return nil, errForm
	}
	return b, nil
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
