package audit

import (
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"
)

// badField is an ErrEvent. It names the field, and never repeats a value.
func badField(field, problem string) error { return fmt.Errorf("%w: %s: %s", ErrEvent, field, problem) }

// checkEvent reports why e cannot be encoded, if so.
func checkEvent(e *Event) error {
	switch {
	case e.Action.IsZero():
		return badField("action", "there is none")
	case e.Outcome > Attempted:
		return badField("outcome", "it is none of those defined")
	case !e.Time.IsZero() && !isLeafTime(e.Time):
		return badField("time", "its year has not four digits")
	case len(e.Targets) > maxTargets:
		return badField("targets", "there are more than "+strconv.Itoa(maxTargets))
	case len(e.Data) > maxData:
		return badField("data", "it has more than "+strconv.Itoa(maxData)+" keys")
	}
	if e.Actor != (Party{}) {
		if err := checkParty("actor", &e.Actor); err != nil {
			return err
		}
	}
	for i := range e.Targets {
		if err := checkParty(targetNames[i], &e.Targets[i]); err != nil {
			return err
		}
	}
	for _, f := range [...]struct{ name, value string }{
		{"source.ip", e.Source.IP.Zone()}, {"source.agent", e.Source.UserAgent}, {"source.session", e.Source.Session}, {"reason", e.Reason},
	} {
		if err := checkText(f.name, "", f.value, maxOpening); err != nil {
			return err
		}
	}
	if err := checkText("source.request", "", e.Source.RequestID, MaxLeaf); err != nil {
		return err
	}
	if err := checkText("source.trace", "", e.Source.TraceID, MaxLeaf); err != nil {
		return err
	}
	for k, v := range e.Data {
		if !isDataKey(k) {
			return badField("data", "a key is not 1 to 64 characters of a-z, A-Z, 0-9, \"_\", \".\" and \"-\"")
		}
		if err := checkValue(k, v); err != nil {
			return err
		}
	}
	return nil
}

func checkParty(field string, p *Party) error {
	switch {
	case !isPartyType(p.Type):
		return badField(field+".type", "it is not 1 to 64 characters of a-z, 0-9, \"_\", \".\" and \"-\"")
	case p.Person && p.ID == "":
		return badField(field+".id", "a person without one could not be found to be forgotten")
	}
	limit := MaxLeaf
	if p.Person {
		limit = maxOpening
	}
	if err := checkText(field, ".id", p.ID, limit); err != nil {
		return err
	}
	if err := checkText(field, ".name", p.Name, limit); err != nil {
		return err
	}
	return checkText(field, ".email", p.Email, limit)
}

// checkText checks what is written as a string. The field's name comes in two parts, so that it is put together
// only for an error.
func checkText(field, part, s string, limit int) error {
	switch {
	case len(s) > limit:
		return badField(field+part, "it has "+strconv.Itoa(len(s))+" bytes, more than "+strconv.Itoa(limit))
	case !utf8.ValidString(s):
		return badField(field+part, "it is not valid UTF-8")
	}
	return nil
}

// checkValue checks a value of Data. It lets the types pass that appendValue writes, and PersonalValue.
func checkValue(key string, v any) error {
	switch v := v.(type) {
	case bool, int, int64, uint64:
	case string:
		return checkText("data.", key, v, MaxLeaf)
	case float64:
		if !isFinite(v) {
			return badField("data."+key, "it is not finite")
		}
	case time.Time:
		if !isLeafTime(v) {
			return badField("data."+key, "its year has not four digits")
		}
	case []string:
		room := MaxLeaf
		for _, s := range v {
			if err := checkText("data.", key, s, room); err != nil {
				return err
			}
			if room -= len(s) + 2; room < 0 {
				return badField("data."+key, "it is too long")
			}
		}
	case PersonalValue:
		if err := checkText("data.", key, string(v.who), maxOpening); err != nil {
			return err
		}
		return checkText("data.", key, v.value, maxOpening)
	default:
		return badField("data."+key, fmt.Sprintf("a value of type %T has no one encoding", v))
	}
	return nil
}

func isPartyType(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' && c != '.' && c != '-' {
			return false
		}
	}
	return true
}

func isDataKey(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for i := range len(s) {
		if c := s[i] | 0x20; (c < 'a' || c > 'z') && (s[i] < '0' || s[i] > '9') && s[i] != '_' && s[i] != '.' && s[i] != '-' {
			return false
		}
	}
	return true
}
