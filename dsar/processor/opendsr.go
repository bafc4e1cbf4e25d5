package processor

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// OpenDSROptions say how an [OpenDSR] processor is called. Name, Base and Domain are needed.
type OpenDSROptions struct {
	Name   string
	Base   string // with its major version: "https://opendsr.example.com/v2"
	Domain string // for which the processor's certificate is: "opendsr.example.com"
	// Authorize puts on each request what the processor asks for, such as basic authentication. It is not called for certificates and
	// results that are on other hosts.
	Authorize func(h http.Header)
	// Roots are who may have issued the certificate; nil: those of the system.
	Roots *x509.CertPool
	// CertificateHosts and ResultHosts are hosts, beside Domain and that of Base, where the certificate and the results of exports may be.
	CertificateHosts, ResultHosts []string
	// Callback returns the address, of this application, of [OpenDSR.Callback] for ctx's tenant; nil: the processor is asked.
	Callback func(ctx context.Context) (string, error)
	// Formats are the ways to write an identity, the best first; of those that the processor knows the first is used. nil: raw, sha256,
	// sha1, md5. Put sha256 first to tell it no more than it knows.
	Formats []Format
	// Request makes an export an "access" or "portability"; "" is access.
	Request string
	Guard   Guard
	// MaxExport is how many bytes an export may have; 0: 1 GiB.
	MaxExport int64
}

// Format is how the value of an identity is written: OpenDSR 2.0, 5.2.
type Format string

// The formats.
const (
	Raw    Format = "raw"
	SHA256 Format = "sha256"
	SHA1   Format = "sha1"
	MD5    Format = "md5"
)

// OpenDSR is a processor that speaks OpenDSR 2.0 (github.com/opengdpr/OpenDSR), before called OpenGDPR and OpenCompliance: GET /discovery, POST
// /requests, GET /requests/{id}, and callbacks. Each answer but that of /discovery has to be signed by the certificate of the processor's domain
// (X-OpenDSR-Signature, over the SHA-256 of the body), and to quote what was asked byte for byte, or it is worth nothing. The job's key is the
// subject_request_id.
type OpenDSR struct {
	o      OpenDSROptions
	base   *url.URL
	client *http.Client
	known  discovered
}

var _ Processor = (*OpenDSR)(nil)

// NewOpenDSR returns the processor; it calls nobody yet. ErrOptions or ErrAddress.
func NewOpenDSR(o OpenDSROptions) (*OpenDSR, error) {
	base, err := endpoint(strings.TrimRight(o.Base, "/"))
	if err != nil || base.RawQuery != "" {
		return nil, ErrAddress
	}
	o.Domain = strings.ToLower(o.Domain)
	if o.Formats == nil {
		o.Formats = []Format{Raw, SHA256, SHA1, MD5}
	}
	if o.Request == "" {
		o.Request = "access"
	}
	if o.MaxExport == 0 {
		o.MaxExport = 1 << 30
	}
	switch {
	case o.Name == "" || o.Domain == "":
		return nil, fmt.Errorf("%w: an OpenDSR processor needs a name and a domain", ErrOptions)
	case o.Request != "access" && o.Request != "portability", o.MaxExport < 0:
		return nil, fmt.Errorf("%w: an export is access or portability, of some size", ErrOptions)
	}
	for _, f := range o.Formats {
		if !slices.Contains([]Format{Raw, SHA256, SHA1, MD5}, f) {
			return nil, fmt.Errorf("%w: there is no format %q", ErrOptions, f)
		}
	}
	return &OpenDSR{o: o, base: base, client: o.Guard.client(), known: discovered{turn: make(chan struct{}, 1)}}, nil
}

// Name implements [Processor].
func (p *OpenDSR) Name() string { return p.o.Name }

const apiVersion = "2.0"

// subjectRequest is what is asked: 7.1.
type subjectRequest struct {
	Regulation string            `json:"regulation"`
	ID         string            `json:"subject_request_id"`
	Type       string            `json:"subject_request_type"`
	Submitted  string            `json:"submitted_time"`
	Identities []subjectIdentity `json:"subject_identities"`
	Version    string            `json:"api_version"`
	Callbacks  []string          `json:"status_callback_urls,omitempty"`
}

type subjectIdentity struct {
	Type   string `json:"identity_type"`
	Value  string `json:"identity_value"`
	Format Format `json:"identity_format"`
}

// subjectStatus is what is answered, and called back: 7.3, 8.3, 8.6.
type subjectStatus struct {
	ID       string `json:"subject_request_id"`
	Status   string `json:"request_status"`
	Expected string `json:"expected_completion_time"`
	Encoded  string `json:"encoded_request"`
	Results  string `json:"results_url"`
	Count    *int64 `json:"results_count"`
	Callback string `json:"status_callback_url"`
}

// Erase implements [Processor].
func (p *OpenDSR) Erase(ctx context.Context, j Job) (Outcome, error) {
	_, o, err := p.submit(ctx, j, "erasure")
	return o, err
}

// submit asks for something. If the processor has the request already, because its answer to an earlier attempt was lost, its status counts.
func (p *OpenDSR) submit(ctx context.Context, j Job, typ string) (subjectStatus, Outcome, error) {
	fail := func(why string, err error) (subjectStatus, Outcome, error) {
		return subjectStatus{}, Outcome{Why: why}, err
	}
	if _, err := uuid.Parse(j.Key); err != nil {
		return fail("request", fmt.Errorf("%w: the key is no UUID", ErrOptions))
	}
	if j.Law != "gdpr" && j.Law != "ccpa" {
		return fail("request", fmt.Errorf("%w: OpenDSR knows gdpr and ccpa only", ErrOptions))
	}
	d, why, err := p.discover(ctx, time.Now())
	if err != nil {
		return fail(why, err)
	}
	if !slices.Contains(d.types, typ) {
		return subjectStatus{}, Outcome{State: Refused, Why: "not offered"}, fmt.Errorf("%w: it does not offer that", ErrRefused)
	}
	q := subjectRequest{Regulation: j.Law, ID: j.Key, Type: typ, Submitted: j.Submitted.UTC().Format(time.RFC3339), Version: apiVersion,
		Identities: d.identities(j.Identities, p.o.Formats)}
	if len(q.Identities) == 0 {
		return fail("identities", ErrIdentities)
	}
	if p.o.Callback != nil {
		address, err := p.o.Callback(ctx)
		if err != nil {
			return fail("callback", fmt.Errorf("processor: the address of the callback: %w", err))
		}
		q.Callbacks = []string{address}
	}
	body, err := json.Marshal(q)
	if err != nil {
		return fail("request", ErrOptions)
	}
	r, err := post(ctx, p.at("requests"), "application/json", body)
	if err != nil {
		return fail("address", err)
	}
	p.authorize(r)
	a, why, err := exchange(p.client, r, tryTimeout)
	switch {
	case err != nil:
		return fail(why, err)
	case a.status == http.StatusBadRequest || a.status == http.StatusConflict: // that is also how a duplicate is refused
		if s, o, err := p.status(ctx, j); err == nil {
			return s, o, nil
		}
	}
	if o, err := a.problem(); err != nil {
		return subjectStatus{}, o, err
	}
	if a.status != http.StatusCreated {
		return fail("not created", fmt.Errorf("%w: it did not create the request", ErrAnswer))
	}
	s, o, err := p.read(ctx, a, j.Key)
	if err != nil {
		return s, o, err
	}
	if quoted, err := base64.StdEncoding.DecodeString(s.Encoded); err != nil || !bytes.Equal(quoted, body) {
		return fail("another request", fmt.Errorf("%w: it does not quote what was asked", ErrAnswer))
	}
	o.State = Accepted
	return s, o, nil
}

// Status implements [Processor].
func (p *OpenDSR) Status(ctx context.Context, j Job) (Outcome, error) {
	_, o, err := p.status(ctx, j)
	return o, err
}

func (p *OpenDSR) status(ctx context.Context, j Job) (subjectStatus, Outcome, error) {
	r, err := p.get(ctx, p.at("requests", j.Key))
	if err != nil {
		return subjectStatus{}, Outcome{Why: "address"}, err
	}
	p.authorize(r)
	a, why, err := exchange(p.client, r, tryTimeout)
	switch {
	case err != nil:
		return subjectStatus{}, Outcome{Why: why}, err
	case a.status == http.StatusNotFound:
		return subjectStatus{}, Outcome{Why: whyUnknown}, fmt.Errorf("%w: the request is unknown there", ErrAnswer)
	}
	if o, err := a.problem(); err != nil {
		if o.State == Refused { // to tell, not to erase
			o.State = Unconfirmed
		}
		return subjectStatus{}, o, err
	}
	s, o, err := p.read(ctx, a, j.Key)
	if err != nil {
		return s, o, err
	}
	return s, o, o.said(&s)
}

// said sets the state that a status says: 8.
func (o *Outcome) said(s *subjectStatus) error {
	switch s.Status {
	case "pending", "in_progress":
		o.State = Accepted
	case "completed":
		o.State = Done
		if s.Count != nil {
			if o.Records = max(*s.Count, 0); o.Records == 0 {
				o.State = Nothing
			}
		}
	case "cancelled":
		o.State, o.Why = Refused, "cancelled"
		return fmt.Errorf("%w: the request was cancelled", ErrRefused)
	default:
		o.Why = "status"
		return fmt.Errorf("%w: it has no status that OpenDSR knows", ErrAnswer)
	}
	return nil
}

// read takes a signed answer to a job.
func (p *OpenDSR) read(ctx context.Context, a answer, key string) (s subjectStatus, o Outcome, err error) {
	if err := p.signed(ctx, a.header, a.body, time.Now()); err != nil {
		return s, Outcome{Why: "signature"}, err
	}
	if err := json.Unmarshal(a.body, &s); err != nil {
		return s, Outcome{Why: "answer"}, fmt.Errorf("%w: it cannot be read", ErrAnswer)
	}
	if s.ID != key {
		return s, Outcome{Why: "another job"}, fmt.Errorf("%w: it does not name the key", ErrAnswer)
	}
	o = Outcome{Evidence: a.evidence()}
	if t, err := time.Parse(time.RFC3339, s.Expected); err == nil {
		o.Expected = t.UTC().Truncate(time.Microsecond)
	}
	return s, o, nil
}

// Export implements [Processor]: it asks for the person's data, or, if it asked before, fetches what there is. The results are not signed;
// they come from where a signed answer says, on the processor's own hosts.
func (p *OpenDSR) Export(ctx context.Context, j Job, w io.Writer) (Outcome, error) {
	s, o, err := p.status(ctx, j)
	if err != nil && o.Why == whyUnknown {
		s, o, err = p.submit(ctx, j, p.o.Request)
	}
	if err != nil || o.State != Done {
		return o, err
	}
	u, err := endpoint(s.Results)
	if err != nil || !p.mine(u, p.o.ResultHosts) {
		return Outcome{Why: "results"}, fmt.Errorf("%w: its results are not where they may be", ErrAddress)
	}
	r, err := p.get(ctx, u.String())
	if err != nil {
		return Outcome{Why: "address"}, err
	}
	r.Header.Del("Accept")
	if p.mine(u, nil) {
		p.authorize(r)
	}
	resp, err := p.client.Do(r)
	if err != nil {
		why, err := failure(err)
		return Outcome{Why: why}, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		o, err := answer{status: resp.StatusCode, header: resp.Header}.problem()
		if err == nil {
			err = ErrAnswer
		}
		if o.State == Refused { // the results are gone; the request was answered
			o.State = Unconfirmed
		}
		return o, err
	}
	got, err := copyExport(w, resp, p.o.MaxExport, false)
	if err == nil {
		got.Records = o.Records
	}
	return got, err
}

func (p *OpenDSR) authorize(r *http.Request) {
	if p.o.Authorize != nil {
		p.o.Authorize(r.Header)
	}
}

func (p *OpenDSR) at(parts ...string) string { return p.base.JoinPath(parts...).String() }

func (p *OpenDSR) get(ctx context.Context, address string) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, ErrAddress
	}
	r.Header.Set("Accept", "application/json")
	return r, nil
}

// mine reports whether u is on one of the processor's hosts, or of the others.
func (p *OpenDSR) mine(u *url.URL, others []string) bool {
	host := strings.ToLower(u.Host)
	return host == strings.ToLower(p.base.Host) || strings.ToLower(u.Hostname()) == p.o.Domain && u.Port() == "" || slices.Contains(others, host)
}
