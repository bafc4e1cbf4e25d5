package audit

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// Action is something that can happen, defined once by [Define]. The zero Action is refused.
type Action struct{ def *definition }

type definition struct {
	name  string
	kind  Kind
	class int // of OCSF
	doing int // OCSF's activity_id
}

// Kind says what an action does to what it is done to.
type Kind uint8

// The kinds.
const (
	Other Kind = iota
	Create
	Read
	Update
	Delete
)

// String returns "other", "create", "read", "update" or "delete".
func (k Kind) String() string {
	return [...]string{"other", "create", "read", "update", "delete"}[min(k, Delete)]
}

// actions are all that were defined. It is written while programs start.
var actions struct {
	sync.RWMutex
	byName map[string]*definition
}

// Define defines the action of that name, as a package variable of the program:
//
//	var DocumentRead = audit.Define("document.read", audit.Read)
//
// A name is 3 to 64 characters of a-z, 0-9, "_" and at least one "." between parts. Names are stored, and
// never change their meaning. Names that begin with "audit." belong to this package. Define panics on a bad
// name and on one that was defined before.
//
// In exports of OCSF the action is an API Activity (class 6003) of its kind; see [Action.OCSF].
func Define(name string, kind Kind) Action {
	if !isActionName(name) {
		panic(fmt.Sprintf("audit: %q is no name for an action", name))
	}
	if isOwnAction(name) {
		panic("audit: names that begin with audit. are taken")
	}
	return define(name, kind)
}

func define(name string, kind Kind) Action {
	actions.Lock()
	defer actions.Unlock()
	if actions.byName == nil {
		actions.byName = map[string]*definition{}
	}
	if actions.byName[name] != nil {
		panic(fmt.Sprintf("audit: action %q is defined twice", name))
	}
	d := &definition{name: name, kind: kind, class: 6003, doing: [...]int{99, 1, 2, 3, 4}[min(kind, Delete)]}
	actions.byName[name] = d
	return Action{d}
}

// Defined returns all actions that this program has defined, in the order of their names: what a page that filters a log offers.
func Defined() []Action {
	actions.Lock()
	defer actions.Unlock()
	var out []Action
	for _, name := range slices.Sorted(maps.Keys(actions.byName)) {
		out = append(out, Action{actions.byName[name]})
	}
	return out
}

// Lookup returns the action of that name, and false if this program has not defined it.
func Lookup(name string) (Action, bool) {
	actions.RLock()
	defer actions.RUnlock()
	d := actions.byName[name]
	return Action{d}, d != nil
}

// OCSF sets the class and the activity of the action in the Open Cybersecurity Schema Framework, such as
// 3002, 1 for a log-on. It returns a, and is called where a is defined.
func (a Action) OCSF(class, activity int) Action {
	a.def.class, a.def.doing = class, activity
	return a
}

// Name returns the action's name, "" for the zero Action.
func (a Action) Name() string {
	if a.def == nil {
		return ""
	}
	return a.def.name
}

// String is Name.
func (a Action) String() string { return a.Name() }

// Kind returns what the action does.
func (a Action) Kind() Kind {
	if a.def == nil {
		return Other
	}
	return a.def.kind
}

// IsZero reports whether a is no action.
func (a Action) IsZero() bool { return a.def == nil }

// isOwnAction reports whether only the log itself records actions of that name.
func isOwnAction(name string) bool { return strings.HasPrefix(name, "audit.") }

func isActionName(s string) bool {
	if len(s) < 3 || len(s) > 64 {
		return false
	}
	dots, last := 0, byte('.')
	for i := range len(s) {
		c := s[i]
		switch {
		case c == '.':
			if last == '.' {
				return false
			}
			dots++
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '_':
		default:
			return false
		}
		last = c
	}
	return dots > 0 && last != '.'
}

// What the log records about itself.
var (
	Erased       = define("audit.erased", Delete)
	Pruned       = define("audit.pruned", Delete)
	HoldPlaced   = define("audit.hold_placed", Create)
	HoldReleased = define("audit.hold_released", Delete)
	Exported     = define("audit.exported", Read)
	Rotated      = define("audit.key_rotated", Update)
	Restored     = define("audit.restored", Update)
)
