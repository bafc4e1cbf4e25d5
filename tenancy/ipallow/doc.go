// Package ipallow lets a tenant say which networks its people may come from.
//
// Three parts work together, and each can be used alone:
//
//   - [Clients] finds the client's address of a request behind proxies. It believes a header only
//     from a proxy you listed, reads it from the right, and answers with an error where others guess.
//   - [List] is a compiled set of networks with notes, and [Policy] says whether a tenant is open to
//     all or restricted to its list.
//   - [Guard] decides for a tenant and an address from a [Store], as net/http middleware or by call,
//     and changes policies without letting an administrator lock themself out.
//
// A guard stands behind the middleware that puts the tenant into the request's context, in front of
// the portal or the routes to protect:
//
//	clients, err := ipallow.NewClients(ipallow.Proxies{Trusted: loadBalancers, Header: "X-Forwarded-For"})
//	guard, err := ipallow.NewGuard(store, ipallow.Options{})
//	known := guard.Middleware(clients.Addr)
//	mux.Handle("/admin/", known(admin))
//
// Package ipallowsql keeps the policies, in each tenant's database. Run its migrations, or every tenant is
// refused: ipallowsql.Migrate on Postgres, ipallowsql.SQLite among the migrations of the tenants' files.
//
// # What it promises
//
// No address is taken from a header that a stranger wrote. What cannot be read is refused, never
// skipped. A tenant without a policy, an unreadable list, a store that is down or slow: refused. The
// zero [Policy] admits nobody. A refusal says nothing but 403. Every request is checked, so a session
// begun inside a network is of no use outside it.
//
// # What it does not
//
// An address is where a packet came from, not who sent it: an allowlist stands beside a login, never
// in its place. It does not see through a VPN, NAT or open proxy inside a listed network. A connection
// that was upgraded (a WebSocket) was checked once, when it began. A change made in another process is
// seen after [Options].TTL at the latest.
//
// # What you must do
//
// List the addresses of your own proxies, and not a byte more: whoever can connect from a trusted
// address can claim to be anyone. Keep the application unreachable but through them. Have the outermost
// proxy of a single-valued header (X-Real-IP) overwrite it. Put nothing that rewrites
// http.Request.RemoteAddr before the guard.
//
// # Breaking the glass
//
// An administrator whose own network changed cannot come in to say so. The way back is not a header,
// a magic address or a flag in the request, but a person who can run code against the store: call
// [Guard.Replace] with [Force] from a command line tool on the server, or from a support session that
// is itself granted and recorded. Other processes see it within their TTL. [Trial] keeps it from
// coming to that: a change on trial goes back by itself unless it is confirmed from an address that it
// admits.
package ipallow
