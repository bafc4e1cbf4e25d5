package receipt

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"golang.org/x/mod/sumdb/note"
)

// Certificate says that everything of a tenant was destroyed: what a customer is given when their workspace ends.
type Certificate struct {
	Tenant     tenancy.ID       `json:"tenant"`
	Shard      string           `json:"shard,omitempty"`
	Purged     time.Time        `json:"purged"`
	Map        string           `json:"map,omitempty"` // hash of the map of data of that time
	Erased     map[string]int64 `json:"erased"`        // rows per table, or bytes per file
	Looked     []string         `json:"looked"`        // what was looked at afterwards, in words
	Keys       bool             `json:"keys_shredded"` // the tenant's keys were destroyed: what backups hold under them cannot be read
	Processors []Processor      `json:"processors"`
	Residual   []string         `json:"residual"` // what may still hold copies, and until when
}

// OfPurge returns the certificate of a purge: see tenancy.Lifecycle.Purge. Whether keys were shredded, what processors said and
// how long backups live is for the caller to add.
func OfPurge(r tenancy.Receipt) (*Certificate, error) {
	if r.Left != 0 {
		return nil, fmt.Errorf("%w: something of the tenant is left", ErrIncomplete)
	}
	return &Certificate{Tenant: r.Tenant, Shard: r.Shard, Purged: r.PurgedAt, Erased: r.Erased, Looked: slices.Clone(r.Proof), Residual: slices.Clone(r.Residual)}, nil
}

// Sign returns c as a signed note, as [Receipt.Sign] does.
func (c *Certificate) Sign(s note.Signer, never ...string) ([]byte, error) {
	c.settle()
	if err := c.check(); err != nil {
		return nil, err
	}
	return sign(certificateHeader, c, s, never)
}

// OpenCertificate returns the certificate in a signed note, as [Open] does a receipt.
func OpenCertificate(signed []byte, keys ...note.Verifier) (*Certificate, error) {
	c := new(Certificate)
	if err := open(certificateHeader, signed, c, keys); err != nil {
		return nil, err
	}
	if c.check() != nil {
		return nil, fmt.Errorf("%w: it contradicts itself", ErrInvalid)
	}
	return c, nil
}

func (c *Certificate) settle() {
	c.Purged = second(c.Purged)
	for i := range c.Processors {
		c.Processors[i].At = second(c.Processors[i].At)
	}
	slices.SortStableFunc(c.Processors, func(a, b Processor) int { return strings.Compare(a.Name, b.Name) })
	if c.Erased == nil {
		c.Erased = map[string]int64{}
	}
	c.Looked, c.Processors, c.Residual = some(c.Looked), some(c.Processors), some(c.Residual)
}

func (c *Certificate) check() error {
	if c.Tenant.IsZero() || c.Purged.IsZero() || len(c.Looked) == 0 {
		return fmt.Errorf("%w: it needs a tenant, when it was purged and what was looked at", ErrIncomplete)
	}
	for _, p := range c.Processors {
		if err := p.check(); err != nil {
			return err
		}
	}
	return nil
}
