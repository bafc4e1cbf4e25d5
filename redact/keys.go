package redact

import (
	"bytes"
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
	keyPerson                      // is in a key that names personal data
	keyFaint                       // a service: its name alone is a key to what looks very random
	keyRole                        // has a part in a form of several keys, such as name and value
	keyBare                        // the word key alone: names what looks random
)

// keySet is a table of words.
type keySet struct {
	table    *keyTable
	personal map[string]*personalKey
	keep     map[string]bool // keys as written without separators
	extra    map[string]bool // the application's own: words joined, any length
	quiet    *quietKeys
	judged   *judgedKeys
}

// personalKey is the kind a key's value has when its words name personal data.
type personalKey struct {
	kind Kind
	rule string
	is   func(v []byte) bool
}

func (r *Redactor) addKeys(words []string, t keyTrait) error {
	k := *r.keys
	k.quiet, k.judged = new(quietKeys), new(judgedKeys)
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
	trait keyTrait // 0, keyStrong, keyWeak, keyCookie, keyNumber, keyFaint or keyBare
	rule  string
	who   *personalKey
	role  string // the word that has a part in a form of several keys
	lone  bool   // the key is one word
	mild  bool   // and that word is one of prose too
	query bool   // the key of a query; see inQuery
	typed bool   // not a key but the name of a type
}

// judge says what a key says about its value. Of the keys of a usual length the verdict is remembered.
func (k *keySet) judge(key []byte) verdict {
	key = key[max(0, len(key)-maxKey):]
	q := quietOf(key, 0, len(key))
	if n := len(key); n == 2 || n == 3 {
		q = quietKey{first: uint64(key[0]) | uint64(key[1])<<8 | uint64(key[n-1])<<16, n: n}
	}
	if q.n != 0 {
		if v, ok := k.judged.get(q); ok {
			return v
		}
	}
	v := k.split(key)
	v.query, v.typed = inQuery(key).trait != 0, isTypeName(key)
	if q.n != 0 {
		k.judged.add(q, v)
	}
	return v
}

// split splits a key into words, as snake, kebab, camel and dotted spellings have them, and looks them up.
func (k *keySet) split(key []byte) (v verdict) {
	var low [maxKey]byte
	var starts [maxParts + 1]uint8
	var all, last keyTrait
	n, words, other := 0, 0, false
	h, from := uint32(wordSeed), 0
	var before uint8
	for i := 0; i <= len(key); i++ {
		var now uint8
		if i < len(key) {
			now = class[key[i]] & cAlnum
		}
		if n > from && (now == 0 || now == cUpper && (before != cUpper || i+1 < len(key) && class[key[i+1]]&cLower != 0)) && words < maxParts {
			last = k.trait(low[from:n], h)
			all |= last
			other = other || last == 0
			words++
			starts[words] = uint8(n)
			h, from = wordSeed, n
		}
		if now != 0 {
			c := key[i]
			if now == cUpper {
				c += 'a' - 'A'
			}
			low[n] = c
			n++
			h = (h ^ uint32(c)) * wordStep
		}
		before = now
	}
	if words == 0 {
		return v
	}
	if k.keep != nil && k.keep[string(low[:n])] {
		return v
	}
	if k.extra != nil {
		for w := range words {
			for u := w + 1; u <= words; u++ {
				if k.extra[string(low[starts[w]:starts[u]])] {
					return verdict{trait: keyStrong, rule: "key"}
				}
			}
		}
	}
	if all&keyTrust != 0 && serviceKeys[string(low[:n])] {
		v.trait, v.rule = keyWeak, "key-weak"
		return v
	}
	v.lone = words == 1
	v.mild = v.lone && mild[string(low[:n])]
	if last&keyRole != 0 {
		v.role = roles[string(low[starts[words-1]:n])]
	}
	if all&keyPerson != 0 && all&keyPublic == 0 {
		for w := max(0, words-3); w < words; w++ {
			if p, ok := k.personal[string(low[starts[w]:n])]; ok {
				v.who = p
				break
			}
		}
	}
	if all&keyPublic != 0 || last&keyAbout != 0 { // it may be personal nevertheless: password_email
		if wholeKeys[string(low[:n])] {
			v.trait, v.rule = keyWeak, "key-weak"
		}
		return v
	}
	if bytes.HasSuffix(low[:n], []byte("credentialid")) || bytes.HasSuffix(low[:n], []byte("credentialsid")) {
		return v // where it is kept
	}
	switch {
	case all&keyStrong != 0 || all&keyNoun != 0 && all&keyTrust != 0:
		v.trait, v.rule = keyStrong, "key"
	case all&keyNumber != 0 && (words == 1 || !other):
		v.trait, v.rule = keyNumber, "key-code"
	case all&keyCookie != 0:
		v.trait, v.rule = keyCookie, "cookie"
	case all&keyWeak != 0 || last&keyName != 0 && words > 1:
		v.trait, v.rule = keyWeak, "key-weak"
	case all&keyFaint != 0 && !other:
		v.trait, v.rule = keyFaint, "key-service"
	}
	return v
}

// wholeKeys are keys whose last word says otherwise elsewhere.
var wholeKeys = map[string]bool{"codeverifier": true, "samlresponse": true, "samlrequest": true, "oauthverifier": true}

// serviceKeys are names of headers that services take their keys in and that say so with no word of theirs.
var serviceKeys = map[string]bool{"xhoneycombteam": true, "honeycombteam": true, "jenkinscrumb": true, "xhoneycombclassic": true, "xjfrogartapi": true}

// roles are the words with keyRole.
var roles = func() map[string]string {
	m := map[string]string{}
	for _, w := range builtinKeys.table.words {
		m[w] = w
	}
	return m
}()

// maxParts is how many words of a key are told apart.
const maxParts = 12

// trait looks one word up; failing that, with its trailing digits off; failing that, as a word that ends in a strong one.
func (k *keySet) trait(w []byte, h uint32) keyTrait {
	if t := k.table.get(w, h); t != 0 {
		return t
	}
	if isDigit(w[len(w)-1]) {
		for len(w) > 1 && isDigit(w[len(w)-1]) {
			w = w[:len(w)-1]
		}
		return k.table.get(w, wordHash(w))
	}
	if len(w) > 6 && k.table.maybe(w, 0, len(w)) {
		for _, e := range joined {
			if len(w) > len(e) && string(w[len(w)-len(e):]) == e {
				return k.table.get(w[len(w)-len(e):], wordHash([]byte(e)))
			}
		}
	}
	return 0
}

// joined are words that no other word ends in: dbpassword, myapikey.
var joined = []string{"password", "passwd", "passphrase", "passwort", "apikey", "secretkey", "accesskey", "privatekey", "accesstoken",
	"authtoken", "apitoken", "bottoken", "usertoken", "clientsecret", "apisecret", "appsecret", "secret", "token", "authkey",
	"masterkey", "sessionid", "cookie"}
