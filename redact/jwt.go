package redact

// jwtEnd returns the end of the JSON Web Token that begins at src[at] with "eyJ", the encoding of `{"`: a header, a payload and a
// signature, or the five parts of an encrypted one; or the first two of it, when the text ends there. It is 0 when there is none.
func jwtEnd(src []byte, at int) int {
	dots, i, part := 0, at, 0
	for hi := min(len(src), at+maxWindow); i < hi; i++ {
		c := src[i]
		if c == '.' {
			if dots == 0 && part < 10 {
				return 0
			}
			if dots == 4 {
				break
			}
			dots++
			part = 0
			continue
		}
		if !isAlnum(c) && c != '-' && c != '_' {
			break
		}
		part++
	}
	for i > at && src[i-1] == '.' {
		i--
	}
	if dots == 0 || i-at < 24 {
		return 0
	}
	return i
}
