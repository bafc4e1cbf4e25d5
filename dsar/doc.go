// Package dsar answers people's requests about their data: it knows where in a database the data of a person is, and takes each request from
// its intake to the receipt.
//
//	s, err := dsar.New(store, privacy.Map, dsar.Options{Key: key, Sealer: sealer, Recorder: log, Law: "eu-gdpr", Calendar: calendar, Tell: mail,
//		Exporter: exporter, Eraser: eraser, Prover: prover, Tombstones: stones, Receipt: sign, Hide: hide, Show: show, Apply: apply})
//	go s.Run(ctx, time.Minute, tenants)                                     // in as many processes as you like
//
//	r, err := s.Open(ctx, dsar.Intake{Kind: dsar.Erasure, Person: who})     // its clock runs: r.Clock.Due
//	r, err = s.Verified(ctx, r.ID, dsar.Evidence{Request: r.ID, Method: "session", Person: me})
//	plan, err := s.Plan(ctx, r.ID)                                          // what would become of which rows
//	r, err = s.Approve(ctx, r.ID, plan.Hash, by)                            // hidden now, erased from r.Until on
//
// Package dsarsql has the store over SQLite and Postgres, and package engine puts the engines together that work on your tables: rows, export,
// erase, proof, tombstone, receipt.
//
// # Requests
//
// The kinds are access, portability, erasure, rectification, restriction, objection, withdrawal of a consent, opt-out of sale, and the
// categories of data ([Kinds]). A request is [Open] until it is known who asks, then [Verified]; an erasure is [Approved] by the hash of its plan;
// a worker does its steps while it is [Working]; at [Ending] the person is told, and what identifies them is shredded; then it is [Closed].
//
// An erasure is more than the application's own "delete my account": the person is hidden at once, and while that can be undone can
// take it back ([Service.Withdraw]); then whoever is outside is told ([Outside]), the rows are erased as the map says, the database is searched for
// what is left, who was erased is noted outside of the backups ([Tombstones]), and a receipt is signed.
//
// What only the application can do, it does in Options.Apply. What may not be done with somebody's data any more stands in a ledger, which the
// application asks: [Service.Restricted]. Legal holds are [Service.Hold], refusals [Service.Refuse], deadlines [Service.Duties], and what people are told about the
// processing [Compiled.Information].
//
// What holds:
//
//   - Nothing is exported, erased or changed before it is known who asks. Evidence is for one request, and shows the person whom the request is
//     about, by what the application knows and not by what the request says; what does not is refused and recorded. It has no room for
//     copies of documents, and who is known is asked for nothing more.
//
//   - Every step is in the audit log before it is done, and is not done if it cannot be recorded. There the person stands under a pseudonym, as
//     somebody who can be erased.
//
//   - Whatever fails, and whichever process dies when: the request goes on, and ends the same. Of many workers one has a request, and what a worker
//     did that lost its lease counts for nothing. What is done outside of the store may be done twice, with the same key.
//
//   - What was approved is what is begun: if the plan is another one by then, it goes back to be approved. Rows of the person that come while
//     they are erased are erased too. No receipt is signed while something is left that is not kept for a reason.
//
//   - A hold wins at the next batch; what was done before it is reported, and after its release the rest is done.
//
//   - Who has an open request of a kind joins it with the second, and the earlier clock counts. An erasure waits for an export that was asked for
//     before it began; one that is asked for after that is refused.
//
//   - What an outsider did not confirm is in the receipt as not confirmed.
//
//   - Deadlines are those of package deadline, by the store's clock. An extension counts if the person was told of it in time.
//
//   - Who a request is about is sealed while it is open, and shredded when it is closed: then the tables have no identifier, and
//     neither have receipts, errors and logs. Closed requests go after Options.Keep.
//
//   - What is missing is refused by [New].
//
// # The map
//
// A [Map] is a Go literal beside the migrations. It lists every table and column: how rows are a person's ([Link]), what each
// column is about (a redact.Class), why it is there ([Purpose]), and what becomes of it when the person goes ([Strategy]).
//
//	var Map = &dsar.Map{
//		Subjects: []dsar.Subject{{Kind: "user", Table: "users", Identifiers: []dsar.Identifier{{Name: "email", Column: "email", Form: dsar.Email}}}},
//		Purposes: []dsar.Purpose{{Name: "support", Why: "to answer people who ask for help", Basis: dsar.Contract}},
//		Tables: []dsar.Table{{
//			Name: "ticket", Key: []string{"id"}, Purpose: "support",
//			Links:   []dsar.Link{{Columns: []string{"user_id"}, To: "users"}},
//			Columns: []dsar.Column{{Name: "subject text", Class: redact.ClassContent}},
//			Plain:   []string{"id bigint not null", "user_id bigint not null"},
//		}, ...},
//	}
//
// Links are foreign keys, whether the database knows them or not: of several columns, to the table itself, for some values of a
// type column only (polymorphic), inside of JSON, the other way round (a user points at an address), or by value (an e-mail
// address in an invitation). Their [Role] says whose the row is: an owner's, several co-owners', or somebody else's who was
// only seen or mentioned by the person.
//
// Nobody writes a first map by hand: package dsar/discover reads a live database and proposes one, as Go, with a question
// where only a person can decide. [ColumnsOf] takes columns from the tags of a struct.
//
// # What is promised of the map
//
// [Map.Compile] refuses a map that contradicts itself, and says all that is wrong with it. What compiles has an order of
// erasure in which every row goes before those it points at ([Compiled.Steps]), and a hash ([Compiled.Hash]).
//
// [Check], one line in a test, fails when the database is not what the map says: a table or column that nobody classified, a
// type, key or foreign key that changed, a link that leads nowhere, a trigger that nobody looked at, an index that erasure
// needs. Each finding has a rule that does not change its meaning, and the statement that mends it where one does.
//
//	func TestMapOfPersonalData(t *testing.T) { dsar.Check(t, db, privacy.Map) }
//
// From the same map come the record of processing activities and the list of processors ([Compiled.Record]: Art. 30 GDPR), the
// classes of columns ([Compiled.Classes]), the names under which logs hold secrets ([Compiled.SecretKeys], for redact.Keys), and
// the columns that support may see ([Compiled.Allow]).
//
// # Limits
//
// Of the map: whether a class or a role is right: a map that calls a diagnosis an operation verifies. What is in free text, in values that
// are sealed, in files and in other systems. Tables that the role which connects may not see: connect as their owner. In Postgres,
// views and what functions do; on SQLite, attached databases. Links without a foreign key are compared with a sample of values.
//
// Of requests: which law applies, whether a ground for refusing is good, and whether the application was right about who was signed in. A law without
// a figure for a kind has no date. People without a row, who are known by identifiers alone, are the same if the first identifier of their
// kind is: spellings are compared as the standard library can, and who asks by one address and again by another has two requests. What an
// outsider has is not in an export, and outsiders are told of erasures alone. Texts that are not about a person by design, such as the basis of a hold and
// the method of an identification, are kept in clear text for ever. Who has the Key of the options and the tables can find out whose request one was, by trying.
// An erasure that finds something again and again stays open, with its Tries growing, until somebody looks.
//
// # What you must do yourself
//
// Decide what discover asks. Name the controller, purposes, processors, and legal reasons to keep: no database knows them.
// Have somebody who knows the law read the record, and the rows of law that you use. Run the check against a database that the migrations made.
//
// Authenticate who calls: the service believes whom it is told. Send tokens to addresses that you had before, and have Hide end the
// person's sessions. Look at Duties every day, and at requests whose Tries grow. Say in refusals that people may complain, and where. Keep the Key outside
// of the database, and do not change it: people would not be the same any more. None of this is legal advice.
//
// # Rules
//
//	DSR001  error    a table is not in the map
//	                 add it with its links and columns, or say why it is not personal
//	DSR002  error    a column is not in the map
//	                 add it to Columns with its class, or to Plain
//	DSR003  error    the map names a table that the database does not have
//	                 follow the rename, or delete it from the map
//	DSR004  error    the map names a column that its table does not have
//	                 follow the rename, or delete it from the map
//	DSR005  error    a column's type is not the one in the map
//	                 see that strategies and links still hold, then write the new type
//	DSR006  warning  the map does not say a column's type: changes of it go unseen
//	                 write it behind the name
//	DSR007  error    a table's primary key is not the one in the map
//	                 follow the change
//	DSR008  warning  a trigger or rule is not in the map: it may copy what is erased
//	                 look at what it writes, then list it in Triggers
//	DSR009  warning  the map names a trigger that its table does not have
//	                 follow the change
//	DSR010  error    a foreign key is not among the links
//	                 add the link, as a Reference if it is nobody's
//	DSR011  error    a link has no foreign key behind it
//	                 declare the foreign key, or say Undeclared
//	DSR012  error    a link joins columns whose types hold different values
//	                 correct the one that is wrong
//	DSR013  error    a link goes to columns that several rows can share
//	                 link to a unique key, or declare it unique
//	DSR014  error    values of a link point at no row
//	                 see whether it goes to the right table; then remove the orphans
//	DSR015  warning  the values of a link could not be looked at
//	                 connect as a role that sees all rows
//	DSR016  warning  a link is said to be undeclared, and a foreign key backs it
//	                 delete Undeclared
//	DSR017  error    a foreign key deletes or cuts rows otherwise than the map says
//	                 change its ON DELETE, or the map
//	DSR020  warning  no index finds the rows of a link: each erasure reads the whole table
//	                 create the index
//	DSR021  error    a value would be made null, and may not be
//	                 choose another strategy, or drop NOT NULL
//	DSR022  error    two people who are erased would hold the same value in a unique column
//	                 use Null, Random or Pseudonym
//	DSR023  error    a strategy is for a column that is computed from others
//	                 give the strategy to those
//	DSR024  error    a strategy does not fit the type of its column
//	                 choose another strategy
//	DSR025  warning  a period runs from a column that holds no time
//	                 choose a column with a date or time
//	DSR030  error    a materialised view or index holds copies, and the map does not say that it is derived
//	                 set Derived: it is made again after an erasure
//	DSR031  warning  there are large objects: they belong to no table
//	                 store the bytes in a table
//	DSR032  warning  a column has the name of personal data, and the map calls it plain
//	                 give it a class, or waive this
//	DSR033  error    a table of people's rows lacks the tenant column
//	                 name the tenant column, or say that there is none
//	DSR040  error    a decision is waiting
//	                 decide, and delete the question
//
// WVR001 to WVR003 are about waivers: without a reason, expired, unused.
package dsar
