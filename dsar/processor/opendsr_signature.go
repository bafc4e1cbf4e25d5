package processor

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// The headers of signed answers and callbacks: 8.3 and 8.6.
const (
	HeaderDomain    = "X-Opendsr-Processor-Domain" // as http.CanonicalHeaderKey writes it
	HeaderSignature = "X-Opendsr-Signature"
)

// errDomain: the domain is not on the list. It is an ErrSignature that a callback answers like a certificate's.
var errDomain = fmt.Errorf("%w: it is of another domain", ErrSignature)

// signed says whether body was signed by the processor's certificate. One that does not fit may be a newer one's: then it is fetched again, but
// not for every stranger's callback.
func (p *OpenDSR) signed(ctx context.Context, h http.Header, body []byte, now time.Time) error {
	if domains := h[HeaderDomain]; len(domains) != 1 || !strings.EqualFold(domains[0], p.o.Domain) {
		return errDomain
	}
	list := h[HeaderSignature]
	if len(list) != 1 {
		return ErrSignature
	}
	sig, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(list[0]), ""))
	if err != nil || len(sig) == 0 {
		return ErrSignature
	}
	d, _, err := p.discover(ctx, now)
	if err != nil {
		return certError(err)
	}
	if verifies(d.cert, body, sig) {
		return nil
	}
	if newer, _, err := p.discoverAfter(ctx, now, now.Add(-discoveryAgain)); err == nil && newer != d && verifies(newer.cert, body, sig) {
		return nil
	}
	return ErrSignature
}

// errCertificate: there is no certificate to verify with.
var errCertificate = fmt.Errorf("%w: its certificate is none to trust", ErrSignature)

func certError(err error) error {
	if isAgain(err) {
		return fmt.Errorf("%w: its certificate: %w", ErrSignature, ErrAgain)
	}
	return errCertificate
}

func isAgain(err error) bool { return errors.Is(err, ErrAgain) }

// verifies says whether sig is of the SHA-256 of body: RSA as PKCS #1 v1.5 does it, or ECDSA.
func verifies(cert *x509.Certificate, body, sig []byte) bool {
	sum := sha256.Sum256(body)
	switch k := cert.PublicKey.(type) {
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(k, crypto.SHA256, sum[:], sig) == nil
	case *ecdsa.PublicKey:
		return ecdsa.VerifyASN1(k, sum[:], sig)
	}
	return false
}

// certificate reads a certificate, with those that lead to a root behind it, and refuses all that is not one for signing that somebody in
// roots issued to exactly this domain.
func certificate(text []byte, domain string, roots *x509.CertPool, now time.Time) (*x509.Certificate, error) {
	var chain []*x509.Certificate
	for rest := text; ; {
		var b *pem.Block
		if b, rest = pem.Decode(rest); b == nil {
			break
		}
		if c, err := x509.ParseCertificate(b.Bytes); err == nil && b.Type == "CERTIFICATE" {
			chain = append(chain, c)
		}
	}
	if c, err := x509.ParseCertificate(text); len(chain) == 0 && err == nil { // DER
		chain = append(chain, c)
	}
	if len(chain) == 0 {
		return nil, errCertificate
	}
	leaf, between := chain[0], x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	switch {
	case bytes.Equal(leaf.RawIssuer, leaf.RawSubject) && leaf.CheckSignature(leaf.SignatureAlgorithm, leaf.RawTBSCertificate, leaf.Signature) == nil:
		return nil, errCertificate // signed by itself, which nobody's list of roots makes better
	case leaf.KeyUsage&x509.KeyUsageDigitalSignature == 0:
		return nil, errCertificate
	case !slices.ContainsFunc(leaf.DNSNames, func(n string) bool { return strings.EqualFold(n, domain) }):
		return nil, errCertificate // a wildcard is not the domain
	}
	switch k := leaf.PublicKey.(type) {
	case *rsa.PublicKey:
		if k.N.BitLen() < 2048 {
			return nil, errCertificate
		}
	case *ecdsa.PublicKey:
		if k.Curve.Params().BitSize < 256 {
			return nil, errCertificate
		}
	default:
		return nil, errCertificate
	}
	if _, err := leaf.Verify(x509.VerifyOptions{DNSName: domain, Roots: roots, Intermediates: between, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}); err != nil {
		return nil, errCertificate
	}
	return leaf, nil
}
