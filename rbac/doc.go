// Package rbac decides who may do what in a tenant: people who were invited, machines with API tokens, and the public.
//
// An application declares its permissions and roles once, as Go values:
//
//	var (
//		access   = rbac.NewCatalog("helpdesk")
//		ReadChat = access.Permission("chat.read", rbac.About("Read conversations"))
//		Reply    = access.Permission("chat.reply", rbac.About("Answer customers"))
//		Team     = rbac.TeamOf(access, rbac.Permissions{ReadChat}, rbac.Permissions{Reply})
//	)
//
// and asks, in a request whose context has a tenant:
//
//	p, err := authorizer.Member(ctx, rbac.User(userID))
//	if err == nil {
//		err = p.Require(Reply)
//	}
//
// # What holds
//
//   - Nothing is allowed that no role grants. The zero [Principal] may do nothing, and neither may one whose permission, role,
//     tenant or member is unknown. What is not known for sure, because the store does not answer, is an error and not a yes.
//
//   - Roles only add. All else only takes away: what machines cannot hold, a token's scopes, a surface's list, a mask of
//     the application's ([Principal.Within]), a status, an end, an address. No restriction can give anything, in whatever order
//     they come. [Principal.Explain] says which role grants a permission, or what took it away.
//
//   - Nobody gives what they do not hold, and nobody changes a member or role above themselves. Each act of administration takes
//     the [Principal] who acts, and decides in its own transaction, by what the database says then, while nobody else can change
//     that tenant's rules. The last owner cannot go. [Authorizer.System] is the one way round, is in code, and is recorded with a reason.
//
//   - Names are stored, and never numbers: a permission that an older or newer version of the application does not know grants
//     nothing there.
//
//   - What this process changes is in force in it when the call returns. Other processes know after [Options].FreshFor, or at once by
//     [Options].Hints; none goes on for longer than MaxStaleness without having asked the store.
//
//   - An API token may do what is in its scopes and what its member may at the time, never what is for people, and ends with its
//     member. What is issued by a token is within that token. See [Authorizer.IssueToken].
//
//   - A route of a [Mux] has a rule, or does not compile or start. A public [Surface] has what it was declared with, and a [Lookup]
//     shows what was proved.
//
// # Tokens and routes
//
// Machines come by tokens, whose form is an apitoken.Form in [Options].Tokens, and people by the application's sessions:
//
//	mux := rbac.NewMux(authorizer, rbac.TokenOr(session), rbac.MuxOptions{Client: clients.Addr, Guard: allowlist.Middleware(clients.Addr)})
//	mux.Handle("GET /chats/{id}", ReadChat, showChat)
//	mux.Handle("POST /widget/order", Widget.Needs(SeeStatus), lookup)
//	gate := tenancy.Gate{Directory: directory, Resolvers: []tenancy.Resolver{tenancy.Subdomain("example.com"), authorizer.TokenTenant(clients.Addr)}}
//	http.ListenAndServe(":8080", gate.Public(mux))
//
// A handler asks [From] who it works for. What is refused is a problem in JSON that names the permission and no id: see [StatusCode].
// Last uses and refusals worth an event are written behind the requests; a process that is killed loses the last few seconds of them.
//
// # How it is fast
//
// The rules of a tenant in use are in memory, flattened, and never change: what comes next is made beside them and shares what
// stayed. A check is two look-ups and a bit, takes no lock and allocates nothing. To know whether the rules are
// still those, the store is asked for one number, behind the answers, and then for the rows above it.
//
// # What it leaves to you
//
// Who somebody is: authenticate first, and pass the id. Which rows somebody may see within what they may do: [Principal.Reach]
// tells all rows from one's own, and the WHERE clause is yours; other tenants' rows are package tenancy's business. A Principal is for
// one request: ask anew for what lasts longer. A restore of the database while processes run is for a restart of them.
// Requests that other sites make a browser send are for [http.CrossOriginProtection], before the Mux; that a handler writes only the fields it
// should is its own business. A machine that sleeps does not count the time it slept.
package rbac
