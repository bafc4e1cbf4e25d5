package discover

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bailiwick-dev/bailiwick/dsar/internal/word"
	"github.com/bailiwick-dev/bailiwick/dsar/schema"
)

func (w *world) hasUserTable() bool {
	return slices.ContainsFunc(w.tables, func(t *table) bool {
		return t.key != "" && (slices.Equal(t.words, []string{"user"}) || slices.Equal(t.full, []string{"user"}))
	})
}

// role scores how well a column's name is what somebody is to a row, and whether it says "by".
func (w *world) role(t *table, col *schema.Column, n name) (score float64, by bool, why string) {
	stem := slices.Clone(n.stem)
	for len(stem) > 1 && allDigits(stem[len(stem)-1:]) {
		stem = stem[:len(stem)-1]
	}
	last := stem[len(stem)-1]
	switch {
	case last != "by" && byWords[last] && len(stem) == 2 && len(stem[0]) > 3:
		return 0.8, true, fmt.Sprintf("%s says who did something", col.Name)
	case len(stem) > 1 && last == "to" && (stem[len(stem)-2] == "out" || stem[len(stem)-2] == "checkedout" || len(stem[len(stem)-2]) > 5 && strings.HasSuffix(stem[len(stem)-2], "ed") && !joining[stem[len(stem)-2]] && (n.keyed || match(col.Family, w.actor.Column(w.actor.key).Family) == 1 && (col.Family != schema.Text || col.Type == w.actor.Column(w.actor.key).Type))):
		return 0.75, false, fmt.Sprintf("%s says who has it", col.Name)
	case len(stem) == 2 && stem[0] == "checked" && last == "out":
		return 0.75, true, fmt.Sprintf("%s says who has it", col.Name)
	case last == "by" && len(stem) > 1:
		if notBy[stem[len(stem)-2]] || len(stem) == 2 && stem[0] == "sort" {
			return 0, false, ""
		}
		if col.Family == schema.Text && holding[stem[len(stem)-2]] && slices.ContainsFunc(t.full, func(s string) bool { return queues[s] }) {
			return 0.4, true, fmt.Sprintf("%s says which process did something", col.Name)
		}
		return 0.87, true, fmt.Sprintf("%s says who did something", col.Name)
	case len(stem) > 1 && (last == "from" || last == "to") && w.actorWord(stem[len(stem)-2]):
		return 0.85, false, fmt.Sprintf("%s names a person at one end", col.Name)
	case len(stem) == 1 && (last == "from" || last == "to"):
		if t.Column("from"+col.Name[4-min(4, len(col.Name)):]) == nil && !w.messaging(t) && !(n.keyed && written(t)) {
			return 0.3, false, fmt.Sprintf("%s may be a person", col.Name)
		}
		if w.messaging(t) || n.keyed && written(t) {
			if n.keyed {
				return 0.75, false, fmt.Sprintf("%s is one end of a %s", col.Name, strings.Join(t.words, " "))
			}
			return 0.62, false, fmt.Sprintf("%s is one end of a %s", col.Name, strings.Join(t.words, " "))
		}
		return 0.4, false, fmt.Sprintf("%s may be a person", col.Name)
	case last == "uid":
		return 0.72, false, fmt.Sprintf("%s is the id of a user in some conventions", col.Name)
	case len(n.words) > 1 && n.words[len(n.words)-1] == "uid" && (strings.HasSuffix(last, "ed") || last == "create" || last == "write" || last == "creat"):
		return 0.85, true, fmt.Sprintf("%s says who did something", col.Name)
	case len(n.words) > 1 && n.words[len(n.words)-1] == "uid" && w.actor.key == "uid":
		return 0.86, false, fmt.Sprintf("%s ends as the key of %s is called", col.Name, w.actor.Name)
	case w.entity(t, last):
		return 0, false, "" // a table of that name is there
	case last == "person" && len(stem) > 1 && !n.keyed && col.Family == schema.Text:
		return 0, false, "" // the name of a firm's
	case roleWords[last]:
		score := 0.88
		if weakRoles[last] {
			score = 0.51
		}
		if last == "profile" || last == "contact" || last == "agent" || last == "lead" || last == "handler" || last == "player" || last == "host" || last == "holder" || last == "resolver" || last == "dispatcher" || last == "candidate" {
			score = 0.6
		}
		if last == "customer" || last == "student" || last == "patient" || last == "employee" || last == "driver" || last == "guest" || last == "staff" || last == "operator" || last == "subscriber" || last == "winner" {
			score = 0.66
		}
		if !n.keyed {
			score *= 0.8
			if n.plural {
				score *= 0.4
			}
		}
		return score, false, fmt.Sprintf("%s is a role that people have", col.Name)
	case n.keyed && len(stem) == 1 && (last == "invited" || last == "creat" || last == "assigned"):
		return 0.6, false, fmt.Sprintf("%s may be a person", col.Name)
	case n.keyed && len(n.stem) == 1 && last == "target" && (t == w.actor || w.actsOn(t)):
		return 0.56, false, fmt.Sprintf("%s may be the other one of two people", col.Name)
	case n.keyed && doerOf(last, t):
		return 0.75, false, fmt.Sprintf("%s is who does what %s are", col.Name, t.Name)
	case n.keyed && sounds(last) || n.keyed && len(stem) == 1 && last == "notifiable":
		return 0.56, false, fmt.Sprintf("%s sounds like somebody", col.Name)
	case len(stem) > 1 && last == "to" && w.personRank(t) == 0 && (stem[len(stem)-2] == "report" || stem[len(stem)-2] == "reporting"):
		return 0.8, false, fmt.Sprintf("%s names somebody's superior", col.Name)
	case len(stem) == 2 && w.actorWord(stem[0]) && (last == "created" || last == "modified" || last == "updated" || last == "added" || last == "edited"):
		return 0.8, true, fmt.Sprintf("%s says who did something", col.Name)
	case n.keyed && len(n.stem) == 1 && (pairedWords[last] || last == "related" || last == "connected") && w.messaging(t) && w.pairing(t, col):
		return 0.66, false, fmt.Sprintf("%s is the other one of two people", col.Name)
	case n.keyed && len(n.stem) == 1 && strings.HasSuffix(joined(t.words), "ship") && w.pairing(t, col) && !w.entity(t, last) && !shortFor(last, t):
		return 0.7, false, fmt.Sprintf("%s is the other one of two people", col.Name)
	case n.keyed && slices.Equal(n.stem, t.words) && len(t.words) == 1 && w.pairing(t, col):
		return 0.6, false, fmt.Sprintf("%s is the other one of two people", col.Name)
	case n.keyed && len(stem) > 1 && (stem[0] == "assigned" || stem[0] == "created") && last == "to":
		return 0.85, false, fmt.Sprintf("%s says who has it", col.Name)
	case len(stem) > 1 && (stem[len(stem)-2] == "assigned" || stem[len(stem)-2] == "delegated" || stem[len(stem)-2] == "granted" || stem[len(stem)-2] == "issued" || stem[len(stem)-2] == "sent") && last == "to":
		return 0.8, false, fmt.Sprintf("%s says who has it", col.Name)
	case len(stem) > 1 && stem[0] == w.actorName() && qualifiers[last] && n.keyed:
		return 0.8, false, fmt.Sprintf("%s names a person", col.Name)
	}
	return 0, false, ""
}

// entity reports whether another table than that of the people has the name.
func (w *world) entity(of *table, s string) bool {
	return slices.ContainsFunc(w.tables, func(t *table) bool {
		return t != w.actor && t != of && t.key != "" && (len(t.words) == 1 && t.words[0] == s || len(t.full) == 1 && t.full[0] == s)
	})
}

// pairing reports whether the table joins two people, one of whom another column names.
func (w *world) pairing(t *table, col *schema.Column) bool {
	return len(t.Columns) <= 6 && slices.ContainsFunc(t.Columns, func(c *schema.Column) bool {
		ws := word.Split(c.Name)
		return c != col && len(ws) > 1 && w.actorWord(word.Singular(ws[0])) && keyWords[ws[len(ws)-1]]
	})
}

func (w *world) actorName() string {
	if w.actor == nil || len(w.actor.words) == 0 {
		return "user"
	}
	return w.actor.words[len(w.actor.words)-1]
}

func (w *world) actorWord(s string) bool { return s == "user" || s == w.actorName() }

// messaging reports whether the name of the table says that its rows have two ends.
func (w *world) messaging(t *table) bool {
	return slices.ContainsFunc(t.full, func(s string) bool {
		return messages[s] || messages[word.Singular(s)] || strings.HasSuffix(s, "mail") || strings.HasSuffix(s, "message")
	})
}

// written reports whether the rows of the table are texts that somebody sent.
func written(t *table) bool {
	return slices.ContainsFunc(t.Columns, func(c *schema.Column) bool {
		return c.Family == schema.Text && (c.Name == "body" || c.Name == "message" || c.Name == "subject")
	})
}
