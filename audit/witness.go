package audit

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Witness is somebody who confirms that the log of heads only ever grows, by cosigning its checkpoints
// (c2sp.org/tlog-witness).
type Witness struct {
	// URL is where it takes checkpoints: "/add-checkpoint" is added.
	URL string
	// Key verifies its cosignatures; see [NewCosignatureVerifier].
	Key note.Verifier
	// Required makes [Log.Heads] fail if the witness does not cosign.
	Required bool
	// Timeout is how long one call may take; 0 means 5 seconds.
	Timeout time.Duration
	// Client is used for the calls; nil means one that follows no redirects.
	Client *http.Client
}

// witnessClient asks one witness for cosignatures.
type witnessClient struct {
	url    string
	key    note.Verifier
	client *http.Client

	mu  sync.Mutex
	old uint64 // the size that it cosigned last, as far as is known
}

func newWitnessClient(w Witness) *witnessClient {
	return &witnessClient{url: strings.TrimSuffix(w.URL, "/") + "/add-checkpoint", key: w.Key, client: plainClient(w.Client)}
}

// plainClient returns c, or if it is nil one that does not carry a log's checkpoints to where it is redirected.
func plainClient(c *http.Client) *http.Client {
	if c != nil {
		return c
	}
	return &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// witnessTries is how often a witness is asked that has cosigned another size than was thought. The second
// answers a restart; more are for other processes that ask at the same time.
const witnessTries = 4

// cosign returns the witness's cosignature lines for c, which e's tree has the consistency proof for.
func (w *witnessClient) cosign(ctx context.Context, t Tree, e *edge, c Checkpoint) ([]byte, error) {
	w.mu.Lock()
	old := w.old
	w.mu.Unlock()
	if old > c.Size {
		old = 0 // of a log that went backwards here: let the witness say so
	}
	for range witnessTries {
		body, err := addCheckpoint(ctx, t, e, old, c)
		if err != nil {
			return nil, err
		}
		status, answer, err := w.post(ctx, body)
		if err != nil {
			return nil, err
		}
		switch status {
		case http.StatusOK:
			lines, err := cosignatures(c.Note, answer, w.key)
			if err != nil {
				return nil, err
			}
			w.mu.Lock()
			w.old = max(w.old, c.Size)
			w.mu.Unlock()
			return lines, nil
		case http.StatusConflict:
			known, err := parseWitnessSize(answer)
			switch {
			case err != nil:
				return nil, err
			case known > c.Size:
				return nil, checkAhead(ctx, t, "the witness", known)
			case known == old && old == c.Size:
				return nil, fmt.Errorf("%w: the witness cosigned another root of %d leaves", ErrBackwards, c.Size)
			case known == old:
				return nil, errors.New("audit: the witness contradicts itself")
			}
			old = known
		case http.StatusUnprocessableEntity:
			return nil, fmt.Errorf("%w: the witness cosigned %d leaves with which it does not begin", ErrBackwards, old)
		default:
			return nil, fmt.Errorf("audit: the witness answered with status %d", status)
		}
	}
	return nil, fmt.Errorf("%w: others ask the witness at the same time", ErrUnavailable)
}

// addCheckpoint returns the body of the call add-checkpoint.
func addCheckpoint(ctx context.Context, t Tree, e *edge, old uint64, c Checkpoint) ([]byte, error) {
	body := fmt.Appendf(nil, "old %d\n", old)
	if old > 0 && old < c.Size {
		proof, err := tlog.ProveTree(int64(c.Size), int64(old), newNodes(ctx, t, e))
		if err != nil {
			return nil, err
		}
		for _, h := range proof {
			body = append(base64.StdEncoding.AppendEncode(body, h[:]), '\n')
		}
	}
	return append(append(body, '\n'), c.Note...), nil
}

// maxAnswer bounds what is read of a witness's answer.
const maxAnswer = 64 << 10

func (w *witnessClient) post(ctx context.Context, body []byte) (status int, answer []byte, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url, bytes.NewReader(body))
	if err != nil {
		return 0, nil, errors.New("audit: the URL of the witness is none")
	}
	req.Header.Set("Content-Type", "text/plain; charset=utf-8")
	resp, err := w.client.Do(req)
	if err != nil {
		return 0, nil, withoutURL(err)
	}
	defer resp.Body.Close()
	answer, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return 0, nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	if len(answer) > maxAnswer {
		return 0, nil, errors.New("audit: the answer of the witness is too long")
	}
	return resp.StatusCode, answer, nil
}

// withoutURL returns an error of an HTTP client without the address, which may hold a password or a token.
func withoutURL(err error) error {
	var of *url.Error
	if errors.As(err, &of) {
		err = of.Err
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}

// parseWitnessSize reads the body of a 409: a size and a newline.
func parseWitnessSize(answer []byte) (uint64, error) {
	s, ok := strings.CutSuffix(string(answer), "\n")
	n, err := parseDecimal(s)
	if !ok || err != nil {
		return 0, errors.New("audit: the witness answered a conflict without a size")
	}
	return n, nil
}

// cosignatures returns the lines of a witness's answer that are by key over the text of the note signed.
func cosignatures(signed, answer []byte, key note.Verifier) ([]byte, error) {
	of, err := note.Open(append(signed[:len(signed):len(signed)], answer...), note.VerifierList(key))
	if err != nil {
		return nil, errors.New("audit: the answer of the witness holds no good cosignature")
	}
	// An answer with an empty line would make the note another one.
	if !bytes.HasPrefix(signed, []byte(of.Text+"\n")) {
		return nil, errors.New("audit: the answer of the witness is no list of signatures")
	}
	var lines []byte
	for _, s := range of.Sigs {
		lines = fmt.Appendf(lines, "— %s %s\n", s.Name, s.Base64)
	}
	return lines, nil
}
