package tenancy

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/google/uuid"
)

// Act is an administrative act, as the hooks of this door tell an audit log of it: [Lifecycle].Audit, Options.Audit of package
// ipallow, and those that tenantdb's adapters ask before system work. It holds no secret.
type Act struct {
	ID     uuid.UUID // the same in each stage of one act
	Name   string    // such as "tenancy.suspend"
	Stage  Stage
	Tenant ID         // whom it is done to; zero: no one tenant
	Prior  State      // of the tenant, and the state it is to have; "" unless it changes
	To     State      //
	Shard  string     // the database, where there are several
	Reason string     // of system work, as the program gave it
	Addr   netip.Addr // from where, if that counts for it: personal data
	// Detail is counts, switches and versions: a bool, an int64 or a string that is no person's.
	Detail map[string]any
	// Routine is system work of the library's own stores, such as each look-up in the directory: of what they change, another
	// act tells, or the log itself.
	Routine bool
}

// Stage is how far an act is.
type Stage string

// The stages. An error of the hook forbids what has Begun; what is Done stays done, and the error is reported.
const (
	Begun   Stage = "begun"   // it is about to be done; another stage follows, unless the process ends
	Done    Stage = "done"    // it was done
	Failed  Stage = "failed"  // it was not done, or not whole
	Refused Stage = "refused" // it was asked for, and is not done
	Entered Stage = "entered" // system work is about to begin; nothing follows
)

// Hook is told of acts; nil is told of none.
type Hook func(ctx context.Context, a Act) error

// tellingEnd is how long a hook may take to be told how an act ended, also when the caller has gone.
const tellingEnd = 10 * time.Second

// Around does what a describes between telling h that it has Begun, and that it is Done or has Failed. If h cannot be told that
// it begins it is not done. end, unless nil, adds what is known of it afterwards.
func (h Hook) Around(ctx context.Context, a Act, do func() error, end func(*Act)) error {
	if h == nil {
		return do()
	}
	a.ID, a.Stage = uuid.New(), Begun
	if err := h(ctx, a); err != nil {
		return fmt.Errorf("%s: not recorded, so not done: %w", a.Name, err)
	}
	err := do()
	if a.Stage = Done; err != nil {
		a.Stage = Failed
	}
	if end != nil {
		end(&a)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tellingEnd)
	defer cancel()
	if lost := h(ctx, a); lost != nil {
		return errors.Join(err, fmt.Errorf("%s: %s, which could not be recorded: %w", a.Name, a.Stage, lost))
	}
	return err
}
