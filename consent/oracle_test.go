package consent

import (
	"slices"
	"time"
)

// The rules as a person would write them down, over words and lists, so that they share nothing with the compiled tables: no masks, no
// editions. The first rule that speaks about a category decides.

type oraclePolicy struct {
	version   int
	inForce   time.Time
	material  bool
	lastsDays int
	asks      []string // categories
	ads       []string // those that sell, share or target
}

type oracleCase struct {
	policies   []oraclePolicy
	now        time.Time
	signal     bool
	user       string // who is known, "" for nobody
	chose      bool
	yes        []string
	onVersion  int
	at         time.Time
	by         string // who chose
	optedOut   bool
	confirmed  bool
	accountNo  []string
	accountOut bool
	unknown    bool // what the account says
}

type rule struct {
	says    string
	applies func(c *oracleCase, category string) bool
	verdict Reason
}

func (c *oracleCase) current() *oraclePolicy {
	if c.now.Before(time.Unix(0, 0)) {
		return nil
	}
	var found *oraclePolicy
	for i := range c.policies {
		if !c.policies[i].inForce.After(c.now) {
			found = &c.policies[i]
		}
	}
	return found
}

func (c *oracleCase) isAds(category string) bool { return slices.Contains(c.current().ads, category) }

func (c *oracleCase) chosenOn() *oraclePolicy {
	for i := range c.policies {
		if c.policies[i].version == c.onVersion {
			return &c.policies[i]
		}
	}
	return nil
}

// stillCounts: the choice's policy is the current one, or came before it with no material one since.
func (c *oracleCase) stillCounts() bool {
	if c.chosenOn() == nil || c.onVersion > c.current().version {
		return false
	}
	for _, p := range c.policies {
		if p.version > c.onVersion && p.version <= c.current().version && p.material {
			return false
		}
	}
	return true
}

func (c *oracleCase) overridden() bool {
	return c.signal && c.chose && c.confirmed && c.by != "" && c.by == c.user && c.onVersion == c.current().version
}

var theRules = []rule{
	{"What is essential is allowed, always.",
		func(c *oracleCase, cat string) bool { return cat == "essential" }, AllowedEssential},
	{"Without a policy in force nothing else is allowed.",
		func(c *oracleCase, cat string) bool { return c.current() == nil }, DeniedUndeclared},
	{"What the policy does not ask about is denied.",
		func(c *oracleCase, cat string) bool { return !slices.Contains(c.current().asks, cat) }, DeniedUndeclared},
	{"An opt-out signal ends advertising, unless the user who is known confirmed it on this policy while a signal was on.",
		func(c *oracleCase, cat string) bool { return c.signal && c.isAds(cat) && !c.overridden() }, DeniedSignal},
	{"What the account says no to is denied.",
		func(c *oracleCase, cat string) bool { return slices.Contains(c.accountNo, cat) }, DeniedAccount},
	{"An account that opted out gets no advertising.",
		func(c *oracleCase, cat string) bool { return c.accountOut && c.isAds(cat) }, DeniedAccount},
	{"A browser that opted out gets no advertising.",
		func(c *oracleCase, cat string) bool { return c.optedOut && c.isAds(cat) }, DeniedOptOut},
	{"While nobody can say what the account said, nothing is allowed.",
		func(c *oracleCase, cat string) bool { return c.unknown }, DeniedUnknown},
	{"Who has not answered has not agreed.",
		func(c *oracleCase, cat string) bool { return !c.chose }, DeniedNoChoice},
	{"A choice more than five minutes ahead, or from before 1970, shows a wrong clock.",
		func(c *oracleCase, cat string) bool {
			return c.at.After(c.now.Add(5*time.Minute)) || c.at.Before(time.Unix(0, 0))
		}, DeniedClock},
	{"A choice lasts for so many days.",
		func(c *oracleCase, cat string) bool {
			return !c.now.Before(c.at.Add(time.Duration(c.current().lastsDays) * 24 * time.Hour))
		}, DeniedExpired},
	{"One user's choice is not another's.",
		func(c *oracleCase, cat string) bool { return c.by != "" && c.user != "" && c.by != c.user }, DeniedOtherUser},
	{"A material policy voids the choices before it.",
		func(c *oracleCase, cat string) bool { return !c.stillCounts() }, DeniedPolicy},
	{"A category that came later was not agreed to.",
		func(c *oracleCase, cat string) bool { return !slices.Contains(c.chosenOn().asks, cat) }, DeniedNew},
	{"Yes is yes, and confirmed if a signal was overridden for it.",
		func(c *oracleCase, cat string) bool {
			return slices.Contains(c.yes, cat) && c.overridden() && c.isAds(cat)
		}, AllowedConfirmed},
	{"Yes is yes.",
		func(c *oracleCase, cat string) bool { return slices.Contains(c.yes, cat) }, AllowedChoice},
	{"All else is no.",
		func(c *oracleCase, cat string) bool { return true }, DeniedRefused},
}

func (c *oracleCase) verdict(category string) (Reason, string) {
	for _, r := range theRules {
		if r.applies(c, category) {
			return r.verdict, r.says
		}
	}
	panic("the last rule always applies")
}
