package audit

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func signedAt(t *testing.T, n *notary, size uint64, at time.Time) []byte {
	t.Helper()
	c, err := Checkpoint{Origin: testOrigin, Size: size, Time: at}.sign(n.Signer)
	require.NoError(t, err)
	return c.Note
}

func TestAFolderKeepsEveryCheckpointAndTellsTheGreatest(t *testing.T) {
	t.Parallel()
	n, ctx := newNotary(t), t.Context()
	root := filepath.Join(t.TempDir(), "not", "there", "yet")
	a := FolderAnchor(root)
	_, err := a.Latest(ctx)
	require.ErrorIs(t, err, ErrNotFound)

	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	var newest []byte
	for i, size := range []uint64{9, 10, 99_999, 100_000, 1 << 40} {
		newest = signedAt(t, n, size, at.Add(time.Duration(i)*time.Minute))
		require.NoError(t, a.Publish(ctx, newest))
		got, err := a.Latest(ctx)
		require.NoError(t, err)
		require.Equal(t, newest, got)
	}
	// One that is late does not come before it, one again changes nothing, and one of the size but later is newer.
	require.NoError(t, a.Publish(ctx, signedAt(t, n, 50, at.Add(time.Hour))))
	require.NoError(t, a.Publish(ctx, newest))
	got, err := a.Latest(ctx)
	require.NoError(t, err)
	require.Equal(t, newest, got)
	newest = signedAt(t, n, 1<<40, at.Add(time.Hour))
	require.NoError(t, a.Publish(ctx, newest))
	got, err = a.Latest(ctx)
	require.NoError(t, err)
	require.Equal(t, newest, got)
	require.Equal(t, 7, len(filesBelow(t, root)))
	require.Error(t, a.Publish(ctx, []byte("no note")))
}

func filesBelow(t *testing.T, root string) (files []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files = append(files, path)
		}
		return err
	}))
	return files
}

func TestAFolderNeverOverwrites(t *testing.T) {
	t.Parallel()
	n, ctx, root := newNotary(t), t.Context(), t.TempDir()
	a := FolderAnchor(root)
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	first := signedAt(t, n, 9, at)
	require.NoError(t, a.Publish(ctx, first))
	other, err := Checkpoint{Origin: testOrigin, Size: 9, Time: at, Root: leafHash(1)}.sign(n.Signer)
	require.NoError(t, err)
	require.ErrorIs(t, a.Publish(ctx, other.Note), ErrUnavailable)
	got, err := a.Latest(ctx)
	require.NoError(t, err)
	require.Equal(t, first, got)
	require.Len(t, filesBelow(t, root), 1)
}

func TestAFolderIsReadPastWhatACrashLeft(t *testing.T) {
	t.Parallel()
	n, ctx, root := newNotary(t), t.Context(), t.TempDir()
	a := FolderAnchor(root)
	note := signedAt(t, n, 9, time.Now())
	require.NoError(t, a.Publish(ctx, note))
	later := filepath.Join(root, fmt.Sprintf("%015d", 77))
	require.NoError(t, os.Mkdir(later, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(later, ".new-123"), []byte("half a no"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(root, "README"), nil, 0o600))
	got, err := a.Latest(ctx)
	require.NoError(t, err)
	require.Equal(t, note, got)
}

func TestAFolderThatCannotBeWrittenIsAnError(t *testing.T) {
	t.Parallel()
	n := newNotary(t)
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	a := FolderAnchor(file)
	require.ErrorIs(t, a.Publish(t.Context(), signedAt(t, n, 9, time.Now())), ErrUnavailable)
	_, err := a.Latest(t.Context())
	require.ErrorIs(t, err, ErrUnavailable)
}

// noteServer keeps what it is sent, as an HTTPAnchor expects it.
type noteServer struct {
	mu     sync.Mutex
	last   []byte
	status int // answered in place of what was asked for
	method string
}

func (s *noteServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case r.Header.Get("Authorization") != "Bearer sesame":
		w.WriteHeader(http.StatusUnauthorized)
	case s.status != 0:
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(s.status)
	case r.Method == http.MethodGet && s.last == nil:
		w.WriteHeader(http.StatusNotFound)
	case r.Method == http.MethodGet:
		_, _ = w.Write(s.last)
	default:
		s.method = r.Method
		s.last, _ = io.ReadAll(r.Body)
		w.WriteHeader(http.StatusCreated)
	}
}

func TestAServerKeepsCheckpoints(t *testing.T) {
	t.Parallel()
	s := &noteServer{}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	a := &HTTPAnchor{Label: "archive", URL: server.URL + "/secret-path", Header: http.Header{"Authorization": {"Bearer sesame"}}}
	require.Equal(t, "archive", a.Name())
	n, ctx := newNotary(t), t.Context()
	_, err := a.Latest(ctx)
	require.ErrorIs(t, err, ErrNotFound)
	note := signedAt(t, n, 9, time.Now())
	require.NoError(t, a.Publish(ctx, note))
	require.Equal(t, http.MethodPut, s.method)
	a.Method = http.MethodPost
	require.NoError(t, a.Publish(ctx, note))
	require.Equal(t, http.MethodPost, s.method)
	got, err := a.Latest(ctx)
	require.NoError(t, err)
	require.Equal(t, note, got)

	for _, status := range []int{307, 401, 500} {
		s.status = status
		require.ErrorIs(t, a.Publish(ctx, note), ErrUnavailable)
		_, err = a.Latest(ctx)
		require.ErrorIs(t, err, ErrUnavailable)
	}
	s.status, s.last = 0, []byte{}
	_, err = a.Latest(ctx)
	require.Error(t, err)
	s.last = make([]byte, maxSignedNote+1)
	_, err = a.Latest(ctx)
	require.Error(t, err)

	server.Close()
	err = a.Publish(ctx, note)
	require.ErrorIs(t, err, ErrUnavailable)
	require.NotContains(t, err.Error(), "secret-path")
	ended, cancel := context.WithCancel(ctx)
	cancel()
	require.ErrorIs(t, a.Publish(ended, note), context.Canceled)
	a.URL = "http://user:password@%zz"
	require.NotContains(t, a.Publish(ctx, note).Error(), "password")
}
