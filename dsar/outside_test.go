package dsar_test

import (
	"context"
	"errors"
	"testing"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/stretchr/testify/require"
)

// other is an outsider of a test.
type other struct {
	name  string
	reply func(t dsar.Telling) (dsar.Reply, error)
}

func (o other) Name() string                                                { return o.name }
func (o other) Erase(_ context.Context, t dsar.Telling) (dsar.Reply, error) { return o.reply(t) }

func TestAReceiptSaysWhatOutsidersDidNotConfirm(t *testing.T) {
	t.Parallel()
	keys := map[string]map[string]bool{}
	tries := map[string]int{}
	fake := func(name string, reply func(try int) (dsar.Reply, error)) dsar.Outside {
		return other{name, func(t dsar.Telling) (dsar.Reply, error) {
			if keys[name] == nil {
				keys[name] = map[string]bool{}
			}
			keys[name][t.Key] = true
			tries[name]++
			return reply(tries[name])
		}}
	}
	say := func(s dsar.Confirmation) func(int) (dsar.Reply, error) {
		return func(int) (dsar.Reply, error) { return dsar.Reply{State: s}, nil }
	}
	d := newOffice(t, func(o *dsar.Options) {
		o.Outside = []dsar.Outside{
			fake("timeout", func(int) (dsar.Reply, error) { return dsar.Reply{}, context.DeadlineExceeded }),
			fake("says 200 and nothing", say("")),
			fake("never done", say(dsar.Accepted)),
			fake("no", say(dsar.Declined)),
			fake("nothing there", say(dsar.HadNothing)),
			fake("at the third try", func(try int) (dsar.Reply, error) {
				if try < 3 {
					return dsar.Reply{}, errors.New("connection reset by jane.doe@example.test")
				}
				return dsar.Reply{State: dsar.Confirmed, Evidence: "sha256:00"}, nil
			}),
			fake("contradicts itself", func(int) (dsar.Reply, error) { return dsar.Reply{State: dsar.Confirmed}, errors.New("and fails") }),
		}
	})
	r := d.approved(t)
	require.Equal(t, dsar.Done, d.settle(t, r.ID).Outcome)
	signed, err := d.Receipt(d.ctx, r.ID)
	require.NoError(t, err)
	for name, want := range map[string]string{"timeout": "unconfirmed", "says 200 and nothing": "unconfirmed", "never done": "accepted", "no": "refused",
		"nothing there": "nothing", "at the third try": "done", "contradicts itself": "unconfirmed"} {
		require.Contains(t, string(signed), " "+name+" "+want)
		require.Len(t, keys[name], 1, "one key, however often")
	}
	require.Equal(t, 1, tries["no"])
	require.Equal(t, 1, tries["nothing there"])
	require.Equal(t, 3, tries["at the third try"])
	for _, name := range []string{"timeout", "says 200 and nothing", "never done"} {
		require.Greater(t, tries[name], 3, name)
	}
	require.Zero(t, d.app.Rows(d.ctx, shown("").Person))
}
