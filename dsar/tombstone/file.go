package tombstone

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// File is a [Log] in a file, a line each: hash, space, JSON. The newline of a line is written after the rest of it is on the disk, so
// that what has none was never acknowledged, and what has one is whole, or damaged.
type File struct {
	mu    sync.Mutex
	f     *os.File
	end   int64   // of the last line
	lines []place // all of them
	heads map[tenancy.ID]Head
	ids   map[idOf]uint64
	bad   error
}

// place is where a line is.
type place struct {
	at   int64
	size int
	hash [32]byte
}

type idOf struct {
	tenant tenancy.ID
	id     string
}

// OpenFile opens the log at path, and makes it if there is none. Its folder must be there. All of it is read and checked: [ErrLog].
func OpenFile(path string) (*File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, unavailable(err)
	}
	l := &File{f: f, heads: map[tenancy.ID]Head{}, ids: map[idOf]uint64{}}
	err = syncFolder(filepath.Dir(path))
	if err == nil {
		err = l.read()
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return l, nil
}

// Close closes the file.
func (l *File) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.bad = fmt.Errorf("%w: it was closed", ErrUnavailable)
	return l.f.Close()
}

// Append implements [Log].
func (l *File) Append(ctx context.Context, s Stone, at time.Time) (Entry, error) {
	if err := ctx.Err(); err != nil {
		return Entry{}, err
	}
	if s.ID == "" || s.Tenant.IsZero() || at.IsZero() || len(s.Sealed) == 0 {
		return Entry{}, errors.New("tombstone: a stone has an id, a tenant, a time and somebody in it")
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	unlock, err := lockFile(l.f)
	if err != nil {
		return Entry{}, unavailable(err)
	}
	defer unlock()
	if err := l.read(); err != nil {
		return Entry{}, err
	}
	if seq, ok := l.ids[idOf{s.Tenant, s.ID}]; ok {
		return l.entry(seq)
	}
	e := Entry{Seq: uint64(len(l.lines)) + 1, At: at.UTC().Truncate(time.Second), Stone: s}
	body, err := json.Marshal(e)
	if err != nil {
		return Entry{}, errors.New("tombstone: the stone cannot be written")
	}
	e.Hash = l.next(body)
	if err := l.write(append([]byte(hex.EncodeToString(e.Hash[:])+" "), body...)); err != nil {
		return Entry{}, err
	}
	return e, l.read()
}

// write adds a line. Whoever fails here may have left any part of it.
func (l *File) write(line []byte) error {
	// What stands behind the last newline was never acknowledged: nobody was told that it is there.
	if err := l.f.Truncate(l.end); err != nil {
		return unavailable(err)
	}
	for _, part := range [][]byte{line, {'\n'}} {
		if _, err := l.f.Write(part); err != nil {
			return unavailable(err)
		}
		if err := l.f.Sync(); err != nil {
			// Whether pages that failed once are on the disk, no later call tells.
			l.bad = unavailable(err)
			return l.bad
		}
	}
	return nil
}

// read takes in the lines that were added, by this process or another one.
func (l *File) read() error {
	if l.bad != nil {
		return l.bad
	}
	fi, err := l.f.Stat()
	if err != nil {
		return unavailable(err)
	}
	if fi.Size() < l.end {
		return fmt.Errorf("%w: it became shorter", ErrLog)
	}
	rest, err := io.ReadAll(io.NewSectionReader(l.f, l.end, fi.Size()-l.end))
	if err != nil {
		return unavailable(err)
	}
	for {
		line, after, whole := bytes.Cut(rest, []byte{'\n'})
		if !whole {
			return nil
		}
		e, err := parse(line, l.next)
		if err != nil || e.Seq != uint64(len(l.lines))+1 {
			return fmt.Errorf("%w: line %d", ErrLog, len(l.lines)+1)
		}
		l.lines = append(l.lines, place{l.end, len(line), e.Hash})
		l.heads[e.Tenant] = Head{e.Seq, e.Hash}
		if id := (idOf{e.Tenant, e.ID}); l.ids[id] == 0 {
			l.ids[id] = e.Seq
		}
		l.end += int64(len(line)) + 1
		rest = after
	}
}

// next is the hash of a line with that body behind those there are.
func (l *File) next(body []byte) [32]byte {
	var before [32]byte
	if n := len(l.lines); n > 0 {
		before = l.lines[n-1].hash
	}
	return sha256.Sum256(append(before[:], body...))
}

func parse(line []byte, want func(body []byte) [32]byte) (e Entry, err error) {
	sum, body, ok := bytes.Cut(line, []byte{' '})
	if !ok {
		return e, ErrLog
	}
	hash := want(body)
	if string(sum) != hex.EncodeToString(hash[:]) {
		return e, ErrLog
	}
	if json.Unmarshal(body, &e) != nil {
		return e, ErrLog
	}
	e.Hash = hash
	return e, nil
}

// entry reads a line again.
func (l *File) entry(seq uint64) (Entry, error) {
	p := l.lines[seq-1]
	line := make([]byte, p.size)
	if _, err := l.f.ReadAt(line, p.at); err != nil {
		return Entry{}, unavailable(err)
	}
	return parse(line, func(body []byte) [32]byte {
		var before [32]byte
		if seq > 1 {
			before = l.lines[seq-2].hash
		}
		return sha256.Sum256(append(before[:], body...))
	})
}

// After implements [Log].
func (l *File) After(ctx context.Context, tenant tenancy.ID, seq uint64) (out []Entry, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.read(); err != nil {
		return nil, err
	}
	for n := seq + 1; n <= l.heads[tenant].Seq; n++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		e, err := l.entry(n)
		if err != nil {
			return nil, err
		}
		if e.Tenant == tenant {
			out = append(out, e)
		}
	}
	return out, nil
}

// Line implements [Log].
func (l *File) Line(_ context.Context, seq uint64) (hash [32]byte, ok bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.read(); err != nil {
		return hash, false, err
	}
	if seq == 0 || seq > uint64(len(l.lines)) {
		return hash, false, nil
	}
	return l.lines[seq-1].hash, true, nil
}

// Head implements [Log].
func (l *File) Head(_ context.Context, tenant tenancy.ID) (Head, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	err := l.read()
	return l.heads[tenant], err
}

// Tenants implements [Log].
func (l *File) Tenants(context.Context) ([]tenancy.ID, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.read(); err != nil {
		return nil, err
	}
	out := make([]tenancy.ID, 0, len(l.heads))
	for id := range l.heads {
		out = append(out, id)
	}
	return out, nil
}

func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return unavailable(err)
	}
	defer d.Close()
	return unavailable(d.Sync())
}

// unavailable keeps the path out of the text.
func unavailable(err error) error {
	if err == nil {
		return nil
	}
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}
