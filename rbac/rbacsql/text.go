package rbacsql

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/bailiwick-dev/bailiwick/rbac"
)

// errRow is a row that this code would not have written. What it says is not guessed.
var errRow = errors.New("rbacsql: a row that is none")

var errText = fmt.Errorf("%w: text that is not UTF-8, or has a NUL", rbac.ErrRefused)

// texts is an error if one of them would not come back as it is.
func texts(all ...string) error {
	if slices.ContainsFunc(all, func(s string) bool { return !utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0 }) {
		return errText
	}
	return nil
}

// listOf is a list as a column has it.
func listOf[T ~string](l []T) (string, error) {
	if len(l) == 0 {
		return "[]", nil
	}
	for _, s := range l {
		if err := texts(string(s)); err != nil {
			return "", err
		}
	}
	b, err := json.Marshal(l)
	return string(b), err
}

// networksOf keeps "any" and "none" apart.
func networksOf(l []netip.Prefix) (*string, error) {
	if l == nil {
		return nil, nil
	}
	b, err := json.Marshal(l)
	out := string(b)
	return &out, err
}

func networks(text *string) (out []netip.Prefix, err error) {
	if text == nil {
		return nil, nil
	}
	if err := json.Unmarshal([]byte(*text), &out); err != nil || out == nil {
		return nil, errRow
	}
	return out, nil
}

// netOf is one network, "" if it is not known.
func netOf(p netip.Prefix) string {
	if !p.IsValid() {
		return ""
	}
	return p.String()
}

func net(text string) (netip.Prefix, error) {
	if text == "" {
		return netip.Prefix{}, nil
	}
	return netip.ParsePrefix(text)
}

// lists parses lists, and each text once: most members have the roles of many others.
type lists[T ~string] map[string][]T

func (l lists[T]) parse(text []byte) ([]T, error) {
	if out, ok := l[string(text)]; ok {
		return out, nil
	}
	var out []T
	if err := json.Unmarshal(text, &out); err != nil || out == nil {
		return nil, errRow
	}
	if len(out) == 0 {
		out = nil
	}
	l[string(text)] = out
	return out, nil
}

// words keeps one string of each that comes often.
type words map[string]string

func (w words) of(b []byte) string {
	if s, ok := w[string(b)]; ok {
		return s
	}
	s := string(b)
	w[s] = s
	return s
}

// noRows makes an answer of sql.ErrNoRows, and leaves other errors.
func noRows(err error) (none, failure error) {
	if errors.Is(err, sql.ErrNoRows) {
		return rbac.ErrNotFound, nil
	}
	return nil, err
}

func micro(us int64) time.Time { return time.UnixMicro(us).UTC() }

func microOr(us sql.NullInt64) time.Time {
	if !us.Valid {
		return time.Time{}
	}
	return micro(us.Int64)
}

// microOf is NULL of the zero time.
func microOf(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	us := t.UnixMicro()
	return &us
}
