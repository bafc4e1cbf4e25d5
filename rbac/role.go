package rbac

// RoleID names a role within a tenant: a role of the catalogue by its name, and one that the tenant made itself by a
// random id, which no name of the catalogue can be.
type RoleID string
