package totp

import (
	"context"
	"time"
)

// Store keeps what must be known of an authenticator so that a code is good once and guesses are counted. Rows are found by the
// name that [Authenticator] gives, within the tenant of the context if the store is one of tenants. It is safe for concurrent
// use, by several processes too. Package totptest is this contract as tests.
type Store interface {
	// Attempt counts one attempt and returns the state with that attempt in it. When it returns without an error the count is
	// durable: it is committed in a transaction of its own, and stays if the caller's work is undone. Of attempts at once each
	// gets a number of its own. The first attempt of a name makes its row.
	Attempt(ctx context.Context, authenticator string) (State, error)
	// Succeed sets the last step to step and the failures to zero, if step is later than the last step, in one statement, and has
	// committed when it returns. If step is not later, or there was no attempt, it changes nothing and returns an error that is
	// [supportgrant.ErrMFA].
	Succeed(ctx context.Context, authenticator string, step uint64) error
}

// State is what a [Store] says of an attempt.
type State struct {
	LastStep uint64        // of the last code that was used, 0 before the first
	Failures int           // attempts since the last success, this one included: 1 or more
	Now      time.Time     // the time of this attempt by the store's clock, which decides what code is due
	Since    time.Duration // from the attempt before to this one; 0 for the first, and where the clock went back
}

const (
	free        = 3                // attempts without a wait
	firstWait   = 30 * time.Second // before the one after those; doubled for each further one
	longestWait = time.Hour
)

// wait returns how long after the attempt before it attempt number n may come.
func wait(n int) time.Duration {
	if n <= free {
		return 0
	}
	if n-free > 8 { // 30 s times 2^7 is more than an hour
		return longestWait
	}
	return min(firstWait<<(n-free-1), longestWait)
}
