package consentsql

import (
	"encoding/json"
	"math"
	"strconv"
	"time"

	"github.com/bailiwick-dev/bailiwick/consent"
)

// What an entry says is a JSON array: method, granted, denied, opt_out, signal, policy, at, expires, given, place, regimes.

// linesOf returns the end of it: place, regimes.
func linesOf(e *consent.Entry) []byte {
	b, _ := json.Marshal([2]string{e.Place, e.Regimes}) // strings have a JSON
	return b[1:]
}

// saidOf appends it, with lines.
func saidOf(b []byte, e *consent.Entry, lines []byte) []byte {
	b = append(b, '[')
	for _, n := range [...]int64{int64(e.Method), int64(e.Granted), int64(e.Denied), bit(e.OptOut), bit(e.Signal), int64(e.Policy), e.At.UnixMicro()} {
		b = append(strconv.AppendInt(b, n, 10), ',')
	}
	for _, t := range [...]time.Time{e.Expires, e.Given} {
		if t.IsZero() {
			b = append(b, "null,"...)
		} else {
			b = append(strconv.AppendInt(b, t.UnixMicro(), 10), ',')
		}
	}
	return append(b, lines...)
}

// parseSaid reads it into e, but for its end, which it returns.
func parseSaid(e *consent.Entry, b []byte) (lines []byte, ok bool) {
	if len(b) == 0 || b[0] != '[' {
		return nil, false
	}
	b = b[1:]
	var n [9]int64
	for i := range n {
		if i >= 7 && len(b) > 5 && string(b[:5]) == "null," {
			n[i], b = noTime, b[5:]
		} else if n[i], b, ok = number(b); !ok {
			return nil, false
		}
	}
	if uint64(n[0]) > math.MaxUint8 || uint64(n[1]) > math.MaxUint16 || uint64(n[2]) > math.MaxUint16 || uint64(n[3]|n[4]) > 1 || uint64(n[5]) > math.MaxUint16 {
		return nil, false
	}
	e.Method, e.Granted, e.Denied, e.OptOut, e.Signal, e.Policy = consent.Method(n[0]), consent.Set(n[1]), consent.Set(n[2]), n[3] == 1, n[4] == 1, uint16(n[5])
	e.At = micro(n[6])
	if n[7] != noTime {
		e.Expires = micro(n[7])
	}
	if n[8] != noTime {
		e.Given = micro(n[8])
	}
	return b, true
}

// number reads a number as saidOf writes it, and the comma after it.
func number(b []byte) (n int64, rest []byte, ok bool) {
	minus := len(b) > 0 && b[0] == '-'
	if minus {
		b = b[1:]
	}
	for i, c := range b {
		switch {
		case c == ',' && i > 0:
			if b[0] == '0' && (i > 1 || minus) {
				return 0, nil, false
			}
			if minus {
				n = -n
			}
			return n, b[i+1:], true
		case c < '0' || c > '9' || n > (math.MaxInt64-9)/10:
			return 0, nil, false
		}
		n = n*10 + int64(c-'0')
	}
	return 0, nil, false
}

// parseLines reads the end.
func parseLines(b []byte) (out [2]string, ok bool) {
	var all []string
	if json.Unmarshal(append([]byte{'['}, b...), &all) != nil || len(all) != 2 {
		return out, false
	}
	return [2]string(all), true
}
