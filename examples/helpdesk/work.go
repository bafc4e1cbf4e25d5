package main

import (
	"context"
	"iter"
	"sync"
	"time"

	"github.com/bailiwick-dev/bailiwick/rbac"
	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// allTenants goes through those that can be worked for.
func (d *desk) allTenants(ctx context.Context) iter.Seq2[tenancy.ID, error] {
	return func(yield func(tenancy.ID, error) bool) {
		for t, err := range tenancy.All(ctx, d.tenants, tenancy.Query{}) {
			if err == nil && t.State != tenancy.Active {
				continue
			}
			if !yield(t.ID, err) {
				return
			}
		}
	}
}

// work does what is due beside the requests, until ctx ends: it has the logs signed, works on requests about data, sends the notices of support grants, and opens, reminds of
// and closes access reviews, and deletes what has been kept for long enough. Many processes may do so at once.
func (d *desk) work(ctx context.Context) {
	var others sync.WaitGroup
	others.Go(func() { d.trail.Run(ctx) })
	others.Go(func() {
		if err := d.requests.Run(ctx, time.Minute, d.tenantIDs); err != nil {
			d.reports.error(ctx, err)
		}
	})
	defer others.Wait()
	for minute := time.NewTicker(time.Minute); ; {
		for id, err := range d.allTenants(ctx) {
			if err == nil && id != operator {
				err = d.due(tenancy.With(ctx, id))
			}
			if err != nil && ctx.Err() == nil {
				d.reports.error(ctx, err)
			}
		}
		select {
		case <-minute.C:
		case <-ctx.Done():
			minute.Stop()
			return
		}
	}
}

// due does what is due in ctx's tenant.
func (d *desk) due(ctx context.Context) error {
	if err := d.sweep(ctx); err != nil {
		return err
	}
	if _, err := d.support.Deliver(ctx, func(ctx context.Context, n supportgrant.Notice) error {
		return d.tell(ctx, approveSupport, "Support access: "+string(n.Kind)+" ("+n.Grant.Ticket+"). "+d.base()+"/support/"+n.Grant.ID.String())
	}); err != nil {
		return err
	}
	notices, err := d.team.ReviewDue(ctx)
	for _, n := range notices {
		if err := d.tell(ctx, rbac.ReviewAccess, "Access review, "+string(n.Kind)+": due on "+n.Review.Due.Format("2 January 2006")+". "+d.base()+"/team/reviews/"+n.Review.ID); err != nil {
			return err
		}
	}
	return err
}

// tell mails everybody of ctx's tenant who may do x.
func (d *desk) tell(ctx context.Context, x rbac.Permission, text string) error {
	system, err := d.team.System(ctx, "notices are sent to those they are for")
	if err != nil {
		return err
	}
	members, err := d.team.Members(ctx, system)
	if err != nil {
		return err
	}
	for _, m := range members {
		p, err := d.team.Member(ctx, m.Subject)
		if err != nil || !p.Can(x) {
			continue
		}
		who, err := d.person(ctx, m.ID)
		if err != nil {
			return err
		}
		d.mail(who.Email, text)
	}
	return nil
}
