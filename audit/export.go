package audit

import (
	"bufio"
	"context"
	"errors"
	"io"
	"slices"

	"github.com/google/uuid"
)

// Format is what an export is written as. None of these can be verified by its reader: that is what a bundle is for.
type Format int

// The formats.
const (
	// JSONL is one JSON object a line and event: "tenant", "seq", "id", "time", "recorded", "action", "outcome", "actor",
	// "targets", "source", "reason", "data", "erased" (labels) and "hash" (of the leaf, in hexadecimal), absent when
	// empty. Times are in UTC with six decimals; a time in data is {"time":"..."}.
	JSONL Format = iota + 1
	// CSV has a line of names and one an event (RFC 4180), with targets and data as JSON. A cell that a spreadsheet could
	// take for a formula begins with an apostrophe, and so does one that began with an apostrophe: who reads the file with
	// a program takes one off. Open it as comma-separated.
	CSV
	// OCSF is one event of the Open Cybersecurity Schema Framework 1.6.0 a line, of the class and activity of its
	// action ([Action.OCSF]).
	OCSF
)

// String returns "jsonl", "csv" or "ocsf".
func (f Format) String() string {
	switch f {
	case JSONL:
		return "jsonl"
	case CSV:
		return "csv"
	case OCSF:
		return "ocsf"
	}
	return "unknown"
}

// Exporting says what to export, and who takes it out. By and Reason are recorded, as is the query.
type Exporting struct {
	Query
	Format Format
	By     Party
	Reason string
}

// ExportResult tells how far an export got.
type ExportResult struct {
	Receipt Receipt // of the audit.exported event
	Events  uint64
	// Last is the cursor of the last event written: with it as the query's After, a further export goes on from there.
	Last Cursor
}

// eventWriter writes records in one format.
type eventWriter interface {
	begin() error
	event(r *Record) error
	end() error
}

// Export writes the events that x.Query asks for to w, a page in memory at a time. That it is done is recorded first
// (audit.exported): nothing is written if that fails. The export holds what came before that event. Inside a transaction it is
// refused, because a rollback would take the record back, and not what was written.
//
// It can be stopped through ctx. The result counts what was written even if it fails.
func (l *Log) Export(ctx context.Context, w io.Writer, x Exporting) (ExportResult, error) {
	var done ExportResult
	out := bufio.NewWriterSize(w, 64<<10)
	var to eventWriter
	switch x.Format {
	case JSONL:
		to = &jsonlWriter{w: out}
	case CSV:
		to = newCSVWriter(out)
	case OCSF:
		to = &ocsfWriter{w: out, origin: l.opts.Origin}
	default:
		return done, badField("format", "it is none of those defined")
	}
	if err := x.Query.check(); err != nil {
		return done, err
	}
	var err error
	if done.Receipt, err = l.recordExport(ctx, x.Format.String(), x.By, x.Reason, x.Query.told()); err != nil {
		return done, err
	}
	if err := to.begin(); err != nil {
		return done, err
	}
	if done.Receipt.Seq > 0 { // else nothing came before
		var failed error
		err = l.events(ctx, x.Query, done.Receipt.Seq, func(r Record, _ error) bool {
			if failed = to.event(&r); failed != nil {
				return false
			}
			done.Events, done.Last = done.Events+1, r.Cursor
			return true
		})
		if err = errors.Join(err, failed); err != nil {
			_ = out.Flush() // as far as it is, so that it can go on from there
			return done, err
		}
	}
	if err := to.end(); err != nil {
		return done, err
	}
	return done, out.Flush()
}

// recordExport records that something is about to leave the log.
func (l *Log) recordExport(ctx context.Context, format string, by Party, reason string, data map[string]any) (Receipt, error) {
	if by.Type == "" {
		return Receipt{}, badField("by", "it does not say who")
	}
	if l.store.InTx(ctx) {
		return Receipt{}, errInTx
	}
	if data == nil {
		data = map[string]any{}
	}
	data["format"] = format
	told := []Event{{ID: uuid.Must(uuid.NewV7()), Action: Exported, Actor: by, Reason: reason, Data: data}}
	receipts, err := l.appendAny(ctx, told)
	if errors.Is(err, ErrUnknown) && ctx.Err() == nil {
		receipts, err = l.appendAny(ctx, told) // under the same ID
	}
	if err != nil {
		return Receipt{}, err
	}
	return receipts[0], nil
}

// told is q as the data of an event. Whom it asks for is personal to them.
func (q Query) told() map[string]any {
	data := map[string]any{}
	for k, who := range map[string]Subject{"actor": q.Actor, "target": q.Target, "subject": q.Subject} {
		if who != "" {
			data[k] = Personal(who, string(who))
		}
	}
	if len(q.Actions) > 0 {
		data["actions"] = actionNames(q.Actions)
	}
	if len(q.Outcomes) > 0 {
		var names []string
		for _, o := range slices.Compact(slices.Sorted(slices.Values(q.Outcomes))) {
			names = append(names, o.String())
		}
		data["outcomes"] = names
	}
	if !q.Since.IsZero() {
		data["since"] = q.Since
	}
	if !q.Until.IsZero() {
		data["until"] = q.Until
	}
	if q.Limit > 0 {
		data["limit"] = q.Limit
	}
	return data
}
