package auditsql_test

import (
	"context"
	"io"
	"net"
	"regexp"
	"sync/atomic"
	"testing"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/audit/auditsql"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/postgres"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
)

// cutter breaks connections when a commit is on its way: before the server has it, or before its answer is back.
type cutter struct {
	armed     atomic.Bool
	all       bool // not only commits
	delivered bool
	cuts      atomic.Int32
}

type cutConn struct {
	net.Conn
	*cutter
	mine atomic.Bool // the COMMIT went this way
}

// commitQuery is a commit in the Postgres protocol: a simple query, behind its length, or the packet of an event, which
// ends with the transaction.
var commitQuery = regexp.MustCompile(`(?s)Q.{4}commit|\{"v":1`)

func (c *cutConn) Write(p []byte) (int, error) {
	if (c.all || commitQuery.Match(p)) && c.armed.CompareAndSwap(true, false) {
		c.cuts.Add(1)
		c.mine.Store(true)
		if !c.delivered {
			_ = c.Conn.Close()
			return 0, io.ErrClosedPipe
		}
	}
	return c.Conn.Write(p)
}

func (c *cutConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if c.mine.Load() {
		_ = c.Conn.Close()
		return 0, io.EOF
	}
	return n, err
}

// cutStore opens w's database over connections that c cuts.
func cutStore(t *testing.T, w *world, c *cutter) *auditsql.Store {
	cfg, err := pgxpool.ParseConfig(w.pg.App.DSN)
	require.NoError(t, err)
	cfg.ConnConfig.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, addr)
		return &cutConn{Conn: conn, cutter: c}, err
	}
	pool, err := pgxpool.NewWithConfig(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	_, sys := openPostgres(t, w.pg, w.keys)
	db, err := postgres.New(t.Context(), pool, w.keys, postgres.AllowOldServer(), postgres.WithSystem(sys))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	s, err := auditsql.New(db.TenantDB())
	require.NoError(t, err)
	return s
}

func TestALostAnswerToACommitIsUnknownAndItsRetryFindsTheSamePlace(t *testing.T) {
	t.Parallel()
	w := onPostgres(t)
	for name, delivered := range map[string]bool{"the server has it": true, "the server does not have it": false} {
		t.Run(name, func(t *testing.T) {
			town := newTown(t, w)
			ctx := town.in(0)
			c := &cutter{delivered: delivered}
			s := cutStore(t, w, c)
			log := openLog(t, s, town.skey)
			defer func() { require.NoError(t, log.Close(context.Background())) }()
			record := func(id uuid.UUID) ([]audit.Receipt, error) { return log.Append(ctx, crashEvent(id, crashed)) }
			_, err := record(uuid.New())
			require.NoError(t, err)

			for round := range uint64(3) {
				id := uuid.New()
				c.armed.Store(true)
				got, err := record(id)
				require.ErrorIs(t, err, audit.ErrUnknown)
				require.Equal(t, id, got[0].ID, "the receipt tells what to retry")
				again, err := record(id)
				require.NoError(t, err)
				require.Equal(t, round+1, again[0].Seq)
				require.Equal(t, delivered, again[0].Again)
				third, err := record(id)
				require.NoError(t, err)
				require.True(t, third[0].Again)
				require.Equal(t, again[0].Seq, third[0].Seq)
				require.Equal(t, again[0].Hash, third[0].Hash)
			}
			require.EqualValues(t, 3, c.cuts.Load())

			// Parked entries come with a transaction whose outcome is unknown as a whole.
			id := uuid.New()
			park := func() error {
				return s.Tx(ctx, func(ctx context.Context) error {
					_, err := log.Append(ctx, crashEvent(id, crashed))
					c.armed.Store(c.cuts.Load() == 3)
					return err
				})
			}
			require.ErrorIs(t, park(), audit.ErrUnknown)
			require.NoError(t, park())
			require.NoError(t, log.Flush(ctx))
			all := stored(t, ctx, s)
			require.Len(t, all, 5)
			require.Equal(t, id, all[4].ID)
		})
	}
}

// A drain whose commit is cut may be done again by anybody.
func TestALostAnswerToADrainDoublesAndLosesNothing(t *testing.T) {
	t.Parallel()
	w := onPostgres(t)
	for _, delivered := range []bool{true, false} {
		ctx := w.tenant(t)
		c := &cutter{delivered: delivered}
		s := cutStore(t, w, c)
		var want []audit.Entry
		for i := range 5 {
			want = append(want, entry(1, string(rune('a'+i))))
			_, err := w.store(t).Park(ctx, want[i:])
			require.NoError(t, err)
		}
		c.armed.Store(true)
		_, err := s.Drain(ctx, 3)
		require.ErrorIs(t, err, audit.ErrUnknown)
		for n := 1; n > 0; {
			n, err = s.Drain(ctx, 3)
			require.NoError(t, err)
		}
		all := stored(t, ctx, w.store(t))
		require.Len(t, all, 5)
		for i, e := range all {
			require.Equal(t, want[i].ID, e.ID)
		}
	}
}

func TestAnAnswerThatIsLostToAReaderIsAskedForAgain(t *testing.T) {
	t.Parallel()
	w := onPostgres(t)
	town := newTown(t, w)
	for _, delivered := range []bool{true, false} {
		ctx := town.in(0)
		c := &cutter{delivered: delivered, all: true}
		s := cutStore(t, w, c)
		want, _, err := s.SignedTile(ctx, audit.TileID{})
		require.NoError(t, err)
		c.armed.Store(true)
		got, _, err := s.SignedTile(ctx, audit.TileID{})
		require.NoError(t, err)
		require.Equal(t, want, got)
		require.EqualValues(t, 1, c.cuts.Load())
	}
}
