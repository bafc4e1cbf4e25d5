package deadline_test

import (
	"fmt"
	"time"

	"github.com/bailiwick-dev/bailiwick/dsar/deadline"
)

func Example() {
	laws, err := deadline.Compile(deadline.Rules()...)
	if err != nil {
		panic(err)
	}
	brussels, err := time.LoadLocation("Europe/Brussels")
	if err != nil {
		panic(err)
	}
	calendar := deadline.Calendar{Zone: brussels, Holiday: deadline.Holidays(
		deadline.Date{Year: 2026, Month: time.April, Day: 6}, // Easter Monday
		deadline.Date{Year: 2026, Month: time.May, Day: 1},
	)}
	received := time.Date(2026, time.January, 31, 23, 30, 0, 0, time.UTC) // it is February in Brussels
	clock, err := laws.Clock("eu-gdpr", deadline.Access, deadline.Facts{Received: received}, calendar)
	if err != nil {
		panic(err)
	}
	fmt.Println("answer by  ", clock.Answer.Day, clock.Answer.Day.Weekday())
	fmt.Println("extended to", clock.Extended.Day, clock.Extended.Day.Weekday())

	// Who asks was not clear, and they answered on the third day after that.
	clock, err = laws.Clock("eu-gdpr", deadline.Access, deadline.Facts{Received: received, Pauses: []deadline.Pause{{
		Cause: deadline.Identity, Asked: received.AddDate(0, 0, 1), Done: received.AddDate(0, 0, 4),
	}}}, calendar)
	if err != nil {
		panic(err)
	}
	fmt.Println("answer by  ", clock.Answer.Day, clock.Answer.Day.Weekday())
	// Output:
	// answer by   2026-03-02 Monday
	// extended to 2026-05-04 Monday
	// answer by   2026-03-04 Wednesday
}

// A row is corrected, or added, before it is compiled.
func ExampleRules() {
	rules := deadline.Rules()
	for i := range rules {
		if rules[i].ID == "au-organisation" { // a promise in our own privacy policy
			rules[i].Answer = deadline.Term{Period: deadline.Period{N: 14, Unit: deadline.Days}, Cite: "our privacy policy, section 7"}
		}
	}
	laws, err := deadline.Compile(rules...)
	if err != nil {
		panic(err)
	}
	clock, err := laws.Clock("au-organisation", deadline.Access,
		deadline.Facts{Received: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}, deadline.Calendar{Zone: time.FixedZone("AEST", 10*3600)})
	if err != nil {
		panic(err)
	}
	fmt.Println(clock.Due.Day, clock.Due.Cite)
	// Output: 2026-03-16 our privacy policy, section 7
}
