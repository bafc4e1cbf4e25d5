package consent

import "net/http"

// Gate lets requests through to next that c is allowed for, and answers others with 403: for endpoints that exist for one category, such as
// those that receive conversions, error reports or session replays. Outside of [Manager.Wrap] nothing but [Essential] is allowed.
func Gate(c Category, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !Allow(r.Context(), c) {
			w.Header().Set("Cache-Control", "no-store")
			http.Error(w, "no consent", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}
