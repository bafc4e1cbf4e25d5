package rls

// For tests.
var (
	Unpatched = unpatched
	Quote     = quote
)

func Genuine(fn string) []string { return genuine[fn] }
