package archive

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// Verify looks through a whole archive: that one of the keys signed its manifest, that each file is there, has the hash, the length and the
// rows that the manifest says, that each table has its rows in both forms, and that nothing else is in it, between the files or around
// them. No file is unpacked before it is known to be what was signed. Memory is constant but for the manifest. An encrypted archive is decrypted
// first: see [Decrypt].
func Verify(r io.ReaderAt, size int64, keys ...note.Verifier) (*Manifest, error) {
	a, err := Open(r, size, keys...)
	if err != nil {
		return nil, err
	}
	if err := a.contained(); err != nil {
		return nil, err
	}
	m := a.Manifest
	lines, records := make([]int64, len(m.Tables)+1), make([]int64, len(m.Tables)+1)
	names := map[string]bool{}
	for i, f := range m.Files {
		if names[f.Name] || !named.MatchString(f.Name) {
			return nil, fmt.Errorf("%w: a file has another's name, or none that an archive has", ErrInvalid)
		}
		names[f.Name] = true
		n, err := a.count(i)
		if err != nil {
			return nil, err
		}
		switch {
		case isLines(f.Name):
			lines[f.Table] += n
		case isRecords(f.Name):
			records[f.Table] += n
		}
	}
	all := int64(0)
	for i, t := range m.Tables {
		if all += t.Rows; lines[i+1] != t.Rows || records[i+1] != t.Rows {
			return nil, fmt.Errorf("%w: a table has other rows than the manifest says", ErrInvalid)
		}
	}
	if all != m.Rows || lines[0] != 0 || records[0] != 0 || !names[indexName] {
		return nil, fmt.Errorf("%w: the manifest contradicts itself", ErrInvalid)
	}
	return m, nil
}

// named are the names that files have: none leads out of a folder.
var named = regexp.MustCompile(`^(index\.html|data/[0-9]{3,9}-[a-z0-9-]{1,40}-[0-9]{4,9}\.(jsonl|csv)|pages/[0-9]{3,9}-[a-z0-9-]{1,40}-[0-9]{4,9}\.html)$`)

func isLines(name string) bool   { return strings.HasSuffix(name, ".jsonl") }
func isRecords(name string) bool { return strings.HasSuffix(name, ".csv") }

// count unpacks a file, and returns how many rows are in it; those of a page are not counted.
func (a *Archive) count(i int) (int64, error) {
	f := a.Manifest.Files[i]
	c := counting{records: isRecords(f.Name)}
	r, err := a.file(i)
	if err != nil {
		return 0, err
	}
	if _, err := io.CopyBuffer(&c, r, make([]byte, min(blockSize, f.Bytes+1))); err != nil {
		return 0, err
	}
	if c.records {
		c.n-- // the header
	}
	if rows := isLines(f.Name) || c.records; rows && (c.n != f.Rows || c.quoted || c.bare) {
		return 0, fmt.Errorf("%w: a file is not what the manifest says", ErrInvalid)
	}
	return c.n, nil
}

// counting counts lines, or the records of CSV, whose fields may have line breaks in quotation marks.
type counting struct {
	records bool
	n       int64
	quoted  bool // in the middle of a field
	bare    bool // in the middle of a line
}

func (c *counting) Write(b []byte) (int, error) {
	n := len(b)
	if n > 0 {
		c.bare = b[n-1] != '\n'
	}
	if !c.records {
		c.n += int64(bytes.Count(b, []byte{'\n'}))
		return n, nil
	}
	for {
		i := bytes.IndexByte(b, '"')
		if !c.quoted {
			c.n += int64(bytes.Count(b[:max(i, 0)], []byte{'\n'}))
		}
		if i < 0 {
			if !c.quoted {
				c.n += int64(bytes.Count(b, []byte{'\n'}))
			}
			return n, nil
		}
		b, c.quoted = b[i+1:], !c.quoted
	}
}
