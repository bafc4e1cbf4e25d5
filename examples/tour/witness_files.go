package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// fileWitness reads the bytes of the files below a folder. It knows a tenant's file by the tenant's
// mark in it.
type fileWitness struct {
	dir  string
	seed uint64
}

// Prints hashes each file under the mark that is in it. A file with the marks of two tenants is in the
// prints of both.
func (w fileWitness) Prints(context.Context) (map[string]string, error) {
	hashes := map[string]hash.Hash{}
	err := w.each(func(path string, content []byte) {
		seen := map[string]bool{}
		for _, m := range markIn.FindAll(content, -1) {
			seen[string(m)] = true
		}
		for m := range seen {
			if hashes[m] == nil {
				hashes[m] = sha256.New()
			}
			fmt.Fprintf(hashes[m], "%s %d\n", filepath.Base(path), len(content))
			_, _ = hashes[m].Write(content)
		}
	})
	prints := map[string]string{}
	for m, h := range hashes {
		prints[m] = hex.EncodeToString(h.Sum(nil))
	}
	return prints, err
}

func (w fileWitness) Traces(_ context.Context, text string) (found int64, looked string, err error) {
	files, size := 0, 0
	err = w.each(func(_ string, content []byte) {
		files, size = files+1, size+len(content)
		found += int64(bytes.Count(content, []byte(text)))
	})
	return found, fmt.Sprintf("%s bytes of %d files", thousands(size), files), err
}

// file returns the path of a tenant's database file.
func (w fileWitness) file(id tenancy.ID) (string, error) {
	var file string
	err := w.each(func(path string, content []byte) {
		if bytes.Contains(content, []byte(mark(w.seed, id))) {
			file = strings.TrimSuffix(path, "-wal")
		}
	})
	if err == nil && file == "" {
		err = fmt.Errorf("no file of %s", id)
	}
	return file, err
}

// each reads every file but the shared memory of connections, which holds no rows.
func (w fileWitness) each(look func(path string, content []byte)) error {
	return filepath.WalkDir(w.dir, func(path string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // a handle was closed meanwhile
		}
		if err != nil || !e.Type().IsRegular() || strings.HasSuffix(path, "-shm") {
			return err
		}
		content, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil {
			look(path, content)
		}
		return err
	})
}
