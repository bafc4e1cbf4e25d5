package audit

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// testWitness is a witness of one log (c2sp.org/tlog-witness), which keeps what it cosigned in a file.
type testWitness struct {
	log  note.Verifier
	name string
	key  ed25519.PrivateKey
	file string

	mu     sync.Mutex
	asked  []string // the first line of each request
	status []int    // of each answer
	answer func(w http.ResponseWriter, r *http.Request) bool
}

func newTestWitness(tb testing.TB, log note.Verifier) (*testWitness, Witness) {
	tb.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(tb, err)
	w := &testWitness{log: log, name: "witness.example/w1", key: key, file: filepath.Join(tb.TempDir(), "latest")}
	server := httptest.NewServer(w)
	tb.Cleanup(server.Close)
	v, err := NewCosignatureVerifier(w.vkey())
	require.NoError(tb, err)
	return w, Witness{URL: server.URL + "/log/", Key: v, Required: true, Client: server.Client()}
}

func (w *testWitness) public() []byte {
	return append([]byte{4}, w.key.Public().(ed25519.PublicKey)...)
}

func (w *testWitness) vkey() string {
	return fmt.Sprintf("%s+%08x+%s", w.name, keyHash(w.name, w.public()), base64.StdEncoding.EncodeToString(w.public()))
}

func (w *testWitness) cosignature(text string, at time.Time) string {
	sig := binary.BigEndian.AppendUint32(nil, keyHash(w.name, w.public()))
	sig = binary.BigEndian.AppendUint64(sig, uint64(at.Unix()))
	message := fmt.Sprintf("cosignature/v1\ntime %d\n%s", at.Unix(), text)
	sig = append(sig, ed25519.Sign(w.key, []byte(message))...)
	return fmt.Sprintf("— %s %s\n", w.name, base64.StdEncoding.EncodeToString(sig))
}

// latest reads what was cosigned last.
func (w *testWitness) latest() (tlog.Tree, error) {
	var t tlog.Tree
	b, err := os.ReadFile(w.file)
	if os.IsNotExist(err) {
		return t, nil
	}
	if err == nil {
		var root string
		if _, err = fmt.Sscan(string(b), &t.N, &root); err == nil {
			t.Hash, err = tlog.ParseHash(root)
		}
	}
	return t, err
}

func (w *testWitness) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.answer != nil && w.answer(rw, r) {
		return
	}
	body, err := io.ReadAll(r.Body)
	first, _, _ := strings.Cut(string(body), "\n")
	w.asked = append(w.asked, first)
	status, text := http.StatusBadRequest, ""
	if err == nil && r.Method == http.MethodPost && r.URL.Path == "/log/add-checkpoint" {
		status, text = w.add(string(body))
	}
	w.status = append(w.status, status)
	if status == http.StatusConflict {
		rw.Header().Set("Content-Type", "text/x.tlog.size")
	}
	rw.WriteHeader(status)
	_, _ = io.WriteString(rw, text)
}

func (w *testWitness) add(body string) (status int, text string) {
	head, checkpoint, ok := strings.Cut(body, "\n\n")
	lines := strings.Split(head, "\n")
	var old int64
	if _, err := fmt.Sscanf(lines[0], "old %d", &old); err != nil || !ok || lines[0] != fmt.Sprintf("old %d", old) {
		return http.StatusBadRequest, "old"
	}
	var proof tlog.TreeProof
	for _, line := range lines[1:] {
		h, err := tlog.ParseHash(line)
		if err != nil || len(proof) == 63 {
			return http.StatusBadRequest, "proof"
		}
		proof = append(proof, h)
	}
	origin, _, _ := strings.Cut(checkpoint, "\n")
	if origin != w.log.Name() {
		return http.StatusNotFound, ""
	}
	n, err := note.Open([]byte(checkpoint), note.VerifierList(w.log))
	if err != nil {
		return http.StatusForbidden, ""
	}
	size, root := int64(0), ""
	fields := strings.Split(n.Text, "\n")
	if _, err := fmt.Sscan(fields[1], &size); err != nil || size < old {
		return http.StatusBadRequest, "size"
	}
	root = fields[2]
	hash, err := tlog.ParseHash(root)
	if err != nil {
		return http.StatusBadRequest, "root"
	}
	known, err := w.latest()
	if err != nil {
		return http.StatusInternalServerError, ""
	}
	switch {
	case known.N != old, size == old && known.N > 0 && hash != known.Hash:
		return http.StatusConflict, fmt.Sprintf("%d\n", known.N)
	case old == 0:
		if len(proof) > 0 {
			return http.StatusUnprocessableEntity, ""
		}
	case size == old:
		if len(proof) > 0 {
			return http.StatusUnprocessableEntity, ""
		}
	case tlog.CheckTree(proof, size, hash, known.N, known.Hash) != nil:
		return http.StatusUnprocessableEntity, ""
	}
	if err := writeSynced(w.file, fmt.Sprintf("%d %s\n", size, hash)); err != nil {
		return http.StatusInternalServerError, ""
	}
	return http.StatusOK, w.cosignature(n.Text, time.Now())
}

func writeSynced(name, text string) error {
	f, err := os.Create(name + ".new")
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

// take returns what the witness was asked and answered since the last time.
func (w *testWitness) take() (asked []string, status []int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	asked, status = w.asked, w.status
	w.asked, w.status = nil, nil
	return asked, status
}

// addHeads makes n new heads.
func addHeads(tb testing.TB, l *Log, s Store, n int) {
	tb.Helper()
	ctx := ofTenant(tb, "acme")
	for range n {
		appendLeaves(ctx, tb, l, s, 1)
		_, err := l.Checkpoint(ctx)
		require.NoError(tb, err)
	}
}

func TestAWitnessCosignsWhatGrows(t *testing.T) {
	t.Parallel()
	store, n := NewMemory(), newNotary(t)
	server, w := newTestWitness(t, n.Verifier)
	witnessed := func(o *Options) { o.Witnesses = []Witness{w} }
	l := openSigning(t, store, n, witnessed)

	addHeads(t, l, store, 3)
	c, err := l.Heads(t.Context())
	require.NoError(t, err)
	asked, status := server.take()
	require.Equal(t, []string{"old 0"}, asked)
	require.Equal(t, []int{200}, status)
	opened, err := note.Open(c.Note, note.VerifierList(n.Verifier, w.Key))
	require.NoError(t, err)
	require.Len(t, opened.Sigs, 2)
	at, ok := cosignatureTime(opened.Sigs[1])
	require.True(t, ok)
	require.WithinDuration(t, time.Now(), at, time.Hour)
	stored, err := store.Heads().Newest(t.Context())
	require.NoError(t, err)
	require.Equal(t, c.Note, stored.Note)
	require.Empty(t, opened.UnverifiedSigs)

	// A new size is proven from the one before, the same size needs no proof.
	addHeads(t, l, store, 5)
	for range 2 {
		_, err = l.Heads(t.Context())
		require.NoError(t, err)
	}
	asked, status = server.take()
	require.Equal(t, []string{"old 3", "old 8"}, asked)
	require.Equal(t, []int{200, 200}, status)

	// Another process does not know what the witness has, and is told.
	addHeads(t, l, store, 300)
	l = openSigning(t, store, n, witnessed)
	_, err = l.Heads(t.Context())
	require.NoError(t, err)
	asked, status = server.take()
	require.Equal(t, []string{"old 0", "old 8"}, asked)
	require.Equal(t, []int{409, 200}, status)

	// So is one that thinks it knows, and does not.
	l.signing.heads.witnesses[0].client.old = 17
	_, err = l.Heads(t.Context())
	require.NoError(t, err)
	asked, status = server.take()
	require.Equal(t, []string{"old 17", "old 308"}, asked)
	require.Equal(t, []int{409, 200}, status)
}

func TestManyProcessesCanAskOneWitness(t *testing.T) {
	t.Parallel()
	store, n := NewMemory(), newNotary(t)
	_, w := newTestWitness(t, n.Verifier)
	var wg sync.WaitGroup
	for range 3 {
		l := openSigning(t, store, n, func(o *Options) { o.Witnesses = []Witness{w} })
		wg.Go(func() {
			for range 8 {
				ctx := ofTenant(t, "acme")
				if _, err := store.Append(ctx, []Entry{leafEntry(int(time.Now().UnixNano()))}); err != nil {
					t.Error(err)
				}
				if _, err := l.Checkpoint(ctx); err != nil {
					t.Error(err)
				}
				// Others may be faster each time; nobody is ever accused.
				if _, err := l.Heads(t.Context()); err != nil {
					require.NotErrorIs(t, err, ErrBackwards)
				}
			}
		})
	}
	wg.Wait()
	requireHonest(ofTenant(t, "acme"), t, store, n.Verifier, w.Key)
}

// rewritten returns a store with another history of heads of that length, as somebody makes it who has the
// database and all keys.
func rewritten(t *testing.T, n *notary, heads int) Store {
	t.Helper()
	store := NewMemory()
	l := openSigning(t, store, n)
	ctx := ofTenant(t, "forged")
	for range heads {
		appendLeaves(ctx, t, l, store, 1)
		_, err := l.Checkpoint(ctx)
		require.NoError(t, err)
	}
	if heads > 0 {
		_, err := l.Heads(t.Context())
		require.NoError(t, err)
	}
	return store
}

func TestAWitnessFindsOutARewrittenLog(t *testing.T) {
	t.Parallel()
	for heads, status := range map[int][]int{
		4:  {409},      // cut off
		7:  {409, 409}, // of the same length
		20: {409, 422}, // longer
	} {
		store, n := NewMemory(), newNotary(t)
		server, w := newTestWitness(t, n.Verifier)
		l := openSigning(t, store, n, func(o *Options) { o.Witnesses = []Witness{w} })
		addHeads(t, l, store, 7)
		_, err := l.Heads(t.Context())
		require.NoError(t, err)
		server.take()
		for _, required := range []bool{true, false} {
			w.Required = required
			forged := rewritten(t, n, heads)
			l = openSigning(t, forged, n, func(o *Options) { o.Witnesses = []Witness{w} })
			_, err = l.Heads(t.Context())
			require.ErrorIs(t, err, ErrBackwards, "%d heads, required %v", heads, required)
			_, got := server.take()
			require.Equal(t, status, got, "%d heads", heads)
		}
	}
}

func TestARequiredWitnessGatesHeadsAndAnotherDoesNot(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]func(http.ResponseWriter, *http.Request) bool{
		"unknown log": func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(404); return true },
		"unknown key": func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(403); return true },
		"redirect": func(w http.ResponseWriter, r *http.Request) bool {
			http.Redirect(w, r, "/", http.StatusTemporaryRedirect)
			return true
		},
		"empty answer": func(http.ResponseWriter, *http.Request) bool { return true },
		"no size":      func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(409); return true },
		"conflicts without end": func(w http.ResponseWriter, r *http.Request) bool {
			b, _ := io.ReadAll(r.Body)
			w.WriteHeader(409)
			_, _ = fmt.Fprintln(w, 1+len(b)%2)
			return true
		},
		"a long answer": func(w http.ResponseWriter, _ *http.Request) bool {
			_, _ = w.Write(bytes.Repeat([]byte("— a b\n"), maxAnswer))
			return true
		},
		"somebody else's signature": func(w http.ResponseWriter, _ *http.Request) bool {
			_, _ = io.WriteString(w, "— other.example AAAAAAAAAAAA\n")
			return true
		},
		"hangs": func(_ http.ResponseWriter, r *http.Request) bool {
			_, _ = io.ReadAll(r.Body)
			<-r.Context().Done()
			return true
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store, n := NewMemory(), newNotary(t)
			server, w := newTestWitness(t, n.Verifier)
			server.answer = answer
			w.Timeout = 300 * time.Millisecond
			w.Client = nil
			l := openSigning(t, store, n, func(o *Options) { o.Witnesses = []Witness{w} })
			addHeads(t, l, store, 2)
			_, err := l.Heads(t.Context())
			require.ErrorContains(t, err, w.Key.Name())
			require.NotContains(t, err.Error(), w.URL)
			require.NotErrorIs(t, err, ErrBackwards)
			_, err = store.Heads().Newest(t.Context())
			require.ErrorIs(t, err, ErrNotFound)
			require.NoError(t, l.Close(t.Context()))

			w.Required = false
			l = openSigning(t, store, n, func(o *Options) { o.Witnesses = []Witness{w} })
			for range 2 {
				c, err := l.Heads(t.Context())
				require.NoError(t, err)
				require.Equal(t, uint64(2), c.Size)
			}
			require.NoError(t, l.Close(t.Context()))
			_, err = l.Heads(t.Context())
			require.ErrorIs(t, err, ErrClosed)
		})
	}
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
}

func TestAWitnessThatFailedIsAskedAgainWithoutBeingWaitedFor(t *testing.T) {
	t.Parallel()
	store, n := NewMemory(), newNotary(t)
	server, w := newTestWitness(t, n.Verifier)
	w.Required = false
	server.answer = func(rw http.ResponseWriter, _ *http.Request) bool { rw.WriteHeader(500); return true }
	l := openSigning(t, store, n, func(o *Options) { o.Witnesses = []Witness{w} })
	addHeads(t, l, store, 1)
	c, err := l.Heads(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, bytes.Count(c.Note, []byte("— ")))

	server.mu.Lock()
	server.answer = nil
	server.mu.Unlock()
	require.Eventually(t, func() bool {
		c, err := l.Heads(t.Context())
		require.NoError(t, err)
		return bytes.Count(c.Note, []byte("— ")) == 2
	}, time.Minute, time.Millisecond)
}

func TestOnlyTheWitnessesKeyOverThisCheckpointCounts(t *testing.T) {
	t.Parallel()
	n := newNotary(t)
	c, err := Checkpoint{Origin: testOrigin, Size: 7}.sign(n.Signer)
	require.NoError(t, err)
	w, of := newTestWitness(t, n.Verifier)
	other, _ := newTestWitness(t, n.Verifier)
	now := time.Now()
	good := w.cosignature(c.head(), now)

	lines, err := cosignatures(c.Note, []byte(good), of.Key)
	require.NoError(t, err)
	require.Equal(t, good, string(lines))
	lines, err = cosignatures(c.Note, []byte("— other.example AAAAAAAAAAAA\n"+good), of.Key)
	require.NoError(t, err)
	require.Equal(t, good, string(lines))

	otherText := Checkpoint{Origin: testOrigin, Size: 8}.head()
	for name, answer := range map[string]string{
		"nothing":            "",
		"another's key":      other.cosignature(c.head(), now),
		"another size":       w.cosignature(otherText, now),
		"a changed byte":     strings.Replace(good, "A", "B", 1),
		"another note":       "\n" + good,
		"a whole note":       "\n" + otherText + "\n" + w.cosignature(otherText, now),
		"text in between":    "time 2\n\n" + w.cosignature(c.head()+"\n"+strings.TrimPrefix(string(c.Note), c.head()+"\n")+"time 2\n", now),
		"no newline":         strings.TrimSuffix(good, "\n"),
		"windows":            strings.ReplaceAll(good, "\n", "\r\n"),
		"a control byte":     good + "\x01",
		"ours only":          strings.SplitAfter(string(c.Note), "\n\n")[1],
		"time of the future": w.cosignature(c.head(), time.Unix(-5, 0)),
	} {
		_, err := cosignatures(c.Note, []byte(answer), of.Key)
		require.Error(t, err, name)
	}
}

func TestACosignatureKeyIsReadInOneFormOnly(t *testing.T) {
	t.Parallel()
	w, of := newTestWitness(t, newNotary(t).Verifier)
	good := w.vkey()
	require.Equal(t, w.name, of.Key.Name())
	_, plain, err := note.GenerateKey(rand.Reader, "a")
	require.NoError(t, err)
	name, rest, _ := strings.Cut(good, "+")
	for _, bad := range []string{
		"", "+", "++", name, "other" + "+" + rest, "+" + rest, name + "+0" + rest, good + "=", good[:len(good)-4],
		strings.Replace(good, "+", "+0", 1), "a b+" + rest, plain, name + "++" + rest,
	} {
		_, err := NewCosignatureVerifier(bad)
		require.Error(t, err, bad)
	}
}

func FuzzCosignatures(f *testing.F) {
	n := newNotary(f)
	c, err := Checkpoint{Origin: testOrigin, Size: 7}.sign(n.Signer)
	require.NoError(f, err)
	w, of := newTestWitness(f, n.Verifier)
	f.Add([]byte(w.cosignature(c.head(), time.Now())))
	f.Add([]byte("7\n"))
	f.Add([]byte("— a b\n\n— "))
	f.Fuzz(func(t *testing.T, answer []byte) {
		lines, err := cosignatures(c.Note, answer, of.Key)
		if err == nil {
			_, err := note.Open(append(bytes.Clone(c.Note), lines...), note.VerifierList(of.Key))
			require.NoError(t, err)
		}
		if size, err := parseWitnessSize(answer); err == nil {
			require.Equal(t, fmt.Sprintf("%d\n", size), string(answer))
		}
	})
}

func FuzzCosignatureKey(f *testing.F) {
	w, _ := newTestWitness(f, newNotary(f).Verifier)
	f.Add(w.vkey())
	f.Add("a+00000000+BA==")
	f.Fuzz(func(t *testing.T, vkey string) {
		v, err := NewCosignatureVerifier(vkey)
		if err == nil {
			require.True(t, strings.HasPrefix(vkey, v.Name()+"+"))
			require.False(t, v.Verify(nil, nil))
		}
	})
}
