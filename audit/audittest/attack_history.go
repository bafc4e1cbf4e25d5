package audittest

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"golang.org/x/mod/sumdb/note"
)

// History is an honest log that grew by chance: events with and without erasable values, erasures, prunings,
// holds and changes of the key.
type History struct {
	Book
	Policy audit.Policy

	rng      *rand.Rand
	at       time.Time
	signer   note.Signer
	keys     int
	signed   int
	fields   map[int][]value // what is there of each event
	pruned   []int           // where audit.pruned events are
	held     bool
	Erasures []uint64 // the places of the audit.erased events
}

type value struct {
	label, text string
	salt        [16]byte
}

// Plan says how a history grows.
type Plan struct {
	Events int
	Rare   int // one in so many steps erases, prunes, holds or rotates; 0: none
	Heads  bool
	Plain  bool // events without erasable values
	Six    bool // events with six each
}

// NewHistory grows a history from a seed. It ends at a checkpoint.
func NewHistory(seed uint64, p Plan) *History {
	h := &History{rng: rand.New(rand.NewPCG(seed, 1)), at: time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC), fields: map[int][]value{}}
	h.Tenant = "acme"
	h.Origin = "example.com/audit/abcdefghijklmnopqrstuvwxyz"
	if p.Heads {
		h.HeadsOrigin = "example.com/audit"
	}
	h.Policy.Now = h.at.Add(24 * time.Hour)
	h.rotate()
	for len(h.Leaves) < p.Events {
		h.at = h.at.Add(time.Duration(h.rng.IntN(900)) * time.Millisecond)
		if p.Rare > 0 && h.rng.IntN(p.Rare) == 0 {
			h.rare()
			continue
		}
		h.event(p)
		if h.rng.IntN(100) == 0 {
			h.Checkpoint()
		}
	}
	h.Checkpoint()
	if p.Heads {
		for range h.rng.IntN(5) {
			h.Heads = append(h.Heads, fmt.Sprintf("example.com/audit/%d\n1\n%s\n", h.rng.Uint64(), base64.StdEncoding.EncodeToString(make([]byte, 32))))
		}
		h.SignHeads(h.at, h.signer)
	}
	return h
}

// Signer is the key in use.
func (h *History) Signer() note.Signer { return h.signer }

func (h *History) rotate() {
	if n := len(h.Policy.Keys); n > 0 {
		h.Checkpoint()
		h.Policy.Keys[n-1].Until = uint64(h.signed)
		h.Own("audit.key_rotated", map[string]any{"old": h.signer.Name(), "new": h.signer.Name(), "size": h.signed})
	}
	h.keys++
	var seed [32]byte
	for i := range seed {
		seed[i] = byte(h.rng.Uint32())
	}
	secret, public, err := note.GenerateKey(strings.NewReader(string(seed[:])), "example.com/audit")
	if err != nil {
		panic(err)
	}
	signer, err := note.NewSigner(secret)
	if err != nil {
		panic(err)
	}
	verifier, err := note.NewVerifier(public)
	if err != nil {
		panic(err)
	}
	h.signer = signer
	h.Policy.Keys = append(h.Policy.Keys, audit.Key{Verifier: verifier})
}

// Checkpoint signs what there is.
func (h *History) Checkpoint() {
	if len(h.Leaves) > h.signed || h.signed == 0 {
		h.at = h.at.Add(time.Second)
		h.signed = len(h.Leaves)
		h.Sign(h.signer, h.signed, h.at)
	}
}

func (h *History) id() string {
	return fmt.Sprintf("%08x-%04x-7%03x-8%03x-%012x", h.rng.Uint32(), h.rng.Uint32()&0xffff, h.rng.Uint32()&0xfff, h.rng.Uint32()&0xfff, h.rng.Uint64()&0xffffffffffff)
}

func (h *History) event(p Plan) {
	var vs []value
	person := p.Six || !p.Plain && h.rng.IntN(4) > 0
	if person {
		for _, l := range []string{"actor.id", "actor.name", "actor.email", "source.ip", "source.agent", "reason"} {
			if p.Six || l == "actor.id" || h.rng.IntN(3) > 0 {
				v := value{label: l, text: fmt.Sprintf("%s of %d", l, h.rng.IntN(50))}
				for i := range v.salt {
					v.salt[i] = byte(h.rng.Uint32())
				}
				vs = append(vs, v)
			}
		}
	}
	h.add("document.read", vs, person, nil)
}

// Own records an event of the log about itself.
func (h *History) Own(action string, data map[string]any) { h.add(action, nil, false, data) }

func (h *History) add(action string, vs []value, person bool, data map[string]any) {
	var b strings.Builder
	fmt.Fprintf(&b, `{"v":1,"tenant":%q,"id":%q,"time":%q,"action":%q,"outcome":"success"`, h.Tenant, h.id(), h.at.Format("2006-01-02T15:04:05.000000Z"), action)
	for i, v := range vs {
		b.WriteString([...]string{`,"personal":{`, ","}[min(i, 1)])
		c := sha256.Sum256(append(append(append([]byte{2}, v.salt[:]...), byte(len(v.label))), v.label+v.text...))
		fmt.Fprintf(&b, "%q:%q", v.label, base64.RawURLEncoding.EncodeToString(c[:]))
	}
	if len(vs) > 0 {
		b.WriteString("}")
	}
	if person {
		b.WriteString(`,"actor":{"type":"user","person":true}`)
	} else {
		b.WriteString(`,"actor":{"type":"job","id":"nightly"}`)
	}
	fmt.Fprintf(&b, `,"request":"r%d"`, h.rng.IntN(1000))
	if data != nil {
		text, _ := json.Marshal(data) // sorts the keys
		b.WriteString(`,"data":`)
		b.Write(text)
	}
	b.WriteString("}")
	h.fields[len(h.Leaves)] = vs
	h.Add([]byte(b.String()))
	h.reopen(len(h.Leaves) - 1)
}

// reopen puts what is there of an event into its openings: those of the actor, or, without a person, an entry of
// the index.
func (h *History) reopen(i int) {
	o := audit.Opening{Subject: audit.Pseudonym{byte(i), 7}}
	for _, v := range h.fields[i] {
		if len(o.Data) == 0 {
			o.Data = []byte{0}
		}
		o.Data = binary.AppendUvarint(o.Data, uint64(len(v.label)))
		o.Data = append(append(o.Data, v.label...), v.salt[:]...)
		o.Data = binary.AppendUvarint(o.Data, uint64(len(v.text)))
		o.Data = append(o.Data, v.text...)
	}
	h.Openings[i] = []audit.Opening{o}
}

// rare does what is not done every day.
func (h *History) rare() {
	switch k := h.rng.IntN(10); {
	case k < 5:
		h.Erase(1 + h.rng.IntN(5))
	case k < 6:
		h.prune()
	case k < 8:
		h.Own([...]string{"audit.hold_placed", "audit.hold_released"}[toInt(h.held)], map[string]any{"hold": "m1", "scope": "all", "reason": "r"})
		h.held = !h.held
	default:
		h.rotate()
	}
}

func toInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Erase erases values of up to n events.
func (h *History) Erase(n int) {
	var fields []string
	for range n {
		if len(h.Leaves) == 0 || h.held {
			return
		}
		i := h.rng.IntN(len(h.Leaves))
		vs := h.fields[i]
		if len(vs) == 0 || h.Leaves[i] == nil {
			continue
		}
		k := h.rng.IntN(len(vs))
		gone := vs[k:]
		if h.rng.IntN(2) == 0 {
			gone = vs[k : k+1]
		}
		var labels []string
		for _, v := range gone {
			labels = append(labels, v.label)
		}
		h.fields[i] = slices.DeleteFunc(slices.Clone(vs), func(v value) bool { return slices.Contains(labels, v.label) })
		h.reopen(i)
		fields = append(fields, fmt.Sprintf("%d:%s", i, strings.Join(labels, ",")))
	}
	if fields != nil {
		h.Erasures = append(h.Erasures, uint64(len(h.Leaves)))
		h.Own("audit.erased", map[string]any{"basis": "GDPR Art. 17(1)(b)", "fields": fields})
	}
}

// prune prunes what is signed, down to a multiple of 256.
func (h *History) prune() {
	to := h.rng.IntN(h.signed/256+1) * 256
	if to <= int(h.Pruned) || h.held {
		return
	}
	root := h.Root(to)
	h.pruned = append(h.pruned, len(h.Leaves))
	h.Own("audit.pruned", map[string]any{"to": to, "root": base64.StdEncoding.EncodeToString(root[:]), "basis": "retention"})
	for i := range to {
		h.Leaves[i], h.Openings[i], h.fields[i] = nil, nil, nil
	}
	h.Pruned = uint64(to)
}
