package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
)

// attach tries to reach birch's file from alder's connection, in each way that SQLite knows to write it.
func attach(ctx context.Context, d *desk) (outcome, error) {
	files, ok := d.witness.(fileWitness)
	if !ok {
		return outcome{}, errors.New("the witness knows no files")
	}
	path, err := files.file(birch)
	if err != nil {
		return outcome{}, err
	}
	folder, name := filepath.Split(path)
	ways := []struct {
		statement string
		args      []any
	}{
		{"ATTACH '" + path + "' AS birch", nil},
		{"ATTACH ? AS birch", []any{path}},
		{"ATTACH ? || ? AS birch", []any{folder, name}},
		{"ATTACH 'file:" + path + "?mode=rw' AS birch", nil},
		{"SELECT 1; ATTACH '" + path + "' AS birch", nil},
	}
	var came outcome
	for _, w := range ways {
		_, err := d.exec(ctx, alder, w.statement, w.args...)
		if came, err = refused("SQLite's authorizer", err, tenantdb.ErrIsolation); err != nil {
			return outcome{}, fmt.Errorf("%s: %w", w.statement, err)
		}
	}
	came.Came += fmt.Sprintf(" (%d ways to write it)", len(ways))
	return came, d.unchanged(ctx, birch)
}

// vacuumInto leaves the transaction first, as an injected text would.
func vacuumInto(ctx context.Context, d *desk) (outcome, error) {
	dir, err := os.MkdirTemp("", "bailiwick-tour-thief-")
	if err != nil {
		return outcome{}, err
	}
	defer os.RemoveAll(dir)
	stolen := filepath.Join(dir, "stolen.db")
	_, inside := d.exec(ctx, alder, "VACUUM INTO '"+stolen+"'")
	_, outside := d.exec(ctx, alder, "COMMIT; VACUUM INTO '"+stolen+"'")
	if _, err := os.Stat(stolen); err == nil {
		return outcome{}, errors.New("the copy was written")
	}
	if inside == nil {
		return outcome{}, errors.New("nothing refused it inside the transaction")
	}
	return refused("SQLite's authorizer", outside, tenantdb.ErrIsolation)
}
