package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"regexp"
	"strings"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// tables are the desk's tables, parents first.
var tables = []string{"organisation", "member", "customer", "conversation", "message", "api_connection"}

type organisation struct {
	Tenant tenancy.ID `db:"tenant_id"`
	Name   string     `db:"name"`
	Plan   string     `db:"plan"`
}

type member struct {
	Tenant tenancy.ID `db:"tenant_id"`
	ID     int64      `db:"id"`
	Email  string     `db:"email"`
	Name   string     `db:"name"`
	Role   string     `db:"role"`
}

type customer struct {
	Tenant tenancy.ID `db:"tenant_id"`
	ID     int64      `db:"id"`
	Email  string     `db:"email"`
	Name   string     `db:"name"`
}

type conversation struct {
	Tenant   tenancy.ID `db:"tenant_id"`
	ID       int64      `db:"id"`
	Customer int64      `db:"customer_id"`
	Member   int64      `db:"member_id"`
	Subject  string     `db:"subject"`
	Status   string     `db:"status"`
	OpenedAt int64      `db:"opened_at"`
}

type message struct {
	Tenant       tenancy.ID `db:"tenant_id"`
	ID           int64      `db:"id"`
	Conversation int64      `db:"conversation_id"`
	Author       string     `db:"author"`
	Body         string     `db:"body"`
	SentAt       int64      `db:"sent_at"`
}

type connection struct {
	Tenant     tenancy.ID `db:"tenant_id"`
	ID         int64      `db:"id"`
	Provider   string     `db:"provider"`
	SecretHash string     `db:"secret_hash"`
}

// books are all rows of one tenant.
type books struct {
	org           organisation
	members       []member
	customers     []customer
	conversations []conversation
	messages      []message
	connections   []connection
}

func (b books) rows() int {
	return 1 + len(b.members) + len(b.customers) + len(b.conversations) + len(b.messages) + len(b.connections)
}

// trees name the tenants: what the tour says about alder and birch can be followed by ear.
var trees = strings.Fields("alder birch cedar dogwood elm fir ginkgo hazel ironwood juniper kauri larch " +
	"maple neem oak pine quince rowan spruce teak ulmo viburnum willow yew")

// mark is a text that stands in every message of a tenant and nowhere else: it tells whose a row is
// even where tenant_id lies, and can be looked for in files.
func mark(seed uint64, id tenancy.ID) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %s", seed, id))
	return "ref-" + hex.EncodeToString(sum[:6])
}

var markIn = regexp.MustCompile(`ref-[0-9a-f]{12}`)

// write makes up the books of the i-th tenant, the same for the same seed. Some tenants are ten times
// as big as others; all of them together have about total rows.
func write(seed uint64, i int, id tenancy.ID, total int) books {
	h := fnv.New64a()
	_, _ = h.Write([]byte(id.String()))
	r := rand.New(rand.NewPCG(seed, h.Sum64()))
	pick := func(of []string) string { return of[r.IntN(len(of))] }

	sum := 0.0
	for j := range trees {
		sum += weight(j)
	}
	share := float64(total) * weight(i) / sum
	const messagesPer = 5 // of a conversation, on average; with it come a fifth of a member and half a customer
	n := max(4, int(math.Ceil(share/(1+messagesPer+0.7))))

	title := strings.ToUpper(id.String()[:1]) + id.String()[1:]
	b := books{org: organisation{id, title + " " + pick(trades), pick([]string{"free", "team", "company"})}}
	for j := range max(3, n/5) {
		first, last := pick(firstNames), pick(lastNames)
		b.members = append(b.members, member{id, int64(j + 1), fmt.Sprintf("%s.%d@%s.example", strings.ToLower(first), j+1, id), first + " " + last,
			[]string{"agent", "agent", "lead", "admin"}[j%4]})
	}
	for j := range max(3, n/2) {
		first, last := pick(firstNames), pick(lastNames)
		b.customers = append(b.customers, customer{id, int64(j + 1), fmt.Sprintf("%s.%s.%d@mail.example", strings.ToLower(first), strings.ToLower(last), j+1), first + " " + last})
	}
	const monday = 1_767_600_000 // 5 January 2026
	at := int64(monday)
	for j := range n {
		at += int64(r.IntN(3600))
		topic := pick(topics)
		b.conversations = append(b.conversations, conversation{id, int64(j + 1), 1 + r.Int64N(int64(len(b.customers))),
			1 + r.Int64N(int64(len(b.members))), "About " + topic, pick([]string{"open", "waiting", "solved", "solved"}), at})
		for k := range 2 + r.IntN(2*messagesPer-3) {
			author := []string{"customer", "member"}[k%2]
			b.messages = append(b.messages, message{id, int64(len(b.messages) + 1), int64(j + 1), author,
				fmt.Sprintf(pick(sentences[author]), topic) + " [" + mark(seed, id) + "]", at + int64(60*k)})
		}
	}
	for j, provider := range []string{"webhook", "mailbox", "calendar"} {
		secret := sha256.Sum256(fmt.Appendf(nil, "%d %s %d", seed, id, j))
		b.connections = append(b.connections, connection{id, int64(j + 1), provider, hex.EncodeToString(secret[:])})
	}
	return b
}

func weight(i int) float64 { return math.Pow(float64(i+1), -0.6) }

var (
	trades     = strings.Fields("Bikes Books Clinics Foods Homes Labs Logistics Music Schools Travel")
	firstNames = strings.Fields("Ada Ben Chidi Dora Emil Fatima Goran Hana Ines Jonas Kavya Liam Mei Nadia Omar Priya Rosa Sven Tomas Yuki")
	lastNames  = strings.Fields("Abara Bauer Costa Diaz Evans Fischer Garcia Hansen Ito Jensen Khan Lopez Moreau Novak Okafor Patel Rossi Silva Tanaka Weber")
	topics     = []string{"the March invoice", "a late parcel", "the login page", "an export that stops", "a second licence",
		"the mobile app", "a refund", "the data agreement", "a wrong address", "opening hours"}
	sentences = map[string][]string{
		"customer": {"Hello, I have a question about %s.", "There is still no answer about %s, can you look again?",
			"Thank you! One more thing about %s: who decides?", "It is about %s. My phone number is on file."},
		"member": {"Thanks for writing in about %s. I am on it.", "I have asked a colleague about %s and will be back today.",
			"Good news about %s: it is done.", "Could you send a screenshot of %s, please?"},
	}
)
