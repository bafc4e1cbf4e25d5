package export_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/archive"
	"github.com/bailiwick-dev/bailiwick/dsar/export"
	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// counter serves downloads in the tests.
type counter struct {
	*export.Downloads
	dir string
	ctx context.Context

	mu    sync.Mutex
	now   time.Time
	said  []string // actions and outcomes
	deaf  error    // of the audit log
	allow error
}

func (c *counter) Record(_ context.Context, e audit.Event) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.deaf != nil {
		return c.deaf
	}
	c.said = append(c.said, e.Action.Name()+" "+e.Outcome.String())
	return nil
}

func newCounter(t testing.TB) *counter {
	c := &counter{dir: filepath.Join(t.TempDir(), "downloads"), ctx: tenancy.With(t.Context(), tenancy.MustParseID("acme")), now: time.Date(2026, 11, 22, 13, 0, 0, 0, time.UTC)}
	var err error
	c.Downloads, err = export.NewDownloads(export.DownloadOptions{Dir: c.dir, Recorder: c, Now: func(context.Context) (time.Time, error) {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.now, nil
	}, Allow: func(*http.Request, export.Ticket) error { return c.allow }})
	require.NoError(t, err)
	return c
}

const sealed = "age-encryption.org/v1\n-> X25519 what follows is not looked at"

func keep(t testing.TB, c *counter, request dsar.ID) string {
	t.Helper()
	token, ticket, err := c.Keep(c.ctx, request, func(_ context.Context, w io.Writer) error {
		_, err := io.WriteString(w, sealed)
		return err
	})
	require.NoError(t, err)
	require.EqualValues(t, len(sealed), ticket.Bytes)
	return token.Reveal()
}

func (c *counter) ask(method, token string, change func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "https://desk.test/downloads/"+token, nil)
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	c.ServeHTTP(w, r)
	return w
}

func TestADownloadWorksOnceAndIsRecordedFirst(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	token := keep(t, c, "r-1")
	for _, method := range []string{"GET", "HEAD", "GET"} { // a mail scanner looks at the link
		w := c.ask(method, token, nil)
		require.Equal(t, 200, w.Code)
		require.NotContains(t, w.Body.String(), "X25519")
		require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
		require.Equal(t, "no-referrer", w.Header().Get("Referrer-Policy"))
		require.Contains(t, w.Header().Get("Content-Security-Policy"), "default-src 'none'")
	}
	require.Equal(t, 403, c.ask("POST", token, func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }).Code)
	require.Equal(t, 405, c.ask("PUT", token, nil).Code)
	c.deaf = errors.New("the disk is full")
	require.Equal(t, 503, c.ask("POST", token, nil).Code, "what is not recorded does not happen")
	c.deaf = nil

	var got atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if w := c.ask("POST", token, nil); w.Code == 200 {
				require.Equal(t, sealed, w.Body.String())
				require.Contains(t, w.Header().Get("Content-Disposition"), "attachment")
				got.Add(1)
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 1, got.Load())
	require.Equal(t, 404, c.ask("GET", token, nil).Code)
	left, err := os.ReadDir(c.dir)
	require.NoError(t, err)
	require.Empty(t, left)
	require.Equal(t, []string{"dsar.export_kept success", "dsar.export_fetched success"}, c.said)
}

func TestADownloadIsForWhoItIsFor(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	token := keep(t, c, "r-1")
	require.Equal(t, 404, c.ask("POST", token+"x", nil).Code)
	require.Equal(t, 404, c.ask("POST", "..%2f..%2fetc", nil).Code)
	require.Equal(t, 404, c.ask("POST", token, func(r *http.Request) {
		*r = *r.WithContext(tenancy.With(r.Context(), tenancy.MustParseID("other")))
	}).Code, "another tenant's page")
	c.allow = errors.New("not signed in")
	require.Equal(t, 404, c.ask("POST", token, nil).Code)
	c.allow = nil
	// What lies in the directory is no token, and names nobody.
	require.NoError(t, filepath.WalkDir(c.dir, func(name string, e os.DirEntry, err error) error {
		require.NoError(t, err)
		require.NotContains(t, name, token)
		info, err := e.Info()
		require.NoError(t, err)
		require.Zero(t, info.Mode().Perm()&0o077)
		if !e.IsDir() {
			b, err := os.ReadFile(name)
			require.NoError(t, err)
			require.NotContains(t, string(b), token)
		}
		return nil
	}))
	require.Equal(t, 200, c.ask("POST", token, nil).Code)
	require.Equal(t, []string{"dsar.export_kept success", "dsar.export_fetched denied", "dsar.export_fetched success"}, c.said)
	for _, bad := range []export.DownloadOptions{{}, {Dir: t.TempDir(), Recorder: c, Allow: export.AnybodyWithTheLink}} {
		_, err := export.NewDownloads(bad)
		require.ErrorIs(t, err, export.ErrOptions)
	}
}

func TestADownloadExpires(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	first, second := keep(t, c, "r-1"), keep(t, c, "r-2")
	c.now = c.now.Add(-time.Hour) // a clock that goes back lengthens nothing
	require.Equal(t, 404, c.ask("POST", first, nil).Code)
	c.now = c.now.Add(time.Hour + 7*24*time.Hour - time.Second)
	require.Equal(t, 200, c.ask("GET", first, nil).Code)
	c.now = c.now.Add(time.Second)
	require.Equal(t, 404, c.ask("POST", first, nil).Code)
	require.Equal(t, 404, c.ask("GET", second, nil).Code)
	_, _, err := c.Renew(c.ctx, "r-1")
	require.ErrorIs(t, err, export.ErrGone)
	require.NoError(t, os.WriteFile(filepath.Join(c.dir, "new-left"), nil, 0o600))
	require.NoError(t, os.Chtimes(filepath.Join(c.dir, "new-left"), time.Unix(1, 0), time.Unix(1, 0)))
	n, err := c.Sweep(t.Context())
	require.NoError(t, err)
	require.Equal(t, 2, n)
	left, err := os.ReadDir(c.dir)
	require.NoError(t, err)
	require.Empty(t, left)
}

type broken struct{ *httptest.ResponseRecorder }

func (broken) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestADownloadThatBrokeOffIsRenewedUnderAnotherToken(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	token := keep(t, c, "r-1")
	c.ServeHTTP(broken{httptest.NewRecorder()}, httptest.NewRequest("POST", "https://desk.test/downloads/"+token, nil))
	require.Equal(t, 404, c.ask("POST", token, nil).Code, "it was claimed")
	_, _, err := c.Renew(tenancy.With(t.Context(), tenancy.MustParseID("other")), "r-1")
	require.ErrorIs(t, err, export.ErrGone)
	again, _, err := c.Renew(c.ctx, "r-1")
	require.NoError(t, err)
	require.Equal(t, 404, c.ask("GET", token, nil).Code)
	require.Equal(t, sealed, c.ask("POST", again.Reveal(), nil).Body.String())
	_, _, err = c.Renew(c.ctx, "r-1")
	require.ErrorIs(t, err, export.ErrGone)
	require.Equal(t, []string{"dsar.export_kept success", "dsar.export_fetched success", "dsar.export_fetched failure", "dsar.export_renewed success", "dsar.export_fetched success"}, c.said)
}

func TestWhatIsKeptIsWholeEncryptedAndTheLatest(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	for _, text := range []string{"", "PK\x03\x04 in the clear", "age-encryption"} {
		_, _, err := c.Keep(c.ctx, "r-1", func(_ context.Context, w io.Writer) error { _, err := io.WriteString(w, text); return err })
		require.ErrorIs(t, err, export.ErrUnencrypted)
	}
	died := errors.New("the database went away")
	_, _, err := c.Keep(c.ctx, "r-1", func(_ context.Context, w io.Writer) error { _, _ = io.WriteString(w, sealed); return died })
	require.ErrorIs(t, err, died)
	_, _, err = c.Keep(t.Context(), "r-1", nil)
	require.ErrorIs(t, err, tenancy.ErrNoTenant)
	left, err := os.ReadDir(c.dir)
	require.NoError(t, err)
	require.Empty(t, left)
	first, second := keep(t, c, "r-1"), keep(t, c, "r-1")
	require.Equal(t, 404, c.ask("GET", first, nil).Code)
	require.Equal(t, 200, c.ask("GET", second, nil).Code)
}

// The whole way: a request's export, kept, told, fetched, decrypted and verified.
func TestAnExportIsFetchedByWhoItIsFor(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		id, err := age.GenerateX25519Identity()
		require.NoError(t, err)
		e := h.exporter(t, func(o *export.Options) {
			o.Unencrypted = false
			o.Recipients = func(context.Context, dsar.Person) ([]age.Recipient, error) {
				return []age.Recipient{id.Recipient()}, nil
			}
		})
		var link redact.Secret[string]
		d, err := export.NewDownloads(export.DownloadOptions{Dir: t.TempDir(), Recorder: newCounter(t), Now: e.Now, Allow: export.AnybodyWithTheLink,
			Tell: func(_ context.Context, _ export.Ticket, token redact.Secret[string]) error { link = token; return nil }})
		require.NoError(t, err)
		write := func(ctx context.Context, w io.Writer) error {
			_, err := e.Export(ctx, ada, w, dsar.ExportOptions{Request: "r"})
			return err
		}
		require.NoError(t, d.Outbox(h.ctx, dsar.Request{ID: "r"}, write))
		w := httptest.NewRecorder()
		d.ServeHTTP(w, httptest.NewRequest("POST", "https://desk.test/downloads/"+link.Reveal(), nil))
		require.Equal(t, 200, w.Code)
		r, n, err := archive.Decrypt(strings.NewReader(w.Body.String()), int64(w.Body.Len()), id)
		require.NoError(t, err)
		_, key := keys(t)
		_, err = archive.Verify(r, n, key)
		require.NoError(t, err)
	})
}

// limited is a stream that lets so many rows through.
type limited struct {
	io.Writer
	left int64
}

var errLimit = errors.New("over the limit")

func (l *limited) Rows(n int64) error {
	if l.left -= n; l.left < 0 {
		return errLimit
	}
	return nil
}

func TestABulkExportAsksBeforeEachRow(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		_, err := h.exporter(t, nil).Bulk(h.ctx, &limited{io.Discard, 3}, dsar.ExportOptions{Request: "b"}, "ticket")
		require.NoError(t, err)
		_, err = h.exporter(t, nil).Bulk(h.ctx, &limited{io.Discard, 2}, dsar.ExportOptions{Request: "b"}, "ticket")
		require.ErrorIs(t, err, errLimit)
	})
}
