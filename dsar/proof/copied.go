package proof

import (
	"bytes"
	"encoding/binary"
	"errors"
)

// copied looks through rows as Postgres copies them out in binary form, a row a Write. It allocates nothing for a row that has nothing.
type copied struct {
	l       *look
	table   string
	columns []string
	begun   bool
}

var errCopy = errors.New("proof: the server sent a row that cannot be read")

var copySignature = []byte("PGCOPY\n\xff\r\n\x00")

// Write implements io.Writer.
func (c *copied) Write(p []byte) (int, error) {
	n := len(p)
	if !c.begun {
		const fixed = 19 // the signature, flags, and the length of what comes in later versions
		if !bytes.HasPrefix(p, copySignature) || len(p) < fixed {
			return 0, errCopy
		}
		more := int(binary.BigEndian.Uint32(p[fixed-4:]))
		if len(p) < fixed+more {
			return 0, errCopy
		}
		p, c.begun = p[fixed+more:], true
	}
	if c.l.m.any(p) {
		return n, c.row(p)
	}
	return n, nil
}

// row looks through each column of a row by itself.
func (c *copied) row(p []byte) error {
	if len(p) < 2 {
		return errCopy
	}
	fields := int(int16(binary.BigEndian.Uint16(p)))
	if fields != len(c.columns) {
		return errCopy
	}
	p = p[2:]
	for i := range fields {
		if len(p) < 4 {
			return errCopy
		}
		size := int(int32(binary.BigEndian.Uint32(p)))
		p = p[4:]
		if size < 0 {
			continue // NULL
		}
		if size > len(p) {
			return errCopy
		}
		c.l.value(c.table, c.columns[i], p[:size])
		p = p[size:]
	}
	return nil
}
