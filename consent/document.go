package consent

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// A Document is all that a person is told by one policy in one language, in a form that can be kept as proof.
type Document struct {
	Version  uint16
	Language string
	// Body is JSON: the texts, and for each purpose its category, what it does with which data, who else gets it, and what it stores for how long.
	Body []byte
	// Hash is the SHA-256 of Body. It is what a choice says it was made on.
	Hash Hash
}

// A Hash names a [Document].
type Hash [sha256.Size]byte

// String returns h as 64 hexadecimal digits.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// ParseHash reads what String wrote, such as a field of a form.
func ParseHash(s string) (h Hash, err error) {
	if len(s) != hex.EncodedLen(len(h)) {
		return h, errors.New("consent: not the hash of a text")
	}
	if _, err := hex.Decode(h[:], []byte(s)); err != nil {
		return Hash{}, errors.New("consent: not the hash of a text")
	}
	return h, nil
}

// Document returns the texts in force at t in a language, and false if there are none in it.
func (r *Registry) Document(t time.Time, language string) (Document, bool) {
	e := r.at(t.Unix())
	if e == nil {
		return Document{}, false
	}
	d, ok := e.texts[language]
	d.Body = slices.Clone(d.Body)
	return d, ok
}

// shows reports whether h is a text of e, in any language.
func (e *edition) shows(h Hash) bool { _, ok := e.document(h); return ok }

func (e *edition) document(h Hash) (Document, bool) {
	for _, d := range e.texts {
		if d.Hash == h {
			return d, true
		}
	}
	return Document{}, false
}

// What a Document's body is made of. Its bytes are hashed into records: fields are never renamed or moved.
type (
	bodyJSON struct {
		Format     string         `json:"format"`
		Version    uint16         `json:"version"`
		Effective  string         `json:"effective"`
		Language   string         `json:"language"`
		Lasts      int64          `json:"choiceSeconds"`
		Categories []categoryJSON `json:"categories,omitempty"`
		Purposes   []purposeJSON  `json:"purposes"`
	}
	categoryJSON struct {
		Number Category `json:"number"`
		Key    string   `json:"key"`
		Text
	}
	purposeJSON struct {
		Key         string   `json:"key"`
		Category    Category `json:"category"`
		Sale        bool     `json:"sale,omitempty"`
		Share       bool     `json:"share,omitempty"`
		TargetedAds bool     `json:"targetedAds,omitempty"`
		Text
		Storage    []itemJSON `json:"storage,omitempty"`
		Data       []string   `json:"data,omitempty"`
		Recipients []string   `json:"recipients,omitempty"`
	}
	itemJSON struct {
		Kind    string `json:"kind"`
		Name    string `json:"name"`
		Seconds int64  `json:"seconds"`
	}
)

func documents(p *Policy) (map[string]Document, error) {
	all := map[string]Document{}
	for lang := range p.Purposes[0].Text {
		b := bodyJSON{Format: "bailiwick consent text 1", Version: p.Version, Language: lang, Lasts: int64(p.Lasts / time.Second),
			Effective: p.Effective.UTC().Format(time.RFC3339)}
		for _, c := range p.Categories {
			b.Categories = append(b.Categories, categoryJSON{c.Category, c.Key, c.Text[lang]})
		}
		for _, q := range p.Purposes {
			j := purposeJSON{Key: q.Key, Category: q.Category, Sale: q.Sale, Share: q.Share, TargetedAds: q.TargetedAds, Text: q.Text[lang],
				Data: q.Data, Recipients: q.Recipients}
			for _, it := range q.Storage {
				j.Storage = append(j.Storage, itemJSON{it.Kind.String(), it.Name, int64(it.TTL / time.Second)})
			}
			b.Purposes = append(b.Purposes, j)
		}
		body, err := json.Marshal(b)
		if err != nil {
			return nil, fmt.Errorf("the text in %q: %w", lang, err)
		}
		all[lang] = Document{p.Version, lang, body, sha256.Sum256(body)}
	}
	return all, nil
}
