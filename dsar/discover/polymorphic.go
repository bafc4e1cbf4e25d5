package discover

import (
	"slices"
	"strings"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/internal/word"
	"github.com/bailiwick-dev/bailiwick/dsar/schema"
)

// discriminator returns the column that says which table the keys in col are of, or nil: owner_type beside owner_id.
func (w *world) discriminator(t *table, col *schema.Column) *schema.Column {
	ws := word.Split(col.Name)
	if len(ws) < 2 && !strings.HasSuffix(strings.ToLower(col.Name), "id") {
		return nil
	}
	n := w.parse(ws)
	if !n.keyed || len(n.stem) == 0 {
		return nil
	}
	for _, other := range t.Columns {
		if other == col || other.Family == schema.Bool || other.Family == schema.Time {
			continue
		}
		os := word.Split(other.Name)
		if len(os) == 1 {
			if parts := word.Segment(os[0], func(s string) bool { return w.vocab[s] || typeWords[s] }); parts != nil {
				os = parts
			}
		}
		for len(os) > 1 && (os[len(os)-1] == "id" || os[len(os)-1] == "name") {
			os = os[:len(os)-1] // content_type_id
		}
		if len(os) < 2 || !typeWords[os[len(os)-1]] {
			continue
		}
		stem := make([]string, 0, len(os))
		for _, s := range os[:len(os)-1] {
			stem = append(stem, word.Singular(s))
		}
		if slices.Equal(stem, n.stem) || slices.Equal(stem, []string{"content"}) && slices.Equal(n.stem, []string{"object"}) {
			return other
		}
	}
	return nil
}

// calledAs reports whether the column is called as the key of a table that is there: import_id is of imports, whatever import_table says.
func (w *world) calledAs(t *table, col *schema.Column) bool {
	stem := w.parse(word.Split(col.Name)).stem
	return slices.ContainsFunc(w.tables, func(o *table) bool {
		return o != t && o.key != "" && !w.isRoot(o) && (slices.Equal(stem, o.words) || slices.Equal(stem, o.full))
	})
}

// polymorphic returns the link to people that a pair of key and type proposes.
func (w *world) polymorphic(t *table, col, typ *schema.Column) *candidate {
	if w.actor == nil || w.actor.key == "" {
		return nil
	}
	n := w.parse(word.Split(col.Name))
	stem := strings.Join(n.stem, "_")
	c := &candidate{Link: dsar.Link{Columns: []string{col.Name}, To: w.actor.Name, When: []dsar.When{{Column: typ.Name, Value: className(w.actor)}}},
		from: t, to: w.actor, nullable: !col.NotNull, stem: n.stem, score: 0.35}
	last := n.stem[len(n.stem)-1]
	switch {
	case slices.Equal(n.stem, w.actor.words) || slices.Equal(n.stem, w.actor.full):
		return nil // user_id beside user_type is what it is called
	case last == "by" && len(n.stem) > 1 || sounds(last) || polymorphicRoles[stem] || polymorphicRoles[last] || roleWords[last] && !weakRoles[last]:
		c.score = 0.66
		c.note("%s and %s point at rows of several tables, and the role is one of people", col.Name, typ.Name)
	case stem == "model" && strings.HasPrefix(t.Name, "model_has"):
		c.score = 0.66
		c.note("%s and %s say who has it", col.Name, typ.Name)
	default:
		if c.generic = true; !things(last) {
			c.score = enough // a question, until a row says what it is of
		}
		c.note("%s and %s point at rows of several tables", col.Name, typ.Name)
	}
	if f := match(col.Family, w.actor.Column(w.actor.key).Family); f == 0 {
		return nil
	} else if f < 0.5 {
		c.note("its type takes the keys of any table")
	}
	return c
}

// things reports whether the word is of what people make, rather than of whatever there is: a comment is on a post, and a
// log entry is about anybody and anything.
func things(s string) bool {
	return contentWords[s] || strings.HasSuffix(s, "able") && !anybodysWords[s]
}

// className is how frameworks write the class of a table's rows.
func className(t *table) string {
	var b strings.Builder
	for _, s := range t.words {
		r := []rune(s)
		b.WriteString(strings.ToUpper(string(r[:1])) + string(r[1:]))
	}
	return b.String()
}

// isClassOf reports whether a value of a type column means the table: User, App\Models\User, users, auth.user.
func isClassOf(value string, t *table) bool {
	if i := strings.LastIndexAny(value, `\:./`); i >= 0 {
		value = value[i+1:]
	}
	var ws []string
	for _, s := range word.Split(value) {
		ws = append(ws, word.Singular(s))
	}
	return len(ws) > 0 && (slices.Equal(ws, t.words) || slices.Equal(ws, t.full))
}

// byValue returns a link by what somebody is known by: the e-mail address in an invitation.
func (w *world) byValue(t *table, col *schema.Column) *candidate {
	if w.isRoot(t) || col.Family != schema.Text && col.Family != schema.Any && col.Family != schema.Other || w.identifier == "" {
		return nil
	}
	ws := word.Split(col.Name)
	if len(ws) == 1 {
		if parts := word.Segment(ws[0], func(s string) bool { return w.vocab[s] || s == "email" || s == "address" }); parts != nil {
			ws = parts
		}
	}
	if len(ws) == 0 {
		return nil
	}
	if len(ws) > 1 && ws[0] == t.lead {
		ws = ws[1:]
	}
	if len(ws) > 1 && ws[len(ws)-1] == "address" {
		ws = ws[:len(ws)-1]
	}
	if ws[len(ws)-1] == "mail" && len(ws) > 1 && ws[len(ws)-2] == "e" {
		ws = append(slices.Clone(ws[:len(ws)-2]), "email")
	}
	if last := ws[len(ws)-1]; last != "email" && last != "mail" {
		return w.mailed(t, col, ws)
	}
	c := &candidate{Link: dsar.Link{Columns: []string{col.Name}, Identifier: w.identifier}, from: t, to: w.roots[0], nullable: !col.NotNull, stem: ws, score: 0.6}
	if len(ws) > 1 {
		role := word.Singular(ws[len(ws)-2])
		if !roleWords[role] && !w.actorWord(role) && !ownWords[role] && role != "new" && role != "old" && role != "from" && role != "to" {
			c.score = 0.5 // reminder_email, bounce_email
			if firmWords[role] {
				c.score = 0.35 // billing_email, support_email: a firm's as often as somebody's
			}
		}
	}
	if slices.ContainsFunc(t.full, func(s string) bool { return s == "setting" }) || len(t.full) > 0 && firms[t.full[len(t.full)-1]] {
		c.score *= 0.5
	}
	c.note("%s holds addresses", col.Name)
	return c
}

// mailed returns a link by address whose column says it in other words: from_address of a mail, sent_to of a token, the
// identifier that a token verifies.
func (w *world) mailed(t *table, col *schema.Column, ws []string) *candidate {
	role := strings.Join(ws, " ")
	table := func(words map[string]bool) bool {
		return slices.ContainsFunc(t.full, func(s string) bool { return words[s] })
	}
	switch {
	case role == "reply to" && slices.Contains(word.Split(col.Name), "address"):
	case (role == "from" || role == "to" || role == "cc" || role == "sender" || role == "recipient") && len(word.Split(col.Name)) > 1 && table(mails):
	case (role == "to" || role == "sent" && slices.Contains(word.Split(col.Name), "address")) && table(mails):
	case (role == "identifier" || role == "sent to") && table(tokens):
	default:
		return nil
	}
	c := &candidate{Link: dsar.Link{Columns: []string{col.Name}, Identifier: w.identifier}, from: t, to: w.roots[0], nullable: !col.NotNull, stem: ws, score: 0.55}
	c.note("%s holds addresses", col.Name)
	return c
}

// mails and tokens are words in the names of tables whose rows are sent to an address, or prove that somebody has one.
var (
	mails  = set(`mail email message newsletter mailing outbox inbox notification`)
	tokens = set(`token verification otp code magic passwordless confirmation`)
)

// firmWords stand before "email" where it is a firm's or a program's.
var firmWords = set(`billing support contact sales info admin company business organization org noreply reply from sender smtp imap default system store shop site public office general feedback
	service merchant vendor supplier invoice accounting to display paypal gravatar`)

// firms are words that end the names of tables whose addresses are nobody's own.
var firms = set(`setting organization organisation company tenant store config configuration domain supplier vendor template channel account team shop site branch
	server location department hotel restaurant school clinic office integration provider mailbox sender inbox`)

// ownWords stand before "email" where it is a person's.
var ownWords = set(`invite invited invitation recipient alt alternate alternative secondary primary other personal work private home second guest attendee customer notification paypal unconfirmed pending`)
