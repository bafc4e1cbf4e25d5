package vault

import (
	"context"
	"maps"

	"github.com/bailiwick-dev/bailiwick/audit"
)

// What a vault records, in the log of the tenant. A record names the secret or the person, and never a value. Whoever is named in
// "subject", and the id of a secret of theirs, are recorded as that person's: found by [audit.Query].Subject, and erasable.
var (
	secretStored       = audit.Define("vault.secret.stored", audit.Update)
	secretRenewed      = audit.Define("vault.secret.renewed", audit.Update)
	secretRemoved      = audit.Define("vault.secret.removed", audit.Delete)
	secretDisconnected = audit.Define("vault.secret.disconnected", audit.Delete)
	subjectShredded    = audit.Define("vault.subject.shredded", audit.Delete)
	keyRotated         = audit.Define("vault.key.rotated", audit.Update)
	keyDestroyed       = audit.Define("vault.key.destroyed", audit.Delete)
)

// record records that by did act to r. If it fails, the act must not happen.
func (v *Vault) record(ctx context.Context, act audit.Action, by audit.Party, r Ref, data map[string]any) error {
	if v.recorder == nil {
		return nil
	}
	e := audit.Event{Action: act, Outcome: audit.Success, Actor: by, Data: data}
	switch name := r.Purpose + "/" + r.ID; {
	case r.Subject != "":
		e.Data = map[string]any{"subject": audit.Personal(r.Subject, string(r.Subject))}
		maps.Copy(e.Data, data)
		if r.ID != "" {
			e.Data["secret"] = audit.Personal(r.Subject, name)
		}
	case r.ID != "":
		e.Targets = []audit.Party{{Type: "secret", ID: name}}
	}
	return v.recorder.Record(ctx, e)
}
