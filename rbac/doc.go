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
//   - Roles only add. All else only takes away: what machines cannot hold, a token's scopes, a surface's list, a mask of
//     the application's ([Principal.Within]), a status, an end, an address. No restriction can give anything, in whatever order
//     they come. [Principal.Explain] says which role grants a permission, or what took it away.
//   - Nobody gives what they do not hold, and nobody changes a member or role above themselves. Each act of administration takes
//     the [Principal] who acts, and decides in its own transaction, by what the database says then, while nobody else can change
//     that tenant's rules. The last owner cannot go. [Authorizer.System] is the one way round, is in code, and is recorded with a reason.
//   - Names are stored, and never numbers: a permission that an older or newer version of the application does not know grants
//     nothing there.
//   - What this process changes is in force in it when the call returns. Other processes know after [Options].FreshFor, or at once by
//     [Options].Hints; none goes on for longer than MaxStaleness without having asked the store.
//
// # How it is fast
//
// The rules of a tenant in use are in memory, flattened, and never change: what comes next is made beside them and shares what
// stayed. A check is two map lookups and a bit, takes no lock and allocates nothing. To know whether the rules are
// still those, the store is asked for one number, behind the answers, and then for the rows above it.
//
// # What it leaves to you
//
// Who somebody is: authenticate first, and pass the id. Which rows somebody may see within what they may do: [Principal.Reach]
// tells all rows from one's own, and the WHERE clause is yours; other tenants' rows are package tenancy's business. A Principal is for
// one request: ask anew for what lasts longer. A restore of the database while processes run is for a restart of them.
// A machine that sleeps does not count the time it slept.
package rbac
