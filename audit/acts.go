package audit

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/google/uuid"
)

// Acts records the administrative acts of package tenancy and what is under it. Its method Tell is every hook of theirs:
//
//	acts := &audit.Acts{Operator: operator}
//	files, err := sqlite.Open(dir, sqlite.Options{SystemAudit: acts.Tell, ...}) // or postgres.SystemOptions.Audit
//	life := tenancy.Lifecycle{Audit: acts.Tell, ...}
//	guard, err := ipallow.NewGuard(policies, ipallow.Options{Audit: acts.Tell})
//	_, err = life.Provision(ctx, operator, region)
//	l, err := audit.Open(ctx, store, audit.Options{...})
//	err = acts.Begin(ctx, l) // until then, all other acts are refused; with a Sealer, when that works
//
// What is done to tenants, and system work, goes to the log of the operator's tenant, which nobody else writes to and no
// purge of another takes along. What a tenant changes in its own allowlist goes to its own log, and in a transaction of
// it commits with the change. It is safe for concurrent use.
//
// An act is recorded before it begins (with [Attempted]) and when it has ended, both with the same data.act, so that an
// attempt without an end shows where a process died. What cannot be recorded before is not done; if the end cannot be, the caller
// is told so, and repeats the call. The operator's own tenant can be provisioned, and not suspended, exported or purged:
// nothing could be recorded of the way back.
//
// System work of the library's own stores is not recorded: it is the log of the heads, of which the log itself consists, and the
// directory, whose every change by a [tenancy.Lifecycle] is an act. Who writes to the directory's store past it is not seen.
type Acts struct {
	// Operator is the tenant whose log holds what is done to tenants. It is yours, the provider's, and one of its own.
	Operator tenancy.ID
	// By tells who acts, from ctx; nil: nobody is named.
	By func(ctx context.Context) Party

	mu     sync.Mutex
	to     Recorder
	before []Event // of the operator's tenant, before its log could begin
}

// keptBefore is how many acts may wait for Begin.
const keptBefore = 64

// The acts by name; what no name is here for is refused.
var administrative = func() map[string]Action {
	all := map[string]Action{}
	for name, kind := range map[string]Kind{
		"provision": Create, "suspend": Update, "resume": Update, "begin_export": Read, "end_export": Update,
		"purge": Delete, "destroy": Delete, "system": Other,
		"allowlist": Update, "allowlist_trial": Update, "allowlist_confirm": Update,
	} {
		name = "tenancy." + name
		all[name] = define(name, kind)
	}
	return all
}()

var outcomes = map[tenancy.Stage]Outcome{
	tenancy.Begun: Attempted, tenancy.Done: Success, tenancy.Failed: Failure, tenancy.Refused: Denied, tenancy.Entered: Success,
}

var (
	errNoLogYet   = errors.New("audit: an administrative act before Acts.Begin")
	errOperator   = errors.New("audit: the operator's tenant, whose log records what is done to tenants, is not shut")
	errForgetful  = errors.New("audit: an administrative act in a transaction of the operator's tenant would be forgotten with it")
	errUnknownAct = errors.New("audit: no action is defined for this administrative act")
)

// Begin makes r, a [Log], the one that acts are recorded with, and records what was done to the operator's tenant before.
// If it fails, call it again.
func (a *Acts) Begin(ctx context.Context, r Recorder) error {
	if r == nil || a.Operator.IsZero() {
		return errors.New("audit: acts need a recorder, and the operator's tenant")
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for len(a.before) > 0 {
		if err := r.Record(tenancy.Switch(ctx, a.Operator), a.before[0]); err != nil {
			return fmt.Errorf("audit: what was done to the operator's tenant is not recorded: %w", err)
		}
		a.before = a.before[1:]
	}
	a.to = r
	return nil
}

// Tell is a [tenancy.Hook].
func (a *Acts) Tell(ctx context.Context, act tenancy.Act) error {
	if act.Routine {
		return nil
	}
	e, err := a.event(ctx, act)
	if err != nil {
		return err
	}
	own := act.Tenant == a.Operator && !a.Operator.IsZero()
	ofTenant := strings.HasPrefix(act.Name, "tenancy.allowlist")
	if own && !ofTenant && act.To != "" && act.Name != "tenancy.provision" {
		return errOperator
	}
	r, err := a.recorder(own, e)
	if r == nil || err != nil {
		return err
	}
	if ofTenant {
		return r.Record(ctx, e) // if ctx is not the tenant's, it is not recorded, and so not done
	}
	ctx = tenancy.Switch(ctx, a.Operator)
	if l, ok := r.(*Log); ok && l.store.InTx(ctx) {
		return errForgetful
	}
	return r.Record(ctx, e)
}

// recorder returns who records e, or nil if e waits for the operator's log to begin.
func (a *Acts) recorder(own bool, e Event) (Recorder, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.to != nil:
		return a.to, nil
	case !own || len(a.before) == keptBefore:
		return nil, errNoLogYet
	}
	a.before = append(a.before, e)
	return nil, nil
}

// event returns the event that act is recorded as. Its id is the act's and its stage's.
func (a *Acts) event(ctx context.Context, act tenancy.Act) (Event, error) {
	action, known := administrative[act.Name]
	outcome, stage := outcomes[act.Stage]
	if !known || !stage || act.ID == uuid.Nil {
		return Event{}, errUnknownAct
	}
	e := Event{
		ID: IDFor("tenancy " + act.ID.String() + " " + string(act.Stage)), Time: time.Now(), Action: action, Outcome: outcome,
		Source: Source{IP: act.Addr.Unmap().WithZone("")}, Reason: act.Reason,
		Data: map[string]any{"act": act.ID.String()},
	}
	if !act.Tenant.IsZero() {
		e.Targets = []Party{{Type: "tenant", ID: act.Tenant.String()}}
	}
	if a.By != nil {
		e.Actor = a.By(ctx)
	}
	for k, v := range map[string]string{"shard": act.Shard, "from": string(act.Prior), "to": string(act.To)} {
		if v != "" {
			e.Data[k] = v
		}
	}
	maps.Copy(e.Data, act.Detail)
	return e, nil
}
