package main

import (
	"context"
	"encoding/json"
	"errors"
	"html/template"
	"net/http"
	"strings"

	"github.com/bailiwick-dev/bailiwick/consent"
	"github.com/bailiwick-dev/bailiwick/consent/banner"
	"github.com/bailiwick-dev/bailiwick/rbac"
	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/jmoiron/sqlx"
)

// What an organisation's customers may be told of its rows. The structs have more, and their pages get none of it.
type (
	product struct {
		ID       string `db:"id"`
		Name     string `db:"name"`
		About    string `db:"about"`
		Price    int64  `db:"price"`
		Margin   int64  `db:"margin"`
		Supplier string `db:"supplier"`
	}
	purchase struct {
		Number   string `db:"number"`
		Email    string `db:"email"`
		Status   string `db:"status"`
		Product  string `db:"product"`
		Address  string `db:"address"`
		Remark   string `db:"remark"`
		Margin   int64  `db:"margin"`
		Supplier string `db:"supplier"`
	}
	faqEntry struct {
		Question string `db:"question"`
		Answer   string `db:"answer"`
	}
)

var (
	productView = mustView[product]("Name", "About", "Price")
	statusView  = mustView[purchase]("Number", "Status")
	orderView   = mustView[purchase]("Number", "Status", "Product", "Address")
	faqView     = mustView[faqEntry]("Question", "Answer")
)

// chat is the customers' pages: an organisation's each, at a host of its own.
type chat struct {
	d      *desk
	asks   *banner.Banner
	orders *rbac.Lookup[purchase]
}

func (d *desk) newChat(b *banner.Banner) (*chat, error) {
	c := &chat{d: d, asks: b}
	var err error
	c.orders, err = rbac.NewLookup(d.team, rbac.LookupOptions[purchase]{
		Surface: widget, MaySeeStatus: orderStatus, MaySeeAll: orderAll, Status: statusView, Full: orderView,
		Find: c.purchase, Number: func(p *purchase) string { return p.Number }, Email: func(p *purchase) string { return p.Email },
	})
	return c, err
}

// site is the customers' pages. The host says whose they are; nobody signs in.
func (c *chat) site() http.Handler {
	gate := tenancy.Gate{Directory: c.d.directory, Refuse: c.refuse, Resolvers: []tenancy.Resolver{tenancy.Subdomain(c.d.host, operator.String())},
		Limiter: tenancy.NewLimiter(func(tenancy.ID) tenancy.Limit { return tenancy.Limit{Concurrent: 32, Wait: c.d.patience, Queue: 128} })}
	return gate.Middleware(c.asks.Wrap(c.routes()))
}

// routes are what the public may ask for: what the surface has.
func (c *chat) routes() *rbac.Mux {
	m := rbac.NewMux(c.d.team, rbac.TokenOr(nil), rbac.MuxOptions{Client: c.d.clients.Addr, Refuse: c.refuse})
	m.Handle("GET /{$}", widget.Needs(seeProducts), c.do(c.page))
	m.Handle("POST /ask", widget.Needs(askFAQ), c.do(c.ask))
	m.Handle("POST /order", widget.Needs(orderStatus), c.do(c.order))
	m.Handle("POST /tools/order", widget.Needs(orderStatus), c.orders) // the same in JSON, for a chat model's tool
	m.Handle("GET /privacy", widget.Needs(seeContact), c.do(c.privacy))
	return m
}

func (c *chat) refuse(w http.ResponseWriter, r *http.Request, err error) {
	status, text := statusOf(err)
	if errors.Is(err, rbac.ErrNoMatch) {
		status, text = http.StatusNotFound, "Nothing is found by this number and address."
	}
	if status >= http.StatusInternalServerError {
		c.d.reports.send(r.Context(), err.Error(), r, "")
	}
	http.Error(w, text, status)
}

func (c *chat) do(f func(w http.ResponseWriter, r *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := f(w, r); err != nil {
			c.refuse(w, r, err)
		}
	}
}

// shown returns what a view lists of items, and so all that a page can have of them.
func shown[T any](v *redact.View[T], items []T) (out []map[string]any, err error) {
	all, err := listOf(v, items)
	if err == nil {
		err = json.Unmarshal(all, &out)
	}
	return out, err
}

func selectAll[T any](ctx context.Context, d *desk, query string) (all []T, err error) {
	err = d.db.Read(ctx, func(ctx context.Context, tx *sqlx.Tx) error { return tx.SelectContext(ctx, &all, query) })
	return all, err
}

type organisation struct {
	Name string `db:"name"`
	Plan string `db:"plan"`
}

func (d *desk) organisation(ctx context.Context) (o organisation, err error) {
	err = d.db.Read(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		return tx.GetContext(ctx, &o, `SELECT name, plan FROM organisation`)
	})
	return o, err
}

// purchase finds an order by its number, whosever it is: the lookup decides what is shown of it.
func (c *chat) purchase(ctx context.Context, number string) (*purchase, error) {
	p := new(purchase)
	err := c.d.db.Read(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		return tx.GetContext(ctx, p, tx.Rebind(`SELECT o.number, k.email, o.status, p.name AS product, o.address, o.remark, p.margin, p.supplier
			FROM purchase o JOIN customer k ON k.id = o.customer_id JOIN product p ON p.id = o.product_id WHERE o.number = ?`), number)
	})
	if statusIs(err, http.StatusNotFound) {
		return nil, rbac.ErrNotFound
	}
	return p, err
}

// chatView is what the customers' page is made of.
type chatView struct {
	Org      string
	Banner   template.HTML
	Products []map[string]any
	Asked    string
	Answers  []map[string]any
	Order    map[string]any
	NoOrder  bool
	Contact  string
}

func (c *chat) page(w http.ResponseWriter, r *http.Request) error { return c.show(w, r, &chatView{}) }

func (c *chat) show(w http.ResponseWriter, r *http.Request, v *chatView) error {
	products, err := selectAll[product](r.Context(), c.d, `SELECT id, name, about, price, margin, supplier FROM product ORDER BY name`)
	if err != nil {
		return err
	}
	if v.Products, err = shown(productView, products); err != nil {
		return err
	}
	o, err := c.d.organisation(r.Context())
	if err != nil {
		return err
	}
	v.Org, v.Banner = o.Name, c.asks.HTML(r)
	if org, err := tenancy.From(r.Context()); err == nil {
		v.Contact = "hello@" + org.String() + ".example"
	}
	if consent.Allow(r.Context(), consent.Analytics) {
		// In a frame of another site a browser keeps nothing but partitioned cookies: of each site that embeds the page, others.
		http.SetCookie(w, &http.Cookie{Name: "chat_visits", Value: "1", Path: "/", Secure: true, SameSite: http.SameSiteNoneMode, Partitioned: true, MaxAge: 365 * 24 * 3600})
	}
	return execute(w, http.StatusOK, "chat", &view{Title: o.Name, Data: v, Banner: v.Banner})
}

// ask answers from the organisation's frequent questions, and else says how to get in touch.
func (c *chat) ask(w http.ResponseWriter, r *http.Request) error {
	v := &chatView{Asked: r.PostFormValue("question")}
	all, err := selectAll[faqEntry](r.Context(), c.d, `SELECT question, answer FROM faq ORDER BY id`)
	if err != nil {
		return err
	}
	if best := bestAnswer(all, v.Asked); best != nil {
		if v.Answers, err = shown(faqView, []faqEntry{*best}); err != nil {
			return err
		}
	}
	return c.show(w, r, v)
}

// bestAnswer is the entry that shares the most words with a question. A chat model may stand here: what it is given is what this is.
func bestAnswer(all []faqEntry, question string) (best *faqEntry) {
	asked, most := words(question), 0
	for i := range all {
		n := 0
		for word := range words(all[i].Question) {
			if asked[word] {
				n++
			}
		}
		if n > most {
			best, most = &all[i], n
		}
	}
	return best
}

func words(text string) map[string]bool {
	all := map[string]bool{}
	for _, word := range strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !('a' <= r && r <= 'z') }) {
		if len(word) > 3 {
			all[word] = true
		}
	}
	return all
}

// order shows the status for a number, and the order for a number and the address it was placed with.
func (c *chat) order(w http.ResponseWriter, r *http.Request) error {
	addr, err := c.d.clients.Addr(r)
	if err != nil {
		return err
	}
	v := &chatView{}
	answer, err := c.orders.Ask(r.Context(), rbac.From(r.Context()), rbac.Proof{Number: strings.TrimSpace(r.PostFormValue("number")), Email: strings.TrimSpace(r.PostFormValue("email"))}, addr)
	switch {
	case errors.Is(err, rbac.ErrNoMatch):
		v.NoOrder = true
	case err != nil:
		return err
	default:
		if err := json.Unmarshal(answer.JSON, &v.Order); err != nil {
			return err
		}
	}
	return c.show(w, r, v)
}

func (c *chat) privacy(w http.ResponseWriter, r *http.Request) error {
	return execute(w, http.StatusOK, "chatprivacy", &view{Title: "Privacy", Banner: c.asks.HTML(r), Data: chatPolicy.Purposes})
}
