package processor_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/dsar/processor"
	"github.com/stretchr/testify/require"
)

const domain = "opendsr.visits.example"

// authority issues the certificates of a test.
type authority struct {
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

func newAuthority(t *testing.T) *authority {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	require.NoError(t, err)
	c, err = x509.ParseCertificate(der)
	require.NoError(t, err)
	return &authority{key, c}
}

func (a *authority) roots() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(a.cert)
	return p
}

// issue returns a certificate as PEM, for signing in the name of domain unless change says otherwise.
func (a *authority) issue(t *testing.T, key crypto.Signer, change func(*x509.Certificate)) []byte {
	c := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: domain}, DNSNames: []string{domain}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageDigitalSignature}
	if change != nil {
		change(c)
	}
	der, err := x509.CreateCertificate(rand.Reader, c, a.cert, key.Public(), a.key)
	require.NoError(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func signature(t *testing.T, key crypto.Signer, body []byte) string {
	sum := sha256.Sum256(body)
	sig, err := key.Sign(rand.Reader, sum[:], crypto.SHA256)
	require.NoError(t, err)
	return base64.StdEncoding.EncodeToString(sig)
}

var rsaKey = sync.OnceValue(func() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return k
})

// opendsr is a processor that speaks OpenDSR 2.0, as its specification says, with knobs for what can be wrong.
type opendsr struct {
	*httptest.Server
	t    *testing.T
	auth *authority
	key  crypto.Signer
	cert []byte

	mu         sync.Mutex
	discovered int
	posted     []map[string]any
	status     map[string]string // by id; none: 404
	results    string
	count      *int64

	types      []string
	identities [][2]string
	version    string
	certURL    string
	lose       bool                                 // create the request, and break the connection
	spoil      func(h http.Header, b []byte) []byte // between signing and sending
	quote      func([]byte) []byte
}

func newOpenDSR(t *testing.T, key crypto.Signer) *opendsr {
	d := &opendsr{t: t, auth: newAuthority(t), key: key, status: map[string]string{}, types: []string{"access", "erasure"}, version: "2.0",
		identities: [][2]string{{"email", "raw"}, {"email", "sha256"}}}
	d.cert = d.auth.issue(t, key, nil)
	d.Server = quietly(http.HandlerFunc(d.serve))
	d.certURL = d.URL + "/cert.pem"
	t.Cleanup(d.CloseClientConnections)
	t.Cleanup(d.Close)
	return d
}

func (d *opendsr) send(w http.ResponseWriter, code int, v map[string]any) {
	b, _ := json.Marshal(v)
	w.Header().Set("X-OpenDSR-Processor-Domain", domain)
	w.Header().Set("X-OpenDSR-Signature", signature(d.t, d.key, b))
	if d.spoil != nil {
		b = d.spoil(w.Header(), b)
	}
	w.WriteHeader(code)
	_, _ = w.Write(b)
}

func (d *opendsr) about(id string) map[string]any {
	v := map[string]any{"controller_id": "c1", "expected_completion_time": "2026-12-01T15:00:01Z", "subject_request_id": id, "request_status": d.status[id], "api_version": "2.0"}
	if d.results != "" && d.status[id] == "completed" {
		v["results_url"] = d.results
	}
	if d.count != nil {
		v["results_count"] = *d.count
	}
	return v
}

func (d *opendsr) serve(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, _, ok := r.BasicAuth(); !ok && r.URL.Path != "/cert.pem" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	switch id := strings.TrimPrefix(r.URL.Path, "/v2/requests/"); {
	case r.URL.Path == "/v2/discovery":
		d.discovered++
		var ids []map[string]string
		for _, i := range d.identities {
			ids = append(ids, map[string]string{"identity_type": i[0], "identity_format": i[1]})
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"api_version": d.version, "supported_identities": ids, "supported_subject_request_types": d.types, "processor_certificate": d.certURL})
	case r.URL.Path == "/cert.pem":
		_, _ = w.Write(d.cert)
	case r.URL.Path == "/v2/results":
		_, _ = io.WriteString(w, "all there is")
	case r.Method == http.MethodPost && r.URL.Path == "/v2/requests":
		body, _ := io.ReadAll(r.Body)
		var q map[string]any
		if json.Unmarshal(body, &q) != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		d.posted = append(d.posted, q)
		id := q["subject_request_id"].(string)
		if d.status[id] != "" {
			d.send(w, http.StatusBadRequest, map[string]any{"error": map[string]any{"code": 400, "message": "duplicate request"}})
			return
		}
		d.status[id] = "pending"
		if d.lose {
			d.lose = false
			panic(http.ErrAbortHandler)
		}
		quoted := body
		if d.quote != nil {
			quoted = d.quote(body)
		}
		d.send(w, http.StatusCreated, map[string]any{"controller_id": "c1", "expected_completion_time": "2026-12-01T15:00:01Z", "received_time": "2026-11-22T10:00:00Z",
			"encoded_request": base64.StdEncoding.EncodeToString(quoted), "subject_request_id": id})
	case r.Method == http.MethodGet && d.status[id] != "":
		d.send(w, http.StatusOK, d.about(id))
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

func (d *opendsr) client(change ...func(*processor.OpenDSROptions)) *processor.OpenDSR {
	o := processor.OpenDSROptions{Name: "visits", Base: d.URL + "/v2", Domain: domain, Roots: d.auth.roots(), Guard: here(d.Server),
		Authorize: func(h http.Header) {
			h.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("key:secret")))
		},
		Callback: func(context.Context) (string, error) { return "https://app.example/opendsr/callbacks", nil }}
	for _, c := range change {
		c(&o)
	}
	p, err := processor.NewOpenDSR(o)
	require.NoError(d.t, err)
	return p
}

func TestOpenDSRFromRequestToCallback(t *testing.T) {
	t.Parallel()
	for _, key := range []crypto.Signer{rsaKey(), newAuthority(t).key} {
		ctx, d := inTenant(t), newOpenDSR(t, key)
		p := d.client()
		s := setOf(t, hasty, p)
		calls, err := s.Erase(ctx, job("r1"))
		require.NoError(t, err)
		require.Equal(t, processor.Accepted, calls[0].State, calls[0].Why)
		require.Equal(t, time.Date(2026, 12, 1, 15, 0, 1, 0, time.UTC), calls[0].Expected)
		silent(t, calls)
		d.mu.Lock()
		require.Len(t, d.posted, 1)
		require.Equal(t, map[string]any{"regulation": "gdpr", "subject_request_id": calls[0].Key, "subject_request_type": "erasure", "submitted_time": "2026-11-01T09:00:00Z", "api_version": "2.0",
			"subject_identities":   []any{map[string]any{"identity_type": "email", "identity_value": address, "identity_format": "raw"}},
			"status_callback_urls": []any{"https://app.example/opendsr/callbacks"}}, d.posted[0])
		d.mu.Unlock()

		h, err := p.Callback(s.Settle)
		require.NoError(t, err)
		callback := func(change func(v map[string]any), spoil func(http.Header, []byte) []byte) int {
			v := d.about(calls[0].Key)
			v["request_status"], v["status_callback_url"] = "completed", "https://app.example/opendsr/callbacks"
			if change != nil {
				change(v)
			}
			b, err := json.Marshal(v)
			require.NoError(t, err)
			header := http.Header{}
			header.Set("X-OpenDSR-Processor-Domain", domain)
			header.Set("X-OpenDSR-Signature", signature(t, key, b))
			if spoil != nil {
				b = spoil(header, b)
			}
			r := httptest.NewRequest(http.MethodPost, "/opendsr/callbacks", bytes.NewReader(b)).WithContext(ctx)
			r.Header = header
			rec := httptest.NewRecorder()
			h.ServeHTTP(rec, r)
			return rec.Code
		}
		require.Equal(t, http.StatusUnauthorized, callback(nil, func(h http.Header, b []byte) []byte {
			h.Set("X-OpenDSR-Processor-Domain", "evil.example")
			return b
		}), "a domain that is not on the list")
		require.Equal(t, http.StatusBadRequest, callback(nil, func(_ http.Header, b []byte) []byte {
			return bytes.Replace(b, []byte("completed"), []byte("cancelled"), 1)
		}), "not what was signed")
		require.Equal(t, http.StatusBadRequest, callback(nil, func(h http.Header, b []byte) []byte { h.Del("X-OpenDSR-Signature"); return b }))
		require.Equal(t, http.StatusBadRequest, callback(nil, func(h http.Header, _ []byte) []byte {
			b := []byte("no JSON")
			h.Set("X-OpenDSR-Signature", signature(t, key, b))
			return b
		}))
		require.Equal(t, http.StatusBadRequest, callback(func(v map[string]any) { v["status_callback_url"] = "https://other.example/" }, nil), "meant for somebody else")
		require.Equal(t, http.StatusBadRequest, callback(func(v map[string]any) { v["request_status"] = "gone" }, nil))
		require.Equal(t, http.StatusBadRequest, callback(func(v map[string]any) { v["subject_request_id"] = "7551968a-d5d6-44b2-9831-815ac9017798" }, nil))
		now, err := s.Calls(ctx, "r1")
		require.NoError(t, err)
		require.Equal(t, calls, now, "none of these counted")
		for range 2 {
			require.Equal(t, http.StatusAccepted, callback(nil, nil))
		}
		require.Equal(t, http.StatusAccepted, callback(func(v map[string]any) { v["request_status"] = "in_progress" }, nil), "it came late")
		now, err = s.Calls(ctx, "r1")
		require.NoError(t, err)
		require.Equal(t, processor.Done, now[0].State)
	}
}

func TestOpenDSRStatusSaysWhatCameOfIt(t *testing.T) {
	t.Parallel()
	none, some := int64(0), int64(7)
	for _, c := range []struct {
		status string
		count  *int64
		want   processor.State
	}{{"pending", nil, processor.Accepted}, {"in_progress", nil, processor.Accepted}, {"completed", nil, processor.Done}, {"completed", &some, processor.Done}, {"completed", &none, processor.Nothing},
		{"cancelled", nil, processor.Refused}, {"lost", nil, processor.Accepted}, {"", nil, processor.Unconfirmed}} {
		ctx, d := inTenant(t), newOpenDSR(t, rsaKey())
		s := setOf(t, hasty, d.client())
		calls, err := s.Erase(ctx, job("r1"))
		require.NoError(t, err)
		d.mu.Lock()
		d.status[calls[0].Key], d.count = c.status, c.count
		d.mu.Unlock()
		calls, err = s.Check(ctx, "r1")
		require.NoError(t, err)
		require.Equal(t, c.want, calls[0].State, "%s: %s", c.status, calls[0].Why)
	}
}

// The answer to the first attempt is lost, and the second one is refused as a duplicate: that is no refusal.
func TestARequestThatOpenDSRHasAlreadyIsNotRefused(t *testing.T) {
	t.Parallel()
	ctx, d := inTenant(t), newOpenDSR(t, rsaKey())
	d.lose = true
	o := hasty
	o.For = time.Minute
	calls, err := setOf(t, o, d.client()).Erase(ctx, job("r1"))
	require.NoError(t, err)
	require.Equal(t, processor.Accepted, calls[0].State, calls[0].Why)
	require.Equal(t, 2, calls[0].Tries)
	require.Len(t, d.posted, 2)
	require.Equal(t, d.posted[0], d.posted[1])
}

func TestAnOpenDSRAnswerThatIsNotTheProcessorsIsUnconfirmed(t *testing.T) {
	t.Parallel()
	other := newAuthority(t)
	for _, c := range []struct {
		name  string
		spoil func(*opendsr)
		why   string
	}{
		{"another body", func(d *opendsr) {
			d.spoil = func(_ http.Header, b []byte) []byte { return append(b, ' ') }
		}, "signature"},
		{"no signature", func(d *opendsr) {
			d.spoil = func(h http.Header, b []byte) []byte { h.Del("X-OpenDSR-Signature"); return b }
		}, "signature"},
		{"two signatures", func(d *opendsr) {
			d.spoil = func(h http.Header, b []byte) []byte {
				h.Add("X-OpenDSR-Signature", h.Get("X-OpenDSR-Signature"))
				return b
			}
		}, "signature"},
		{"another domain", func(d *opendsr) {
			d.spoil = func(h http.Header, b []byte) []byte { h.Set("X-OpenDSR-Processor-Domain", "visits.example"); return b }
		}, "signature"},
		{"another key", func(d *opendsr) { d.key = other.key }, "signature"},
		{"another request quoted", func(d *opendsr) {
			d.quote = func(b []byte) []byte { return bytes.Replace(b, []byte("erasure"), []byte("access "), 1) }
		}, "another request"},
		{"a certificate of another authority", func(d *opendsr) { d.cert = other.issue(d.t, d.key, nil) }, "certificate"},
		{"an old certificate", func(d *opendsr) {
			d.cert = d.auth.issue(d.t, d.key, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })
		}, "certificate"},
		{"a certificate of another domain", func(d *opendsr) {
			d.cert = d.auth.issue(d.t, d.key, func(c *x509.Certificate) { c.DNSNames = []string{"visits.example"} })
		}, "certificate"},
		{"a wildcard", func(d *opendsr) {
			d.cert = d.auth.issue(d.t, d.key, func(c *x509.Certificate) { c.DNSNames = []string{"*.visits.example"} })
		}, "certificate"},
		{"a certificate that is not for signatures", func(d *opendsr) {
			d.cert = d.auth.issue(d.t, d.key, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyEncipherment })
		}, "certificate"},
		{"a certificate that signed itself", func(d *opendsr) {
			d.cert = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: d.auth.cert.Raw})
		}, "certificate"},
		{"no certificate", func(d *opendsr) { d.cert = []byte("-----BEGIN CERTIFICATE-----") }, "certificate"},
		{"a certificate elsewhere", func(d *opendsr) { d.certURL = "https://cdn.example/cert.pem" }, "certificate"},
		{"version 1", func(d *opendsr) { d.version = "1.0" }, "version"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			ctx, d := inTenant(t), newOpenDSR(t, rsaKey())
			c.spoil(d)
			calls, err := setOf(t, hasty, d.client()).Erase(ctx, job("r1"))
			require.NoError(t, err)
			require.Equal(t, processor.Unconfirmed, calls[0].State)
			require.Equal(t, c.why, calls[0].Why)
			if c.why == "certificate" {
				require.Empty(t, d.posted, "nobody is told of the person before the certificate is known")
			}
		})
	}
}

// A certificate that was replaced is fetched again, and not for each stranger's callback.
func TestACertificateThatWasReplacedIsFetchedAgain(t *testing.T) {
	t.Parallel()
	ctx, d := inTenant(t), newOpenDSR(t, rsaKey())
	p := d.client()
	s := setOf(t, hasty, p)
	_, err := s.Erase(ctx, job("r1"))
	require.NoError(t, err)
	fresh := newAuthority(t).key
	d.mu.Lock()
	d.key, d.cert = fresh, d.auth.issue(t, fresh, nil)
	for id := range d.status {
		d.status[id] = "completed"
	}
	d.mu.Unlock()
	for range 5 {
		calls, err := s.Check(ctx, "r1")
		require.NoError(t, err)
		require.Equal(t, processor.Accepted, calls[0].State, "the certificate was fetched a moment ago")
	}
	require.Equal(t, 1, d.discovered)
	processor.Age(p, 10*time.Minute)
	calls, err := s.Check(ctx, "r1")
	require.NoError(t, err)
	require.Equal(t, processor.Done, calls[0].State)
	require.Equal(t, 2, d.discovered)
}

func TestIdentitiesAreWrittenAsTheProcessorKnowsThem(t *testing.T) {
	t.Parallel()
	sum := sha256.Sum256([]byte(address))
	hash := hex.EncodeToString(sum[:])
	for _, c := range []struct {
		supported [][2]string
		formats   []processor.Format
		format    string
		value     string
	}{
		{[][2]string{{"email", "raw"}, {"email", "sha256"}}, nil, "raw", address},
		{[][2]string{{"email", "raw"}, {"email", "sha256"}}, []processor.Format{processor.SHA256, processor.Raw}, "sha256", hash},
		{[][2]string{{"email", "md5"}, {"email", "sha256"}, {"email", "sha1"}}, nil, "sha256", hash},
		{[][2]string{{"email", "sha1"}}, nil, "sha1", ""},
		{[][2]string{{"email", "md5"}}, nil, "md5", ""},
		{[][2]string{{"ios_vendor_id", "raw"}}, nil, "", ""},
		{[][2]string{{"email", "raw"}}, []processor.Format{processor.SHA256}, "", ""},
	} {
		ctx, d := inTenant(t), newOpenDSR(t, rsaKey())
		d.identities = c.supported
		calls, err := setOf(t, hasty, d.client(func(o *processor.OpenDSROptions) { o.Formats = c.formats })).Erase(ctx, job("r1"))
		require.NoError(t, err)
		if c.format == "" {
			require.Equal(t, "identities", calls[0].Why)
			require.Empty(t, d.posted)
			continue
		}
		require.Equal(t, processor.Accepted, calls[0].State)
		got := d.posted[0]["subject_identities"].([]any)[0].(map[string]any)
		require.Equal(t, c.format, got["identity_format"])
		switch c.format {
		case "sha1":
			require.Len(t, got["identity_value"], 40)
		case "md5":
			require.Len(t, got["identity_value"], 32)
		default:
			require.Equal(t, c.value, got["identity_value"])
		}
	}
}

func TestOpenDSRResultsAreFetchedFromTheProcessorOnly(t *testing.T) {
	t.Parallel()
	ctx, d := inTenant(t), newOpenDSR(t, rsaKey())
	s := setOf(t, hasty, d.client())
	var got bytes.Buffer
	export := func() processor.Call {
		calls, err := s.Export(ctx, job("r1"), func(string) (io.Writer, error) { got.Reset(); return &got, nil })
		require.NoError(t, err)
		return calls[0]
	}
	c := export()
	require.Equal(t, processor.Accepted, c.State, c.Why)
	require.Equal(t, processor.Accepted, export().State)
	require.Len(t, d.posted, 1, "it is asked for once")
	require.Equal(t, "access", d.posted[0]["subject_request_type"])
	d.mu.Lock()
	d.status[c.Key], d.results = "completed", "https://elsewhere.example/results"
	d.mu.Unlock()
	c = export()
	require.Equal(t, []any{processor.Accepted, ""}, []any{c.State, c.Why})
	require.Empty(t, got.String())
	d.mu.Lock()
	d.results = d.URL + "/v2/results"
	d.mu.Unlock()
	c = export()
	require.Equal(t, processor.Done, c.State)
	require.Equal(t, "all there is", got.String())
}

func TestWhatOpenDSRCannotBeAskedIsNotSent(t *testing.T) {
	t.Parallel()
	ctx, d := inTenant(t), newOpenDSR(t, rsaKey())
	d.types = []string{"access"}
	j := job("r1")
	calls, err := setOf(t, hasty, d.client()).Erase(ctx, j)
	require.NoError(t, err)
	require.Equal(t, []any{processor.Refused, "not offered"}, []any{calls[0].State, calls[0].Why})
	j.Law = "lgpd"
	calls, err = setOf(t, hasty, d.client()).Erase(ctx, j)
	require.NoError(t, err)
	require.Equal(t, []any{processor.Unconfirmed, "request"}, []any{calls[0].State, calls[0].Why})
	require.Empty(t, d.posted)
	_, err = d.client(func(o *processor.OpenDSROptions) { o.Callback = nil }).Callback(nil)
	require.ErrorIs(t, err, processor.ErrOptions)
	for _, change := range []func(*processor.OpenDSROptions){
		func(o *processor.OpenDSROptions) { o.Name = "" }, func(o *processor.OpenDSROptions) { o.Domain = "" },
		func(o *processor.OpenDSROptions) { o.Formats = []processor.Format{"sha512"} }, func(o *processor.OpenDSROptions) { o.Request = "erasure" },
	} {
		o := processor.OpenDSROptions{Name: "visits", Base: "https://opendsr.visits.example/v2", Domain: domain}
		change(&o)
		_, err := processor.NewOpenDSR(o)
		require.ErrorIs(t, err, processor.ErrOptions, fmt.Sprint(o.Name))
	}
}
