package tenancy

import (
	"context"
	"strconv"
)

// CacheKey returns a key for a cache that tenants share: ctx's tenant and parts, each behind its length, so
// that no other tenant and no other division into parts has the same key. The key holds the parts as they
// are. An error if ctx belongs to no tenant.
func CacheKey(ctx context.Context, parts ...string) (string, error) {
	id, err := From(ctx)
	if err != nil {
		return "", err
	}
	key := []byte(id.s)
	for _, p := range parts {
		key = append(strconv.AppendInt(append(key, '/'), int64(len(p)), 10), ':')
		key = append(key, p...)
	}
	return string(key), nil
}
