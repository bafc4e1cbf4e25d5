package tenancytest

import (
	"context"

	"github.com/bailiwick-dev/bailiwick/internal/finding"
)

func fileRules() []finding.Rule { return nil }

func (k *kit) attackFiles(ctx context.Context) error { return nil }
