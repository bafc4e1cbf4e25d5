package proof

import (
	"crypto/md5"  //nolint:gosec // looked for
	"crypto/sha1" //nolint:gosec // the same
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"html"
	"net/url"
	"strings"
	"unicode/utf16"

	"golang.org/x/text/unicode/norm"
)

// encodings are ways in which applications write a value between others, not by the code that looks for them.
var encodings = map[string]func(before, value, after string) string{
	"as is":   func(a, v, z string) string { return a + v + z },
	"small":   func(a, v, z string) string { return a + strings.ToLower(v) + z },
	"capital": func(a, v, z string) string { return a + strings.ToUpper(v) + z },
	"nfc":     func(a, v, z string) string { return a + norm.NFC.String(v) + z },
	"nfd":     func(a, v, z string) string { return a + norm.NFD.String(v) + z },
	"query":   func(a, v, z string) string { return "https://x.test/?q=" + url.QueryEscape(a+v+z) },
	"path":    func(a, v, z string) string { return "/u/" + url.PathEscape(a+v+z) },
	"base64":  func(a, v, z string) string { return base64.StdEncoding.EncodeToString([]byte(a + v + z)) },
	"base64 1": func(a, v, z string) string {
		return base64.RawURLEncoding.EncodeToString([]byte("-" + a + v + z + "-"))
	},
	"base64 2": func(a, v, z string) string {
		return base64.URLEncoding.EncodeToString([]byte("--" + a + v + z + "--"))
	},
	"hex":       func(a, v, z string) string { return hex.EncodeToString([]byte(a + v + z)) },
	"hex upper": func(a, v, z string) string { return `\x` + strings.ToUpper(hex.EncodeToString([]byte(a+v+z))) },
	"json": func(a, v, z string) string {
		b, _ := json.Marshal(map[string]string{"k": a + v + z})
		return string(b)
	},
	"html": func(a, v, z string) string { return "<p>" + html.EscapeString(a+v+z) + "</p>" },
	"utf-16le": func(a, v, z string) string {
		var out []byte
		for _, u := range utf16.Encode([]rune(a + v + z)) {
			out = append(out, byte(u), byte(u>>8))
		}
		return string(out)
	},
	"utf-16be": func(a, v, z string) string {
		var out []byte
		for _, u := range utf16.Encode([]rune(a + v + z)) {
			out = append(out, byte(u>>8), byte(u))
		}
		return string(out)
	},
	"md5":    func(a, v, z string) string { d := md5.Sum([]byte(strings.ToLower(v))); return hex.EncodeToString(d[:]) }, //nolint:gosec // looked for
	"sha1":   func(a, v, z string) string { d := sha1.Sum([]byte(v)); return hex.EncodeToString(d[:]) },                 //nolint:gosec // looked for
	"sha256": func(a, v, z string) string { d := sha256.Sum256([]byte(v)); return hex.EncodeToString(d[:]) },
	"sha256 b64": func(a, v, z string) string {
		d := sha256.Sum256([]byte(v))
		return base64.StdEncoding.EncodeToString(d[:])
	},
	"sha512": func(a, v, z string) string {
		d := sha512.Sum512([]byte(v))
		return strings.ToUpper(hex.EncodeToString(d[:]))
	},
}
