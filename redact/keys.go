package redact

import (
	"errors"
	"fmt"
	"maps"
)

// keyTrait is what one word of a key says about the key's value.
type keyTrait uint16

const (
	keyStrong keyTrait = 1 << iota // names a secret by itself: password
	keyWeak                        // names one if the value looks like one: token, signature
	keyNoun                        // names one if another word of the key qualifies it: key, code, id
	keyName                        // as the last of several words: key
	keyTrust                       // qualifies a noun: api, private, encryption
	keyAbout                       // as the last word: the key tells about a secret and does not hold it: count, url
	keyPublic                      // anywhere: the value is meant to be seen: public, page
	keyKeep                        // the whole key, by the application's wish
	keyCookie                      // a header of pairs
	keyNumber                      // a short code: pin, cvc, otp
	keyUser                        // qualifies nothing, stands before a strong word: user, db
)

// keySet is a table of words.
type keySet struct {
	words    map[string]keyTrait
	personal map[string]*personalKey
	keep     map[string]bool // keys as written without separators
	extra    map[string]bool // the application's own: words joined, any length
}

// personalKey is the kind a key's value has when its words name personal data.
type personalKey struct {
	kind Kind
	rule string
	is   func(v []byte) bool
}

func (r *Redactor) addKeys(words []string, t keyTrait) error {
	k := *r.keys
	k.keep, k.extra = maps.Clone(k.keep), maps.Clone(k.extra)
	for _, w := range words {
		var buf [maxKey]byte
		n := 0
		for i := range len(w) {
			if isAlnum(w[i]) && n < len(buf) {
				buf[n] = lower(w[i])
				n++
			}
		}
		if n < 2 {
			return errors.New("redact: a key word has at least two letters or digits")
		}
		if len(w) > maxKey {
			return fmt.Errorf("redact: a key has at most %d characters", maxKey)
		}
		if t == keyKeep {
			if k.keep == nil {
				k.keep = map[string]bool{}
			}
			k.keep[string(buf[:n])] = true
			continue
		}
		if k.extra == nil {
			k.extra = map[string]bool{}
		}
		k.extra[string(buf[:n])] = true
	}
	r.keys = &k
	return nil
}

// maxKey is the longest key that is looked at: the last so many bytes of a longer one.
const maxKey = 64

// verdict is what a key says about its value.
type verdict struct {
	trait keyTrait // 0, keyStrong, keyWeak, keyCookie or keyNumber
	rule  string
	who   *personalKey
}

// judge splits a key into words, as snake, kebab, camel and dotted spellings have them, and looks them up.
func (k *keySet) judge(key []byte) (v verdict) {
	var low [maxKey]byte
	var ends [16]uint8
	n, words := 0, 0
	for i := 0; i < len(key); i++ {
		c := key[i]
		if !isAlnum(c) {
			if n > 0 && words < len(ends) && (words == 0 || int(ends[words-1]) < n) {
				ends[words] = uint8(n)
				words++
			}
			continue
		}
		up := class[c]&cUpper != 0
		if up && i > 0 && n > 0 && words < len(ends) && (words == 0 || int(ends[words-1]) < n) {
			before := class[key[i-1]]
			if before&(cLower|cDigit) != 0 || before&cUpper != 0 && i+1 < len(key) && class[key[i+1]]&cLower != 0 {
				ends[words] = uint8(n)
				words++
			}
		}
		low[n] = lower(c)
		n++
	}
	if n == 0 {
		return v
	}
	if words < len(ends) && (words == 0 || int(ends[words-1]) < n) {
		ends[words] = uint8(n)
		words++
	}
	if k.keep != nil && k.keep[string(low[:n])] {
		return v
	}
	var strong, weak, noun, trust, cookie, number, other bool
	var last keyTrait
	from := 0
	for w := range words {
		to := int(ends[w])
		if k.extra != nil {
			for u := w; u < words; u++ {
				if k.extra[string(low[from:ends[u]])] {
					return verdict{trait: keyStrong, rule: "key"}
				}
			}
		}
		t := k.traits(low[from:to])
		last = t
		switch {
		case t&keyPublic != 0:
			return verdict{}
		case t&keyStrong != 0:
			strong = true
		case t&keyWeak != 0:
			weak = true
		case t&keyCookie != 0:
			cookie = true
		case t&keyNumber != 0:
			number = true
		}
		if t&keyNoun != 0 {
			noun = true
		}
		if t&keyTrust != 0 {
			trust = true
		}
		if t == 0 {
			other = true
		}
		// Personal data is named by up to three words at the end of the key.
		if len(k.personal) > 0 && words-w <= 3 {
			if p, ok := k.personal[string(low[from:n])]; ok && v.who == nil {
				v.who = p
			}
		}
		from = to
	}
	if last&keyAbout != 0 {
		return verdict{}
	}
	switch {
	case strong || noun && trust:
		v.trait, v.rule = keyStrong, "key"
	case number && (words == 1 || !other):
		v.trait, v.rule = keyNumber, "key-code"
	case cookie:
		v.trait, v.rule = keyCookie, "cookie"
	case weak || last&keyName != 0 && words > 1:
		v.trait, v.rule = keyWeak, "key-weak"
	}
	return v
}

// traits looks one word up, with its trailing digits off and, failing that, as a word that ends in a strong one.
func (k *keySet) traits(w []byte) keyTrait {
	for len(w) > 1 && isDigit(w[len(w)-1]) {
		w = w[:len(w)-1]
	}
	if t, ok := k.words[string(w)]; ok {
		return t
	}
	if len(w) > 6 {
		for _, e := range joined {
			if len(w) > len(e) && string(w[len(w)-len(e):]) == e {
				return k.words[e]
			}
		}
	}
	return 0
}

// joined are words that no other word ends in: dbpassword, myapikey.
var joined = []string{"password", "passwd", "passphrase", "passwort", "apikey", "secretkey", "accesskey", "privatekey", "accesstoken",
	"authtoken", "apitoken", "bottoken", "usertoken", "clientsecret", "apisecret", "appsecret", "secret", "token"}
