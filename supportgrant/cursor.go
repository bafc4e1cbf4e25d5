package supportgrant

import (
	"encoding/base64"
	"encoding/binary"
	"math"
	"time"
)

// Cursor says where a page begins: after the row that it was made of. It holds that row's key, encoded and not sealed. "" is before
// the first row.
type Cursor string

// cursorOf is the cursor after a row with that key, "" if one of its values cannot be in one.
func cursorOf(key []any) Cursor {
	b := []byte{1}
	for _, v := range key {
		switch v := v.(type) {
		case string:
			b = appendText(append(b, 's'), v)
		case []byte:
			b = appendText(append(b, 'b'), string(v))
		case int64:
			b = binary.BigEndian.AppendUint64(append(b, 'i'), uint64(v))
		case float64:
			b = binary.BigEndian.AppendUint64(append(b, 'f'), math.Float64bits(v))
		case time.Time:
			b = binary.BigEndian.AppendUint64(append(b, 't'), uint64(v.UnixMicro()))
		default:
			return ""
		}
	}
	return Cursor(base64.RawURLEncoding.EncodeToString(b))
}

var errCursor = &InvalidError{"cursor", "it is none of this resource"}

// key is what c was made of: n values.
func (c Cursor) key(n int) ([]any, error) {
	if c == "" {
		return nil, nil
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(string(c))
	if err != nil || len(b) == 0 || b[0] != 1 || len(c) > 4096 {
		return nil, errCursor
	}
	b = b[1:]
	key := make([]any, 0, n)
	for len(b) > 0 {
		kind := b[0]
		b = b[1:]
		if kind == 's' || kind == 'b' {
			if len(b) < 4 || uint64(len(b)-4) < uint64(binary.BigEndian.Uint32(b)) {
				return nil, errCursor
			}
			end := 4 + int(binary.BigEndian.Uint32(b))
			if kind == 's' {
				key = append(key, string(b[4:end]))
			} else {
				key = append(key, append([]byte{}, b[4:end]...))
			}
			b = b[end:]
			continue
		}
		if len(b) < 8 {
			return nil, errCursor
		}
		bits := binary.BigEndian.Uint64(b)
		b = b[8:]
		switch kind {
		case 'i':
			key = append(key, int64(bits))
		case 'f':
			key = append(key, math.Float64frombits(bits))
		case 't':
			key = append(key, time.UnixMicro(int64(bits)).UTC())
		default:
			return nil, errCursor
		}
	}
	if len(key) != n {
		return nil, errCursor
	}
	return key, nil
}
