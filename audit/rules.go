package audit

import "github.com/bailiwick-dev/bailiwick/internal/finding"

// Severity says how bad a finding is: an Error is tampering or cannot be told from it.
type Severity = finding.Severity

// The severities, in rising order.
const (
	Info    = finding.Info
	Warning = finding.Warning
	Error   = finding.Error
)

// Rule is what [Verify] looks for. Its ID never changes its meaning and is never used again.
type Rule = finding.Rule

// The rules of the verifier: 00x the bundle, 01x what was signed, 02x the events, 03x erasable values,
// 04x pruning, 05x restores.
const (
	RuleMalformed    = "AUD001"
	RuleIncomplete   = "AUD002"
	RuleOtherLog     = "AUD003"
	RuleSignature    = "AUD010"
	RuleRetiredKey   = "AUD011"
	RuleRoot         = "AUD012"
	RuleFork         = "AUD013"
	RuleRollback     = "AUD014"
	RuleTooOld       = "AUD015"
	RuleUnsigned     = "AUD016"
	RuleHeads        = "AUD017"
	RuleWitnesses    = "AUD018"
	RuleNotCompared  = "AUD019"
	RuleEdited       = "AUD020"
	RuleMissing      = "AUD021"
	RuleExtra        = "AUD022"
	RuleMoved        = "AUD023"
	RuleBadLeaf      = "AUD024"
	RuleForeign      = "AUD025"
	RuleTime         = "AUD026"
	RuleTile         = "AUD027"
	RuleTwice        = "AUD028"
	RuleCommitment   = "AUD030"
	RuleUncommitted  = "AUD031"
	RuleErasure      = "AUD032"
	RuleErasedHeld   = "AUD033"
	RuleNotErased    = "AUD034"
	RuleUnopened     = "AUD035"
	RuleBadErasure   = "AUD036"
	RulePruned       = "AUD040"
	RulePrunedRoot   = "AUD041"
	RulePrunedHeld   = "AUD042"
	RuleRestored     = "AUD050"
	RuleRestoreNamed = "AUD051"
)

var verifyRules = []Rule{
	{ID: RuleMalformed, Severity: Error, Title: "the bundle is not as one is written", Remedy: "Get the bundle again; if it stays so, somebody changed it."},
	{ID: RuleIncomplete, Severity: Error, Title: "a part of the bundle is missing", Remedy: "Get the bundle again; if it stays so, somebody cut it."},
	{ID: RuleOtherLog, Severity: Error, Title: "the bundle is of another log", Remedy: "Ask for the log you mean: tenant and origin are in bundle.json."},
	{ID: RuleSignature, Severity: Error, Title: "a checkpoint has no good signature of a known key", Remedy: "Check that you hold the log's keys; if you do, the checkpoint is forged or damaged."},
	{ID: RuleRetiredKey, Severity: Error, Title: "a checkpoint was signed by a retired key beyond its last size", Remedy: "Somebody who has the old key made it: treat the events above that size as forged."},
	{ID: RuleRoot, Severity: Error, Title: "the events are not those that a checkpoint was signed over", Remedy: "Restore the range from a backup and compare; findings of the same range say more."},
	{ID: RuleFork, Severity: Error, Title: "the log was signed with two histories", Remedy: "Keep both notes: together they prove it. Ask who had the signing key."},
	{ID: RuleRollback, Severity: Error, Title: "the log is shorter than one that was signed before", Remedy: "Events were cut off or an old backup was restored: find what came after."},
	{ID: RuleTooOld, Severity: Error, Title: "the newest checkpoint is older than allowed", Remedy: "The log stopped, or what came after is hidden. Get a new bundle."},
	{ID: RuleUnsigned, Severity: Error, Title: "no checkpoint covers the last events", Remedy: "They may be anything: get a bundle that ends at a checkpoint."},
	{ID: RuleHeads, Severity: Error, Title: "the log of heads does not vouch for a checkpoint that says so", Remedy: "The checkpoint may never have been shown to witnesses: compare with what they hold."},
	{ID: RuleWitnesses, Severity: Warning, Title: "too few witnesses signed", Remedy: "Until they do, only the log's own key vouches for it."},
	{ID: RuleNotCompared, Severity: Warning, Title: "a note held outside could not be compared", Remedy: "Ask for a bundle that is made for this note, or use one of this log."},
	{ID: RuleEdited, Severity: Error, Title: "an event was changed", Remedy: "Restore it from a backup: its hash is in the tile."},
	{ID: RuleMissing, Severity: Error, Title: "an event was removed", Remedy: "Restore it from a backup: its hash is in the tile."},
	{ID: RuleExtra, Severity: Error, Title: "an event was inserted", Remedy: "It was never part of the log."},
	{ID: RuleMoved, Severity: Error, Title: "an event lies at another place", Remedy: "Put it back: its hash in the tile tells where it belongs."},
	{ID: RuleBadLeaf, Severity: Error, Title: "a leaf is not the encoding of an event", Remedy: "It was written past this package, or damaged."},
	{ID: RuleForeign, Severity: Error, Title: "an event belongs to another tenant", Remedy: "Find out how it came into this log."},
	{ID: RuleTime, Severity: Info, Title: "an event says it happened outside the time between the checkpoints around it", Remedy: "It may have been recorded late, or dated back: ask."},
	{ID: RuleTile, Severity: Error, Title: "a tile differs from the events below it", Remedy: "Rebuild the tile from the events: those are the ones that were signed."},
	{ID: RuleTwice, Severity: Error, Title: "two events have one id", Remedy: "The database refuses that: one of them was written past it. Ask who wrote the later one."},
	{ID: RuleCommitment, Severity: Error, Title: "an erasable value is not the one that was recorded", Remedy: "Its value, salt or sealed form was changed: restore it from a backup."},
	{ID: RuleUncommitted, Severity: Error, Title: "an erasable value was never recorded", Remedy: "It was added later: do not trust it."},
	{ID: RuleErasure, Severity: Error, Title: "an erasable value is gone and no event says that it was erased", Remedy: "Somebody removed it past this package: restore it from a backup, or record why."},
	{ID: RuleErasedHeld, Severity: Error, Title: "values were erased under a legal hold", Remedy: "Ask who did it: the event names them."},
	{ID: RuleNotErased, Severity: Warning, Title: "an event says that a value was erased, and it is there or never was", Remedy: "A backup may have brought it back: erase it again."},
	{ID: RuleUnopened, Severity: Warning, Title: "sealed values were not opened", Remedy: "Verify where their keys are, with a Sealer. If the log seals its values and you cannot, say so in the policy."},
	{ID: RuleBadErasure, Severity: Error, Title: "an event about the log itself is not one that this package writes", Remedy: "Nothing is excused by it. Ask who recorded it."},
	{ID: RulePruned, Severity: Error, Title: "events are gone and no event says that they were pruned", Remedy: "Somebody removed them past this package: restore them from a backup."},
	{ID: RulePrunedRoot, Severity: Error, Title: "an event prunes another history than this one", Remedy: "Its root is not that of the events up to there: ask who recorded it."},
	{ID: RulePrunedHeld, Severity: Error, Title: "events were pruned under a legal hold", Remedy: "Ask who did it: the event names them."},
	{ID: RuleRestored, Severity: Error, Title: "an event says that the log was restored from an old copy, and the policy does not name it", Remedy: "What came after the copy is gone. Ask who did it and why; if that is known and agreed, let the policy name the event."},
	{ID: RuleRestoreNamed, Severity: Info, Title: "the log was restored from an old copy, and the policy names the event that says so", Remedy: "Nothing is left to do: what was recorded after the copy is gone."},
}

// Rules returns every rule that [Verify] looks for, in order of their IDs.
func Rules() []Rule { return append([]Rule(nil), verifyRules...) }

func ruleByID(id string) Rule {
	for _, r := range verifyRules {
		if r.ID == id {
			return r
		}
	}
	panic("audit: no rule " + id)
}
