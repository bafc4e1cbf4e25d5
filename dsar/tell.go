package dsar

import (
	"context"
	"fmt"
)

// NoticeKind is what a person is told.
type NoticeKind string

// The notices.
const (
	NoticeReceived NoticeKind = "received" // the request came in
	NoticeExtended NoticeKind = "extended" // it takes longer: Text says why
	NoticeEnded    NoticeKind = "ended"    // Request.Outcome says how: of a refusal, Ground and Text say why
)

// Notice tells a person of their request. It may come twice, with the same Key. As long as Request.Verified is zero nobody knows who asks: then it
// says nothing of the one whom the request is about.
type Notice struct {
	Key     string // unique in the tenant
	Kind    NoticeKind
	Request Request
	Person  Person // whom it is for: the application knows where to reach them
	Text    string // plain: escape it where it is shown
	// Receipt of an erasure that is done.
	Receipt []byte
	// Information about the processing, with the answer to [Access], [Portability] and [KnowCategories].
	Information *Information
}

// tell tells the person of r.
func (s *Service) tell(ctx context.Context, r *RequestRow, kind NoticeKind, text string) error {
	t, err := s.open(ctx, r)
	if err != nil {
		return err
	}
	view, err := s.view(ctx, r)
	if err != nil {
		return err
	}
	n := Notice{Key: fmt.Sprintf("%s/%s", kind, r.ID), Kind: kind, Request: view, Person: t.person(), Text: text}
	if kind == NoticeEnded {
		n.Text = t.Reply
		if r.Outcome == Done || r.Outcome == Nobody {
			if exports(r.Kind) || r.Kind == KnowCategories {
				info := s.m.Information(r.Subject)
				n.Information = &info
			}
			if n.Receipt, err = s.receipt(ctx, r.ID); err != nil {
				return err
			}
		}
	}
	if err := s.o.Tell(ctx, n); err != nil {
		return &StepError{r.ID, "tell " + string(kind), err}
	}
	return nil
}

// StepError says that a step of a request failed. Its text is not that of the cause, which may be about the person: errors.As and Unwrap
// give it, for eyes that may see it. Logs do not have it.
type StepError struct {
	Request ID
	Step    string
	err     error
}

func (e *StepError) Error() string {
	return fmt.Sprintf("dsar: request %s: %s failed: %s", e.Request, e.Step, word(e.err))
}

// Unwrap returns the cause.
func (e *StepError) Unwrap() error { return e.err }
