package audittest

import (
	"bytes"
	"encoding/base64"
	"slices"
	"strings"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
)

func (t attacker) edit() bool {
	i, ok := t.some(anyEvent)
	if ok {
		t.Leaves[i] = t.edited(i)
	}
	return ok && t.expect(i, i+1, audit.RuleEdited)
}

func (t attacker) editDeep() bool {
	ok := t.edit()
	t.Rehash()
	t.a.Rules = []string{audit.RuleRoot}
	return ok
}

// drop takes an event out of what is kept, and leaves its hash.
func (t attacker) remove() bool {
	i, ok := t.some(func(i int) bool { return len(t.Leaves) > 1 })
	if ok {
		t.Leaves[i] = nil
		if t.tileIsEmpty(i) {
			return t.expect(i, i+1, audit.RuleMissing, audit.RulePruned)
		}
	}
	return ok && t.expect(i, i+1, audit.RuleMissing)
}

func (t attacker) tileIsEmpty(i int) bool {
	from := i / 256 * 256
	return !slices.ContainsFunc(t.Leaves[from:min(from+256, len(t.Leaves))], func(l []byte) bool { return l != nil })
}

func (t attacker) removeDeep() bool {
	i, ok := t.some(func(i int) bool { return i < len(t.Leaves)-1 })
	if ok {
		t.Leaves, t.Openings, t.Hashes = slices.Delete(t.Leaves, i, i+1), slices.Delete(t.Openings, i, i+1), slices.Delete(t.Hashes, i, i+1)
	}
	// Every checkpoint beyond says so; the size of the newest is that of no tree any more.
	return ok && t.expect(i, len(t.Leaves)+1, audit.RuleRoot, audit.RuleMalformed)
}

func (t attacker) insert() bool {
	i, ok := t.some(func(i int) bool { return i%256 != 255 && len(t.Leaves) > 1 })
	if !ok {
		return false
	}
	// One more in the file of the tile, in which an event has no number of its own.
	t.a.Bundle = t.files(func(fs []File) []File {
		for k := range fs {
			if name, _, _ := strings.Cut(fs[k].Name, ".p/"); name == "tile/entries/"+tilePath(i/256, 0) {
				extra := []byte(strings.Replace(string(t.edited(i)), t.Tenant, t.Tenant, 1))
				entry := append([]byte{byte(len(extra) >> 8), byte(len(extra))}, extra...)
				fs[k].Data = append(slices.Clone(entry), fs[k].Data...)
			}
		}
		return fs
	})
	t.touch(i/256*256, i/256*256+1)
	return t.expect(i/256*256, i/256*256+256, audit.RuleExtra)
}

func (t attacker) files(change func([]File) []File) []byte { return Pack(change(t.Files())) }

func (t attacker) swap() bool {
	i, k, ok := t.sameTile()
	if ok {
		t.Leaves[i], t.Leaves[k] = t.Leaves[k], t.Leaves[i]
		t.Openings[i], t.Openings[k] = t.Openings[k], t.Openings[i]
		t.touch(i, i+1)
		t.touch(k, k+1)
	}
	return ok && t.expect(i, k+1, audit.RuleMoved)
}

func (t attacker) swapDeep() bool {
	i, k, ok := t.sameTile()
	if ok {
		t.Leaves[i], t.Leaves[k] = t.Leaves[k], t.Leaves[i]
		t.Openings[i], t.Openings[k] = t.Openings[k], t.Openings[i]
		t.Rehash()
	}
	return ok && t.expect(i, k+1, audit.RuleRoot)
}

// personal picks an event with at least n values.
func (t attacker) personal(n int) (int, bool) {
	return t.some(func(i int) bool { return len(t.fields[i]) >= n })
}

func (t attacker) changeValue() bool {
	i, ok := t.personal(1)
	if ok {
		t.fields[i][t.rng.IntN(len(t.fields[i]))].text += "!"
		t.reopen(i)
	}
	return ok && t.expect(i, i+1, audit.RuleCommitment)
}

func (t attacker) changeSalt() bool {
	i, ok := t.personal(1)
	if ok {
		t.fields[i][0].salt[t.rng.IntN(16)] ^= 1 << t.rng.IntN(8)
		t.reopen(i)
	}
	return ok && t.expect(i, i+1, audit.RuleCommitment)
}

func (t attacker) swapSalts() bool {
	i, ok := t.personal(2)
	if ok {
		vs := t.fields[i]
		vs[0].salt, vs[1].salt = vs[1].salt, vs[0].salt
		t.reopen(i)
	}
	return ok && t.expect(i, i+1, audit.RuleCommitment)
}

func (t attacker) takeValue() bool {
	i, ok := t.personal(1)
	if ok {
		t.fields[i] = t.fields[i][1:]
		t.reopen(i)
	}
	return ok && t.expect(i, i+1, audit.RuleErasure)
}

func (t attacker) takeOpening() bool {
	i, ok := t.personal(1)
	if ok {
		t.Openings[i] = nil
	}
	return ok && t.expect(i, i+1, audit.RuleErasure)
}

func (t attacker) addValue() bool {
	i, ok := t.some(anyEvent)
	if ok {
		t.fields[i] = append(t.fields[i], value{label: "data.note", text: "never said"})
		t.reopen(i)
	}
	return ok && t.expect(i, i+1, audit.RuleUncommitted)
}

// cut leaves the log as it was at an earlier checkpoint.
func (t attacker) cut() (newest Checkpoint, ok bool) {
	n := len(t.Checkpoints)
	if n < 2 {
		return newest, false
	}
	k := t.rng.IntN(n - 1)
	size := t.Checkpoints[k].Size
	if size == 0 || size < t.Pruned {
		return newest, false
	}
	newest = t.Checkpoints[n-1]
	t.Checkpoints, t.Leaves, t.Openings, t.Hashes = t.Checkpoints[:k+1], t.Leaves[:size], t.Openings[:size], t.Hashes[:size]
	return newest, true
}

func (t attacker) cutTail() bool {
	newest, ok := t.cut()
	t.a.Policy.Trusted = [][]byte{newest.Note}
	return ok && t.expect(len(t.Leaves), int(newest.Size), audit.RuleRollback)
}

func (t attacker) stale() bool {
	newest, ok := t.cut()
	t.touch(len(t.Leaves)-1, int(newest.Size))
	t.HeadsOrigin = ""
	t.a.Policy.MaxAge = time.Hour
	return ok && t.expect(len(t.Leaves)-1, len(t.Leaves), audit.RuleTooOld)
}

func (t attacker) unsigned() bool {
	n := len(t.Checkpoints)
	if n < 2 {
		return false
	}
	size := t.Checkpoints[n-1].Size
	t.Checkpoints = t.Checkpoints[:n-1]
	return t.expect(int(t.Checkpoints[n-2].Size), int(size), audit.RuleUnsigned)
}

func (t attacker) rewrite() bool {
	i, ok := t.some(anyEvent)
	if !ok {
		return false
	}
	k := slices.IndexFunc(t.Checkpoints, func(c Checkpoint) bool { return c.Size > uint64(i) })
	held := t.Checkpoints[k]
	t.a.Policy.Trusted = [][]byte{held.Note}
	t.a.Policy.Keys = slices.Clone(t.a.Policy.Keys)
	t.Leaves[i] = t.edited(i)
	t.Rehash()
	t.resign()
	t.touch(i, i+1)
	return t.expect(i, int(held.Size), audit.RuleFork)
}

func (t attacker) strangerSigns() bool {
	k := t.rng.IntN(len(t.Checkpoints))
	size := int(t.Checkpoints[k].Size)
	one := &Book{Origin: t.Origin, Hashes: t.Hashes}
	one.Sign(stranger("example.com/audit", byte(t.rng.Uint32())), size, timeOf(t.Checkpoints[k].Note))
	t.Checkpoints[k] = one.Checkpoints[0]
	return t.expect(max(size, 1)-1, max(size, 1), audit.RuleSignature)
}

func (t attacker) retiredSigns() bool {
	n := len(t.Checkpoints)
	size := t.Checkpoints[n-1].Size
	if size < 2 {
		return false
	}
	// The key in use is retired now, and should not have signed the newest.
	t.a.Policy.Keys = slices.Clone(t.a.Policy.Keys)
	t.a.Policy.Keys[len(t.a.Policy.Keys)-1].Until = size - 1
	return t.expect(int(size)-1, int(size), audit.RuleRetiredKey)
}

func (t attacker) splice() bool {
	i, ok := t.some(anyEvent)
	if ok {
		t.Leaves[i] = bytes.Replace(t.Leaves[i], []byte(`"acme"`), []byte(`"mallory"`), 1)
		t.Rehash()
		t.resign()
	}
	return ok && t.expect(i, i+1, audit.RuleForeign)
}

func (t attacker) noEvent() bool {
	i, ok := t.some(anyEvent)
	if !ok {
		return false
	}
	l := t.Leaves[i]
	forms := [][]byte{{}, []byte("{}"), l[1:], l[:len(l)-1], append(slices.Clone(l), '\n'), bytes.Replace(l, []byte("acme"), []byte("ACME"), 1),
		bytes.Replace(l, []byte("success"), []byte("Success"), 1), bytes.Replace(l, []byte(`{"v":1,`), []byte(`{"v":1, `), 1), make([]byte, 64)}
	t.Leaves[i] = forms[t.rng.IntN(len(forms))]
	t.fields[i], t.Openings[i] = nil, nil
	t.Rehash()
	t.resign()
	return t.expect(i, i+1, audit.RuleBadLeaf)
}

func (t attacker) pruneSilently() bool {
	n := len(t.Leaves) / 256
	from := int(t.Pruned) / 256
	if n <= from {
		return false
	}
	to := (from + 1 + t.rng.IntN(n-from)) * 256
	for i := range to {
		t.Leaves[i], t.Openings[i] = nil, nil
	}
	was := t.Pruned
	if t.rng.IntN(2) == 0 {
		t.Pruned = uint64(to)
	}
	return t.expect(int(was), to, audit.RulePruned)
}

func (t attacker) pruneForged() bool {
	to := int(t.Pruned) + 256
	if len(t.Leaves) < to {
		return false
	}
	var root [32]byte
	root[t.rng.IntN(32)] = 1
	at := len(t.Leaves)
	t.Own("audit.pruned", map[string]any{"to": to, "root": base64.StdEncoding.EncodeToString(root[:]), "basis": "x"})
	for i := range to {
		t.Leaves[i], t.Openings[i] = nil, nil
	}
	t.Pruned = uint64(to)
	t.resign()
	t.touch(0, to)
	t.touch(at, at+1)
	return t.expect(at, at+1, audit.RulePrunedRoot)
}

func (t attacker) eraseHeld() bool {
	i, ok := t.personal(1)
	if !ok || t.held {
		return false
	}
	t.Own("audit.hold_placed", map[string]any{"hold": "m9", "scope": "all", "reason": "r"})
	at := len(t.Leaves)
	label := t.fields[i][0].label
	t.Own("audit.erased", map[string]any{"basis": "x", "fields": []string{itoa(i) + ":" + label}})
	t.fields[i] = t.fields[i][1:]
	t.reopen(i)
	t.resign()
	t.touch(i, i+1)
	t.touch(at-1, at+1)
	return t.expect(at, at+1, audit.RuleErasedHeld)
}

func (t attacker) eraseAhead() bool {
	at := len(t.Leaves)
	t.Own("audit.erased", map[string]any{"basis": "x", "fields": []string{itoa(at+1) + ":actor.id"}})
	t.event(Plan{})
	t.resign()
	t.touch(at, at+2)
	return t.expect(at, at+1, audit.RuleBadErasure)
}
