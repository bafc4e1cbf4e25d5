package tenancytest

// about is what a mutator must know beside the catalogue. See schema.sql.
type about struct {
	App       string              `json:"app"`     // quoted
	Me        string              `json:"me"`      // quoted
	Bypass    bool                `json:"bypass"`  // row-level security does not hold for Me
	ID        string              `json:"id"`      // the definition of tenancy.id(), if it is there
	Library   []string            `json:"library"` // tables in schema tenancy
	Database  string              `json:"database"`
	Policies  map[string][]policy `json:"policies"`
	Triggers  map[string][]piece  `json:"triggers"`
	Views     []piece             `json:"views"` // views with security_invoker, and their owners
	Owners    map[string]string   `json:"owners"`
	Secure    map[string]bool     `json:"secure"` // row-level security is enabled
	Forced    map[string]bool     `json:"forced"`
	Foreign   map[string]string   `json:"foreign"` // definitions of foreign keys
	Truncate  map[string]bool     `json:"truncate"`
	Temporary bool                `json:"temporary"`
}

type piece struct{ Name, Definition string }

// policy is a policy of a table..
type policy struct {
	Name       string `json:"name"`
	Command    string `json:"command"`
	Permissive bool   `json:"permissive"`
	Roles      string `json:"roles"`
	Using      string `json:"using"`
	Check      string `json:"check"`
}
