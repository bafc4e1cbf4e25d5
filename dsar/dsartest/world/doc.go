// Package world makes databases up: random maps, their tables and rows, and says by brute force, in plain Go and over all rows, what an
// export or an erasure has to do with each of them. What finds rows by SQL is tried against it.
//
//	rapid.Check(t, func(t *rapid.T) {
//		w := world.Draw(t, "w1")
//		// make w.DDL in a database, run w.Inserts as a tenant, then, for each of w.People(before):
//		before := read(w)
//		... erase ...
//		require.NoError(t, w.Judge(who, before, read(w)))
//	})
//
// Maps have one or two kinds of people; tables that belong to them over several links and roles, in circles, to themselves, over tables of
// membership, by value, through JSON and arrays, for some values of a type; keys of one or two columns, of numbers, UUIDs or
// texts; and every way of sharing and erasing. A link has a Then wherever its row may stay.
package world
