package export

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/bailiwick-dev/bailiwick/tenancy"
)

var (
	// ErrUnencrypted: what is kept for download is encrypted, or it is not kept.
	ErrUnencrypted = errors.New("export: not encrypted")
	// ErrGone: there is no such download, or no more.
	ErrGone = errors.New("export: no such download")
)

var (
	actionKept    = audit.Define("dsar.export_kept", audit.Create)
	actionFetched = audit.Define("dsar.export_fetched", audit.Read)
	actionRenewed = audit.Define("dsar.export_renewed", audit.Update)
)

// Ticket is what is known of a kept export. It holds no personal data.
type Ticket struct {
	Tenant  tenancy.ID `json:"tenant"`
	Request dsar.ID    `json:"request"`
	Made    time.Time  `json:"made"`
	Expires time.Time  `json:"expires"`
	Bytes   int64      `json:"bytes"`
}

// DownloadOptions say where exports are kept, for whom and how long.
type DownloadOptions struct {
	Dir      string         // a directory of its own, that no web server serves; all processes that serve downloads must see it
	For      time.Duration  // 0: 7 days
	Recorder audit.Recorder // gets an event before anything leaves
	// Now is the database's clock: [Exporter.Now].
	Now func(context.Context) (time.Time, error)
	// Allow says whether who asks may have the export: that they are signed in as the person of the request. [AnybodyWithTheLink] asks nothing.
	Allow func(*http.Request, Ticket) error
	// Tell brings the token to the person, as part of a link, when [Downloads.Outbox] has kept an export.
	Tell func(context.Context, Ticket, redact.Secret[string]) error
}

// AnybodyWithTheLink allows whoever has the token, for people without an account. What they get is still encrypted to the person.
func AnybodyWithTheLink(*http.Request, Ticket) error { return nil }

// Downloads keeps exports, encrypted, until the people they are for fetch them: once, and not for long. It is safe for concurrent use, by
// several processes too.
type Downloads struct {
	o     DownloadOptions
	cross *http.CrossOriginProtection
}

// NewDownloads returns the downloads in a directory, which it makes.
func NewDownloads(o DownloadOptions) (*Downloads, error) {
	if o.Dir == "" || o.Recorder == nil || o.Now == nil || o.Allow == nil || o.For < 0 {
		return nil, fmt.Errorf("%w: downloads need a directory, a recorder, a clock, and whom to allow", ErrOptions)
	}
	if o.For == 0 {
		o.For = 7 * 24 * time.Hour
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, err
	}
	return &Downloads{o, http.NewCrossOriginProtection()}, nil
}

// Outbox is the Outbox of dsar.Options: it keeps the export, and tells the person.
func (d *Downloads) Outbox(ctx context.Context, r dsar.Request, export func(context.Context, io.Writer) error) error {
	if d.o.Tell == nil {
		return fmt.Errorf("%w: nobody tells the person", ErrOptions)
	}
	token, t, err := d.Keep(ctx, r.ID, export)
	if err != nil {
		return err
	}
	if err := d.o.Tell(ctx, t, token); err != nil {
		d.remove(place(token.Reveal()))
		return err
	}
	return nil
}

// Keep keeps what export writes, under a new token, in place of what was kept for the same request of ctx's tenant. It is kept whole and
// encrypted, or not at all.
func (d *Downloads) Keep(ctx context.Context, request dsar.ID, export func(context.Context, io.Writer) error) (token redact.Secret[string], t Ticket, err error) {
	tenant, err := tenancy.From(ctx)
	if err != nil {
		return token, t, err
	}
	if request == "" {
		return token, t, fmt.Errorf("%w: no request", ErrOptions)
	}
	f, err := os.CreateTemp(d.o.Dir, "new-*") // mode 0600
	if err != nil {
		return token, t, err
	}
	defer func() {
		_ = f.Close()
		_ = os.Remove(f.Name()) // it has another name by now, unless something failed
	}()
	if err := export(ctx, f); err != nil {
		return token, t, err
	}
	head := make([]byte, len(ageHeader))
	if _, err := f.ReadAt(head, 0); err != nil || string(head) != ageHeader {
		return token, t, ErrUnencrypted
	}
	info, err := f.Stat()
	if err != nil {
		return token, t, err
	}
	if err := f.Sync(); err != nil {
		return token, t, err
	}
	t = Ticket{Tenant: tenant, Request: request, Bytes: info.Size()}
	if t.Made, err = d.o.Now(ctx); err != nil {
		return token, t, err
	}
	t.Expires = t.Made.Add(d.o.For)
	if err := d.record(ctx, actionKept, audit.Success, t); err != nil {
		return token, t, err
	}
	text := newToken()
	name := filepath.Join(d.o.Dir, place(text))
	if err := os.Rename(f.Name(), name+".age"); err != nil {
		return token, t, err
	}
	if err := d.write(name, t); err != nil {
		_ = os.Remove(name + ".age")
		return token, t, err
	}
	return redact.NewSecret(text), t, d.each(func(other string, old Ticket) {
		if old.Tenant == tenant && old.Request == request && other != place(text) {
			d.remove(other)
		}
	})
}

const ageHeader = "age-encryption.org/v1\n"

// Renew makes a new token for what is kept for a request of ctx's tenant, for a download that broke off. It expires when it did. The old token
// is good no more. [ErrGone] if it was fetched whole, or expired.
func (d *Downloads) Renew(ctx context.Context, request dsar.ID) (token redact.Secret[string], t Ticket, err error) {
	tenant, err := tenancy.From(ctx)
	if err != nil {
		return token, t, err
	}
	now, err := d.o.Now(ctx)
	if err != nil {
		return token, t, err
	}
	found := ""
	if err := d.each(func(name string, old Ticket) {
		if old.Tenant == tenant && old.Request == request && old.good(now) {
			found, t = name, old
		}
	}); err != nil {
		return token, t, err
	}
	if found == "" {
		return token, t, ErrGone
	}
	if err := d.record(ctx, actionRenewed, audit.Success, t); err != nil {
		return token, t, err
	}
	text := newToken()
	from, to := filepath.Join(d.o.Dir, found), filepath.Join(d.o.Dir, place(text))
	for _, old := range []string{".json", ".taken"} {
		_ = os.Remove(from + old) // from here on, the old token is good no more
	}
	if err := os.Rename(from+".age", to+".age"); err != nil {
		return token, t, ErrGone
	}
	return redact.NewSecret(text), t, d.write(to, t)
}

// Sweep removes what has expired, of all tenants, and returns how many it were.
func (d *Downloads) Sweep(ctx context.Context) (n int, err error) {
	now, err := d.o.Now(ctx)
	if err != nil {
		return 0, err
	}
	if err := d.each(func(name string, t Ticket) {
		if !t.good(now) {
			d.remove(name)
			n++
		}
	}); err != nil {
		return n, err
	}
	return n, d.orphans(now.Add(-d.o.For))
}

// orphans removes what a process left that died while it kept an export: nobody has a ticket for it.
func (d *Downloads) orphans(before time.Time) error {
	all, err := os.ReadDir(d.o.Dir)
	if err != nil {
		return err
	}
	there := map[string]bool{}
	for _, entry := range all {
		there[entry.Name()] = true
	}
	for _, entry := range all {
		name, kept := strings.CutSuffix(entry.Name(), ".age")
		if kept && (there[name+".json"] || there[name+".taken"]) || !kept && !strings.HasPrefix(name, "new-") && !strings.HasSuffix(name, ".new") {
			continue
		}
		if info, err := entry.Info(); err == nil && info.ModTime().Before(before) {
			_ = os.Remove(filepath.Join(d.o.Dir, entry.Name()))
		}
	}
	return nil
}

// good reports whether it has not expired. A clock that went back to before it was made lengthens nothing.
func (t Ticket) good(now time.Time) bool {
	return now.Before(t.Expires) && !now.Before(t.Made.Add(-time.Minute))
}

func newToken() string { return rand.Text() + rand.Text() }

// place is the name under which a token's export is kept: who sees the directory cannot fetch from it.
func place(token string) string {
	sum := sha256.Sum256([]byte("bailiwick dsar download\x00" + token))
	return hex.EncodeToString(sum[:])
}

// write writes the ticket, all of it or none.
func (d *Downloads) write(name string, t Ticket) error {
	b, err := json.Marshal(t)
	if err != nil {
		return err
	}
	if err := os.WriteFile(name+".new", b, 0o600); err != nil {
		return err
	}
	return os.Rename(name+".new", name+".json")
}

func (d *Downloads) read(name string) (t Ticket, err error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return t, ErrGone
	}
	if err := json.Unmarshal(b, &t); err != nil {
		return t, ErrGone
	}
	return t, nil
}

// each calls f with every ticket, fetched ones too.
func (d *Downloads) each(f func(name string, t Ticket)) error {
	all, err := os.ReadDir(d.o.Dir)
	if err != nil {
		return err
	}
	for _, entry := range all {
		name, is := strings.CutSuffix(entry.Name(), ".json")
		if !is {
			name, is = strings.CutSuffix(entry.Name(), ".taken")
		}
		if !is {
			continue
		}
		if t, err := d.read(filepath.Join(d.o.Dir, entry.Name())); err == nil {
			f(name, t)
		}
	}
	return nil
}

func (d *Downloads) remove(name string) {
	for _, ext := range []string{".json", ".taken", ".age"} {
		_ = os.Remove(filepath.Join(d.o.Dir, name+ext))
	}
}

func (d *Downloads) record(ctx context.Context, a audit.Action, o audit.Outcome, t Ticket) error {
	return d.o.Recorder.Record(ctx, audit.Event{Action: a, Outcome: o, Targets: []audit.Party{{Type: "dsar_request", ID: string(t.Request)}},
		Data: map[string]any{"bytes": t.Bytes, "expires": t.Expires}})
}
