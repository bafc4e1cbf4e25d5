package rls

// Policies that ask other tables. What those hold when the policy is tried says nothing of what they may
// hold, so the policy is also tried as if every question were answered yes, and as if no.

// tableQuestions returns the ranges of e that ask a table: EXISTS (SELECT ... FROM ...), and otherwise the bracket
// around a sub-select with FROM, such as (a IN ( SELECT ... )) or (a = ( SELECT ... )).
func (e expression) tableQuestions() [][2]int {
	var out [][2]int
	var open []int
	for i := 0; i < len(e); i++ {
		switch {
		case e[i].is(")") && len(open) > 0:
			open = open[:len(open)-1]
		case e[i].is("("):
			end := e.closing(i)
			if i+1 >= len(e) || e[i+1].kind != tkWord || e[i+1].text != "SELECT" || end == len(e) || !e.hasFrom(i+1, end) {
				open = append(open, i)
				continue
			}
			from, to := i, end+1
			switch {
			case i > 0 && e[i-1].kind == tkWord && e[i-1].text == "EXISTS":
				from = i - 1
			case len(open) > 0:
				from = open[len(open)-1]
				to = e.closing(from) + 1
				open = open[:len(open)-1]
			}
			for len(out) > 0 && out[len(out)-1][0] >= from { // around one that was found before
				out = out[:len(out)-1]
			}
			out = append(out, [2]int{from, to})
			i = to - 1
		}
	}
	return out
}

// hasFrom reports whether a sub-select reads from something at its own level, other than the scope.
func (e expression) hasFrom(from, to int) bool {
	depth := 0
	for i := from; i < to; i++ {
		switch {
		case e[i].is("("):
			depth++
		case e[i].is(")"):
			depth--
		case depth == 0 && e[i].kind == tkWord && e[i].text == "FROM":
			return i+1 >= to || e[i+1].text != "LATERAL"
		}
	}
	return false
}

func (e expression) asksTables() bool { return len(e.tableQuestions()) > 0 }

// supposing writes e with the answer in the place of each question.
func (e expression) supposing(answer string) string {
	var out expression
	next := 0
	for _, q := range e.tableQuestions() {
		out = append(out, e[next:q[0]]...)
		out = append(out, token{kind: tkWord, text: answer, spaced: true})
		next = min(q[1], len(e))
	}
	return append(out, e[next:]...).String()
}
