package supportgrant

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"time"
)

// LogCursor says where a page of the log begins; "" is at the newest entry.
type LogCursor string

// Log returns who looked at ctx's tenant's data, when and for which ticket, and what became of every request: the newest entry first,
// at most limit (1 to 500; 0: 100), narrowed by l. The cursor is for the next page, "" after the last. A read is in it before its
// rows were read: it may tell of one that then failed, and misses none. Show it to the tenant; the staff cannot change it.
func (s *Service) Log(ctx context.Context, l Look, after LogCursor, limit int) ([]Entry, LogCursor, error) {
	if limit == 0 {
		limit = 100
	}
	if limit < 1 || limit > 500 {
		return nil, "", &InvalidError{"limit", "it is not from 1 to 500"}
	}
	place, err := after.place()
	if err != nil {
		return nil, "", err
	}
	entries, err := s.store.Log(ctx, l, place, limit)
	if err != nil || len(entries) < limit {
		return entries, "", err
	}
	last := &entries[len(entries)-1]
	return entries, cursorAfter(Place{last.At, last.ID}), nil
}

func cursorAfter(p Place) LogCursor {
	return LogCursor(base64.RawURLEncoding.EncodeToString(append(binary.BigEndian.AppendUint64(nil, uint64(p.At.UnixMicro())), p.ID[:]...)))
}

func (c LogCursor) place() (p Place, err error) {
	if c == "" {
		return p, nil
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(string(c))
	if err != nil || len(b) != 24 {
		return p, &InvalidError{"cursor", "it is none of this log"}
	}
	p.At = time.UnixMicro(int64(binary.BigEndian.Uint64(b))).UTC()
	copy(p.ID[:], b[8:])
	return p, nil
}
