package archive

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
)

const (
	format       = "bailiwick dsar archive v1"
	manifestName = "manifest.json"
	signedName   = "manifest.sig"
	indexName    = "index.html"
)

// Manifest says what is in an archive. It is the file manifest.json, and what is signed is its SHA-256.
type Manifest struct {
	Format      string    `json:"format"`
	Request     string    `json:"request"`
	Title       string    `json:"title"`
	Application string    `json:"application"`
	At          time.Time `json:"at"`
	Map         string    `json:"map"`
	Info        Info      `json:"info"`
	Rows        int64     `json:"rows"` // of all tables
	Tables      []Counted `json:"tables"`
	Files       []File    `json:"files,omitempty"` // in the order of the archive
}

// Counted is a table and how many rows of it there are.
type Counted struct {
	Table
	Rows int64 `json:"rows"`
}

// File is one file of an archive.
type File struct {
	Name   string `json:"name"`
	Rows   int64  `json:"rows"`            // 0 of the first page
	Table  int    `json:"table,omitempty"` // the place in Tables, from 1; 0 of the first page
	Bytes  int64  `json:"bytes"`
	CRC32  string `json:"crc32"`
	Packed int64  `json:"packed"` // bytes as it is packed in the archive
	// SHA256 is of the file as it is packed, so that it is known to be what was signed before it is unpacked. In hex digits.
	SHA256 string `json:"packed_sha256"`
}

// Sum is what was written, and what stands for it.
type Sum struct {
	Manifest string // its hash: "sha256:" and hex digits
	Rows     int64
	Files    int
	Bytes    int64 // that went out, encrypted
}

func hexSum(sum [sha256.Size]byte) string { return hex.EncodeToString(sum[:]) }

// marshal returns the manifest with the lines of files in their place, so that they are not held twice.
func (m *Manifest) marshal(files []byte) ([]byte, error) {
	m.Files = nil
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(m); err != nil {
		return nil, err
	}
	b.Truncate(b.Len() - len("\n}\n"))
	fmt.Fprintf(&b, ",\n  \"files\": [\n%s\n  ]\n}\n", files)
	return b.Bytes(), nil
}
