package redact

// maxRun is how much of a run of digits is looked at in one go. Of a longer one the first half is
// looked at, and the rest as a run of its own.
const maxRun = 1024

// personalWord looks for numbers and codes that stand for a person in the word src[word:end], which has signs up to start, or
// in the run of digits and separators that begins with it.
func (s *scanner) personalWord(word, start, end int) bool {
	src := s.src
	if s.addresses {
		if s.address(start, end) {
			return true
		}
	}
	if class[src[start]]&cDigit != 0 && start >= s.numEnd {
		if s.number(start, end) {
			return true
		}
	}
	var seen uint8
	for _, c := range src[start:end] {
		seen |= class[c]
	}
	if seen&cUpper == 0 || seen&cDigit == 0 && end-word != 2 {
		return false
	}
	for i := start; i < end; {
		for i < end && !isAlnum(src[i]) {
			i++
		}
		at, letters, digits := i, 0, 0
		for i < end && isAlnum(src[i]) {
			if isDigit(src[i]) {
				digits++
			} else {
				letters++
			}
			i++
		}
		n := i - at
		code := letters > 0 && (digits >= 6 && n <= 34 || digits == 4 && n == 10)
		if !code && n >= 2 && class[src[at]] == cUpper && class[src[at+1]] == cUpper {
			code = n >= 4 && isDigit(src[at+2]) && isDigit(src[at+3]) ||
				n == 2 && i+1 < len(src) && (src[i] == ' ' && end-word == 2 || src[i] == '-') && isDigit(src[i+1])
		}
		if n == 1 && i+1 < len(src) && src[i] == '-' && class[src[at]] == cUpper {
			code = isDigit(src[i+1])
		}
		if code {
			lo, hi := s.room(at, i)
			if a, b, kind, rule, ok := lettersAndDigitsAt(src[lo:hi], at-lo, i-lo, &s.r.on); ok {
				return s.hit(lo+a, lo+b, kind, rule)
			}
		}
	}
	return false
}

// number looks at the run of digits and separators that begins at src[start]. Where it ends within the word that ends at
// end, a letter may follow only when it is the last of the word.
func (s *scanner) number(start, end int) bool {
	src := s.src
	if s.ahead.wall < len(src) {
		src = src[:max(s.ahead.wall, start)]
	}
	run, digits, hi := start, 0, min(len(src), start+maxRun)
	for run < hi && digits < 7 && isRow(src[run]) {
		if isDigit(src[run]) {
			digits++
		}
		run++
	}
	if digits == 7 {
		run = max(run, min(s.rowEnd, hi)) // the row that is known from before
		for run < hi && isRow(src[run]) {
			run++
		}
		s.rowEnd = run
	}
	cut := run == hi && hi < len(src)
	for run > start && !isDigit(src[run-1]) {
		run--
	}
	s.numEnd = run
	if cut {
		s.numEnd = start + maxRun/2
	}
	if digits < 7 && (digits < 5 || start == s.floor || src[start-1] != ')' && (src[start-1] != ' ' || start < s.floor+2 || src[start-2] != ')')) {
		return false
	}
	if run < end {
		var behind [3]byte
		copy(behind[:], src[run:])
		if suffixed(behind[:]) {
			return false
		}
	}
	lo, hi := s.room(start, run)
	a, b, kind, rule, ok := numberAt(src[lo:hi], start-lo, min(run, s.numEnd)-lo, &s.r.on)
	if ok {
		s.numEnd = lo + b
	}
	return ok && s.hit(lo+a, lo+b, kind, rule)
}

// isRow reports whether c stands in rows of digits.
func isRow(c byte) bool { return rowByte[c] }

var rowByte = func() (t [256]bool) {
	for c := range t {
		t[c] = isDigit(byte(c)) || isGroupSep(byte(c))
	}
	return t
}()

// address looks for an IP or MAC address that begins with one of the words of letters and digits in src[start:end].
func (s *scanner) address(start, end int) bool {
	src := s.src
	for i := start; i < end; {
		for i < end && !isAlnum(src[i]) {
			i++
		}
		at := i
		for i < end && isAlnum(src[i]) {
			i++
		}
		if i-at == 0 || i-at > 4 || i == len(src) || src[i] != '.' && src[i] != ':' && src[i] != '-' {
			continue
		}
		lo, hi := s.room(at, i)
		if a, b, kind, rule, ok := ipAt(src[lo:hi], at-lo, &s.r.on); ok {
			return s.hit(lo+a, lo+b, kind, rule)
		}
	}
	return false
}

// email looks at the "@", or the disguise of one, at src[i].
func (s *scanner) email(i int) bool {
	if signAt(s.src, i) == 0 {
		return false
	}
	lo, hi := s.room(i, i)
	a, b, rule, ok := emailAt(s.src[lo:hi], i-lo)
	return ok && s.hit(lo+a, lo+b, Email, rule)
}
