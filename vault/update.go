package vault

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/redact"
)

// leaseTime is how long one process may take to renew a secret before another one may try.
const leaseTime = time.Minute

var errUpdateInTx = errors.New("vault: Update and Disconnect talk to others, and take transactions of their own")

// Renewal is a secret that the other side has given in the place of the old one.
type Renewal struct {
	Secret redact.Secret[string]
	Policy Policy
}

// Update renews a secret that others may be renewing just now, such as a refresh token that is good for one use. f is
// called by one caller of all processes at a time, and only if version, which [Vault.Info] told, is still the newest: who
// finds that it was renewed meanwhile returns nil at once, and who waits for another one's f returns when that is done.
// f is given the old secret, in bytes that are cleared afterwards, and a ctx that ends before another process may
// try; what f returns is stored as the next version. Errors of f are those of [Vault.Use].
//
// If the process ends between f's answer from the other side and the storing of it, the answer is lost.
func (v *Vault) Update(ctx context.Context, r Ref, version int64, f func(ctx context.Context, old []byte) (Renewal, error)) error {
	if f == nil {
		return errNoFunc
	}
	return v.alone(ctx, r, func(ctx context.Context, row StoredSecret) error {
		if row.Version != version {
			return nil
		}
		if row.Closing {
			return ErrClosing
		}
		var next Renewal
		err := v.useVersion(ctx, row, func(old []byte) (err error) {
			next, err = f(ctx, old)
			return err
		})
		if err != nil {
			return err
		}
		stored := StoredSecret{Purpose: r.Purpose, ID: r.ID, Version: version + 1, RotateEvery: next.Policy.RotateEvery, Expires: next.Policy.Expires}
		return v.putVersion(context.WithoutCancel(ctx), r, stored, next.Secret, secretRenewed, next.Policy.By)
	})
}

// alone calls f with what the store has under r, while no other caller of alone for r runs one, in no process.
func (v *Vault) alone(ctx context.Context, r Ref, f func(ctx context.Context, row StoredSecret) error) error {
	if v.store.InTx(ctx) {
		return errUpdateInTx
	}
	before, err := v.stored(ctx, r)
	if err != nil {
		return err
	}
	by := rand.Text()
	for wait := 10 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		ok, err := v.store.Lease(ctx, r.Purpose, r.ID, by, leaseTime)
		if err != nil {
			return err
		}
		if ok {
			break
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
		if now, err := v.stored(ctx, r); err != nil || now.Version != before.Version {
			return err // the one who had the lease has done it
		}
	}
	defer func() { _ = v.store.Release(context.WithoutCancel(ctx), r.Purpose, r.ID, by) }() // or it ends by itself
	row, err := v.stored(ctx, r)
	if err != nil {
		return err
	}
	ctx, stop := context.WithTimeout(ctx, leaseTime*3/4)
	defer stop()
	return f(ctx, row)
}

// Disconnection says how to end a connection.
type Disconnection struct {
	Ref
	By audit.Party
	// Revoke tells the other side that the secret is not to be honoured any more. A secret that is unknown there is
	// revoked: Revoke then returns nil. It is called up to three times.
	Revoke func(ctx context.Context, secret []byte) error
}

// Disconnected is the receipt of a disconnection.
type Disconnected struct {
	Purpose, ID string
	Version     int64
	Fingerprint string
	Revoked     time.Time // when the other side had confirmed it, by this process's clock
}

// Disconnect ends a connection: it tells the other side, and destroys the secret. From its first step on nothing else
// can use the secret. If the other side cannot be told, that is the error, the secret stays as it is, of use to Disconnect
// alone, [Vault.Due] lists it, and Disconnect can be called again.
func (v *Vault) Disconnect(ctx context.Context, d Disconnection) (Disconnected, error) {
	var done Disconnected
	if d.Revoke == nil {
		return done, errNoFunc
	}
	err := v.alone(ctx, d.Ref, func(ctx context.Context, row StoredSecret) error {
		if err := v.store.CloseSecret(ctx, d.Purpose, d.ID); err != nil {
			return err
		}
		if err := v.revoke(ctx, row, d.Revoke); err != nil {
			return err
		}
		done = Disconnected{d.Purpose, d.ID, row.Version, row.info().Fingerprint, time.Now()}
		return v.store.Tx(context.WithoutCancel(ctx), func(ctx context.Context) error {
			// A Put that had begun before may have stored the token of a new connection.
			if now, err := v.store.Secret(ctx, d.Purpose, d.ID); err != nil || now.Version != row.Version {
				return cmp.Or(err, ErrConflict)
			}
			if err := v.store.RemoveSecret(ctx, d.Purpose, d.ID); err != nil {
				return err
			}
			return v.record(ctx, secretDisconnected, d.By, d.Ref, map[string]any{"version": row.Version})
		})
	})
	if err == nil && done.Revoked.IsZero() {
		err = ErrConflict // it was replaced while we waited
	}
	return done, err
}

func (v *Vault) revoke(ctx context.Context, row StoredSecret, f func(ctx context.Context, secret []byte) error) (err error) {
	for try := range 3 {
		if try > 0 {
			select {
			case <-ctx.Done():
				return errors.Join(err, ctx.Err())
			case <-time.After(time.Duration(try) * 200 * time.Millisecond):
			}
		}
		if err = v.useVersion(ctx, row, func(secret []byte) error { return f(ctx, secret) }); err == nil {
			return nil
		}
	}
	return err
}
