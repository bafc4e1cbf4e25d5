package vault

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestAValueOpensInItsOwnPlaceAndInNoOther(t *testing.T) {
	t.Parallel()
	v := open(t, NewMemory(), newKeeper(t), Options{})
	type place struct {
		tenant, purpose, id string
		who                 audit.Subject
	}
	var places []place
	for _, tenant := range []string{"alpha", "beta"} {
		for _, purpose := range []string{"customers.email", "customers.phone"} {
			for _, id := range []string{"1", "2"} {
				for _, who := range []audit.Subject{"", "user:1", "user:2"} {
					places = append(places, place{tenant, purpose, id, who})
				}
			}
		}
	}
	sealed := make([][]byte, len(places))
	field := func(p place) (context.Context, *Field) {
		ctx := as(t, p.tenant)
		f, err := v.Field(ctx, p.purpose)
		require.NoError(t, err)
		return ctx, f
	}
	for i, p := range places {
		ctx, f := field(p)
		var err error
		sealed[i], err = f.AppendSeal(ctx, nil, p.id, p.who, []byte(fmt.Sprint("value ", i)))
		require.NoError(t, err)
		require.Len(t, sealed[i], Overhead+len(fmt.Sprint("value ", i)))
	}
	for i, p := range places {
		ctx, f := field(p)
		for j, q := range places {
			out, err := f.AppendOpen(ctx, []byte("before "), p.id, p.who, sealed[j])
			switch {
			case i == j:
				require.NoError(t, err)
				require.Equal(t, fmt.Sprint("before value ", i), string(out))
			case p.tenant != q.tenant:
				require.ErrorIs(t, err, ErrUnknownKey)
			default:
				require.ErrorIs(t, err, ErrNotAuthentic, "%v opened what is of %v", p, q)
				require.Equal(t, "before ", string(out))
			}
		}
	}
}

func TestAFieldIsOneTenants(t *testing.T) {
	t.Parallel()
	v := open(t, NewMemory(), newKeeper(t), Options{})
	f, err := v.Field(as(t, "alpha"), "email")
	require.NoError(t, err)
	_, err = f.AppendSeal(as(t, "beta"), nil, "1", "", []byte("x"))
	require.ErrorIs(t, err, ErrTenant)
	_, err = f.AppendOpen(as(t, "beta"), nil, "1", "", make([]byte, 100))
	require.ErrorIs(t, err, ErrTenant)
	require.ErrorIs(t, f.OpenMany(as(t, "beta"), nil), ErrTenant)
}

// Whatever byte of a sealed value is changed, or taken away, it does not open, and says of what kind the mistake is.
func TestWhatWasChangedDoesNotOpen(t *testing.T) {
	t.Parallel()
	ctx := as(t, "alpha")
	v := open(t, NewMemory(), newKeeper(t), Options{})
	f, err := v.Field(ctx, "email")
	require.NoError(t, err)
	sealed, err := f.AppendSeal(ctx, nil, "1", "user:1", []byte("ada@example.com"))
	require.NoError(t, err)
	for i := range sealed {
		for _, bit := range []byte{1, 0x80} {
			bad := bytes.Clone(sealed)
			bad[i] ^= bit
			_, err := f.AppendOpen(ctx, nil, "1", "user:1", bad)
			switch {
			case i == 0:
				require.ErrorIs(t, err, ErrFormat)
			case i <= keyIDLen:
				require.ErrorIs(t, err, ErrUnknownKey)
			default:
				require.ErrorIs(t, err, ErrNotAuthentic)
			}
		}
	}
	for n := range sealed {
		_, err := f.AppendOpen(ctx, nil, "1", "user:1", sealed[:n])
		if n < Overhead {
			require.ErrorIs(t, err, ErrMalformed)
		} else {
			require.ErrorIs(t, err, ErrNotAuthentic)
		}
	}
	_, err = f.AppendOpen(ctx, nil, "1", "user:1", append(bytes.Clone(sealed), 0))
	require.ErrorIs(t, err, ErrNotAuthentic)
}

func TestAnyValueComesBackWhole(t *testing.T) {
	t.Parallel()
	ctx := as(t, "alpha")
	v := open(t, NewMemory(), newKeeper(t), Options{})
	f, err := v.Field(ctx, "email")
	require.NoError(t, err)
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.SliceOf(rapid.Byte()).Draw(t, "value")
		before := rapid.SliceOf(rapid.Byte()).Draw(t, "before")
		room := rapid.IntRange(0, 300).Draw(t, "room")
		id := rapid.StringMatching(`[a-zA-Z0-9\x00é]{1,20}`).Draw(t, "id")
		who := audit.Subject(rapid.SampledFrom([]string{"", "user:1", "user:2"}).Draw(t, "who"))
		dst := append(make([]byte, 0, len(before)+room), before...)
		sealed, err := f.AppendSeal(ctx, dst, id, who, value)
		require.NoError(t, err)
		require.Equal(t, string(before), string(sealed[:len(before)]))
		out, err := f.AppendOpen(ctx, append(make([]byte, 0, len(before)+room), before...), id, who, sealed[len(before):])
		require.NoError(t, err)
		require.Equal(t, string(before)+string(value), string(out))
	})
}

func TestTwoListsOfPartsAreNeverTheSameContext(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		parts := func(name string) []string {
			return rapid.SliceOfN(rapid.StringMatching(`[ab\x00-\x05]{0,3}`), 4, 4).Draw(t, name)
		}
		a, b := parts("a"), parts("b")
		same := bytes.Equal(appendContext(nil, 'x', a[0], a[1], a[2], a[3]), appendContext(nil, 'x', b[0], b[1], b[2], b[3]))
		require.Equal(t, slices.Equal(a, b), same)
	})
}

// counting counts the questions for keys.
type counting struct {
	Store
	keys atomic.Int64
}

func (c *counting) KeysByID(ctx context.Context, ids []KeyID) ([]WrappedKey, error) {
	c.keys.Add(1)
	return c.Store.KeysByID(ctx, ids)
}

func TestAPageOfPersonsAsksForItsKeysOnce(t *testing.T) {
	t.Parallel()
	ctx, keeper, store := as(t, "alpha"), newKeeper(t), &counting{Store: NewMemory()}
	f, err := open(t, store, keeper, Options{}).Field(ctx, "email")
	require.NoError(t, err)
	items := make([]Item, 100)
	for i := range items {
		it := &items[i]
		it.ID, it.Subject = fmt.Sprint(i), audit.Subject(fmt.Sprint("user:", i))
		it.Sealed, err = f.AppendSeal(ctx, nil, it.ID, it.Subject, []byte(it.ID))
		require.NoError(t, err)
	}
	items[3].Sealed = bytes.Clone(items[3].Sealed)
	items[3].Sealed[Overhead] ^= 1
	items[4].Sealed, items[5].Sealed = nil, items[6].Sealed
	cold := open(t, store, keeper, Options{})
	f, err = cold.Field(ctx, "email")
	require.NoError(t, err)
	store.keys.Store(0)
	require.NoError(t, f.OpenMany(ctx, items))
	require.EqualValues(t, 1, store.keys.Load())
	for i, it := range items {
		switch i {
		case 3, 5:
			require.ErrorIs(t, it.Err, ErrNotAuthentic)
		case 4:
			require.ErrorIs(t, it.Err, ErrMalformed)
		default:
			require.NoError(t, it.Err)
			require.Equal(t, it.ID, string(it.Plaintext))
		}
	}
}

// Fifty processes that use a tenant for the first time at once agree on its keys.
func TestProcessesAgreeOnTheFirstKeys(t *testing.T) {
	t.Parallel()
	ctx, keeper, store := as(t, "alpha"), newKeeper(t), NewMemory()
	fields := make([]*Field, 50)
	var group sync.WaitGroup
	sealed := make([][]byte, len(fields))
	for i := range fields {
		group.Go(func() {
			v, err := Open(context.Background(), store, keeper, Options{})
			if err != nil {
				t.Error(err)
				return
			}
			t.Cleanup(func() { _ = v.Close() })
			fields[i], _ = v.Field(ctx, "email")
			if sealed[i], err = fields[i].AppendSeal(ctx, nil, "1", "user:1", []byte("x")); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	for _, f := range fields {
		for _, s := range sealed {
			_, err := f.AppendOpen(ctx, nil, "1", "user:1", s)
			require.NoError(t, err)
		}
	}
	rows, _, err := store.Keys(ctx)
	require.NoError(t, err)
	require.Len(t, rows, 3, "one of the tenant, one to index, one of the purpose")
	require.Len(t, store.roots, 1)
}

func TestAShreddedPersonIsLostHereAtOnceAndElsewhereInTime(t *testing.T) {
	t.Parallel()
	ctx, keeper, store := as(t, "alpha"), newKeeper(t), NewMemory()
	here := open(t, store, keeper, Options{FreshFor: 200 * time.Millisecond})
	there := open(t, store, keeper, Options{FreshFor: 200 * time.Millisecond})
	f, err := here.Field(ctx, "email")
	require.NoError(t, err)
	g, err := there.Field(ctx, "email")
	require.NoError(t, err)
	mine, err := f.AppendSeal(ctx, nil, "1", "user:1", []byte("x"))
	require.NoError(t, err)
	other, err := f.AppendSeal(ctx, nil, "2", "user:2", []byte("y"))
	require.NoError(t, err)
	_, err = g.AppendOpen(ctx, nil, "1", "user:1", mine)
	require.NoError(t, err)

	receipt, err := here.Shred(ctx, Shredding{Subject: "user:1", Basis: "GDPR Art. 17(1)(b)"})
	require.NoError(t, err)
	require.Equal(t, 1, receipt.Keys)
	require.Equal(t, receipt.At.Add(200*time.Millisecond), receipt.Everywhere)
	_, err = f.AppendOpen(ctx, nil, "1", "user:1", mine)
	require.ErrorIs(t, err, ErrShredded)
	require.Eventually(t, func() bool {
		_, err := g.AppendOpen(ctx, nil, "1", "user:1", mine)
		return err != nil
	}, 10*time.Second, 10*time.Millisecond)
	_, err = g.AppendOpen(ctx, nil, "1", "user:1", mine)
	require.ErrorIs(t, err, ErrShredded)

	again, err := f.AppendSeal(ctx, nil, "1", "user:1", []byte("new"))
	require.NoError(t, err)
	for _, h := range []*Field{f, g} {
		out, err := h.AppendOpen(ctx, nil, "1", "user:1", again)
		require.NoError(t, err)
		require.Equal(t, "new", string(out))
		_, err = h.AppendOpen(ctx, nil, "1", "user:1", mine)
		require.ErrorIs(t, err, ErrShredded)
		out, err = h.AppendOpen(ctx, nil, "2", "user:2", other)
		require.NoError(t, err)
		require.Equal(t, "y", string(out))
	}
	receipt, err = here.Shred(ctx, Shredding{Subject: "user:3", Basis: "GDPR Art. 17(1)(b)"})
	require.NoError(t, err)
	require.Zero(t, receipt.Keys)
}

func TestWhoWasShreddedSinceABackupIsShreddedAgainAfterItsRestore(t *testing.T) {
	t.Parallel()
	ctx, keeper, store, log := as(t, "alpha"), newKeeper(t), NewMemory(), &recorded{}
	v := open(t, store, keeper, Options{Recorder: log})
	f, err := v.Field(ctx, "email")
	require.NoError(t, err)
	sealed, err := f.AppendSeal(ctx, nil, "1", "user:1", []byte("x"))
	require.NoError(t, err)
	backup := NewMemory()
	backup.roots = slices.Clone(store.roots)
	for id, tenant := range store.tenants {
		backup.tenants[id] = &memoryTenant{keys: slices.Clone(tenant.keys), epoch: tenant.epoch, secrets: map[[2]string]*memorySecret{}}
	}
	receipt, err := v.Shred(ctx, Shredding{Subject: "user:1", Basis: "GDPR Art. 17(1)(b)"})
	require.NoError(t, err)
	require.Equal(t, receipt.Pseudonym, log.all[0].Data["pseudonym"])

	restored := open(t, backup, keeper, Options{Recorder: log})
	f, err = restored.Field(ctx, "email")
	require.NoError(t, err)
	_, err = f.AppendOpen(ctx, nil, "1", "user:1", sealed)
	require.NoError(t, err, "the backup has the key")
	again, err := restored.Shred(ctx, Shredding{Pseudonym: receipt.Pseudonym, Basis: "after a restore"})
	require.NoError(t, err)
	require.Equal(t, 1, again.Keys)
	_, err = f.AppendOpen(ctx, nil, "1", "user:1", sealed)
	require.ErrorIs(t, err, ErrShredded)
	for _, bad := range []Shredding{{}, {Pseudonym: "x"}, {Pseudonym: receipt.Pseudonym, Subject: "user:1"}} {
		_, err := restored.Shred(ctx, bad)
		require.ErrorIs(t, err, ErrRef)
	}
}

// A field that was made long ago does not go on with keys that its vault has let go of.
func TestAFieldFollowsItsVault(t *testing.T) {
	t.Parallel()
	ctx := as(t, "alpha")
	v := open(t, NewMemory(), newKeeper(t), Options{FreshFor: time.Hour})
	f, err := v.Field(ctx, "email")
	require.NoError(t, err)
	sealed, err := f.AppendSeal(ctx, nil, "1", "user:1", []byte("x"))
	require.NoError(t, err)
	for i := range maxRings { // so many that alpha's keys make place
		_, err := v.ring(as(t, fmt.Sprint("tenant-", i)))
		require.NoError(t, err)
	}
	v.mu.Lock()
	if r := v.rings[f.tenant]; r != nil {
		r.leave()
		delete(v.rings, f.tenant)
	}
	v.mu.Unlock()
	_, err = f.AppendOpen(ctx, nil, "1", "user:1", sealed)
	require.NoError(t, err)
	_, err = v.Shred(ctx, Shredding{Subject: "user:1", Basis: "GDPR Art. 17"})
	require.NoError(t, err)
	_, err = f.AppendOpen(ctx, nil, "1", "user:1", sealed)
	require.ErrorIs(t, err, ErrShredded)
	require.LessOrEqual(t, len(v.rings), maxRings)
	require.NoError(t, v.Close())
	_, err = f.AppendOpen(ctx, nil, "1", "user:1", sealed)
	require.ErrorIs(t, err, ErrClosed)
	_, err = f.AppendSeal(ctx, nil, "1", "", nil)
	require.ErrorIs(t, err, ErrClosed)
	_, err = v.Field(ctx, "email")
	require.ErrorIs(t, err, ErrClosed)
}
