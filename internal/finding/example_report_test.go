package finding_test

import (
	"fmt"
	"time"

	"github.com/bailiwick-dev/bailiwick/internal/finding"
)

func ExampleNew() {
	found := []finding.Finding{
		{Rule: "RLS001", Severity: finding.Error, Object: "public.note", Message: "row-level security is off",
			Fix: "ALTER TABLE public.note ENABLE ROW LEVEL SECURITY;"},
		{Rule: "RLS083", Severity: finding.Warning, Object: "all_changes", Message: "publication without row filter"},
	}
	r := finding.New("bailiwick/rls", "shop", nil, found, []finding.Waiver{
		{Rule: "RLS083", Object: "all_changes", Reason: "feeds our own standby only"},
	}, time.Now())
	fmt.Print(r)
	fmt.Println(r.Err(finding.Warning))
	// Output:
	// error    RLS001  public.note
	//          row-level security is off
	//          fix:  ALTER TABLE public.note ENABLE ROW LEVEL SECURITY;
	// waived   RLS083  all_changes
	//          because: feeds our own standby only
	// bailiwick/rls at shop: 3 rules, 1 error, 0 warnings, 0 info, 1 waived
	// bailiwick/rls: RLS001 public.note: row-level security is off
}
