package bench

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
)

// What happens in the workloads over audit logs.
var auditActions = [...]audit.Action{
	audit.Define("document.read", audit.Read), audit.Define("document.update", audit.Update),
	audit.Define("member.invite", audit.Create), audit.Define("token.create", audit.Create),
	audit.Define("export.download", audit.Read), audit.Define("role.grant", audit.Update),
	audit.Define("support.read", audit.Read), audit.Define("user.login", audit.Other),
}

// happening is one event of a SaaS: as our log takes it, with six erasable values, and as the line of JSON of about 480
// bytes that the others write.
type happening struct {
	event  audit.Event
	action string
	actor  string
	plain  plainEvent
	line   []byte // of plain
}

// plainEvent is what an application makes a line of JSON of.
type plainEvent struct {
	ID         string    `json:"id"`
	Tenant     string    `json:"tenant"`
	Time       time.Time `json:"time"`
	Action     string    `json:"action"`
	Outcome    string    `json:"outcome"`
	ActorType  string    `json:"actor_type"`
	ActorID    string    `json:"actor_id"`
	ActorName  string    `json:"actor_name"`
	ActorEmail string    `json:"actor_email"`
	TargetType string    `json:"target_type"`
	TargetID   string    `json:"target_id"`
	IP         string    `json:"ip"`
	UserAgent  string    `json:"user_agent"`
	RequestID  string    `json:"request_id"`
	Reason     string    `json:"reason"`
}

// personal lists what is erasable, with the labels it has in our log.
func (h *happening) personal() [6][2]string {
	e := &h.event
	return [6][2]string{
		{"actor.id", e.Actor.ID}, {"actor.name", e.Actor.Name}, {"actor.email", e.Actor.Email},
		{"source.ip", e.Source.IP.String()}, {"source.agent", e.Source.UserAgent}, {"reason", e.Reason},
	}
}

// happenings returns n events, the same at every call.
func happenings(n int) []happening {
	r := rand.New(rand.NewPCG(480, 6))
	start := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	all := make([]happening, n)
	for i := range all {
		h := &all[i]
		who := fmt.Sprintf("usr_%016x", r.Uint64())
		h.event = audit.Event{
			Action:  auditActions[r.IntN(len(auditActions))],
			Actor:   audit.Party{Type: "user", ID: who, Name: fmt.Sprintf("Person %d", r.IntN(5000)), Email: who[4:12] + "@example.com", Person: true},
			Targets: []audit.Party{{Type: "document", ID: fmt.Sprintf("doc_%016x", r.Uint64())}},
			Source: audit.Source{
				IP:        netip.AddrFrom4([4]byte{10, byte(r.Uint32()), byte(r.Uint32()), byte(r.Uint32())}),
				UserAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:146.0) Gecko/20100101 Firefox/146.0",
				RequestID: fmt.Sprintf("req_%016x", r.Uint64()),
			},
			Reason: fmt.Sprintf("the customer asked for help in ticket %d", r.IntN(100_000)),
		}
		h.action, h.actor = h.event.Action.Name(), who
		h.plain = plainEvent{
			ID: fmt.Sprintf("%032x", r.Uint64()), Tenant: tenantName(0), Time: start.Add(time.Duration(i) * time.Millisecond), Action: h.action, Outcome: "success",
			ActorType: "user", ActorID: who, ActorName: h.event.Actor.Name, ActorEmail: h.event.Actor.Email,
			TargetType: "document", TargetID: h.event.Targets[0].ID,
			IP: h.event.Source.IP.String(), UserAgent: h.event.Source.UserAgent, RequestID: h.event.Source.RequestID, Reason: h.event.Reason,
		}
		h.line, _ = json.Marshal(&h.plain) // text and a time never fail
	}
	return all
}

// plainHappening is an event without anything erasable, of about 480 bytes in the log.
func plainHappening(r *rand.Rand) audit.Event {
	return audit.Event{
		Action:  auditActions[r.IntN(len(auditActions))],
		Actor:   audit.Party{Type: "service", ID: fmt.Sprintf("svc_%016x", r.Uint64())},
		Targets: []audit.Party{{Type: "document", ID: fmt.Sprintf("doc_%016x", r.Uint64())}},
		Source:  audit.Source{RequestID: fmt.Sprintf("req_%016x", r.Uint64())},
		Data:    map[string]any{"note": "a job of the night shift that moved a document from one folder to another and told its owners of that", "run": fmt.Sprintf("%032x", r.Uint64())},
	}
}

// supply hands out the events one after the other, for ever, to many at once.
func supply(n int) func() *happening {
	all := happenings(n)
	var next atomic.Uint64
	return func() *happening { return &all[next.Add(1)%uint64(len(all))] }
}

// openedField is an erasable value as it lies beside our log.
type openedField struct{ label, salt, value []byte }

// openedFields reads the plain form of an opening: a zero, then of each field uvarint of a length, label, 16 bytes of salt,
// uvarint of a length, value.
func openedFields(data []byte) (all []openedField, err error) {
	if len(data) == 0 {
		return nil, nil
	}
	rest, ok := data[1:], data[0] == 0
	counted := func() (b []byte) {
		n, w := binary.Uvarint(rest)
		if ok = ok && w > 0 && n <= uint64(len(rest)-w); !ok {
			return nil
		}
		b, rest = rest[w:w+int(n)], rest[w+int(n):]
		return b
	}
	for ok && len(rest) > 0 {
		f := openedField{label: counted()}
		if ok = ok && len(rest) >= 16; ok {
			f.salt, rest = rest[:16], rest[16:]
			f.value = counted()
		}
		all = append(all, f)
	}
	if !ok {
		return nil, errors.New("an opening is not as it should be")
	}
	return all, nil
}

// committedBytes is what the commitment to f is the SHA-256 of.
func (f openedField) committedBytes() []byte {
	b := append([]byte{2}, f.salt...)
	b = append(append(b, byte(len(f.label))), f.label...)
	return append(b, f.value...)
}
