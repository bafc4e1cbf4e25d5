package archive

// deepest is how many dimensions an array has at most, in Postgres.
const deepest = 6

// appendArray appends the array that v begins with as a list, and returns what is behind it. If v is something else, such as an array whose
// indexes do not begin with 1, ok is false.
func appendArray(b, v []byte, tr traits, depth int) (_, rest []byte, ok bool) {
	if len(v) == 0 || v[0] != '{' || depth == deepest {
		return b, v, false
	}
	b = append(b, '[')
	if v = v[1:]; len(v) > 0 && v[0] == '}' {
		return append(b, ']'), v[1:], true
	}
	for {
		if b, v, ok = appendElement(b, v, tr, depth); !ok || len(v) == 0 {
			return b, v, false
		}
		end := v[0]
		v = v[1:]
		switch end {
		case '}':
			return append(b, ']'), v, true
		case ',':
			b = append(b, ',')
		default:
			return b, v, false
		}
	}
}

// appendElement appends the element that v begins with.
func appendElement(b, v []byte, tr traits, depth int) (_, rest []byte, ok bool) {
	switch {
	case len(v) == 0:
		return b, v, false
	case v[0] == '{':
		return appendArray(b, v, tr, depth+1)
	case v[0] != '"':
		n := 0
		for n < len(v) && v[n] != ',' && v[n] != '}' {
			if c := v[n]; c == '{' || c == '"' || c == '\\' {
				return b, v, false
			}
			n++
		}
		if string(v[:n]) == "NULL" {
			return append(b, "null"...), v[n:], true
		}
		return appendString(b, v[:n], tr), v[n:], n > 0
	}
	b = append(b, '"')
	for i := 1; i < len(v); i++ {
		c := v[i]
		if c == '"' {
			return append(b, '"'), v[i+1:], true
		}
		if c == '\\' {
			if i++; i == len(v) {
				break
			}
			c = v[i]
		}
		b = appendEscaped(b, c)
	}
	return b, v, false
}
