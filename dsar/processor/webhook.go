package processor

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Signer signs a delivery as Standard Webhooks 1.0.0 says. *webhook.Signer of package vault/webhook is one.
type Signer interface {
	Sign(h http.Header, id string, t time.Time, body []byte) error
}

// Verify says whether a message was signed by the processor: a method of package vault/webhook's Verifier, without what it returns
// beside the error.
type Verify func(ctx context.Context, h http.Header, body []byte) error

// WebhookOptions say how a [Webhook] is called. Name, URL and Signer are needed.
type WebhookOptions struct {
	Name   string
	URL    string // of https
	Signer Signer
	// Verify, if it is not nil, has to accept each answer; without it, TLS vouches for them. Callbacks need it.
	Verify Verify
	Guard  Guard
	// MaxExport is how many bytes an export may have; 0: 1 GiB.
	MaxExport int64
}

// Webhook is a processor that is told by a signed webhook. Each delivery is a POST of
//
//	{"type": "dsar.erase", "timestamp": "2026-11-22T10:00:00Z", "data": {"key": "…", "law": "gdpr", "submitted": "…", "due": "…",
//	 "identities": [{"type": "email", "value": "…"}]}}
//
// with the job's key as webhook-id; the type may be "dsar.export", or "dsar.status" with the key alone and a webhook-id of its own. The
// answer to each is
//
//	{"key": "…", "outcome": "done", "records": 3, "expected": "…"}
//
// with a status of 2xx, where outcome is done, nothing, accepted or refused. An export that is there at once is answered by its
// bytes, with the headers Dsar-Key and Content-Digest (RFC 9530: sha-256), of which the latter may be a trailer.
type Webhook struct {
	o      WebhookOptions
	client *http.Client
}

// HeaderKey is on an answer that is an export: it names the job.
const HeaderKey = "Dsar-Key"

// NewWebhook returns the processor. ErrOptions or ErrAddress.
func NewWebhook(o WebhookOptions) (*Webhook, error) {
	if o.Name == "" || o.Signer == nil || o.MaxExport < 0 {
		return nil, fmt.Errorf("%w: a webhook needs a name and a signer", ErrOptions)
	}
	if _, err := endpoint(o.URL); err != nil {
		return nil, err
	}
	if o.MaxExport == 0 {
		o.MaxExport = 1 << 30
	}
	return &Webhook{o, o.Guard.client()}, nil
}

var _ Processor = (*Webhook)(nil)

// Name implements [Processor].
func (w *Webhook) Name() string { return w.o.Name }

// Erase implements [Processor].
func (w *Webhook) Erase(ctx context.Context, j Job) (Outcome, error) {
	return w.ask(ctx, "dsar.erase", j.Key, j)
}

// Status implements [Processor].
func (w *Webhook) Status(ctx context.Context, j Job) (Outcome, error) {
	return w.ask(ctx, "dsar.status", j.Key+"_"+rand.Text(), Job{Key: j.Key})
}

// delivery is what is sent.
type delivery struct {
	Type      string       `json:"type"`
	Timestamp time.Time    `json:"timestamp"`
	Data      deliveryData `json:"data"`
}

type deliveryData struct {
	Key        string             `json:"key"`
	Law        string             `json:"law,omitempty"`
	Submitted  time.Time          `json:"submitted,omitzero"`
	Due        time.Time          `json:"due,omitzero"`
	Identities []deliveryIdentity `json:"identities,omitempty"`
}

type deliveryIdentity struct {
	Type  string `json:"type"`
	Value string `json:"value"`
}

// request makes a signed delivery.
func (w *Webhook) request(ctx context.Context, typ, id string, j Job) (*http.Request, error) {
	now := time.Now()
	d := delivery{typ, now.UTC().Truncate(time.Second), deliveryData{Key: j.Key, Law: j.Law, Submitted: j.Submitted, Due: j.Due}}
	for _, i := range j.Identities {
		d.Data.Identities = append(d.Data.Identities, deliveryIdentity{i.Type, i.Value.Reveal()})
	}
	body, err := json.Marshal(d)
	if err != nil {
		return nil, fmt.Errorf("%w: a time is none", ErrOptions)
	}
	r, err := post(ctx, w.o.URL, "application/json", body)
	if err != nil {
		return nil, err
	}
	if err := w.o.Signer.Sign(r.Header, id, now, body); err != nil {
		return nil, fmt.Errorf("processor: signing: %w", err)
	}
	return r, nil
}

func (w *Webhook) ask(ctx context.Context, typ, id string, j Job) (Outcome, error) {
	r, err := w.request(ctx, typ, id, j)
	if err != nil {
		return Outcome{Why: "request"}, err
	}
	a, why, err := exchange(w.client, r, tryTimeout)
	if err != nil {
		return Outcome{Why: why}, err
	}
	return w.read(ctx, a, j.Key)
}

// read takes an answer for what it says of the job with the key.
func (w *Webhook) read(ctx context.Context, a answer, key string) (Outcome, error) {
	if o, err := a.problem(); err != nil {
		return o, err
	}
	if w.o.Verify != nil {
		if err := w.o.Verify(ctx, a.header, a.body); err != nil {
			return Outcome{Why: "signature"}, ErrSignature
		}
	}
	said, o, err := readAnswer(a)
	if err != nil {
		return o, err
	}
	if said != key {
		return Outcome{Why: "another job"}, fmt.Errorf("%w: it does not name the key", ErrAnswer)
	}
	if o.State == Refused {
		return o, ErrRefused
	}
	return o, nil
}

// readAnswer reads the JSON of an answer or a callback.
func readAnswer(a answer) (key string, o Outcome, err error) {
	var said struct {
		Key      string    `json:"key"`
		Outcome  State     `json:"outcome"`
		Records  int64     `json:"records"`
		Expected time.Time `json:"expected"`
	}
	if len(bytes.TrimSpace(a.body)) == 0 {
		return "", Outcome{Why: "empty"}, fmt.Errorf("%w: it is empty", ErrAnswer)
	}
	if err := json.Unmarshal(a.body, &said); err != nil {
		return "", Outcome{Why: "answer"}, fmt.Errorf("%w: it cannot be read", ErrAnswer)
	}
	switch said.Outcome {
	case Done, Nothing, Accepted, Refused:
	default:
		return "", Outcome{Why: "answer"}, fmt.Errorf("%w: it says nothing of what came of it", ErrAnswer)
	}
	return said.Key, Outcome{State: said.Outcome, Records: max(said.Records, 0), Expected: said.Expected.UTC().Truncate(time.Microsecond), Evidence: a.evidence()}, nil
}

// Export implements [Processor].
func (w *Webhook) Export(ctx context.Context, j Job, to io.Writer) (Outcome, error) {
	r, err := w.request(ctx, "dsar.export", j.Key, j)
	if err != nil {
		return Outcome{Why: "request"}, err
	}
	resp, err := w.client.Do(r)
	if err != nil {
		why, err := failure(err)
		return Outcome{Why: why}, err
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 || resp.Header.Get(HeaderKey) == "" {
		body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
		if err != nil {
			why, err := failure(err)
			return Outcome{Why: why}, err
		}
		if len(body) > maxAnswer {
			return Outcome{Why: "too large"}, fmt.Errorf("%w: it is too large", ErrAnswer)
		}
		o, err := w.read(ctx, answer{resp.StatusCode, resp.Header, body}, j.Key)
		if err == nil && o.State == Done { // it says done, and there is nothing
			return Outcome{Why: "empty"}, fmt.Errorf("%w: there is no export in it", ErrAnswer)
		}
		return o, err
	}
	if resp.Header.Get(HeaderKey) != j.Key {
		return Outcome{Why: "another job"}, fmt.Errorf("%w: it does not name the key", ErrAnswer)
	}
	return copyExport(to, resp, w.o.MaxExport, true)
}

// copyExport writes an export, and says whether all of it came: with a digest, or, where none is needed, as long as it said it would be.
func copyExport(to io.Writer, resp *http.Response, limit int64, digested bool) (Outcome, error) {
	sum := sha256.New()
	body := &watched{r: io.LimitReader(resp.Body, limit+1)}
	n, err := io.Copy(io.MultiWriter(to, sum), body)
	switch {
	case body.err != nil:
		why, err := failure(body.err)
		return Outcome{Why: why}, err
	case err != nil:
		return Outcome{Why: "writer"}, fmt.Errorf("processor: writing an export: %w", err)
	case n > limit:
		return Outcome{Why: "too large"}, fmt.Errorf("%w: it is too large", ErrAnswer)
	}
	digest := resp.Trailer.Get("Content-Digest")
	if digest == "" {
		digest = resp.Header.Get("Content-Digest")
	}
	got := sum.Sum(nil)
	if (digest != "" || digested) && !hasDigest(digest, got) {
		return Outcome{Why: "digest"}, fmt.Errorf("%w: its digest is missing or another one", ErrAnswer)
	}
	return Outcome{State: Done, Evidence: fmt.Sprintf("sha256:%x", got)}, nil
}

// watched remembers the error of reading, so that it can be told from one of writing.
type watched struct {
	r   io.Reader
	err error
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	if err != nil && err != io.EOF {
		w.err = err
	}
	return n, err
}

// hasDigest looks for the SHA-256 among those of a Content-Digest.
func hasDigest(list string, sum []byte) bool {
	for d := range strings.SplitSeq(list, ",") {
		if strings.TrimSpace(d) == "sha-256=:"+base64.StdEncoding.EncodeToString(sum)+":" {
			return true
		}
	}
	return false
}
