package tenancy

import "errors"

// What can be wrong with the tenant of a piece of work. Callers branch with [errors.Is]; none of
// the errors that wrap these repeats a value it was given.
var (
	// ErrNoTenant: the context, request or value names no tenant.
	ErrNoTenant = errors.New("tenancy: no tenant")
	// ErrMalformedID: the text is not a tenant id.
	ErrMalformedID = errors.New("tenancy: malformed tenant id")
	// ErrConflict: two sources name different tenants.
	ErrConflict = errors.New("tenancy: conflicting tenants")
	// ErrUnknownTenant: the directory, or the database the work went to, has no such tenant.
	ErrUnknownTenant = errors.New("tenancy: unknown tenant")
	// ErrExists: a tenant of that id exists already.
	ErrExists = errors.New("tenancy: tenant exists")
	// ErrState: the tenant's state does not allow the step, or is not the one the step expected.
	ErrState = errors.New("tenancy: wrong state")
	// ErrNotActive: the tenant is provisioning or suspended: nothing may be read or written.
	ErrNotActive = errors.New("tenancy: tenant is not active")
	// ErrReadOnly: the tenant is being exported or moved: reads go on, writes are refused.
	ErrReadOnly = errors.New("tenancy: tenant is read-only")
	// ErrPurged: the tenant is being purged or is purged.
	ErrPurged = errors.New("tenancy: tenant is purged")
	// ErrStaleEpoch: the tenant's placement changed after the caller looked it up.
	ErrStaleEpoch = errors.New("tenancy: stale placement")
	// ErrWrongRegion: the work, or the data, would leave the tenant's region.
	ErrWrongRegion = errors.New("tenancy: wrong region")
	// ErrBusy: the tenant is over one of its limits; the work was refused, not queued.
	ErrBusy = errors.New("tenancy: tenant over its limit")
)
