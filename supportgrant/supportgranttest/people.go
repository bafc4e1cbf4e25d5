package supportgranttest

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/bailiwick-dev/bailiwick/supportgrant"
)

// People is a [supportgrant.Directory] for tests: the lists can be changed at any time by its methods.
type People struct {
	mu        sync.Mutex
	staff     []supportgrant.Person
	approvers []supportgrant.Person
	down      bool
}

var _ supportgrant.Directory = (*People)(nil)

// Hire makes people active members of the staff.
func (d *People) Hire(p ...supportgrant.Person) *People { return d.change(&d.staff, p, true) }

// Dismiss makes them so no more.
func (d *People) Dismiss(p ...supportgrant.Person) *People { return d.change(&d.staff, p, false) }

// Appoint makes people owners of every tenant.
func (d *People) Appoint(p ...supportgrant.Person) *People { return d.change(&d.approvers, p, true) }

// Demote makes them so no more.
func (d *People) Demote(p ...supportgrant.Person) *People { return d.change(&d.approvers, p, false) }

// Fail makes all questions fail, or not any more.
func (d *People) Fail(yes bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.down = yes
}

func (d *People) change(list *[]supportgrant.Person, p []supportgrant.Person, in bool) *People {
	d.mu.Lock()
	defer d.mu.Unlock()
	*list = slices.DeleteFunc(slices.Clone(*list), func(o supportgrant.Person) bool { return slices.Contains(p, o) })
	if in {
		*list = append(*list, p...)
	}
	return d
}

var errDown = errors.New("supportgranttest: the directory is down")

// StaffActive implements [supportgrant.Directory].
func (d *People) StaffActive(_ context.Context, p supportgrant.Person) (bool, error) {
	return d.ask(&d.staff, p)
}

// CanApprove implements [supportgrant.Directory].
func (d *People) CanApprove(_ context.Context, p supportgrant.Person) (bool, error) {
	return d.ask(&d.approvers, p)
}

func (d *People) ask(list *[]supportgrant.Person, p supportgrant.Person) (bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.down {
		return false, errDown
	}
	return slices.Contains(*list, p), nil
}
