package supportgrantsql

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/bailiwick-dev/bailiwick/supportgrant"
)

// errRow is a row that this code would not have written. What it says is not guessed.
var errRow = errors.New("supportgrantsql: a row that is none")

func refused(why string) error { return fmt.Errorf("%w: %s", supportgrant.ErrRefused, why) }

// texts is an error if one of them would not come back as it is.
func texts(all ...string) error {
	if slices.ContainsFunc(all, func(s string) bool { return !utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0 }) {
		return refused("text that is not UTF-8, or has a NUL")
	}
	return nil
}

// listOf is a list as a column has it: a JSON array.
func listOf(l []string) (string, error) {
	if len(l) == 0 {
		return "[]", nil
	}
	if err := texts(l...); err != nil {
		return "", err
	}
	b, err := json.Marshal(l)
	return string(b), err
}

func list(text []byte) (out []string, err error) {
	if string(text) == "[]" {
		return nil, nil
	}
	if json.Unmarshal(text, &out) != nil || len(out) == 0 {
		return nil, errRow
	}
	return out, nil
}

// Times are microseconds since 1970, and durations of grants whole seconds.

func micro(us int64) time.Time { return time.UnixMicro(us).UTC() }

func microOr(us sql.NullInt64) time.Time {
	if !us.Valid {
		return time.Time{}
	}
	return micro(us.Int64)
}

// seconds is a duration as a column has it. One that is not whole seconds is an error.
func seconds(d time.Duration) (int64, error) {
	if d%time.Second != 0 {
		return 0, refused("a time that is not whole seconds")
	}
	return int64(d / time.Second), nil
}
