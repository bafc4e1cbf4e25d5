package egress

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
)

// What is recorded in the tenant's audit log.
var (
	asked    = audit.Define("egress.asked", audit.Create)
	approved = audit.Define("egress.approved", audit.Update)
	denied   = audit.Define("egress.denied", audit.Update)
	begun    = audit.Define("egress.begun", audit.Read)
	ended    = audit.Define("egress.ended", audit.Read)
	refused  = audit.Define("egress.refused", audit.Read)
)

var actions = map[Act]audit.Action{ActApprove: approved, ActDeny: denied}

// record records what becomes of e, once: step names it.
func (g *Guard) record(ctx context.Context, act audit.Action, how audit.Outcome, by Person, e *Export, step string) error {
	ev := event(act, how, by, e)
	ev.ID = audit.IDFor("egress/" + e.ID + "/" + step)
	if err := g.o.Recorder.Record(ctx, ev); err != nil {
		return fmt.Errorf("egress: the audit log: %w", err)
	}
	return nil
}

func event(act audit.Action, how audit.Outcome, by Person, e *Export) audit.Event {
	data := map[string]any{"sink": e.Sink, "tables": append([]string{}, e.Tables...), "rows": e.Rows, "bytes": e.Bytes, "hash": e.Hash, "ticket": e.Ticket}
	if e.Query != "" {
		sum := sha256.Sum256([]byte(e.Query))
		data["query"] = "sha256:" + hex.EncodeToString(sum[:])
	}
	if e.State == Finished || e.State == Stopped {
		data["taken_rows"], data["taken_bytes"], data["digest"] = e.Taken.Rows, e.Taken.Bytes, e.Digest
	}
	return audit.Event{Action: act, Outcome: how, Actor: audit.Party{Type: "user", ID: string(by), Person: true}, Reason: e.Reason, Data: data,
		Targets: []audit.Party{{Type: "egress", ID: e.ID}}}
}

// whys are the refusals, in a word for the log.
var whys = []struct {
	err error
	why string
}{{ErrAsk, "incomplete"}, {ErrSink, "sink"}, {ErrLimit, "limit"}, {ErrUnapproved, "unapproved"}, {ErrOneself, "oneself"}, {ErrChanged, "changed"}, {ErrExpired, "expired"}, {ErrState, "state"}}

// refuse records that somebody was refused something, also if the caller has gone, and returns err, with what kept it from being recorded.
func (g *Guard) refuse(ctx context.Context, by Person, e *Export, err error) error {
	for _, w := range whys {
		if !errors.Is(err, w.err) {
			continue
		}
		ev := event(refused, audit.Denied, by, e)
		ev.Data["why"] = w.why
		if errors.Is(err, ErrAsk) { // what is not complete may be anything
			ev.Data, ev.Targets, ev.Reason = map[string]any{"why": w.why}, nil, ""
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		if failed := g.o.Recorder.Record(ctx, ev); failed != nil {
			return fmt.Errorf("%w (and it could not be recorded: %w)", err, failed)
		}
		return err
	}
	return err
}
