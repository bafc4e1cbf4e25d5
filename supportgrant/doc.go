// Package supportgrant lets an application's support staff read a customer's data while, and only while, the customer grants it.
//
// The application lists what support can ever see, and says who is who:
//
//	service, err := supportgrant.New(store, directory, supportgrant.Options{
//		Registry: []supportgrant.Resource{{Name: "posts", Category: supportgrant.Posts, Table: "posts",
//			Key: []string{"id"}, Columns: []string{"id", "title", "settings.language"}}},
//		MFA: []supportgrant.MFA{passkeys}, Recorder: log,
//	})
//
// A member of the staff asks with a ticket, a reason, a scope and a time; an owner or admin of the tenant sees exactly that, may make
// it shorter, and confirms it with a second factor that is bound to it; reads then go through a guard, one at a time:
//
//	g, err := service.Request(ctx, supportgrant.NewRequest{Staff: "sam", Ticket: "T-17", Reason: ..., Scope: ..., Life: time.Hour})
//	shown, err := service.BeginApproval(ctx, g.ID, "olga", "webauthn", 30*time.Minute)
//	g, err = service.Approve(ctx, g.ID, "olga", supportgrant.Answer{Digest: shown.Digest, Response: fromTheBrowser})
//	err = supportgrant.Use(ctx, service, supportgrant.Access{Grant: g.ID, Staff: "sam", Resource: "posts"},
//		func(ctx context.Context, page supportgrant.Page[Post]) error { return show(page.Rows) })
//	g, err = service.Withdraw(ctx, g.ID, "olga", "that is enough")
//
// # What holds
//
//   - L1: a read that begins after [Service.Withdraw] has returned is refused, in every process. Nothing of whether a grant is live is
//     remembered: each read asks the store. The same goes for Deny, Cancel and the others that end one, and for its time.
//
//   - L2: when [Service.Withdraw] has returned, no read hands over data any more, those that had begun before included: Withdraw waits for them.
//     What counts as handed over is what the function of [Use] does, and the body of a loop over [Pages]; of [Read], which returns the rows, it is
//     the moment before it returns. A function that goes on after its ctx has ended keeps Withdraw waiting, and that says so:
//     [ErrStillReading].
//
//   - L3: no data is handed over, nor read from its table, before the entry that tells of it is durable in the log of the store
//     ([Service.Log]). What cannot be recorded is not read. The log may tell of a read that then failed, and misses none.
//
//   - A grant is live for at most [MaxLife] from its approval, and only for who asked, what they asked for, and the shortest time that anybody
//     said. A read that begins after its end by the database's clock is refused, and one while that clock is behind the newest entry of
//     the grant's log. Who asked cannot approve, nor can anybody else of the staff; rows to be handled with care need two people. Whether
//     all of them may still is asked in the transaction that approves, and at each read: one that finds a role lost is refused, and ends
//     the grant for good.
//
//   - An approval is of one [Intent]: its digest is the challenge. Each challenge is answered once, whatever comes of it. What a passkey
//     signed is kept, and can be verified without this database ([Service.Approvals]).
//
//   - What a grant gives is listed: columns by name, JSON by path, rows by conditions; what is added to a table is not in it. Passwords, tokens,
//     secrets, credentials, second factors, keys and means of payment have no category, and no column with such a name can be listed
//     ([Excluded]). [ColumnsOf] makes the list of what privacy tags say.
//
//   - There is nothing to write with, nobody to act as, no query of the reader's own, and no way round for emergencies.
//
// A store in a database refuses what must never be on its own, raw SQL too: see [Store]. Whether a proof is genuine it cannot tell. Package supportgranttest attacks your registry over your schema.
//
// # Two logs
//
// The store's log is in the tenant's database, in the door's own tables: L3 rests on it alone, and it is what customers are shown. Options.Recorder
// gets an event under the same id for every step, read and refusal, for the log that cannot be changed unnoticed. That of a read
// is recorded in the transaction that commits the entry. In the same database it commits with it; elsewhere it is durable before it. So L3 holds of it
// too, and a log that fails refuses. Of other steps one is not done without the other. Refusals are recorded in both after the fact, and of a
// flood of them not each: the next one says how many were not.
//
// # What is remembered
//
// A process remembers of grants that were approved who asked and who approved, which never changes, how fast it read, and which reads of the
// budget are its own. It compares the registry with the tables once for each tenant: [Service.Inspect].
//
// # Limits
//
// What staff has seen they know: a withdrawal takes nothing back. Who runs code in the application, or is the database's owner, can
// read tables without asking this package; supportgrantsql has a role for sessions that cannot. A log that its owner deletes is gone: the
// Recorder's is for that. A column that is listed is shown, whatever somebody puts into it: Excluded goes by names, and [redact] by tags.
// A withdrawal commits by itself, and is no part of a transaction of yours. Tables are compared with the registry when a process first reads
// them: restart it when you migrate what the registry names.
//
// # What you must do yourself
//
// Authenticate who calls, and pass their Person: the same one whether they act as staff or as a customer. Answer [Directory] from what is so now. Show all of
// [Intent], and texts escaped. Show the log to the customer. Call [Service.Deliver] regularly, and
// [Service.WithdrawTicket] when a ticket is closed and [Service.WithdrawStaff] when somebody leaves. Mask what is listed and need not be seen whole in a view. Use [Use] for what is shown.
//
// None of it depends on what anybody chose about cookies.
package supportgrant
