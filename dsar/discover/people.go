package discover

import (
	"slices"
	"strings"

	"github.com/bailiwick-dev/bailiwick/dsar/classify"
	"github.com/bailiwick-dev/bailiwick/dsar/internal/word"
	"github.com/bailiwick-dev/bailiwick/dsar/schema"
	"github.com/bailiwick-dev/bailiwick/redact"
)

// findRoots settles whose data it is about.
func (w *world) findRoots(subjects []string) {
	type ranked struct {
		t *table
		n int
	}
	var people []ranked
	for _, t := range w.tables {
		if t.Kind == schema.Materialized {
			continue
		}
		if n := w.personRank(t); n > 0 {
			people = append(people, ranked{t, n})
		}
	}
	slices.SortStableFunc(people, func(a, b ranked) int { return b.n - a.n })
	for _, s := range subjects {
		if t := w.byName[s]; t != nil {
			w.roots = append(w.roots, t)
		}
	}
	if len(people) > 0 {
		w.actor = people[0].t
	}
	if len(subjects) == 0 {
		for i, p := range people {
			if i == 0 || w.ofPeople(p.t) {
				w.roots = append(w.roots, p.t)
			}
		}
		for _, t := range w.tables { // whatever they are called
			if !w.isRoot(t) && w.personRank(t) == 0 && w.ofPeople(t) {
				w.roots = append(w.roots, t)
			}
		}
	}
	if len(subjects) > 0 { // what was named is meant, unless it is people who are served
		for _, p := range people {
			if w.isRoot(p.t) && !served[p.t.words[len(p.t.words)-1]] {
				w.actor = p.t
				break
			}
		}
		if w.actor == nil && len(w.roots) > 0 || len(people) > 0 && served[people[0].t.words[len(people[0].t.words)-1]] {
			w.actor = w.roots[0]
		}
	}
	w.doer = w.actor
	if w.actor != nil && len(w.actor.words) > 0 && served[w.actor.words[len(w.actor.words)-1]] {
		for _, p := range people {
			if !served[p.t.words[len(p.t.words)-1]] {
				w.doer = p.t
				break
			}
		}
	}
}

// firmsToo are words for people that are words for firms, programs and settings as well.
var firmsToo = set(`account profile client player owner author contact personne`)

// ofPeople reports whether the rows of a table are people, beside those of the actor's: they sign in, or have names and ways to be
// reached, and none of them says whose it is.
func (w *world) ofPeople(t *table) bool {
	if t.Kind != schema.Ordinary || t.key == "" || w.actor == nil || t == w.actor || len(t.words) == 0 || w.foreign(t) || w.says(t) {
		return false
	}
	have := map[redact.Class]int{}
	whose := false
	for _, c := range t.Columns {
		have[classify.Column(t.Name, c.Name, c.Family)]++
		n := w.parse(word.Split(c.Name))
		whose = whose || n.keyed && len(n.stem) == 1 && (w.actorWord(n.stem[0]) || n.stem[0] == "person") && !slices.Equal(t.Key, []string{c.Name})
	}
	last := t.words[len(t.words)-1]
	contact, named, known := have[redact.ClassEmail]+have[redact.ClassPhone] > 0, have[redact.ClassName] > 0, have[redact.ClassAccount] > 0
	person, alone := slices.Contains(personWords, last), len(t.words) == 1
	switch {
	case have[redact.ClassPassword] > 0 && (contact || known):
		return person || named || roleWords[last] && !weakRoles[last] || strings.HasSuffix(last, "user")
	case whose:
		return false // it says of somebody
	case firmsToo[last]:
		return alone && (known && named || have[redact.ClassName] > 1 || last == "contact" && contact)
	case have[redact.ClassName] > 1:
		return person || alone && contact
	}
	return person && (alone && (contact || named || known) || have[redact.ClassEmail] > 0 && last != "user" && last != "member")
}

// foreign reports whether the table is about another system: paypal_accounts.
func (w *world) foreign(t *table) bool {
	return slices.ContainsFunc(t.full, func(s string) bool { return outside[s] && !w.entity(t, s) })
}

// served are people who do not do the work.
var served = set(`customer patient student contact subscriber client player guest visitor citizen kunde cliente lead donor`)

// ofTheApp are words that stand before the people of an application and say nothing more of them: app_users.
var ofTheApp = set(`app site system sys application custom base core web auth re my local platform forum`)

// frameworks are what tables of people are called by frameworks.
var frameworks = map[string]bool{"aspnetuser": true, "asp net user": true, "net user": true, "re user": true, "directus user": true}

// personRank says how likely a table's rows are people; 0 is not at all.
func (w *world) personRank(t *table) int {
	name := strings.Join(t.words, " ")
	rank := 0
	for i, p := range personWords {
		if name == p || strings.Join(t.full, " ") == p || len(t.full) > 1 && len(t.words) == 1 && t.words[0] == p {
			rank = 100 - 3*i
			break
		}
		if len(t.words) == 2 && t.words[1] == p && ofTheApp[t.words[0]] {
			rank = 85 - 3*i
		}
	}
	if frameworks[name] {
		rank = 98
	}
	if t.key == "" || w.foreign(t) && len(t.full) > 1 {
		return 0
	}
	if rank == 0 && w.signsIn(t) {
		rank = 50 // whatever it is called
		if last := t.full[len(t.full)-1]; last == "user" || t.full[0] == "user" || strings.Contains(last, "user") {
			rank = 75
		}
	}
	switch {
	case rank == 0:
	case w.hasContact(t):
		rank += 20
	case served[t.words[len(t.words)-1]]:
		rank -= 40 // a client may be a program
	}
	return max(rank, 0)
}

// signsIn reports whether the table has what somebody signs in with: a password, and a name or an address.
func (w *world) signsIn(t *table) bool {
	have := map[redact.Class]bool{}
	for _, c := range t.Columns {
		have[classify.Column(t.Name, c.Name, c.Family)] = true
	}
	return len(t.full) > 0 && (have[redact.ClassPassword] && (have[redact.ClassEmail] || have[redact.ClassAccount]) ||
		have[redact.ClassEmail] && have[redact.ClassAccount] && have[redact.ClassName])
}

// hasContact reports whether the table says how to reach somebody, or how they sign in.
func (w *world) hasContact(t *table) bool {
	return slices.ContainsFunc(t.Columns, func(c *schema.Column) bool {
		switch classify.Column(t.Name, c.Name, c.Family) {
		case redact.ClassEmail, redact.ClassPassword, redact.ClassPhone, redact.ClassAccount:
			return true
		}
		return false
	})
}

func (w *world) isRoot(t *table) bool { return slices.Contains(w.roots, t) }
