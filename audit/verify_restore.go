package audit

import (
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// restore is an event that says that the log was restored from an old copy.
type restore struct {
	seq, kept uint64
	hash      treeHash
	lost      []string // as lostText names them
	named     bool     // by the policy
}

// keptRestores is how many are kept in mind; others excuse nothing.
const keptRestores = 64

// conflict is a checkpoint that the log cannot have had, unless it lost what was signed.
type conflict struct {
	Finding
	lost string
}

func (v *verifier) ownRestored(seq uint64, leaf []byte, data map[string]any) bool {
	kept, ok := countIn(data["kept"])
	lost, isList := data["lost"].([]string)
	if !ok || !isList || kept > seq || len(lost) == 0 || len(lost) > keptLost {
		return false
	}
	r := restore{seq: seq, kept: kept, hash: treeHash(tlog.RecordHash(leaf)), lost: lost}
	if r.named = slices.Contains(v.policy.Restored, r.hash); r.named {
		v.find(RuleRestoreNamed, kept, seq+1, "it was restored from a copy with %d events signed; %q, and %d more, were lost", kept, lost[len(lost)-1], len(lost)-1)
	} else {
		v.find(RuleRestored, kept, seq+1, "it says that it was restored from a copy with %d events signed, and that %q, and %d more, were lost; a policy can name it: %s",
			kept, lost[len(lost)-1], len(lost)-1, tlog.Hash(r.hash))
	}
	if len(v.own.restores) < keptRestores {
		v.own.restores = append(v.own.restores, r)
	}
	return true
}

// excused reports whether the policy names a restore that names this checkpoint.
func (v *verifier) excused(of string, h *head) bool {
	text := lostText(of, h.size, h.root)
	return slices.ContainsFunc(v.own.restores, func(r restore) bool { return r.named && slices.Contains(r.lost, text) })
}

// clash keeps f, which is about the checkpoint h, until it is known what was restored.
func (v *verifier) clash(of string, h *head, f Finding) {
	v.conflicts = append(v.conflicts, conflict{f, lostText(of, h.size, h.root)})
}

// settleRestores reports the conflicts that nothing excuses, and the restores that the policy names and the log has not got.
func (v *verifier) settleRestores() {
	for _, c := range v.conflicts {
		if !slices.ContainsFunc(v.own.restores, func(r restore) bool { return r.named && slices.Contains(r.lost, c.lost) }) {
			v.rep.add(c.Finding)
		}
	}
	for _, hash := range v.policy.Restored {
		switch there := slices.ContainsFunc(v.own.restores, func(r restore) bool { return r.hash == hash }); {
		case there:
		case v.own.to > 0:
			v.rep.add(Finding{Rule: RuleNotCompared, Message: fmt.Sprintf("the restore %s that the policy names is not in what was not pruned", tlog.Hash(hash))})
		default:
			v.rep.add(Finding{Rule: RuleRollback, Message: fmt.Sprintf("the restore %s that the policy names is not in the log", tlog.Hash(hash))})
		}
	}
}
