package bench

import (
	"regexp"
	"testing"
)

// A redactScrubber is one way to take out of a text what is sensitive. What it returns is good until it is called again.
type redactScrubber struct {
	name string
	open func(testing.TB) func([]byte) []byte
	all  bool // it knows every kind that is planted
}

// scrubbers are those that a Redactor is compared with. The build tag peers adds more.
var scrubbers = []redactScrubber{{"regexps", openRegexps, true}}

// patterns are the expressions that teams write for themselves, one for each kind they have thought of. They ask for a shape
// and for nothing else.
var patterns = []string{
	`[\w.+%-]+@[\w-]+(?:\.[\w-]+)*\.[a-zA-Z]{2,24}`,                                   // email
	`\b\d(?:[ -]?\d){12,18}\b`,                                                        // card
	`\b\d{3}-\d\d-\d{4}\b`,                                                            // social security number
	`\b[A-Z]{2}\d\d(?: ?[0-9A-Z]{4}){2,7}(?: ?[0-9A-Z]{1,3})?\b`,                      // IBAN
	`\+\d{1,3}(?:[ .-]?\(?\d{2,4}\)?){2,5}`,                                           // phone
	`\b(?:(?:2[0-4]\d|25[0-5]|[01]?\d{1,2})\.){3}(?:2[0-4]\d|25[0-5]|[01]?\d{1,2})\b`, // IPv4
	`\b[[:xdigit:]]{2}(?:[:-][[:xdigit:]]{2}){5}\b`,                                   // MAC
	`\beyJ[\w-]{6,}\.eyJ[\w-]{6,}\.[\w-]{6,}`,                                         // JWT
	`\bA(?:KI|SI|RO)A[0-9A-Z]{16}\b`,                                                  // AWS
	`\b(?:github_pat_\w{60,}|gh[oprsu]_[0-9A-Za-z]{36})`,                              // GitHub
	`\b[prs]k_(?:test|live)_[0-9A-Za-z]{10,}`,                                         // Stripe
	`\bxox[a-z]-[0-9A-Za-z-]{8,}`,                                                     // Slack
	`\bAIza[\w-]{35}`,                                                                 // Google
	`\bglpat-[\w-]{20,}`,                                                              // GitLab
	`(?i)\b(?:basic|bearer)\s+[\w.~+/-]{6,}=*`,                                        // schemes
	`[[:alpha:]][\w+.-]*://[^\s:@/]*:[^\s@/]+@`,                                       // user and password of a URL
	`(?i)(?:pass(?:word|wd)|pwd|secret|(?:access|api|auth)[_-]?(?:key|token))"?\s*[=:]\s*"?[^\s",;&]+`, // keys and values
	`-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----[\s\S]+?-----END (?:[A-Z]+ )*PRIVATE KEY-----`,             // PEM
}

var patternLabel = []byte("[gone]")

// openRegexps runs one expression after the other, as most code does.
func openRegexps(testing.TB) func([]byte) []byte {
	var set []*regexp.Regexp
	for _, p := range patterns {
		set = append(set, regexp.MustCompile(p))
	}
	return func(text []byte) []byte {
		for _, re := range set {
			text = re.ReplaceAllLiteral(text, patternLabel)
		}
		return text
	}
}

// wordClass tells the loop of cutWords letters (1) from digits (2) and from all else.
var wordClass = func() (t [256]uint8) {
	for c := range t {
		switch {
		case 'a' <= c|0x20 && c|0x20 <= 'z' || c == '_' || c >= 0x80:
			t[c] = 1
		case '0' <= c && c <= '9':
			t[c] = 2
		}
	}
	return t
}()

// cutWords is the floor of whoever looks at every word and reads nothing twice: it cuts the text into words by a table,
// counts the digits of each, and counts the words long or numeric enough to be worth a look.
func cutWords(text []byte) (worth int) {
	for i := 0; i < len(text); {
		start, digits := i, 0
		for i < len(text) && wordClass[text[i]] != 0 {
			digits += int(wordClass[text[i]] >> 1)
			i++
		}
		if i-start >= 16 || digits >= 7 {
			worth++
		}
		i++
	}
	return worth
}
