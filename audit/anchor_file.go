package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// FolderAnchor keeps checkpoints as files in a folder, such as one on write-once storage or on a disk of another
// machine. The file system must have hard links; on one without them nothing is published, and the error says so. It never overwrites and never removes a file, and creates what is missing of the folder. Whoever
// can write to the folder can fill it, so it belongs to another administrator than the database's.
func FolderAnchor(path string) Anchor { return folderAnchor{path} }

type folderAnchor struct{ path string }

// A file is named by size and time, in a folder by the size's upper digits, so that the newest is found without
// reading them all: 000000000000123/00000000000012345678-1795306800.
const (
	folderDigits = 15
	sizeDigits   = 20
)

// Name implements Anchor.
func (a folderAnchor) Name() string { return "folder" }

// Publish implements Anchor. A checkpoint that is there already is left as it is.
func (a folderAnchor) Publish(_ context.Context, signed []byte) error {
	c, _, err := openUnverified(signed)
	if err != nil {
		return err
	}
	size := fmt.Sprintf("%0*d", sizeDigits, c.Size)
	folder := filepath.Join(a.path, size[:folderDigits])
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return anchorFailed(err)
	}
	name := filepath.Join(folder, fmt.Sprintf("%s-%d", size, c.Time.Unix()))
	return anchorFailed(writeOnce(folder, name, signed))
}

// writeOnce makes the file name in folder with that content, whole or not at all, and durably.
func writeOnce(folder, name string, content []byte) (err error) {
	f, err := os.CreateTemp(folder, ".new-*")
	if err != nil {
		return err
	}
	defer func() {
		if gone := os.Remove(f.Name()); err == nil {
			err = gone
		}
	}()
	_, err = f.Write(content)
	err = errors.Join(err, f.Chmod(0o444), f.Sync(), f.Close())
	if err != nil {
		return err
	}
	// A link, because a rename would replace a file that is there.
	if err := os.Link(f.Name(), name); errors.Is(err, fs.ErrExist) {
		there, err := os.ReadFile(name)
		if err == nil && !bytes.Equal(signedText(there), signedText(content)) {
			err = errors.New("another checkpoint has its name")
		}
		return err
	} else if err != nil {
		return fmt.Errorf("the file system must have hard links, by which a file is never replaced: %w", err)
	}
	for _, dir := range []string{folder, filepath.Dir(folder)} {
		if err := syncFolder(dir); err != nil {
			return err
		}
	}
	return nil
}

func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// signedText returns the part of a note that is signed: other cosignatures do not make another checkpoint.
func signedText(signed []byte) []byte {
	text, _, _ := bytes.Cut(signed, []byte("\n\n"))
	return text
}

// Latest implements Anchor.
func (a folderAnchor) Latest(context.Context) ([]byte, error) {
	folders, err := backwards(a.path, func(name string) bool { return len(name) == folderDigits && isDecimal(name) })
	if err != nil {
		return nil, err
	}
	for _, folder := range folders {
		files, err := backwards(folder, func(name string) bool {
			size, at, ok := strings.Cut(name, "-")
			return ok && len(size) == sizeDigits && isDecimal(size) && isDecimal(at)
		})
		if err != nil {
			return nil, err
		}
		if len(files) > 0 {
			signed, err := os.ReadFile(files[0])
			return signed, anchorFailed(err)
		}
	}
	return nil, ErrNotFound
}

// backwards returns the paths of the entries whose name is ok, the last one first.
func backwards(folder string, ok func(name string) bool) (paths []string, err error) {
	entries, err := os.ReadDir(folder) // sorted
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, anchorFailed(err)
	}
	for i := len(entries) - 1; i >= 0; i-- {
		if ok(entries[i].Name()) {
			paths = append(paths, filepath.Join(folder, entries[i].Name()))
		}
	}
	return paths, nil
}

func isDecimal(s string) bool {
	_, err := strconv.ParseUint(s, 10, 64)
	return err == nil && s[0] != '+'
}

func anchorFailed(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}
