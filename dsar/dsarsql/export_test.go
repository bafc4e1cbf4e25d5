package dsarsql

import (
	"time"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
)

// Statements are all that find rows, as the stores write them, with parameters of the kinds they are given.
func Statements(db *tenantdb.DB) map[string][]any {
	t, err := open(db)
	if err != nil {
		panic(err)
	}
	ref, at := make([]byte, 32), time.Now().UnixMicro()
	all := map[string][]any{
		readRequest: {"r"}, readRequest + `{lock}`: {"r"}, activeRequest: {ref, "access", "r"},
		claimAny: {10, "l", 1}, claimOne: {"l", 1, "r"}, renewLease: {1, "r", "l"}, freeLease: {"r", "l"},
		closedRequests: {at, 10}, purgeRequest: {"r"}, purgeSteps: {"r"}, purgeEvents: {"r"},
		holdRequest: {"r"}, changeStep: {1, 1, nil, "", nil, "r", "hide"}, readSteps: {"r"}, addEvent: {"r", "r", "k", "", ""}, readEvents: {"r"},
		readHold: {"h"}, releaseHold: {"", "h"}, allHolds: nil, holdsInForce: nil,
		addRestraint: {ref, "objection", "", "r", ref, "objection", "", ref, "objection", ""}, liftRestraint: {ref, "objection", ""}, readRestraints: {ref},
		removeRetention: {"c"}, readRetentions: nil,
		appendBreach: {"b", 2, "k", ref, ref, "{}", 2, "b", 1, ref, "b", 2, "b", "k"}, readBreach: {"b"}, listBreaches: {"b", 10},
		readMark: nil, readSweep: nil,
		readEgress: {"e"}, listEgress: {"e", 10}, lockEgress: {"eve", at}, takenEgress: {"eve", at}, saveEgress: {"denied", "h", 1, 1, "", nil, nil, nil, 0, 0, "", "e", 1},
		readCall: {"k"}, readCalls: {"r"}, saveCall: {"{}", 1, 1, nil, "k", 1},
	}
	place := dsar.Place{Due: time.Now(), ID: "r"}
	for _, f := range []dsar.Find{
		{Ref: dsar.Ref{1}}, {Ref: dsar.Ref{1}, Kinds: []dsar.Kind{dsar.Access, dsar.Erasure}, States: []dsar.State{dsar.Open}}, {Ref: dsar.Ref{1}, After: place, Limit: 10},
		{After: place, Limit: 10}, {States: []dsar.State{dsar.Open, dsar.Working}, After: place, Limit: 10},
	} {
		text, args := findRequests(f)
		all[text] = args
	}
	out := map[string][]any{}
	for text, args := range all {
		out[t.SQL(text)] = args
	}
	return out
}
