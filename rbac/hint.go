package rbac

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// Hint returns what a store tells the listeners of [Hints] when a tenant's rules have changed: the first 16 hexadecimal
// digits of the SHA-256 of its id, so that who may listen does not learn which tenants there are. Two tenants with the same
// hint cost each other a query.
func Hint(tenant tenancy.ID) string {
	sum := sha256.Sum256([]byte(tenant.String()))
	return hex.EncodeToString(sum[:8])
}
