package rbac

import "context"

// look is [Authorizer.change] for those who only look: f sees the rules at one moment, and what ctx's transaction did to
// them. It needs one of the permissions, or the application itself.
func (a *Authorizer) look(ctx context.Context, by Principal, f func(ctx context.Context, c *change) error, one ...Permission) error {
	tenant, err := a.acting(ctx, by)
	if err != nil {
		return err
	}
	return a.store.Tx(ctx, func(ctx context.Context) error {
		c := &change{a: a, rules: noRules(a.c)}
		if v := a.tenants.get(tenant).view.Load(); v != nil {
			c.rules = v.rules
		}
		if err := c.learn(ctx); err != nil {
			return err
		}
		if err := c.as(by); err != nil {
			return err
		}
		for _, x := range one {
			if c.holds.has(x) {
				return f(ctx, c)
			}
		}
		return c.require(one[0])
	})
}

// learn brings c's rules up to what the transaction sees.
func (c *change) learn(ctx context.Context) error {
	ch, err := c.a.store.Changes(ctx, c.rules.version)
	if err != nil {
		return err
	}
	if ch.Version < c.rules.version { // a view from before what this process knows
		c.rules = noRules(c.a.c)
		if ch, err = c.a.store.Changes(ctx, 0); err != nil {
			return err
		}
	}
	c.rules, c.version, c.now = c.rules.apply(&ch), ch.Version, ch.Now
	return nil
}
