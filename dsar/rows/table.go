package rows

import (
	"github.com/bailiwick-dev/bailiwick/dsar"
)

type table struct{ dsar.Mapped }

func (r *Rows) read() error { return nil }
