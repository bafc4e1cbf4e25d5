package receipt_test

import (
	"bytes"
	"crypto/rand"

	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/receipt"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"
)

var (
	at     = time.Date(2026, 7, 1, 12, 0, 0, 987, time.FixedZone("", 7200))
	until  = time.Date(2036, 12, 31, 0, 0, 0, 0, time.UTC)
	digest = "sha256:" + strings.Repeat("ab", 32)
	acme   = tenancy.MustParseID("acme")
)

func keyPair(t *testing.T) (note.Signer, note.Verifier) {
	t.Helper()
	private, public, err := note.GenerateKey(rand.Reader, "receipts.example.test")
	require.NoError(t, err)
	s, err := note.NewSigner(private)
	require.NoError(t, err)
	v, err := note.NewVerifier(public)
	require.NoError(t, err)
	return s, v
}

// erasure is one in which everything happens.
func erasure() *receipt.Receipt {
	r := receipt.Of("req-7", "user", &dsar.Erased{Plan: digest, Begun: at.Add(-time.Hour), Done: at, Tables: []dsar.Planned{
		{Table: "ticket", Action: dsar.ActDelete, Rows: 31},
		{Table: "complaint_about", Action: dsar.ActCut, Rows: 17},
		{Table: "document", Action: dsar.ActShare, Rows: 3},
		{Table: "comment", Action: dsar.ActMask, Rows: 2},
		{Table: "draft", Action: dsar.ActDelete},
		{Table: "invoice", Action: dsar.ActKeep, Rows: 5, Why: "legal obligation (§ 147 AO)", Until: &until},
	}}, &dsar.Proof{Map: digest, At: at.Add(time.Minute), Rows: 4_000, Needles: 12, Looked: []string{"all tables"}, Residual: []string{"backups, until 2026-08-01"},
		Found: []dsar.Residue{{Table: "invoice", Column: "name", Rows: 5, Form: "as is", Kept: true}}})
	r.Tenant = acme
	r.Processors = []receipt.Processor{{Name: "mailer", State: dsar.Confirmed, At: at}, {Name: "crm", State: dsar.Unconfirmed, At: at}}
	return r
}

func TestAReceiptOpensWithItsKeyAndSaysWhatWasDone(t *testing.T) {
	t.Parallel()
	s, v := keyPair(t)
	r := erasure()
	signed, err := r.Sign(s)
	require.NoError(t, err)
	back, err := receipt.Open(signed, v)
	require.NoError(t, err)
	require.Equal(t, r, back)
	require.Equal(t, receipt.Partly, back.Outcome)
	require.Equal(t, "crm", back.Processors[0].Name)
	require.Equal(t, at.Add(time.Minute).UTC().Truncate(time.Second), back.Ended)
	_, other := keyPair(t)
	for _, keys := range [][]note.Verifier{nil, {other}} {
		_, err = receipt.Open(signed, keys...)
		require.ErrorIs(t, err, receipt.ErrInvalid)
	}
}

func TestTheKeyOfTheAuditLogSignsReceiptsToo(t *testing.T) {
	t.Parallel()
	private, _, err := note.GenerateKey(rand.Reader, "log.example.test")
	require.NoError(t, err)
	s, err := audit.NewSigner(private)
	require.NoError(t, err)
	signed, err := erasure().Sign(s)
	require.NoError(t, err)
	_, err = receipt.Open(signed, s)
	require.NoError(t, err)
	_, err = audit.ParseCheckpoint(signed, s)
	require.Error(t, err, "a receipt is no checkpoint")
}

func TestNoByteOfAReceiptCanBeChanged(t *testing.T) {
	t.Parallel()
	s, v := keyPair(t)
	r := erasure()
	signed, err := r.Sign(s)
	require.NoError(t, err)
	for i := range signed {
		changed := bytes.Clone(signed)
		changed[i] ^= 1
		back, err := receipt.Open(changed, v)
		if err == nil { // base64 has bits that nobody reads
			require.Equal(t, r, back, "byte %d", i)
			require.Greater(t, i, bytes.LastIndex(signed, []byte("— ")), "byte %d", i)
		}
	}
}

func TestWhatIsSignedButNotAReceiptInCanonicalFormDoesNotOpen(t *testing.T) {
	t.Parallel()
	s, v := keyPair(t)
	signed, err := erasure().Sign(s)
	require.NoError(t, err)
	n, err := note.Open(signed, note.VerifierList(v))
	require.NoError(t, err)
	for name, text := range map[string]string{
		"another kind":           strings.Replace(n.Text, "receipt", "deletion certificate", 1),
		"another space":          strings.Replace(n.Text, `": `, `":  `, 1),
		"a member more":          strings.Replace(n.Text, "{\n", "{\n \"x\": 1,\n", 1),
		"an outcome of its own":  strings.Replace(n.Text, `"partly erased"`, `"erased"`, 1),
		"rows of nobody's table": strings.Replace(n.Text, `"ticket"`, `""`, 1),
		"no JSON":                "bailiwick dsar receipt v1\nhello\n",
	} {
		require.NotEqual(t, n.Text, text, name)
		forged, err := note.Sign(&note.Note{Text: text}, s)
		require.NoError(t, err)
		_, err = receipt.Open(forged, v)
		require.ErrorIs(t, err, receipt.ErrInvalid, name)
		_, err = receipt.OpenCertificate(signed, v)
		require.ErrorIs(t, err, receipt.ErrInvalid)
	}
	_, err = receipt.Open(make([]byte, 5<<20), v)
	require.ErrorIs(t, err, receipt.ErrInvalid)
}

// Pitfall: receipts with personal data.
func TestAReceiptHoldsNoValueOfThePerson(t *testing.T) {
	t.Parallel()
	s, _ := keyPair(t)
	values := []string{"jane.roe@example.test", "+61 400 123 456", "Jane Röe", `Jane "JR" Roe`, "4711007"}
	signed, err := erasure().Sign(s, values...)
	require.NoError(t, err)
	for _, value := range values {
		require.NotContains(t, string(signed), value)
		for name, spoil := range map[string]func(r *receipt.Receipt){
			"request":   func(r *receipt.Receipt) { r.Request = "erase " + value },
			"table":     func(r *receipt.Receipt) { r.Rows[0].Table = "of " + strings.ToUpper(value) },
			"why":       func(r *receipt.Receipt) { r.Rows[1].Why = value },
			"processor": func(r *receipt.Receipt) { r.Processors[0].Name = value },
			"residual":  func(r *receipt.Receipt) { r.Residual[0] = "the mail to " + value },
			"law":       func(r *receipt.Receipt) { r.Refusal = &receipt.Refusal{Ground: dsar.Claims, Law: value} },
		} {
			r := erasure()
			spoil(r)
			_, err := r.Sign(s, values...)
			require.ErrorIs(t, err, receipt.ErrPersonal, name)
			require.NotContains(t, err.Error(), value)
		}
	}
}

// Pitfall: counts that reveal others.
func TestAReceiptCountsNothingOfOtherPeople(t *testing.T) {
	t.Parallel()
	s, _ := keyPair(t)
	r := erasure()
	signed, err := r.Sign(s)
	require.NoError(t, err)
	var text bytes.Buffer
	require.NoError(t, r.WriteText(&text))
	body, _, _ := strings.Cut(string(signed), "\n— ") // what signs it may be any text
	for _, out := range []string{body, text.String()} {
		require.NotContains(t, out, "complaint_about")
		require.NotContains(t, out, "document")
		require.NotRegexp(t, `\b17\b`, out) // as a word: a hash may hold any two digits
	}
	require.True(t, r.Others)
	r.Rows = append(r.Rows, receipt.Rows{Table: "complaint_about", Action: dsar.ActCut, Rows: 17})
	_, err = r.Sign(s)
	require.ErrorIs(t, err, receipt.ErrIncomplete)
}

func TestTheOutcomeIsNotTheCallersToChoose(t *testing.T) {
	t.Parallel()
	s, _ := keyPair(t)
	clean := func() *receipt.Receipt {
		r := erasure()
		r.Outcome = receipt.Refused
		r.Rows = []receipt.Rows{{Table: "ticket", Action: dsar.ActDelete, Rows: 1}}
		r.Processors = r.Processors[:1]
		return r
	}
	for name, c := range map[string]struct {
		spoil func(r *receipt.Receipt)
		want  receipt.Outcome
	}{
		"all went": {func(*receipt.Receipt) {}, receipt.Erased},
		"kept": {func(r *receipt.Receipt) {
			r.Rows[0] = receipt.Rows{Table: "t", Action: dsar.ActKeep, Rows: 1, Why: "w"}
		}, receipt.Partly},
		"found":         {func(r *receipt.Receipt) { r.Left = 1 }, receipt.Partly},
		"accepted":      {func(r *receipt.Receipt) { r.Processors[0].State = dsar.Accepted }, receipt.Partly},
		"had nothing":   {func(r *receipt.Receipt) { r.Processors[0].State = dsar.HadNothing }, receipt.Erased},
		"unconfirmed":   {func(r *receipt.Receipt) { r.Processors[0].State = dsar.Unconfirmed }, receipt.Partly},
		"refused after": {func(r *receipt.Receipt) { r.Refusal = &receipt.Refusal{Ground: dsar.Claims, Law: "l"} }, receipt.Partly},
		"refused": {func(r *receipt.Receipt) {
			*r = receipt.Receipt{Request: "r", Tenant: acme, Ended: at, Refusal: &receipt.Refusal{Ground: dsar.Unidentified, Law: "Art. 12(6) GDPR"}}
		}, receipt.Refused},
	} {
		r := clean()
		c.spoil(r)
		_, err := r.Sign(s)
		require.NoError(t, err, name)
		require.Equal(t, c.want, r.Outcome, name)
	}
}

func TestAReceiptThatLacksSomethingIsNotSigned(t *testing.T) {
	t.Parallel()
	s, _ := keyPair(t)
	for name, spoil := range map[string]func(r *receipt.Receipt){
		"no request":                func(r *receipt.Receipt) { r.Request = "" },
		"no tenant":                 func(r *receipt.Receipt) { r.Tenant = tenancy.ID{} },
		"no end":                    func(r *receipt.Receipt) { r.Ended = time.Time{} },
		"no proof":                  func(r *receipt.Receipt) { r.Proof = "" },
		"half a digest":             func(r *receipt.Receipt) { r.Map = "sha256:ab" },
		"kept without a reason":     func(r *receipt.Receipt) { r.Rows[1].Why = "" },
		"refused for free":          func(r *receipt.Receipt) { r.Refusal = &receipt.Refusal{Ground: "she was rude", Law: "l"} },
		"refused without a law":     func(r *receipt.Receipt) { r.Refusal = &receipt.Refusal{Ground: dsar.Claims} },
		"a processor without state": func(r *receipt.Receipt) { r.Processors[0].State = "" },
		"confirmed at no time": func(r *receipt.Receipt) {
			r.Processors[0] = receipt.Processor{Name: "x", State: dsar.Confirmed}
		},
	} {
		r := erasure()
		_, err := r.Sign(s)
		require.NoError(t, err)
		spoil(r)
		_, err = r.Sign(s)
		require.ErrorIs(t, err, receipt.ErrIncomplete, name)
	}
	_, err := erasure().Sign(nil)
	require.ErrorIs(t, err, receipt.ErrIncomplete)
}

func TestTheProofInAReceiptIsTheOneThatWasKept(t *testing.T) {
	t.Parallel()
	p := &dsar.Proof{Map: digest, At: at, Rows: 3, Found: []dsar.Residue{{Table: "x", Rows: 1}}}
	b, err := json.Marshal(p)
	require.NoError(t, err)
	var kept dsar.Proof
	require.NoError(t, json.Unmarshal(b, &kept))
	require.Equal(t, receipt.Digest(p), receipt.Digest(&kept))
	kept.Found[0].Rows = 2
	require.NotEqual(t, receipt.Digest(p), receipt.Digest(&kept))
}

func TestACertificateCarriesTheReceiptOfThePurge(t *testing.T) {
	t.Parallel()
	s, v := keyPair(t)
	purge := tenancy.Receipt{Tenant: acme, Shard: "eu-1", Erased: map[string]int64{"ticket": 3, "users": 2}, PurgedAt: at,
		Proof: []string{"every table was counted: 0 rows"}, Residual: []string{"write-ahead log, until it is recycled"}}
	c, err := receipt.OfPurge(purge)
	require.NoError(t, err)
	c.Keys, c.Map = true, digest
	c.Processors = []receipt.Processor{{Name: "mailer", State: dsar.Unconfirmed}}
	signed, err := c.Sign(s)
	require.NoError(t, err)
	back, err := receipt.OpenCertificate(signed, v)
	require.NoError(t, err)
	require.Equal(t, c, back)
	require.Equal(t, purge.Erased, back.Erased)
	_, err = receipt.Open(signed, v)
	require.ErrorIs(t, err, receipt.ErrInvalid)

	purge.Left = 1
	_, err = receipt.OfPurge(purge)
	require.ErrorIs(t, err, receipt.ErrIncomplete)
	_, err = (&receipt.Certificate{Tenant: acme, Purged: at}).Sign(s)
	require.ErrorIs(t, err, receipt.ErrIncomplete, "nothing was looked at")
	_, err = c.Sign(s, "EU-1x", "TICKET")
	require.ErrorIs(t, err, receipt.ErrPersonal)
}

func FuzzOpen(f *testing.F) {

	private, public, err := note.GenerateKey(rand.Reader, "receipts.example.test")
	require.NoError(f, err)
	s, err := note.NewSigner(private)
	require.NoError(f, err)
	v, err := note.NewVerifier(public)
	require.NoError(f, err)
	f.Add([]byte(`{"request":"r"}`))

	f.Fuzz(func(t *testing.T, body []byte) {
		signed, err := note.Sign(&note.Note{Text: "bailiwick dsar receipt v1\n" + string(body) + "\n"}, s)
		if err != nil {
			return
		}
		r, err := receipt.Open(signed, v)
		if err != nil {
			require.ErrorIs(t, err, receipt.ErrInvalid)
			return
		}
		again, err := r.Sign(s)
		require.NoError(t, err)
		require.Equal(t, string(signed), string(again))
	})
}
