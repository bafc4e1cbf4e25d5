package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"sync"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/audit/auditsql"
	"github.com/bailiwick-dev/bailiwick/consent"
	"github.com/bailiwick-dev/bailiwick/consent/banner"
	"github.com/bailiwick-dev/bailiwick/dsar/engine"
	"github.com/bailiwick-dev/bailiwick/dsar/retention"
	"github.com/bailiwick-dev/bailiwick/rbac"
	"github.com/bailiwick-dev/bailiwick/rbac/rbacsql"
	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/bailiwick-dev/bailiwick/supportgrant/mfa/totp"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/ipallow"
	"github.com/bailiwick-dev/bailiwick/tenancy/ipallow/ipallowsql"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenancysql"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/bailiwick-dev/bailiwick/vault"
	"github.com/bailiwick-dev/bailiwick/vault/vaultsql"
	"golang.org/x/mod/sumdb/note"
)

// operator is the provider's own tenant: its support staff are its members, and what is done to the other tenants stands in its log.
var operator = tenancy.MustParseID("operator")

// desk is the application: each field is a door, opened in open.
type desk struct {
	scheme, host, port string // of the team's pages; customers' pages are at a host below
	patience           time.Duration
	keys               keys

	db        *tenantdb.DB
	tenants   tenancy.Store
	directory *tenancy.Cache
	life      *tenancy.Lifecycle
	networks  *ipallow.Guard
	clients   *ipallow.Clients

	trail    *audit.Log
	verifier note.Verifier // of its checkpoints
	outside  audit.Anchor  // keeps checkpoints where the database's administrators cannot reach them
	sealer   *vault.AuditSealer
	vault    *vault.Vault
	team     *rbac.Authorizer // of organisations
	staff    *rbac.Authorizer // of the operator's tenant
	support  *supportgrant.Service
	requests *engine.Engine
	sweeps   *retention.Sweeper
	codes    *totp.TOTP
	passkeys *passkeys
	asks     *banner.Banner // on the team's pages
	answers  *consent.Manager
	chat     *chat // customers' pages, with a banner of their own

	redactor *redact.Redactor
	log      *slog.Logger
	reports  *reporter
	mail     func(to, text string) // stands for a mail server

	mu       sync.Mutex
	enrolled map[string]enrolment // second factors that are being set up

	close []func() error
}

// open opens the doors, in the order in which they lean on each other.
func open(ctx context.Context, c config, scheme, address string) (d *desk, err error) {
	d = &desk{scheme: scheme, patience: cmp.Or(c.patience, 2*time.Second), enrolled: map[string]enrolment{}, mail: func(to, text string) { fmt.Printf("\nmail to %s:\n%s\n", to, text) }}
	if c.tls {
		d.scheme = "https"
	}
	d.host = "localhost"
	if _, d.port, err = net.SplitHostPort(address); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.Close())
		}
	}()
	if d.keys, err = openKeys(c.dir); err != nil {
		return d, err
	}
	scope, err1 := key("s1", d.keys.Scope)
	trailKey, err2 := key("a1", d.keys.Trail)
	signer, err3 := audit.NewSigner(d.keys.Signer)
	keeper, err4 := vaultKeeper(c.dir)
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return d, err
	}
	if d.verifier, err = note.NewVerifier(d.keys.Public); err != nil {
		return d, err
	}

	// redact: in front of everything that leaves beside the answers.
	if d.redactor, err = redact.New(redact.Keys("invitation", "link", "name", "phone", "recipient")); err != nil {
		return d, err
	}
	d.log = slog.New(tenancy.LogHandler(d.redactor.Handler(c.log)))
	d.reports = newReporter(d.redactor, c.reports)

	// tenancy: the database, the directory of tenants and their life. acts records what is done to them.
	acts := &audit.Acts{Operator: operator}
	var data *database
	switch signs := (tenancy.Keys{Current: scope}); {
	case c.roles != nil:
		data, err = openRoles(ctx, *c.roles, signs, acts.Tell)
	case c.postgres != "":
		data, err = openPostgres(ctx, c.postgres, signs, acts.Tell)
	default:
		data, err = openSQLite(c.dir, acts.Tell)
	}
	if err != nil {
		return d, err
	}
	d.db, d.close = data.db, data.close
	if d.tenants, err = tenancysql.Open(ctx, d.db); err != nil {
		return d, err
	}
	d.directory = tenancy.NewCache(d.tenants, 2*time.Second)
	d.life = &tenancy.Lifecycle{Store: d.tenants, Shards: []tenancy.Shard{data.shard}, Audit: acts.Tell}
	if _, err := d.life.Provision(ctx, operator, ""); err != nil {
		return d, err
	}

	// audit and vault: the log seals what it has of people under their keys in the vault, and the vault records what is done with them.
	d.sealer, d.outside = new(vault.AuditSealer), audit.FolderAnchor(filepath.Join(c.dir, "outside")) // a folder stands for another machine
	events, err1 := auditsql.New(d.db)
	secrets, err2 := vaultsql.New(d.db)
	if err := errors.Join(err1, err2); err != nil {
		return d, err
	}
	d.trail, err = audit.Open(ctx, events, audit.Options{Origin: origin, Signer: signer, Key: trailKey, Sealer: d.sealer,
		Logger: d.log, Tenants: d.allTenants, Anchors: []audit.Anchoring{{Anchor: d.outside}}})
	if err != nil {
		return d, err
	}
	d.close = append(d.close, func() error { return d.trail.Close(context.WithoutCancel(ctx)) })
	if d.vault, err = vault.Open(ctx, secrets, keeper, vault.Options{Recorder: d.trail, Sealer: d.sealer}); err != nil {
		return d, err
	}
	d.close = append(d.close, d.vault.Close)
	if err := acts.Begin(ctx, d.trail); err != nil {
		return d, err
	}

	// ipallow: from where an organisation's people may come.
	lists, err1 := ipallowsql.New(d.db, "team")
	networks, err2 := ipallow.NewGuard(lists, ipallow.Options{OpenByDefault: true, Timeout: d.patience, Audit: acts.Tell, Refused: d.refusedNetwork()})
	clients, err3 := ipallow.NewClients(ipallow.Proxies{}) // name your load balancers here
	if err := errors.Join(err1, err2, err3); err != nil {
		return d, err
	}
	d.networks, d.clients = networks, clients

	// rbac: who may do what, in organisations and at the provider.
	rules, err := rbacsql.New(d.db)
	if err != nil {
		return d, err
	}
	if d.team, err = rbac.New(access, rules, rbac.Options{Recorder: d.trail, Tokens: tokenForm}); err != nil {
		return d, err
	}
	d.close = append(d.close, d.team.Close)
	if d.staff, err = rbac.New(staffAccess, rules, rbac.Options{Recorder: d.trail}); err != nil {
		return d, err
	}
	d.close = append(d.close, d.staff.Close)

	if err := d.openConsent(); err != nil {
		return d, err
	}
	if err := d.openSupport(); err != nil {
		return d, err
	}
	if err := d.openRequests(ctx, c.dir, c.undo); err != nil {
		return d, err
	}
	return d, d.openRetention()
}

// Close closes what was opened, the last first.
func (d *desk) Close() error {
	var errs []error
	for i := len(d.close) - 1; i >= 0; i-- {
		errs = append(errs, d.close[i]())
	}
	d.close = nil
	return errors.Join(errs...)
}

// base is where the team's pages are.
func (d *desk) base() string { return d.scheme + "://" + net.JoinHostPort(d.host, d.port) }

// chatAt is where an organisation's customers' page is: another origin, and another site to a browser.
func (d *desk) chatAt(org tenancy.ID) string {
	return d.scheme + "://" + net.JoinHostPort(org.String()+"."+d.host, d.port)
}
