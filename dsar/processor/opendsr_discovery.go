package processor

import (
	"context"
	"crypto/md5"  // #nosec: OpenDSR has it, and some processors know people by nothing else
	"crypto/sha1" // #nosec
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// discovered is what /discovery said and the certificate it named, kept for a day.
type discovered struct {
	turn chan struct{} // is full while somebody looks or asks: the fields are theirs
	last *discovery
}

// discovery is what a processor can do, and its certificate.
type discovery struct {
	types     []string
	supported []subjectIdentity // without values
	cert      *x509.Certificate
	read      time.Time
}

const (
	discoveryLasts = 24 * time.Hour
	// discoveryAgain is how old it is at least before a signature that does not fit makes it be fetched again.
	discoveryAgain = 5 * time.Minute
)

// discover returns what the processor can do, from memory if that is fresh.
func (p *OpenDSR) discover(ctx context.Context, now time.Time) (*discovery, string, error) {
	return p.discoverAfter(ctx, now, now.Add(-discoveryLasts))
}

// discoverAfter returns what was fetched after the time.
func (p *OpenDSR) discoverAfter(ctx context.Context, now, after time.Time) (*discovery, string, error) {
	select {
	case p.known.turn <- struct{}{}:
		defer func() { <-p.known.turn }()
	case <-ctx.Done():
		why, err := failure(ctx.Err())
		return nil, why, err
	}
	if d := p.known.last; d != nil && d.read.After(after) && !d.read.After(now) && now.Before(d.cert.NotAfter) {
		return d, "", nil
	}
	d, why, err := p.fetch(ctx, now)
	if err == nil {
		p.known.last = d
	}
	return d, why, err
}

func (p *OpenDSR) fetch(ctx context.Context, now time.Time) (*discovery, string, error) {
	r, err := p.get(ctx, p.at("discovery"))
	if err != nil {
		return nil, "address", err
	}
	p.authorize(r)
	a, why, err := exchange(p.client, r, tryTimeout)
	if err == nil {
		var o Outcome
		o, err = a.problem()
		why = o.Why
	}
	if err != nil {
		return nil, why, fmt.Errorf("discovery: %w", notRefused(err))
	}
	var said struct {
		Version     string            `json:"api_version"`
		Identities  []subjectIdentity `json:"supported_identities"`
		Types       []string          `json:"supported_subject_request_types"`
		Certificate string            `json:"processor_certificate"`
	}
	if err := json.Unmarshal(a.body, &said); err != nil {
		return nil, "discovery", fmt.Errorf("%w: its discovery cannot be read", ErrAnswer)
	}
	if major, _, _ := strings.Cut(said.Version, "."); major != "2" {
		return nil, "version", fmt.Errorf("%w: it does not speak OpenDSR 2", ErrAnswer)
	}
	u, err := endpoint(said.Certificate)
	if err != nil || !p.mine(u, p.o.CertificateHosts) {
		return nil, "certificate", fmt.Errorf("%w: its certificate is not where it may be", ErrSignature)
	}
	if r, err = p.get(ctx, u.String()); err != nil {
		return nil, "address", err
	}
	r.Header.Del("Accept")
	if a, why, err = exchange(p.client, r, tryTimeout); err == nil {
		var o Outcome
		o, err = a.problem()
		why = o.Why
	}
	if err != nil {
		return nil, why, fmt.Errorf("certificate: %w", notRefused(err))
	}
	cert, err := certificate(a.body, p.o.Domain, p.o.Roots, now)
	if err != nil {
		return nil, "certificate", err
	}
	return &discovery{said.Types, said.Identities, cert, now}, "", nil
}

// notRefused makes a status that would refuse a job one that only says nothing of it: nothing was asked yet.
func notRefused(err error) error {
	if later(err) == 0 && !isAgain(err) {
		return fmt.Errorf("%w: not found, or not for us", ErrAnswer)
	}
	return err
}

// identities writes the person's identities as the processor knows them: each in the first format that it supports.
func (d *discovery) identities(all []Identity, formats []Format) (out []subjectIdentity) {
	for _, i := range all {
		for _, f := range formats {
			if slices.Contains(d.supported, subjectIdentity{Type: i.Type, Format: f}) {
				out = append(out, subjectIdentity{i.Type, f.write(i), f})
				break
			}
		}
	}
	return out
}

// write returns the value in the format: a hash is of the value as everybody would write it, in small hexadecimal digits.
func (f Format) write(i Identity) string {
	v := i.Value.Reveal()
	if f == Raw {
		return v
	}
	if v = strings.TrimSpace(v); i.Type == Email {
		v = strings.ToLower(v)
	}
	switch f {
	case SHA256:
		sum := sha256.Sum256([]byte(v))
		return hex.EncodeToString(sum[:])
	case SHA1:
		sum := sha1.Sum([]byte(v)) // #nosec
		return hex.EncodeToString(sum[:])
	}
	sum := md5.Sum([]byte(v)) // #nosec
	return hex.EncodeToString(sum[:])
}
