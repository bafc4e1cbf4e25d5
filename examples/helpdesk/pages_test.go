package main

import (
	"context"
	"encoding/json"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
)

// Every page of everybody's navigation is there for whom it is offered to, and refused to the others.
func TestAPageIsForThoseItIsOfferedTo(t *testing.T) {
	t.Parallel()
	d := openDesk(t)
	people := map[string]*visitor{"ada": d.as("alder", "ada"), "edda": d.as("alder", "edda"), "vic": d.as("alder", "vic")}
	for path, may := range map[string]string{
		"/conversations": "ada edda vic", "/conversations/alder-1-1": "ada edda vic", "/team": "ada", "/connections": "ada", "/tokens": "ada", "/networks": "ada",
		"/support": "ada edda vic", "/audit": "ada", "/processing": "ada", "/retention": "ada", "/privacy": "ada edda vic", "/security": "ada edda vic",
	} {
		for who, v := range people {
			code, body := v.get(path)
			if strings.Contains(may, who) {
				require.Equal(t, http.StatusOK, code, "%s %s %s", who, path, body)
			} else {
				require.Equal(t, http.StatusForbidden, code, "%s %s", who, path)
			}
			offered := strings.Contains(body, `<li><a href="`+path+`"`)
			if !strings.Contains("/privacy /security /conversations/alder-1-1", path) && code == http.StatusOK {
				require.True(t, offered, "%s %s", who, path)
			}
		}
		code, _, h := d.visitor().do(http.MethodGet, path, "", nil)
		require.Equal(t, http.StatusSeeOther, code, path)
		require.Equal(t, "/sign-in", h.Get("Location"))
	}
	code, body := people["vic"].post("/conversations/alder-1-1/answer", url.Values{"body": {"x"}, "kind": {"message"}})
	require.Equal(t, http.StatusForbidden, code, body)
	_, seen := people["ada"].get("/conversations/alder-1-1")
	require.Contains(t, seen, "margin € 311.00")
	_, seen = people["vic"].get("/conversations/alder-1-1")
	require.NotContains(t, seen, "margin")
}

// What is another organisation's is not there: its ids, its sessions, its invitations.
func TestAnotherOrganisationsThingsAreNotThere(t *testing.T) {
	t.Parallel()
	d := openDesk(t)
	bea := d.as("birch", "bea")
	for _, path := range []string{"/conversations/alder-1-1", "/team/reviews/none", "/support/0192f8a0-0000-7000-8000-000000000000"} {
		code, _ := bea.get(path)
		require.Equal(t, http.StatusNotFound, code, path)
	}
	_, body := bea.get("/conversations")
	require.NotContains(t, body, "bicycle")
	code, _ := bea.post("/conversations/alder-1-1/answer", url.Values{"body": {"x"}})
	require.Equal(t, http.StatusNotFound, code)
	code, _ = bea.get("/staff/")
	require.Equal(t, http.StatusForbidden, code, "an admin is no staff")
	code, _ = d.as("operator", "sam").get("/conversations")
	require.Equal(t, http.StatusForbidden, code, "and staff is nobody's member")

	// A cookie of alder's with birch's name on it is nobody's.
	forged := d.as("alder", "ada")
	forged.cookies[sessionCookie] = strings.Replace(forged.cookies[sessionCookie], "alder", "birch", 1)
	code, _ = forged.get("/conversations")
	require.Equal(t, http.StatusSeeOther, code)
}

var hiddenField = regexp.MustCompile(`name="seen" value="([^"]*)"`)

// The team's life: an invitation, a role, a review with a due date and its report, and leaving.
func TestATeamChangesAndIsReviewed(t *testing.T) {
	t.Parallel()
	d := openDesk(t)
	ada := d.as("alder", "ada")
	code, body := ada.post("/team/invitations", url.Values{"email": {"new.hire@alder.example"}, "role": {"viewer"}})
	require.Equal(t, http.StatusSeeOther, code, body)
	link, err := url.Parse(strings.TrimPrefix(d.mailTo("new.hire@alder.example"), "You are invited: "))
	require.NoError(t, err)
	hire := d.visitor()
	join := url.Values{"invitation": {link.Query().Get("invitation")}, "email": {"somebody.else@alder.example"}, "name": {"Zebulon Quist"}}
	code, _ = hire.post("/join", join)
	require.Equal(t, http.StatusForbidden, code, "the secret is for its address alone")
	join.Set("email", "new.hire@alder.example")
	code, body = hire.post("/join", join)
	require.Equal(t, http.StatusSeeOther, code, body)
	code, _ = hire.get("/conversations")
	require.Equal(t, http.StatusOK, code)

	_, body = ada.get("/team")
	require.Contains(t, body, "Zebulon Quist")
	id := regexp.MustCompile(`/team/([0-9a-f-]{36})/role`).FindStringSubmatch(body)[1]
	code, _ = ada.post("/team/"+id+"/role", url.Values{"role": {"editor"}})
	require.Equal(t, http.StatusSeeOther, code)
	code, _ = hire.post("/conversations/alder-1-1/answer", url.Values{"body": {"the quick private note"}, "kind": {"note"}})
	require.Equal(t, http.StatusSeeOther, code)

	code, _, h := ada.do(http.MethodPost, "/team/reviews", "application/x-www-form-urlencoded", strings.NewReader("due=2026-12-20&overdue=suspend"))
	require.Equal(t, http.StatusSeeOther, code)
	review := h.Get("Location")
	_, body = ada.get(review)
	require.Contains(t, body, "Due on <strong>21 Dec 2026</strong>")
	require.Contains(t, body, "Somebody else decides on you.")
	for _, card := range strings.Split(body, `<div class="card">`)[1:] {
		at := regexp.MustCompile(`action="(/team/reviews/[^"]+/items/[^"]+)"`).FindStringSubmatch(card)
		if at == nil {
			continue
		}
		decision, note := "keep", "they work here"
		if strings.Contains(card, "Zebulon") {
			decision, note = "remove", "left"
		}
		code, answer := ada.post(html.UnescapeString(at[1]), url.Values{"decision": {decision}, "note": {note}, "seen": {html.UnescapeString(hiddenField.FindStringSubmatch(card)[1])}})
		require.Equal(t, http.StatusSeeOther, code, answer)
	}
	code, report := ada.get(review + "/report")
	require.Equal(t, http.StatusOK, code)
	require.Contains(t, report, "left")
	require.Equal(t, 2, strings.Count(report, "keep"))
	code, _ = hire.get("/conversations")
	require.Equal(t, http.StatusForbidden, code, "who was removed is out at once")

	code, body = ada.post("/team/ada/remove", nil)
	require.Equal(t, http.StatusConflict, code, body)
	require.Contains(t, body, "without an admin")
	code, _ = ada.post("/team/edda/remove", nil)
	require.Equal(t, http.StatusSeeOther, code)
}

// A secret goes in and never comes out: not in a page, not in what is listed, not in the files.
func TestASecretIsWriteOnly(t *testing.T) {
	t.Parallel()
	d := openDesk(t)
	ada := d.as("alder", "ada")
	for purpose, secret := range map[string]string{"shop": plants[0], "mail": plants[1]} {
		code, _ := ada.post("/connections/"+purpose, url.Values{"secret": {secret}})
		require.Equal(t, http.StatusSeeOther, code)
		_, body := ada.get("/connections")
		require.NotContains(t, body, secret)
		require.Contains(t, body, "Version")
	}
	code, body := ada.post("/connections/webhook", nil)
	require.Equal(t, http.StatusOK, code)
	fresh := regexp.MustCompile(`<code class="secret">([^<]+)`).FindStringSubmatch(body)[1]
	require.Contains(t, fresh, "whsec_")
	_, body = ada.get("/connections")
	require.NotContains(t, body, fresh)
	code, body = ada.post("/connections/webhook", nil)
	require.Equal(t, http.StatusOK, code)
	require.NotContains(t, body, fresh, "replaced")
	require.Contains(t, body, "<dd>2</dd>")
	code, _ = ada.post("/connections/shop/disconnect", nil)
	require.Equal(t, http.StatusSeeOther, code)
	_, body = ada.get("/connections")
	require.Contains(t, body, "Not connected.")
	d.searchFiles(append(plants[:2:2], fresh))
}

func TestATokenDoesWhatItWasGivenForFromWhereItWasGiven(t *testing.T) {
	t.Parallel()
	d := openDesk(t)
	ada := d.as("alder", "ada")
	issue := func(form url.Values) string {
		code, body := ada.post("/tokens", form)
		require.Equal(t, http.StatusOK, code, body)
		return html.UnescapeString(regexp.MustCompile(`<code class="secret">([^<]+)`).FindStringSubmatch(body)[1])
	}
	api := func(token string) *visitor {
		v := d.visitor()
		v.header.Set("Authorization", "Bearer "+token)
		return v
	}
	token := issue(url.Values{"name": {"reports"}, "scope": {"conversations.read"}})
	_, body := ada.get("/tokens")
	require.NotContains(t, body, token)
	code, body := api(token).get("/api/conversations")
	require.Equal(t, http.StatusOK, code, body)
	var list struct{ Conversations []map[string]any }
	require.NoError(t, json.Unmarshal([]byte(body), &list))
	require.Len(t, list.Conversations, 6)
	require.Len(t, list.Conversations[0], 4, "id, subject, status and changed: what the view lists")
	post := func(v *visitor) (int, string) {
		code, body, _ := v.do(http.MethodPost, "/api/conversations/alder-1-1/messages", "application/json", strings.NewReader(`{"body":"from a program"}`))
		return code, body
	}
	code, body = post(api(token))
	require.Equal(t, http.StatusForbidden, code, body)
	code, _ = post(api(issue(url.Values{"name": {"bot"}, "scope": {"conversations.read", "conversations.answer"}})))
	require.Equal(t, http.StatusCreated, code)
	code, _ = api(issue(url.Values{"name": {"elsewhere"}, "scope": {"conversations.read"}, "networks": {"203.0.113.0/24"}})).get("/api/conversations")
	require.Equal(t, http.StatusForbidden, code)
	code, _ = api(token + "x").get("/api/conversations")
	require.Equal(t, http.StatusUnauthorized, code)
	code, _ = api(token).get("/team")
	require.Equal(t, http.StatusForbidden, code, "what is for people is not for tokens")

	_, body = ada.get("/tokens")
	row := regexp.MustCompile(`(?s)<td>reports</td>.*?/tokens/([^/]+)/rotate`).FindStringSubmatch(body)
	code, body = ada.post("/tokens/"+row[1]+"/rotate", url.Values{"now": {"1"}})
	require.Equal(t, http.StatusOK, code)
	next := html.UnescapeString(regexp.MustCompile(`<code class="secret">([^<]+)`).FindStringSubmatch(body)[1])
	code, _ = api(token).get("/api/conversations")
	require.Equal(t, http.StatusUnauthorized, code)
	code, _ = api(next).get("/api/conversations")
	require.Equal(t, http.StatusOK, code)
	d.searchFiles([]string{token, next})
}

func TestNetworksShutOutAndNobodyShutsThemselvesOut(t *testing.T) {
	t.Parallel()
	d := openDesk(t)
	ada := d.as("alder", "ada")
	code, body := ada.post("/networks", url.Values{"version": {"0"}, "networks": {"203.0.113.0/24 # office"}})
	require.Equal(t, http.StatusConflict, code, body)
	code, body = ada.post("/networks", url.Values{"version": {"0"}, "networks": {"10.1.2.3/8"}})
	require.Equal(t, http.StatusUnprocessableEntity, code, body)
	require.NotContains(t, body, "10.1.2.3", "an error repeats nobody's address")
	code, body = ada.post("/networks", url.Values{"version": {"0"}, "networks": {"127.0.0.0/8"}})
	require.Equal(t, http.StatusSeeOther, code, body)
	code, _ = ada.get("/conversations")
	require.Equal(t, http.StatusOK, code)
	code, _ = ada.post("/networks", url.Values{"version": {"1"}, "networks": {"203.0.113.0/24"}, "trial": {"1"}})
	require.Equal(t, http.StatusSeeOther, code)
	code, body = ada.get("/conversations")
	require.Equal(t, http.StatusForbidden, code, "on trial it may")
	require.NotContains(t, body, "bicycle")
	code, _ = d.as("birch", "bea").get("/conversations")
	require.Equal(t, http.StatusOK, code, "and nobody else's people are concerned")
}

func TestTheTrailTellsProvesAndVerifies(t *testing.T) {
	t.Parallel()
	d := openDesk(t)
	ada := d.as("alder", "ada")
	d.as("alder", "edda").post("/conversations/alder-1-1/answer", url.Values{"body": {"the quick private note"}, "kind": {"note"}})
	_, body := ada.get("/audit?action=conversation.noted&who=edda")
	require.Contains(t, body, "Edda Evans")
	require.NotContains(t, body, "the quick private note")
	at := regexp.MustCompile(`/audit/(\d+)/proof`).FindAllStringSubmatch(body, -1)
	require.Len(t, at, 1)
	code, body := ada.get("/audit/" + at[0][1] + "/proof")
	require.Equal(t, http.StatusOK, code, body)
	require.Contains(t, body, "c2sp.org/tlog-proof")
	code, body = ada.post("/audit/verify", nil)
	require.Equal(t, http.StatusOK, code, body)
	require.Contains(t, body, "are what was recorded")
	_, err := d.trail.Heads(t.Context())
	require.NoError(t, err)
	code, bundle := ada.post("/audit/bundle", nil)
	require.Equal(t, http.StatusOK, code)
	require.NotContains(t, bundle, "the quick private note")
	require.Greater(t, len(bundle), 10_000)
	code, _ = ada.get("/audit/99999/proof")
	require.Equal(t, http.StatusNotFound, code)
}

// Solved conversations go after the organisation's own period, those of a customer whom a legal hold is on stay, and what would go is shown before it does.
func TestSolvedConversationsGoWhenTheirTimeIsOver(t *testing.T) {
	t.Parallel()
	d := openDesk(t)
	ada := d.as("alder", "ada")
	code, _ := ada.post("/retention", url.Values{"months": {"0"}})
	require.Equal(t, http.StatusUnprocessableEntity, code)
	code, _ = ada.post("/retention", url.Values{"months": {"36"}})
	require.Equal(t, http.StatusSeeOther, code)
	_, body := ada.get("/retention")
	require.Contains(t, body, `value="36"`)
	ctx := tenancy.With(t.Context(), seeds[0].id)
	held, err := d.requests.Hold(ctx, dsar.Hold{Person: dsar.Person{Kind: "customer", Key: []string{"c3"}}, Basis: "GDPR Art. 17(3)(e), case 2026-117", By: user("ada")})
	require.NoError(t, err)
	require.NoError(t, d.db.Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, tx.Rebind(`UPDATE conversation SET changed_at = ?`), time.Now().AddDate(-4, 0, 0))
		return err
	}))
	_, body = ada.get("/retention")
	require.Contains(t, body, "conversation, where status is solved")
	require.Contains(t, body, "<strong>1</strong> of 6, with 3 rows")
	require.Contains(t, body, "<dt>Stay for a legal hold</dt><dd>1</dd>")
	require.NotContains(t, body, "Have no date")
	plan := func() url.Values {
		return url.Values{"plan": {html.UnescapeString(regexp.MustCompile(`name="plan" value="([^"]+)"`).FindStringSubmatch(body)[1])}, "confirmed": {regexp.MustCompile(`name="confirmed" value="([^"]+)"`).FindStringSubmatch(body)[1]}}
	}
	form := plan()
	form.Set("confirmed", "sha256:another")
	code, _ = ada.post("/retention/sweep", form)
	require.Equal(t, http.StatusConflict, code)
	code, answer := ada.post("/retention/sweep", plan())
	require.Equal(t, http.StatusSeeOther, code, answer)
	_, solved := ada.get("/conversations?status=solved")
	require.Equal(t, 1, strings.Count(solved, `href="/conversations/alder-`), "the one that a legal hold is on")
	_, err = d.requests.Release(ctx, held.ID, "settled", user("ada"))
	require.NoError(t, err)
	code, _ = ada.post("/retention/sweep", plan())
	require.Equal(t, http.StatusSeeOther, code, "the same once more is what it was")
	_, solved = ada.get("/conversations?status=solved")
	require.Equal(t, 1, strings.Count(solved, `href="/conversations/alder-`))
	require.NoError(t, d.due(ctx))
	_, solved = ada.get("/conversations?status=solved")
	require.Zero(t, strings.Count(solved, `href="/conversations/alder-`), "and the day's sweep takes it")
	_, body = ada.get("/conversations?status=open")
	require.NotZero(t, strings.Count(body, `href="/conversations/alder-`), "what is open stays")
	_, body = ada.get("/processing")
	for _, want := range []string{"Nimbus Hosting Inc", "standard contractual clauses", "to answer customers who ask", "customer"} {
		require.Contains(t, body, want)
	}
	_, body = ada.get("/processing/record?as=json")
	require.True(t, json.Valid([]byte(body)))
}

// What another site makes a browser send is refused.
func TestAnotherSitesFormIsRefused(t *testing.T) {
	t.Parallel()
	d := openDesk(t)
	ada := d.as("alder", "ada")
	ada.header.Set("Origin", "https://evil.example")
	ada.header.Set("Sec-Fetch-Site", "cross-site")
	code, _ := ada.post("/conversations/alder-1-1/answer", url.Values{"body": {"x"}})
	require.Equal(t, http.StatusForbidden, code)
	code, _, h := d.visitor().do(http.MethodGet, "/sign-in", "", nil)
	require.Equal(t, http.StatusOK, code)
	require.Contains(t, h.Get("Content-Security-Policy"), "frame-ancestors 'none'")
}

// A link signs in once, and a session ends.
func TestALinkIsGoodOnce(t *testing.T) {
	t.Parallel()
	d := openDesk(t)
	link, err := d.signInLink(t.Context(), seeds[0].id, "ada")
	require.NoError(t, err)
	u, err := url.Parse(link)
	require.NoError(t, err)
	form := url.Values{"link": {u.Query().Get("link")}}
	v := d.visitor()
	code, _ := v.get(u.RequestURI())
	require.Equal(t, http.StatusOK, code)
	require.Empty(t, v.cookies[sessionCookie], "to look at it signs nobody in")
	code, _ = v.post("/sign-in", form)
	require.Equal(t, http.StatusSeeOther, code)
	code, _ = d.visitor().post("/sign-in", form)
	require.Equal(t, http.StatusForbidden, code)
	kept := v.cookies[sessionCookie]
	code, _ = v.post("/sign-out", nil)
	require.Equal(t, http.StatusSeeOther, code)
	v.cookies[sessionCookie] = kept
	code, _ = v.get("/conversations")
	require.Equal(t, http.StatusSeeOther, code, "an old cookie is nobody's")
}
