// Package tenancy says who a piece of work is for.
//
// A tenant is one customer organisation of a multi-tenant application. The
// package holds the vocabulary the rest of the library is written in: tenant
// ids, the tenant of a context, the directory of tenants with their lifecycle,
// region and placement, and the HTTP middleware that decides, once per request,
// which tenant it is for. It opens no database: package tenantdb does, and keeps
// the promise that a transaction sees one tenant only.
package tenancy
