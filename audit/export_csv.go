package audit

import (
	"bufio"
	"encoding/csv"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/bailiwick-dev/bailiwick/internal/csvcell"
)

// csvColumns never change their order or meaning; new ones come last.
var csvColumns = []string{
	"seq", "id", "time", "recorded", "action", "outcome", "actor_type", "actor_id", "actor_name", "actor_email", "targets",
	"ip", "user_agent", "session", "request_id", "trace_id", "reason", "data", "erased", "hash",
}

type csvWriter struct {
	w    *csv.Writer
	cell []string
}

func newCSVWriter(w *bufio.Writer) *csvWriter { return &csvWriter{w: csv.NewWriter(w)} }

func (c *csvWriter) begin() error { return c.w.Write(csvColumns) }

func (c *csvWriter) end() error {
	c.w.Flush()
	return c.w.Error()
}

func (c *csvWriter) event(r *Record) error {
	ip, targets, data := "", "", ""
	if r.Source.IP.IsValid() {
		ip = r.Source.IP.String()
	}
	if len(r.Targets) > 0 {
		targets = string(appendParties(nil, r.Targets))
	}
	if len(r.Data) > 0 {
		data = string(appendData(nil, r.Data))
	}
	c.cell = append(c.cell[:0], strconv.FormatUint(r.Seq, 10), r.ID.String(), microseconds(r.Time).Format(leafTime),
		microseconds(r.Recorded).Format(leafTime), r.ActionName, r.Outcome.String(),
		r.Actor.Type, r.Actor.ID, r.Actor.Name, r.Actor.Email, targets,
		ip, r.Source.UserAgent, r.Source.Session, r.Source.RequestID, r.Source.TraceID, r.Reason,
		data, strings.Join(r.Erased, " "), hex.EncodeToString(r.Hash[:]))
	for i, s := range c.cell {
		c.cell[i] = csvcell.Harmless(s)
	}
	if err := c.w.Write(c.cell); err != nil {
		return err
	}
	c.w.Flush() // into the buffer below, so that what was counted is written
	return c.w.Error()
}
