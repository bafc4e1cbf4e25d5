package dsar

import (
	"context"
	"errors"
	"io"
	"time"
)

// exporting is what an export writes with.
type exporting = func(ctx context.Context, w io.Writer) error

func (w *work) exporting(ctx context.Context) (bool, error) {
	if w.out == nil {
		return false, w.park(ctx, time.Time{}) // until the application calls Export
	}
	s, r := w.s, w.row
	var out *Exported
	err := w.do(ctx, stepExport, func(ctx context.Context) (any, error) {
		if r.Verified.IsZero() {
			return nil, ErrUnverified
		}
		p, _, err := w.person(ctx)
		if err != nil {
			return nil, err
		}
		view, err := s.view(ctx, &r)
		if err != nil {
			return nil, err
		}
		err = w.out(ctx, view, func(ctx context.Context, to io.Writer) (err error) {
			out, err = s.o.Exporter.Export(ctx, p, to, ExportOptions{Request: string(r.ID), Portable: r.Kind == Portability})
			return err
		})
		if err == nil && out == nil {
			err = errors.New("dsar: the outbox took no export")
		}
		return out, err
	}, func(ctx context.Context, r *RequestRow, now time.Time) error {
		return w.moved(ctx, r, Ending, actionEnded, Done, now)
	})
	if errors.Is(err, ErrNobody) {
		return true, w.move(ctx, Ending, actionEnded, Nobody)
	}
	return true, err
}

func (w *work) applying(ctx context.Context) (bool, error) {
	s, r := w.s, w.row
	if r.Kind != Rectification && !w.done(stepRestrain) {
		return true, w.do(ctx, stepRestrain, func(context.Context) (any, error) { return nil, nil },
			func(ctx context.Context, r *RequestRow, _ time.Time) error { return s.restrain(ctx, r) })
	}
	var no *Refusal
	err := w.do(ctx, stepApply, func(ctx context.Context) (any, error) {
		p, t, err := w.person(ctx)
		if err != nil {
			return nil, err
		}
		view, err := s.view(ctx, &r)
		if err != nil {
			return nil, err
		}
		err = s.o.Apply[r.Kind](ctx, Ask{Request: view, Person: p, Text: t.Text, Changes: t.Changes})
		if errors.As(err, &no) && no.check() == nil {
			return nil, nil
		}
		no = nil
		return nil, err
	}, func(ctx context.Context, r *RequestRow, now time.Time) error {
		if no == nil {
			return w.moved(ctx, r, Ending, actionEnded, Done, now)
		}
		c, err := s.refuse(ctx, r, no, now)
		if err != nil {
			return err
		}
		return s.note(ctx, r, c.action, system, c.what, c.data)
	})
	return true, err
}

// ending shows again who was hidden for nothing, tells the person, and shreds what is known of them.
func (w *work) ending(ctx context.Context) error {
	s, r := w.s, w.row
	if hidden := w.steps[stepHide].Name != ""; hidden && r.Outcome != Done && !w.done(stepShow) {
		return w.do(ctx, stepShow, func(ctx context.Context) (any, error) {
			p, _, err := w.person(ctx)
			if err != nil {
				return nil, err
			}
			return nil, s.o.Show(ctx, p)
		}, nil)
	}
	if !w.done(stepEnded) {
		return w.do(ctx, stepEnded, func(ctx context.Context) (any, error) { return nil, s.tell(ctx, &r, NoticeEnded, "") },
			func(_ context.Context, r *RequestRow, now time.Time) error { orElse(&r.Acknowledged, now); return nil })
	}
	return w.do(ctx, stepShred, func(ctx context.Context) (any, error) { return nil, s.o.Sealer.Shred(ctx, r.ID) },
		func(ctx context.Context, r *RequestRow, now time.Time) error {
			r.State, r.Closed, r.Sealed, r.Next, r.Tries = Closed, now, nil, time.Time{}, 0
			return s.note(ctx, r, actionClosed, system, string(r.Outcome), map[string]any{"outcome": string(r.Outcome)})
		})
}
