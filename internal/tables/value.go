package tables

import (
	"database/sql"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// AreTexts reports whether all would come back as they are.
func AreTexts(all ...string) bool {
	return !slices.ContainsFunc(all, func(s string) bool { return !utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0 })
}

// Micro is a time of a column: microseconds since 1970.
func Micro(us int64) time.Time { return time.UnixMicro(us).UTC() }

// MicroOr is the zero time of NULL.
func MicroOr(us sql.NullInt64) time.Time {
	if !us.Valid {
		return time.Time{}
	}
	return Micro(us.Int64)
}

// MicroOf is NULL of the zero time.
func MicroOf(t time.Time) sql.NullInt64 {
	return sql.NullInt64{Int64: t.UnixMicro(), Valid: !t.IsZero()}
}
