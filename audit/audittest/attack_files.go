package audittest

import (
	"slices"
	"strconv"
	"strings"

	"github.com/bailiwick-dev/bailiwick/audit"
)

func itoa(i int) string { return strconv.Itoa(i) }

// pick returns the position of a file whose name begins with one of the prefixes.
func (t attacker) pick(fs []File, prefixes ...string) int {
	var at []int
	for i, f := range fs {
		if slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(f.Name, p) }) {
			at = append(at, i)
		}
	}
	if at == nil {
		return -1
	}
	return at[t.rng.IntN(len(at))]
}

// change changes one bit of a file.
func (t attacker) change(prefixes ...string) bool {
	fs := t.Files()
	i := t.pick(fs, prefixes...)
	if i < 0 {
		return false
	}
	fs[i].Data = slices.Clone(fs[i].Data)
	at := t.rng.IntN(len(fs[i].Data))
	fs[i].Data[at] ^= 1 << t.rng.IntN(8)
	if level, path, ok := strings.Cut(strings.TrimPrefix(fs[i].Name, "tile/"), "/"); ok && strings.HasPrefix(fs[i].Name, "tile/") {
		each := 1 << (8 * int(level[0]-'0')) // the places below a hash
		path, _, _ = strings.Cut(path, ".p/")
		n, _ := strconv.Atoi(strings.NewReplacer("x", "", "/", "").Replace(path))
		from := (n*256 + at/32) * each
		t.touch(from, from+each)
		for _, p := range t.pruned { // the roots they tell are over what is below
			if from < int(t.Pruned) {
				t.touch(p, p+1)
				t.touch(0, int(t.Pruned))
			}
		}
	}
	t.a.Bundle = Pack(fs)
	t.a.Name += " (" + fs[i].Name + ")"
	return true
}

func (t attacker) changeTile() bool {
	return t.change("tile/0/", "tile/1/", "tile/2/") && t.expect(0, 0, audit.RuleTile, audit.RuleMalformed, audit.RuleRoot)
}

func (t attacker) changeProof() bool {
	return t.change("heads/") && t.expect(0, 0, audit.RuleHeads, audit.RuleSignature, audit.RuleMalformed)
}

func (t attacker) takeFile() bool {
	fs := t.Files()
	i := t.pick(fs, "bundle.json", "tile/", "heads/checkpoint")
	t.a.Name += " (" + fs[i].Name + ")"
	t.a.Bundle = Pack(slices.Delete(fs, i, i+1))
	return t.expect(0, 0, audit.RuleIncomplete, audit.RulePruned, audit.RuleMissing)
}

func (t attacker) swapFiles() bool {
	fs := t.Files()
	i, k := t.rng.IntN(len(fs)), t.rng.IntN(len(fs))
	fs[i], fs[k] = fs[k], fs[i]
	t.a.Name += " (" + fs[i].Name + " and " + fs[k].Name + ")"
	t.a.Bundle = Pack(fs)
	return i != k && t.expect(0, 0, audit.RuleMalformed, audit.RuleIncomplete)
}

func (t attacker) addFile() bool {
	fs := t.Files()
	i := t.rng.IntN(len(fs) + 1)
	names := []string{"README", "later/1.leaf", "bundle.json", "checkpoints/99999999999", "tile/entries/x999/999", "tile/9/000", "../etc/passwd", "openings/000+1", "checkpoints/1"}
	name := names[t.rng.IntN(len(names))]
	t.a.Name += " (" + name + ")"
	t.a.Bundle = Pack(slices.Insert(fs, i, File{name, []byte("x")}))
	return t.expect(0, 0, audit.RuleMalformed, audit.RuleIncomplete, audit.RuleUncommitted, audit.RuleSignature)
}

func (t attacker) cutStream() bool {
	b := t.Bundle()
	t.a.Bundle = b[:t.rng.IntN(len(b))]
	return t.expect(0, 0, audit.RuleIncomplete)
}

func (t attacker) addToStream() bool {
	t.a.Bundle = append(t.Bundle(), 0)
	return t.expect(0, 0, audit.RuleMalformed)
}
