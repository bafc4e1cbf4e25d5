package rbac

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// notices gathers refusals that are worth an event in the tenant's log, so that who asks a thousand times a second
// writes one event a minute, and who is refused does not wait for the log. The first of a kind is recorded within a second or so.
type notices struct {
	mu sync.Mutex
	m  map[noticeKey]*notice
}

type noticeKey struct {
	tenant tenancy.ID
	act    audit.Action
	who    audit.Party
	what   string // the reason, or the permission
}

type notice struct {
	count    int64
	recorded int64 // on the authorizer's clock; 0: not yet
}

// maxNotices bounds what is remembered. Beyond it refusals are refusals and no events.
const maxNotices = 4096

func newNotices() *notices { return &notices{m: map[noticeKey]*notice{}} }

func (ns *notices) add(key noticeKey) {
	ns.mu.Lock()
	defer ns.mu.Unlock()
	n := ns.m[key]
	if n == nil {
		if len(ns.m) >= maxNotices {
			return
		}
		n = &notice{}
		ns.m[key] = n
	}
	n.count++
}

// refused is told that a token was refused whose secret was right: it was rotated away or revoked, or is used where it must not be.
func (ns *notices) refused(tenant tenancy.ID, t *TokenRow, err error) {
	var d *Denied
	if !errors.As(err, &d) {
		return
	}
	what := string(d.Reason)
	switch {
	case d.Reason == BadToken && t.ReplacedBy != "":
		what = "it was rotated"
	case d.Reason == BadToken:
		what = "it was revoked"
	}
	ns.add(noticeKey{tenant, tokenRefused, audit.Party{Type: "token", ID: t.ID}, what})
}

// flush records what was gathered: of each kind once a minute at most, or all if it is the last time.
func (ns *notices) flush(ctx context.Context, a *Authorizer, last bool) {
	now := max(1, a.now.Load())
	type due struct {
		key   noticeKey
		count int64
	}
	var all []due
	ns.mu.Lock()
	for key, n := range ns.m {
		switch {
		case n.count == 0 && now-n.recorded >= noteEvery:
			delete(ns.m, key)
		case n.count > 0 && (last || n.recorded == 0 || now-n.recorded >= noteEvery):
			all = append(all, due{key, n.count})
			n.count, n.recorded = 0, now
		}
	}
	ns.mu.Unlock()
	if a.recorder == nil {
		return
	}
	for _, d := range all {
		if err := a.recordNotice(ctx, d.key, d.count); err != nil {
			ns.mu.Lock()
			if n := ns.m[d.key]; n != nil {
				n.count += d.count
			}
			ns.mu.Unlock()
		}
	}
}

func (a *Authorizer) recordNotice(ctx context.Context, key noticeKey, count int64) error {
	ctx, stop := context.WithTimeout(tenancy.With(ctx, key.tenant), maxClose)
	defer stop()
	return a.recorder.Record(ctx, audit.Event{Action: key.act, Outcome: audit.Denied, Actor: key.who, Time: time.Time{},
		Data: map[string]any{"what": key.what, "times": count}})
}
