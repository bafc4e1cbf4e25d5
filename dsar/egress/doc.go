// Package egress lets staff take data out in bulk only through a policy: to sinks that were approved, encrypted, within limits, for a reason
// and a ticket, recorded before it happens, and above a threshold with a second person.
package egress
