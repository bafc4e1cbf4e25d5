package webhook

import (
	"net/http"
	"strconv"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"
)

func TestADeliveryTooFarFromTheClockIsRefusedInBothDirections(t *testing.T) {
	t.Parallel()
	s := Secrets{Current: NewSecret()} // outside: in FIPS mode randomness comes from a clock that does not stand still
	synctest.Test(t, func(t *testing.T) {
		signer, err := NewSigner(s)
		require.NoError(t, err)
		for _, c := range []struct{ option, is time.Duration }{{0, 5 * time.Minute}, {time.Second, time.Second}, {time.Hour, time.Hour}, {24 * time.Hour, 24 * time.Hour}} {
			v, err := NewVerifier(s, Options{Tolerance: c.option})
			require.NoError(t, err)
			for _, later := range []time.Duration{0, time.Millisecond, 999 * time.Millisecond} {
				time.Sleep(time.Until(time.Now().Truncate(time.Second).Add(time.Second + later)))
				now := time.Now()
				for off, want := range map[time.Duration]bool{
					0: true, -c.is: later == 0, c.is: true, -c.is + time.Second: true, c.is - time.Second: true,
					-c.is - time.Second: false, c.is + time.Second: false,
					-400 * 24 * time.Hour: false, 400 * 24 * time.Hour: false,
				} {
					h := http.Header{}
					require.NoError(t, signer.Sign(h, "msg_1", now.Truncate(time.Second).Add(off), nil))
					_, err := v.Verify(t.Context(), h, nil)
					if want {
						require.NoError(t, err, "%v of %v, %v later", off, c.is, later)
					} else {
						require.ErrorIs(t, err, ErrStale, "%v of %v, %v later", off, c.is, later)
					}
				}
			}
			for _, ts := range []string{"1", "9", "999999999", "99999999999", "999999999999"} { // beyond what a Duration holds too
				h := http.Header{}
				unix, _ := strconv.ParseInt(ts, 10, 64)
				require.NoError(t, signer.Sign(h, "msg_1", time.Unix(unix, 0), nil))
				require.Equal(t, ts, h.Get(HeaderTimestamp))
				_, err := v.Verify(t.Context(), h, nil)
				require.ErrorIs(t, err, ErrStale, ts)
			}
		}
	})
}

func TestTheTimeOfADeliveryEndsWhileItIsWaitedFor(t *testing.T) {
	t.Parallel()
	s := Secrets{Current: NewSecret()} // outside: in FIPS mode randomness comes from a clock that does not stand still
	synctest.Test(t, func(t *testing.T) {
		signer, err := NewSigner(s)
		require.NoError(t, err)
		v, err := NewVerifier(s, Options{})
		require.NoError(t, err)
		h := http.Header{}
		require.NoError(t, signer.Sign(h, "msg_1", time.Now(), nil))
		for range 3 {
			_, err = v.Verify(t.Context(), h, nil)
			require.NoError(t, err)
			time.Sleep(time.Minute)
		}
		time.Sleep(2*time.Minute + time.Second)
		_, err = v.Verify(t.Context(), h, nil)
		require.ErrorIs(t, err, ErrStale)
	})
}

// setWall returns t as it reads after somebody has moved the wall clock by d: its steady clock stays where it was.
func setWall(t time.Time, d time.Duration) time.Time {
	*(*uint64)(unsafe.Pointer(&t)) += uint64(d/time.Second) << 30
	return t
}

func TestAClockThatIsSetBackGivesNoDeliveryMoreTime(t *testing.T) {
	t.Parallel()
	made := time.Now()
	now := made.Add(10 * time.Minute)
	back := setWall(now, -time.Hour)
	require.Equal(t, -50*time.Minute, back.Round(0).Sub(made.Round(0)), "the wall clock was set back")
	require.Equal(t, 10*time.Minute, back.Sub(made), "the steady clock was not")

	require.True(t, latest(made, now).Equal(now))
	require.True(t, latest(made, back).Equal(now.Round(0)))
	ahead := setWall(now, time.Hour)
	require.Equal(t, time.Hour, latest(made, ahead).Sub(now.Round(0)), "and one that is set forward counts")
}
