package storetest

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/bailiwick-dev/bailiwick/supportgrant/supportgranttest"
	"github.com/stretchr/testify/require"
)

// What clients do to one grant at once.
type call struct {
	what string
	by   supportgrant.Person
	care bool
}

// What it returned: the state of the grant, or what was refused.
type result struct {
	state supportgrant.State
	err   error // one of the sentinels, nil, or errUnknown
}

// standing is a grant in the model. What it is between calls decides what every call returns.
type standing struct {
	state    supportgrant.State
	approved string // who approved a grant with care so far, one letter each
}

// model says what calls may return one after the other: what there is to linearizability.
var model = porcupine.Model{
	Init: func() any { return standing{state: supportgrant.Requested} },
	Step: func(state, input, output any) (bool, any) {
		was, c, r := state.(standing), input.(call), output.(result)
		is := was
		switch c.what {
		case "approve": // each with a challenge of its own
			if was.state != supportgrant.Requested {
				return errors.Is(r.err, supportgrant.ErrStale), was
			}
			if c.care && was.approved == "" {
				is.approved = string(c.by)
			} else if c.care && was.approved == string(c.by) {
				return errors.Is(r.err, supportgrant.ErrNotAllowed), was
			} else {
				is.state = supportgrant.Approved
			}
		case "deny":
			is.state = ends(was.state, supportgrant.Denied)
		case "cancel", "withdraw":
			is.state = ends(was.state, supportgrant.Cancelled)
		case "read":
			if was.state != supportgrant.Approved {
				return errors.Is(r.err, supportgrant.ErrNotGranted), was
			}
			return r.err == nil, was
		}
		return r.err == nil && r.state == is.state, is
	},
}

// ends is what becomes of a grant in a state.
func ends(s, pending supportgrant.State) supportgrant.State {
	switch s {
	case supportgrant.Requested:
		return pending
	case supportgrant.Approved:
		return supportgrant.Withdrawn
	}
	return s
}

// linearizable lets clients do what they like to one grant, and looks for an order of their calls that explains all answers.
func linearizable(t *testing.T, h *house) {
	d := h.desk(t, 0, nil)
	care := rand.IntN(3) == 0
	g := d.ask(t, func(r *supportgrant.NewRequest) { r.Care = care })
	var mu sync.Mutex
	var history []porcupine.Operation
	begin := time.Now()
	together(6, func(i int) {
		s := d.again(t, i)
		for range 10 {
			c := call{care: care}
			switch n := rand.IntN(40); {
			case n == 0:
				c.what, c.by = "deny", "otto"
			case n == 1:
				c.what, c.by = "cancel", "sam"
			case n < 4:
				c.what, c.by = "withdraw", "olga"
			case n < 12:
				c.what, c.by = "approve", []supportgrant.Person{"olga", "otto"}[n%2]
			default:
				c.what, c.by = "read", "sam"
			}
			var p supportgrant.Pending
			if c.what == "approve" { // what begins an approval changes nothing of the grant
				var err error
				if p, err = s.BeginApproval(s.ctx, g.ID, c.by, "test", 0); err != nil {
					continue
				}
			}
			at := time.Since(begin)
			r := s.do(g, c, p)
			mu.Lock()
			history = append(history, porcupine.Operation{ClientId: i, Input: c, Call: int64(at), Output: r, Return: int64(time.Since(begin))})
			mu.Unlock()
		}
	})
	require.Equal(t, porcupine.Ok, porcupine.CheckOperationsTimeout(model, history, 20*time.Second), "%v", history)
}

func (d *desk) do(g supportgrant.Grant, c call, p supportgrant.Pending) (r result) {
	var out supportgrant.Grant
	switch c.what {
	case "approve":
		out, r.err = d.Approve(d.ctx, g.ID, c.by, supportgranttest.Answer(p))
	case "deny":
		out, r.err = d.Deny(d.ctx, g.ID, c.by, "")
	case "cancel":
		out, r.err = d.Cancel(d.ctx, g.ID, c.by, "")
	case "withdraw":
		out, r.err = d.Withdraw(d.ctx, g.ID, c.by, "")
	case "read":
		for r.err = supportgrant.ErrTooSlow; errors.Is(r.err, supportgrant.ErrTooSlow); {
			r.err = supportgrant.Use(d.ctx, d.Service, posts(g), func(context.Context, supportgrant.Page[post]) error { return nil })
		}
	}
	r.state = out.State
	return r
}
