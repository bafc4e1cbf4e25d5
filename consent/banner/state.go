package banner

import (
	"encoding/json"
	"net/http"
	"slices"

	"github.com/bailiwick-dev/bailiwick/consent"
)

// A stateJSON is what holds for a visitor, as the script has it from the page and from state.json.
type stateJSON struct {
	Version  uint16   `json:"version"`
	Allowed  []string `json:"allowed"`
	Open     []string `json:"open"`
	Signal   bool     `json:"signal"`            // the request carried an opt-out signal
	Honoured bool     `json:"honoured"`          // and it was honoured
	Unknown  bool     `json:"unknown,omitempty"` // the store could not be asked: nothing is deleted for that
}

func stateOf(d consent.Decision, e *edition) stateJSON {
	s := stateJSON{Version: d.Version(), Allowed: e.names(d.Allowed()), Open: e.names(d.Open())}
	s.Signal, s.Honoured = d.Signal()
	s.Unknown = slices.ContainsFunc(e.categories, func(c category) bool { return d.Why(c.Category) == consent.DeniedUnknown })
	return s
}

func (b *Banner) state(w http.ResponseWriter, r *http.Request) {
	d, e := b.decision(r)
	if e == nil {
		http.Error(w, "no policy is in force", http.StatusServiceUnavailable)
		return
	}
	writeState(w, d, e)
}

func writeState(w http.ResponseWriter, d consent.Decision, e *edition) {
	h := w.Header()
	h.Set("Content-Type", contentTypes[".json"])
	h.Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(stateOf(d, e))
}

// A manifestJSON is what may be stored on a device, and for how long and how much.
type manifestJSON struct {
	Version uint16     `json:"version"`
	Items   []itemJSON `json:"items"`
}

type itemJSON struct {
	Category   string `json:"category"`
	Purpose    string `json:"purpose"`
	Kind       string `json:"kind"`
	Name       string `json:"name"`
	Seconds    int64  `json:"seconds,omitempty"`
	MaxBytes   int64  `json:"maxBytes,omitempty"`
	MaxEntries int    `json:"maxEntries,omitempty"`
	Path       string `json:"path,omitempty"`
	Domain     string `json:"domain,omitempty"`
}

func (e *edition) newManifest() (asset, error) {
	keys := map[consent.Category]string{consent.Essential: consent.Essential.String()}
	for _, c := range e.categories {
		keys[c.Category] = c.key
	}
	m := manifestJSON{Version: e.policy.Version, Items: []itemJSON{}}
	for _, q := range e.policy.Purposes {
		for _, it := range q.Storage {
			m.Items = append(m.Items, itemJSON{keys[q.Category], q.Key, it.Kind.String(), it.Name, int64(it.TTL.Seconds()), it.MaxBytes, it.MaxEntries, it.Path, it.Domain})
		}
	}
	body, err := json.Marshal(m)
	return assetOf("manifest", ".json", body), err
}

// manifest answers with the manifest of the policy in force, under a name that stays.
func (b *Banner) manifest(w http.ResponseWriter, r *http.Request) {
	_, e := b.decision(r)
	if e == nil {
		http.Error(w, "no policy is in force", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Cache-Control", "no-cache")
	e.manifest.send(w, r)
}
