package discover

import (
	"fmt"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/schema"
)

// candidate is a link that may be.
type candidate struct {
	dsar.Link
	from     *table
	to       *table
	score    float64
	evidence []string
	declared bool          // by a foreign key
	does     schema.Action // when the other row goes
	by       bool          // created_by and the like
	nullable bool
	called   bool // by a user name that stands there under its own name
	generic  bool // a polymorphic one of anything, not of people
	stem     []string
}

func (c *candidate) note(format string, args ...any) {
	c.evidence = append(c.evidence, fmt.Sprintf(format, args...))
}

// scale changes the score for a reason.
func (c *candidate) scale(by float64, format string, args ...any) {
	c.score *= by
	c.note(format, args...)
}
