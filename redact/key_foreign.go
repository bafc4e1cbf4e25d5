package redact

import (
	"bytes"
	"unicode"
	"unicode/utf8"
)

// foreignKeys are words for password with letters beyond ASCII, which the table of keys does not hold. Those of scripts without
// spaces may end a longer word.
var foreignKeys, unspacedKeys = [][]byte{
	[]byte("пароль"), []byte("парола"), []byte("лозинка"), []byte("кодовое слово"), []byte("contraseña"), []byte("contrasenya"), []byte("hasło"), []byte("lösenord"), []byte("şifre"),
	[]byte("parolă"), []byte("jelszó"), []byte("mật khẩu"), []byte("κωδικός πρόσβασης"), []byte("סיסמה"), []byte("סיסמא"), []byte("كلمة المرور"), []byte("كلمة السر"), []byte("رمز عبور"), []byte("पासवर्ड"),
}, [][]byte{[]byte("密码"), []byte("密碼"), []byte("口令"), []byte("パスワード"), []byte("暗証番号"), []byte("비밀번호"), []byte("รหัสผ่าน")}

// foreignBy has those words that begin a key or stand apart by the last byte, in capitals or small letters.
var foreignBy = func() (t [256][][]byte) {
	for _, w := range foreignKeys {
		last, _ := utf8.DecodeLastRune(w)
		for r := last; ; {
			c := string(r)[len(string(r))-1]
			if n := len(t[c]); n == 0 || &t[c][n-1][0] != &w[0] {
				t[c] = append(t[c], w)
			}
			if r = unicode.SimpleFold(r); r == last {
				break
			}
		}
	}
	return t
}()

// foreign reports whether the key in front of the separator src[i], where the last word is src[ls:le], has letters beyond ASCII near its end.
func (s *scanner) foreign(i, ls, le int) bool {
	at := i
	for n := 0; n < 2 && at > s.floor && (s.src[at-1] == ' ' || s.src[at-1] == '"' || s.src[at-1] == '\''); n++ {
		at--
	}
	return at > s.floor && s.src[at-1] >= 0x80 || le == at && ls > s.floor && s.src[ls-1] >= 0x80
}

// foreignKey looks at such a key.
func (s *scanner) foreignKey(i int) bool {
	src := s.src
	at := i
	for n := 0; n < 2 && at > s.floor && (src[at-1] == ' ' || src[at-1] == '"' || src[at-1] == '\''); n++ {
		at--
	}
	key := src[max(s.floor, at-lookBehind):at]
	n := 0
	if len(key) == 0 {
		return false
	}
	for _, w := range foreignBy[key[len(key)-1]] {
		if k := len(key) - len(w); k >= 0 && bytes.EqualFold(key[k:], w) && (k == 0 || !isLetter(key[k-1])) {
			n = len(w)
		}
	}
	for _, w := range unspacedKeys {
		if bytes.HasSuffix(key, w) {
			n = len(w)
		}
	}
	if n == 0 {
		return false
	}
	return s.foreignValue(i, i+1, at-n, at)
}

// foreignValue takes the value from src[after] on of the key src[ks:le], unless it is words about it.
func (s *scanner) foreignValue(i, after, ks, le int) bool {
	src := s.src
	val, ok := s.valueAt(after)
	if !ok {
		return false
	}
	if !val.quoted {
		if src[i] == ':' && allOf(src[val.start:val.end], cAlpha) {
			return false
		}
		for _, c := range src[val.start:val.end] {
			if c >= 0x80 {
				return false
			}
		}
	}
	_, quotes := quoteAt(src, le, i)
	return s.keyed(verdict{trait: keyStrong, rule: "key", mild: true}, i, after, ks, le, quotes)
}
