// Package tenancy says who a piece of work is for.
//
// A tenant is one customer organisation of a multi-tenant application. The
// package holds the vocabulary the rest of the library is written in. It opens
// no database: package tenantdb does, and keeps the promise that a transaction
// sees one tenant only.
//
//   - [ID] is a tenant's id; one that is malformed cannot exist. [With] puts it
//     into a context, once; [From] finds it.
//   - [Gate] decides, once for each HTTP request, which tenant it is for. All
//     that name one must agree: a host name, a path, a token, a trusted proxy's header.
//   - [Courier] carries the tenant to a job in another process, signed.
//   - [Directory] answers where a tenant is and in what state; [Cache] remembers
//     the answer, [Store] keeps it (package tenancysql, or [Memory]).
//   - [Lifecycle] provisions, suspends, exports and purges, in the directory and
//     in the tenant's database, so that a crash anywhere leaves the database no
//     more open than the directory says.
//   - [Limiter] keeps one tenant from using up a process for the others.
//   - [LogHandler] and [CacheKey] put the tenant into log records and cache keys.
//
// What it leaves to you: who a person is and whether they belong to the tenant
// they name. A subdomain or a path is a claim of the client. Resolve a verified
// token beside it, and the gate refuses the request where the two disagree.
package tenancy
