package vault

import (
	"context"

	"github.com/bailiwick-dev/bailiwick/audit"
)

// What a vault records, in the log of the tenant. A record names the secret or the person, and never a value. The id of a
// person's secret is recorded as that person's, and can be erased.
var (
	secretStored       = audit.Define("vault.secret.stored", audit.Update)
	secretRenewed      = audit.Define("vault.secret.renewed", audit.Update)
	secretRemoved      = audit.Define("vault.secret.removed", audit.Delete)
	secretDisconnected = audit.Define("vault.secret.disconnected", audit.Delete)
	subjectShredded    = audit.Define("vault.subject.shredded", audit.Delete)
	keyRotated         = audit.Define("vault.key.rotated", audit.Update)
)

// record records that by did act to r. If it fails, the act must not happen.
func (v *Vault) record(ctx context.Context, act audit.Action, by audit.Party, r Ref, data map[string]any) error {
	if v.recorder == nil {
		return nil
	}
	e := audit.Event{Action: act, Outcome: audit.Success, Actor: by, Data: data}
	switch {
	case r.Subject != "":
		e.Targets = []audit.Party{{Type: "subject", ID: string(r.Subject), Person: true}}
		if r.ID != "" {
			e.Targets = append(e.Targets, audit.Party{Type: "secret", ID: r.Purpose + "/" + r.ID, Person: true})
		}
	case r.ID != "":
		e.Targets = []audit.Party{{Type: "secret", ID: r.Purpose + "/" + r.ID}}
	}
	return v.recorder.Record(ctx, e)
}
