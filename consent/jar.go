package consent

import (
	"net/http"
	"strings"
)

// maxCopies is how many cookies of our name are looked at. A browser sends one.
const maxCopies = 4

// read finds the choice among a request's cookies, puts it into c, which is zero, and returns the key it is sealed with; nil if there is none
// for tenant, and then c is left as it is. Of several, the newest counts for what all of them grant: somebody else's old copy can take away, and
// not give. Of too many, none counts.
func (s *sealer) read(h http.Header, tenant string, c *Choice) (k *sealKey) {
	name, copies := s.name(), 0
	for _, line := range h["Cookie"] {
		for len(line) > len(name)+valueLen { // what is left of it has room for ours
			var pair string
			if i := strings.IndexByte(line, ';'); i >= 0 {
				pair, line = line[:i], line[i+1:]
			} else {
				pair, line = line, ""
			}
			for pair != "" && pair[0] == ' ' {
				pair = pair[1:]
			}
			if len(pair) != len(name)+1+valueLen || pair[len(name)] != '=' || pair[:len(name)] != name {
				continue
			}
			if copies++; copies > maxCopies {
				*c = Choice{}
				return nil
			}
			one, key := s.open(pair[len(name)+1:], tenant)
			switch {
			case key == nil:
			case k == nil:
				*c, k = one, key
			default:
				if one.At.After(c.At) {
					*c, k, one = one, key, *c
				}
				c.Granted &= one.Granted
				c.OptOut = c.OptOut || one.OptOut
				c.Confirmed = c.Confirmed && one.Confirmed
			}
		}
	}
	return k
}
