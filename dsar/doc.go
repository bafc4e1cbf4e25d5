// Package dsar knows where the data of people is in a database, so that it can be shown to them and erased: the ground for
// answering data subject access requests.
//
// This is its first part, the map. Requests, exports, erasure and retention are not in the package yet.
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
// # What is promised
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
// # What it cannot see
//
// Whether a class or a role is right: a map that calls a diagnosis an operation verifies. What is in free text, in values that
// are sealed, in files and in other systems. Tables that the role which connects may not see: connect as their owner. In Postgres,
// views and what functions do; on SQLite, attached databases. Links without a foreign key are compared with a sample of values.
//
// # What you must do yourself
//
// Decide what discover asks. Name the controller, purposes, processors, and legal reasons to keep: no database knows them.
// Have somebody who knows the law read the record. Run the check against a database that the migrations made.
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
