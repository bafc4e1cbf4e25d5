package consent

// The names of this package's cookie: one for pages of the site itself, one for a widget in another site's page.
const (
	CookieName       = "__Host-consent"
	WidgetCookieName = "__Host-consent-widget"
)

// ours reports whether a declared cookie's name is one of ours, or begins as they do.
func ours(name string) bool { return name == CookieName || name == WidgetCookieName }
