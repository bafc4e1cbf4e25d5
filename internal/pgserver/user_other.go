//go:build !unix

package pgserver

import (
	"context"
	"os/exec"
)

func handOver(string) error { return nil }

func command(ctx context.Context, name string, args ...string) *exec.Cmd {
	return exec.CommandContext(ctx, name, args...)
}
