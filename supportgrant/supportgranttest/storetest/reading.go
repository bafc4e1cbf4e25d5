package storetest

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// patience is how long reads of the tests may hold a grant, on a machine that does much else.
const patience = 30 * time.Second

// reading is a read of ids and titles of posts under a grant.
func (h *house) reading(g supportgrant.GrantRow) supportgrant.Reading {
	r := Registry()[0]
	e := newEntry(g.ID, supportgrant.KindRead)
	e.By = g.Staff
	return supportgrant.Reading{Entry: e, Resource: r, Hold: patience, Query: supportgrant.Query{Columns: []string{"id", "title"}, Limit: supportgrant.MaxPage}}
}

// never is a hand-over that must not be.
func never(t *testing.T) func(context.Context, supportgrant.Rows) error {
	return func(context.Context, supportgrant.Rows) error {
		t.Error("rows were handed over")
		return nil
	}
}

// titles reads all rows of a reading of two columns.
func titles(rows supportgrant.Rows) (out []string, err error) {
	for rows.Next() {
		var id int64
		var title *string
		if err := rows.Scan(&id, &title); err != nil {
			return nil, err
		}
		if title == nil {
			title = new(string)
		}
		out = append(out, *title)
	}
	return out, rows.Err()
}

func (h *house) read(ctx context.Context, s supportgrant.Store, r supportgrant.Reading) (out []string, err error) {
	err = s.Read(ctx, r, func(_ context.Context, rows supportgrant.Rows) (err error) { out, err = titles(rows); return err })
	return out, err
}

func (h *house) fill(t testing.TB, titles ...string) {
	var rows []supportgrant.Row
	for i, title := range titles {
		rows = append(rows, supportgrant.Row{"id": i + 1, "title": title, "secret_token": "t0p-secret", "hidden": false, "careful": false})
	}
	h.Fill(t, h.tenant, rows...)
}

var readTests = []test{
	{"a live grant is read under, and the entry is there for all to see before the rows", func(t *testing.T, h *house) {
		h.fill(t, "one", "two")
		g := h.approved(t, nil)
		r := h.reading(g)
		recorded, handed := 0, 0
		r.Record = func(ctx context.Context, now time.Time) error {
			recorded++
			require.True(t, h.InTx(ctx))
			require.False(t, now.Before(g.Approved))
			return h.Post(ctx, supportgrant.NoteRow{Key: "read", Kind: supportgrant.NoticeFirstRead, Grant: g.ID})
		}
		require.NoError(t, h.Read(h.ctx, r, func(ctx context.Context, rows supportgrant.Rows) error {
			handed++
			require.Equal(t, 1, recorded)
			require.False(t, h.InTx(ctx), "nothing can be written with the data")
			deadline, ok := ctx.Deadline()
			require.True(t, ok)
			require.LessOrEqual(t, time.Until(deadline), patience)
			log, err := h.other().Log(h.ctx, supportgrant.Look{Kinds: []supportgrant.Kind{supportgrant.KindRead}}, supportgrant.Place{}, 9)
			require.NoError(t, err)
			require.Len(t, log, 1)
			want := r.Entry
			want.At, want.Ticket = log[0].At, g.Ticket
			require.Equal(t, want, log[0])
			got, err := titles(rows)
			require.Equal(t, []string{"one", "two"}, got)
			return err
		}))
		require.Equal(t, 1, handed)
		notes, err := h.other().Claim(h.ctx, 9, 0)
		require.NoError(t, err)
		require.Len(t, notes, 1)
	}},
	{"nothing is read under a grant that is not live, and nothing is written", func(t *testing.T, h *house) {
		h.fill(t, "one")
		live := h.approved(t, nil)
		for what, f := range map[string]func() supportgrant.Reading{
			"requested": func() supportgrant.Reading { return h.reading(h.in(t, supportgrant.Requested)) },
			"denied":    func() supportgrant.Reading { return h.reading(h.in(t, supportgrant.Denied)) },
			"cancelled": func() supportgrant.Reading { return h.reading(h.in(t, supportgrant.Cancelled)) },
			"withdrawn": func() supportgrant.Reading { return h.reading(h.in(t, supportgrant.Withdrawn)) },
			"none": func() supportgrant.Reading {
				return h.reading(supportgrant.GrantRow{ID: uuid.New(), Staff: "sam"})
			},
			"another's": func() supportgrant.Reading {
				r := h.reading(live)
				r.Entry.By = "sue"
				return r
			},
			"another category": func() supportgrant.Reading {
				r := h.reading(live)
				r.Entry.Category = "analytics"
				return r
			},
			"a part of a category's name": func() supportgrant.Reading {
				r := h.reading(live)
				r.Entry.Category = "post"
				return r
			},
		} {
			r := f()
			before := len(h.log(t, supportgrant.Look{}))
			r.Record = func(context.Context, time.Time) error { t.Error("it was recorded"); return nil }
			require.ErrorIs(t, h.Read(h.ctx, r, never(t)), supportgrant.ErrNotGranted, what)
			require.Len(t, h.log(t, supportgrant.Look{}), before, what)
		}
	}},
	{"what cannot be recorded is not read", func(t *testing.T, h *house) {
		h.fill(t, "one")
		g := h.approved(t, nil)
		r := h.reading(g)
		r.Record = func(context.Context, time.Time) error { return errOops }
		require.ErrorIs(t, h.Read(h.ctx, r, never(t)), errOops)
		require.Empty(t, h.log(t, supportgrant.Look{}))
		ctx, cancel := context.WithCancel(h.ctx)
		r.Record = func(context.Context, time.Time) error { cancel(); return nil }
		require.Error(t, h.Read(ctx, r, never(t)))
		r = h.reading(g)
		r.Entry.Why = "\xff"
		require.ErrorIs(t, h.Read(h.ctx, r, never(t)), supportgrant.ErrRefused)
		if h.BreakLog != nil {
			mend := h.BreakLog(t, h.tenant)
			require.Error(t, h.Read(h.ctx, h.reading(g), never(t)))
			mend()
		}
		got, err := h.read(h.ctx, h, h.reading(g))
		require.NoError(t, err)
		require.Equal(t, []string{"one"}, got)
	}},
	{"what was handed over stays in the log, whatever becomes of it", func(t *testing.T, h *house) {
		h.fill(t, "one")
		g := h.approved(t, nil)
		require.ErrorIs(t, h.Read(h.ctx, h.reading(g), func(context.Context, supportgrant.Rows) error { return errOops }), errOops)
		require.Panics(t, func() {
			_ = h.Read(h.ctx, h.reading(g), func(context.Context, supportgrant.Rows) error { panic("oops") })
		})
		require.Len(t, h.log(t, supportgrant.Look{}), 2)
		ctx, cancel := context.WithTimeout(h.ctx, 10*time.Second)
		defer cancel()
		require.NoError(t, h.Drain(ctx, g.ID), "and holds nothing")
		_, err := h.read(h.ctx, h, h.reading(g))
		require.NoError(t, err)
	}},
	{"a drain waits for the reads that hold the grant, in every process", func(t *testing.T, h *house) {
		h.fill(t, "one")
		g, other := h.approved(t, nil), h.approved(t, nil)
		for i := range h.Stores {
			reads, drains := h.process(i), h.process(i+1)
			holding, release := make(chan struct{}), make(chan struct{})
			var released atomic.Bool
			done := make(chan error, 1)
			r := h.reading(g)
			go func() {
				done <- reads.Read(h.ctx, r, func(ctx context.Context, rows supportgrant.Rows) error {
					if _, err := titles(rows); err != nil {
						return err
					}
					close(holding)
					<-release
					released.Store(true)
					return nil
				})
			}()
			select {
			case <-holding:
			case err := <-done:
				require.NoError(t, err)
				t.Fatal("nothing was handed over")
			}
			ctx, cancel := context.WithTimeout(h.ctx, 10*time.Second)
			require.NoError(t, drains.Drain(ctx, other.ID), "another grant is not held")
			cancel()
			drained := make(chan error, 1)
			go func() {
				ctx, cancel := context.WithTimeout(h.ctx, 30*time.Second)
				defer cancel()
				err := drains.Drain(ctx, other.ID, g.ID)
				if err == nil && !released.Load() {
					err = errors.New("drained while it was held")
				}
				drained <- err
			}()
			time.Sleep(20 * time.Millisecond)
			close(release)
			require.NoError(t, <-drained)
			require.NoError(t, <-done)
		}
	}},
	{"a drain is not kept by reads that come while it waits", func(t *testing.T, h *house) {
		h.fill(t, "one")
		g := h.approved(t, nil)
		stop := make(chan struct{})
		var reads atomic.Int64
		done := make(chan struct{})
		go func() {
			defer close(done)
			together(4, func(i int) {
				for {
					select {
					case <-stop:
						return
					default:
					}
					if _, err := h.read(h.ctx, h.process(i), h.reading(g)); err == nil {
						reads.Add(1)
					}
				}
			})
		}()
		for range 5 {
			for was := reads.Load(); reads.Load() == was; { // at least one more
				time.Sleep(100 * time.Microsecond)
			}
			ctx, cancel := context.WithTimeout(h.ctx, 30*time.Second)
			require.NoError(t, h.process(1).Drain(ctx, g.ID))
			cancel()
		}
		close(stop)
		<-done
	}},
	{"a drain gives up in time", func(t *testing.T, h *house) {
		h.fill(t, "one")
		g := h.approved(t, nil)
		r := h.reading(g)
		holding, release := make(chan struct{}), make(chan struct{})
		done := make(chan error, 1)
		go func() {
			done <- h.Read(h.ctx, r, func(ctx context.Context, rows supportgrant.Rows) error {
				_, _ = titles(rows)
				close(holding)
				<-release // and does not care for its ctx
				return nil
			})
		}()
		<-holding
		ctx, cancel := context.WithTimeout(h.ctx, 50*time.Millisecond)
		defer cancel()
		require.ErrorIs(t, h.other().Drain(ctx, g.ID), supportgrant.ErrStillReading)
		close(release)
		<-done
		ctx, cancel = context.WithTimeout(h.ctx, 30*time.Second)
		defer cancel()
		require.NoError(t, h.other().Drain(ctx, g.ID))
	}},
	{"a read that waits sees what was committed meanwhile", func(t *testing.T, h *house) {
		h.fill(t, "one")
		for range soak(5, 200) {
			g := h.approved(t, nil)
			var late, reads atomic.Int64
			var ended atomic.Bool
			together(5, func(i int) {
				if i == 0 {
					time.Sleep(2 * time.Millisecond)
					h.move(t, g, supportgrant.Withdrawn)
					ctx, cancel := context.WithTimeout(h.ctx, 30*time.Second)
					defer cancel()
					require.NoError(t, h.Drain(ctx, g.ID))
					ended.Store(true)
					return
				}
				for {
					err := h.process(i).Read(h.ctx, h.reading(g), func(_ context.Context, rows supportgrant.Rows) error {
						_, err := titles(rows)
						time.Sleep(time.Duration(i) * 100 * time.Microsecond)
						if ended.Load() {
							late.Add(1)
						}
						reads.Add(1)
						return err
					})
					if err != nil {
						require.ErrorIs(t, err, supportgrant.ErrNotGranted)
						return
					}
				}
			})
			require.Zero(t, late.Load())
		}
	}},
	{"the catalogue has the table with all its columns", func(t *testing.T, h *house) {
		c, err := h.Catalogue(h.ctx, Registry())
		require.NoError(t, err)
		at := slices.IndexFunc(c.Tables, func(t supportgrant.Table) bool { return t.Name == Posts.Name })
		require.GreaterOrEqual(t, at, 0)
		for _, want := range Posts.Columns {
			require.Contains(t, c.Tables[at].Columns, want)
		}
		for _, f := range c.Findings {
			require.True(t, slices.ContainsFunc(c.Rules, func(r supportgrant.Rule) bool { return r.ID == f.Rule }), f.Rule)
		}
	}},
}
