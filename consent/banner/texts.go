package banner

import (
	"embed"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/bailiwick-dev/bailiwick/consent"
)

// Texts are the banner's own words in one language. What purposes are is said by the policy. What ships is in the folder texts.
type Texts struct {
	// Title and Body are at the top, and Policy is the link to [Options].PolicyURL.
	Title  string `json:"title"`
	Body   string `json:"body"`
	Policy string `json:"policy"`
	// Reject and Accept are the buttons of the first layer, Settings opens the second, and Save keeps what is switched on there.
	Reject   string `json:"reject"`
	Accept   string `json:"accept"`
	Settings string `json:"settings"`
	Save     string `json:"save"`
	// Choices opens the banner after a choice (it is what 11 CCR 7015 calls it), Withdraw takes back all that was agreed to, and Saved says that it was done.
	Choices  string `json:"choices"`
	Withdraw string `json:"withdraw"`
	Saved    string `json:"saved"`
	// Always stands in the place of the switch of what is essential.
	Always string `json:"always"`
	// Signal says that an opt-out signal was honoured (11 CCR 7025(c)(6)), and OptOut is the button that the laws of some US states call so.
	Signal string `json:"signal"`
	OptOut string `json:"optOut"`
	// OffSignal and OffOptOut say why a category has no switch. Again is the first step to have it in spite of that, AgainBody what
	// a person is told then, and Confirm the second step.
	OffSignal string `json:"offSignal"`
	OffOptOut string `json:"offOptOut"`
	Again     string `json:"again"`
	AgainBody string `json:"againBody"`
	Confirm   string `json:"confirm"`
	// Days, Hours and Session say how long something is stored: "days: 30".
	Days    string `json:"days"`
	Hours   string `json:"hours"`
	Session string `json:"session"`
	// The built-in categories, where the policy has no texts for them.
	Essential  consent.Text `json:"essential"`
	Functional consent.Text `json:"functional"`
	Analytics  consent.Text `json:"analytics"`
	Marketing  consent.Text `json:"marketing"`
}

//go:embed texts/*.json
var textFiles embed.FS

// shipped returns the texts of a language, by its tag or the beginning of it: those of "pt" for "pt-BR".
func shipped(lang string) (Texts, bool) {
	for tag := strings.ToLower(lang); tag != ""; tag = parent(tag) {
		if data, err := textFiles.ReadFile("texts/" + tag + ".json"); err == nil {
			var t Texts
			if err := json.Unmarshal(data, &t); err != nil {
				panic("consent/banner: " + tag + ": " + err.Error()) // a test reads them all
			}
			return t, true
		}
	}
	return Texts{}, false
}

// textsOf returns the texts of a language, with what own has of them instead.
func textsOf(lang string, own map[string]Texts) (Texts, error) {
	t, _ := shipped(lang)
	of, dst := reflect.ValueOf(own[lang]), reflect.ValueOf(&t).Elem()
	for i := range dst.NumField() {
		if v := of.Field(i); !v.IsZero() {
			dst.Field(i).Set(v)
		}
		empty := dst.Field(i).IsZero()
		if text, ok := dst.Field(i).Interface().(consent.Text); ok {
			empty = text.Title == "" || text.Body == ""
		}
		if empty {
			return Texts{}, fmt.Errorf("consent/banner: there is no text in %q for %s: give it in Options.Texts", lang, dst.Type().Field(i).Name)
		}
	}
	return t, nil
}

// category returns the text of a built-in category.
func (t *Texts) category(c consent.Category) consent.Text {
	return [consent.FirstOwn]consent.Text{t.Essential, t.Functional, t.Analytics, t.Marketing}[c]
}
