package audit

import "strconv"

// Labels name the erasable fields of an event. In a leaf they are in this order: those of the actor, of the
// targets, of the source, the reason, and "data." with the keys in order.

var (
	actorLabels  = [3]string{"actor.id", "actor.name", "actor.email"}
	sourceLabels = [4]string{"source.ip", "source.agent", "source.session", "reason"}
	targetNames  [maxTargets]string    // "target.0" ...
	targetLabels [maxTargets][3]string // "target.0.id" ...
)

const dataLabel = "data."

func init() {
	for i := range targetNames {
		targetNames[i] = "target." + strconv.Itoa(i)
		for j, part := range [...]string{".id", ".name", ".email"} {
			targetLabels[i][j] = targetNames[i] + part
		}
	}
}

// labelsFit reports whether personal are labels that an event like e could have, in their order: e is as read
// from a leaf, so a person's fields are empty, and all have an id.
func labelsFit(e *Event, personal []field) bool {
	next := func(label string) bool {
		if len(personal) == 0 || personal[0].label() != label {
			return false
		}
		personal = personal[1:]
		return true
	}
	party := func(p *Party, labels *[3]string) bool {
		if !p.Person {
			return true
		}
		if !next(labels[0]) {
			return false
		}
		next(labels[1])
		next(labels[2])
		return true
	}
	if !party(&e.Actor, &actorLabels) {
		return false
	}
	for i := range e.Targets {
		if !party(&e.Targets[i], &targetLabels[i]) {
			return false
		}
	}
	for _, l := range sourceLabels {
		next(l)
	}
	last := ""
	for _, f := range personal {
		if f.fixed != dataLabel || !isDataKey(f.key) || f.key <= last {
			return false
		}
		if _, clearText := e.Data[f.key]; clearText {
			return false
		}
		last = f.key
	}
	return len(personal)+len(e.Data) <= maxData
}
