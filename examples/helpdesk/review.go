package main

import (
	"net/http"
	"time"

	"github.com/bailiwick-dev/bailiwick/rbac"
)

func (d *desk) openReview(w http.ResponseWriter, r *http.Request) error {
	spec := rbac.ReviewSpec{Overdue: rbac.OverduePolicy(r.PostFormValue("overdue"))}
	if day := r.PostFormValue("due"); day != "" {
		due, err := time.Parse(time.DateOnly, day)
		if err != nil {
			return badInput("A due date looks like 2026-12-31.")
		}
		spec.Due = due.AddDate(0, 0, 1) // the day is the last one
	}
	review, err := d.team.OpenReview(r.Context(), rbac.From(r.Context()), spec)
	if review.ID == "" {
		return err
	}
	http.Redirect(w, r, "/team/reviews/"+review.ID, http.StatusSeeOther) // there may have been one already
	return nil
}

func (d *desk) reviewPage(w http.ResponseWriter, r *http.Request) error {
	ctx, me, id := r.Context(), rbac.From(r.Context()), r.PathValue("id")
	reviews, err := d.team.Reviews(ctx, me)
	if err != nil {
		return err
	}
	items, err := d.team.ReviewItems(ctx, me, id, "", 1000)
	if err != nil {
		return err
	}
	names, err := d.people(ctx)
	if err != nil {
		return err
	}
	for _, review := range reviews {
		if review.ID == id {
			return d.show(w, r, "review", "Access review", struct {
				rbac.Review
				List  []rbac.ReviewItem
				Names map[string]person
				Me    string
				Open  bool
				Left  int
			}{review, items, names, me.Subject().ID, review.Closed.IsZero(), undecided(items)})
		}
	}
	return rbac.ErrNotFound
}

func undecided(items []rbac.ReviewItem) (n int) {
	for _, i := range items {
		if i.Decision == rbac.Undecided {
			n++
		}
	}
	return n
}

func (d *desk) decide(w http.ResponseWriter, r *http.Request) error {
	v := rbac.Verdict{Decision: rbac.Decision(r.PostFormValue("decision")), Note: r.PostFormValue("note"), ETag: r.PostFormValue("seen")}
	if _, err := d.team.Decide(r.Context(), rbac.From(r.Context()), r.PathValue("id"), r.PathValue("key"), v); err != nil {
		return err
	}
	return after(w, r, "/team/reviews/"+r.PathValue("id"), "decided")
}

func (d *desk) closeReview(w http.ResponseWriter, r *http.Request) error {
	if _, err := d.team.CloseReview(r.Context(), rbac.From(r.Context()), r.PathValue("id")); err != nil {
		return err
	}
	return after(w, r, "/team/reviews/"+r.PathValue("id"), "closed")
}

func (d *desk) reviewReport(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="access-review.csv"`)
	return d.team.WriteReport(r.Context(), rbac.From(r.Context()), r.PathValue("id"), w, rbac.ReportCSV)
}
