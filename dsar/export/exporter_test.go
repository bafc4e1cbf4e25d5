package export_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"filippo.io/age"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/archive"
	"github.com/bailiwick-dev/bailiwick/dsar/export"
	"github.com/bailiwick-dev/bailiwick/internal/dbtest/app"
	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
)

func TestAPersonGetsTheirRowsAndOfOthersTheLink(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		var b bytes.Buffer
		x, err := h.exporter(t, nil).Export(h.ctx, ada, &b, dsar.ExportOptions{Request: "r-1"})
		require.NoError(t, err)
		a := open(t, b.Bytes())
		require.Equal(t, a.Hash, x.Manifest)
		require.EqualValues(t, b.Len(), x.Bytes)
		require.Equal(t, a.Manifest.Rows, x.Rows)
		require.Equal(t, h.c.Hash(), a.Manifest.Map)
		require.Equal(t, "r-1", a.Manifest.Request)
		require.Len(t, lines(t, a, "users"), 1)
		require.Equal(t, "Ada", lines(t, a, "users")[0]["name"])
		require.Len(t, lines(t, a, "ticket"), 1)
		require.Equal(t, "my printer", lines(t, a, "ticket")[0]["subject"])
		require.Len(t, lines(t, a, "message"), 2)
		require.Len(t, lines(t, a, "chat"), 2, "whose owners are two")
		require.Len(t, lines(t, a, "bag"), 0)
		linked := lines(t, a, "ticket by tenant_id, agent_id")
		require.Len(t, linked, 1)
		require.Equal(t, "2", fmt.Sprint(linked[0]["id"]))
		require.Equal(t, "1", fmt.Sprint(linked[0]["agent_id"]))
		require.NotContains(t, linked[0], "user_id")
		require.NotContains(t, linked[0], "subject")
		require.NotContains(t, all(t, a), "bobs")
		require.NotContains(t, all(t, a), "of bob")
		i := a.Manifest.Info
		require.Equal(t, "Desk Ltd, 1 Road", i.Controller)
		require.Equal(t, "to answer people who ask", i.Purposes[0].Why)
		require.Contains(t, i.Purposes[0].Recipients, "hosting")
		require.NotEmpty(t, i.Rights)
	})
}

// Art. 15(4): the rights of others.
func TestOtherPeoplesDataAndSecretsAreNotExported(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		for _, portable := range []bool{false, true} {
			var b bytes.Buffer
			_, err := h.exporter(t, nil).Export(h.ctx, ada, &b, dsar.ExportOptions{Request: "r", Portable: portable})
			require.NoError(t, err)
			a := open(t, b.Bytes())
			for _, never := range []string{"bob@", "eve@", "rude", "secret"} {
				require.NotContains(t, all(t, a), never)
			}
			s := lines(t, a, "users")[0]["settings"].(map[string]any)
			require.Equal(t, "dark", s["theme"])
			require.Equal(t, "[withheld]", s["password_hash"], "the name of a secret, wherever it stands")
			require.Equal(t, "[withheld]", s["api"].(map[string]any)["token"])
			require.Equal(t, "1", fmt.Sprint(s["api"].(map[string]any)["n"]))
			friend := s["friends"].([]any)[0].(map[string]any)
			require.Equal(t, "[withheld]", friend["email"])
			require.Equal(t, "2020", fmt.Sprint(friend["since"]))
			var withheld []string
			for _, table := range a.Manifest.Tables {
				for _, w := range table.Withheld {
					withheld = append(withheld, table.Name+"."+w.Column+" "+w.Why)
				}
			}
			require.Contains(t, withheld, "users.password_hash secret")
			require.Contains(t, withheld, "users.iban secret")
			require.Contains(t, withheld, "chat.peer_email about other people")
		}
		var b bytes.Buffer
		e := h.exporter(t, func(o *export.Options) { o.Payment = []redact.Class{redact.ClassBankAccount} })
		_, err := e.Export(h.ctx, ada, &b, dsar.ExportOptions{Request: "r"})
		require.NoError(t, err)
		require.Equal(t, "DE02-secret-iban", lines(t, open(t, b.Bytes()), "users")[0]["iban"])
		s, _ := keys(t)
		_, err = export.New(h.DB, h.c, export.Options{Signer: s, Unencrypted: true, Payment: []redact.Class{redact.ClassPassword}})
		require.ErrorIs(t, err, export.ErrOptions)
	})
}

func TestAPortableExportHasWhatRestsOnConsentOrContract(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		var b bytes.Buffer
		_, err := h.exporter(t, nil).Export(h.ctx, ada, &b, dsar.ExportOptions{Request: "r", Portable: true})
		require.NoError(t, err)
		a := open(t, b.Bytes())
		require.Equal(t, []string{"users", "ticket", "message", "chat"}, names(a))
		require.NotContains(t, lines(t, a, "users")[0], "score")
		require.Contains(t, lines(t, a, "users")[0], "email")
	})
}

func TestEachTypeOfTheDatabaseIsExported(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		pg := h.DB.Dialect() == tenantdb.Postgres
		if pg {
			app.Fill(t, h.ctx, h.World, `
				INSERT INTO bag VALUES ({tenant}, 1, 1, 9223372036854775807, 123456789012345678.90, 'NaN', '\x00ff', 'infinity', '{"a": 1}', true, '-infinity', '{a,"b c",NULL}')
				INSERT INTO bag VALUES ({tenant}, 2, 1, 5, 'NaN', '-Infinity', '', '2026-11-22 13:00:00+02', '[]', false, '2026-11-22', '{}')
				INSERT INTO bag VALUES ({tenant}, 3, 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)`)
		} else {
			app.Fill(t, h.ctx, h.World, `
				INSERT INTO bag VALUES ({tenant}, 1, 1, 9223372036854775807, '123456789012345678.90x', 9e999, x'00ff', 'infinity', '{"a": 1}', 1, '-infinity', 'a')
				INSERT INTO bag VALUES ({tenant}, 2, 1, 5, 'NaN', -9e999, x'', '2026-11-22 11:00:00+00', '[]', 0, '2026-11-22', 'b')
				INSERT INTO bag VALUES ({tenant}, 3, 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)
				INSERT INTO bag VALUES ({tenant}, 4, 1, 'many', CAST(x'fffe' AS text), 1.5, CAST(x'61' AS text), 7, 'no json', 'maybe', CAST(x'610062' AS text), 'c')`)
		}
		var b bytes.Buffer
		_, err := h.exporter(t, nil).Export(h.ctx, ada, &b, dsar.ExportOptions{Request: "r"})
		require.NoError(t, err)
		got := map[string]map[string]any{}
		for _, m := range lines(t, open(t, b.Bytes()), "bag") {
			got[fmt.Sprint(m["id"])] = m
		}
		want := map[string]string{"big": "9223372036854775807", "raw": "AP8=", "at": "infinity", "doc": "map[a:1]", "ok": "true", "day": "-infinity"}
		if pg {
			want["num"], want["flo"], want["list"] = "123456789012345678.90", "NaN", "[a b c <nil>]"
		}
		for k, v := range want {
			require.Equal(t, v, fmt.Sprint(got["1"][k]), k)
		}
		require.IsType(t, "", got["1"]["big"], "no reader rounds it")
		for k, v := range map[string]string{"big": "5", "num": "NaN", "raw": "", "at": "2026-11-22 11:00:00+00", "doc": "[]", "ok": "false", "day": "2026-11-22"} {
			require.Equal(t, v, fmt.Sprint(got["2"][k]), k)
		}
		for k, v := range got["3"] {
			require.Equal(t, k == "tenant_id" || k == "id" || k == "user_id", v != nil, k)
		}
		if !pg {
			for k, v := range map[string]string{"big": "many", "num": "map[base64://4=]", "raw": "a", "at": "7", "doc": "[withheld]", "ok": "maybe", "day": "a\x00b"} {
				require.Equal(t, v, fmt.Sprint(got["4"][k]), k)
			}
		}
	})
}

// Rows change while they are exported: none is there twice, none is missing.
func TestNoExportIsTornByWhoWritesMeanwhile(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		moved := false
		move := func(p dsar.Progress) {
			if moved || p.Table != "message" {
				return
			}
			moved = true // the ticket has been read, the chats have not
			require.NoError(t, h.DB.Tx(h.ctx, func(ctx context.Context, tx *sqlx.Tx) error {
				for _, q := range []string{`DELETE FROM message WHERE id = 1`, `UPDATE chat SET body = 'moved from message' WHERE id = 1`, `UPDATE ticket SET user_id = 2 WHERE id = 1`} {
					if _, err := tx.ExecContext(ctx, q); err != nil {
						return err
					}
				}
				return nil
			}))
		}
		var b bytes.Buffer
		_, err := h.exporter(t, nil).Export(h.ctx, ada, &b, dsar.ExportOptions{Request: "r", Progress: move})
		require.NoError(t, err)
		require.True(t, moved)
		a := open(t, b.Bytes())
		require.Len(t, lines(t, a, "message"), 2)
		require.NotContains(t, all(t, a), "moved")
		b.Reset()
		_, err = h.exporter(t, nil).Export(h.ctx, ada, &b, dsar.ExportOptions{Request: "r"})
		require.NoError(t, err)
		require.Len(t, lines(t, open(t, b.Bytes()), "message"), 0)
	})
}

// Pitfall of a placeholder a row: 65,535 are too many for Postgres.
func TestAPersonWith70000ParentRowsIsExported(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		parents := 70_000 // a statement has 65,535 parameters at most
		if h.DB.Dialect() == tenantdb.SQLite {
			parents = 33_000 // and 32,766 there
		}
		app.Fill(t, h.ctx, h.World, fmt.Sprintf(`
			INSERT INTO ticket (tenant_id, id, user_id, subject) WITH RECURSIVE n(i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < %d) SELECT {tenant}, i, 1, 's' FROM n
			INSERT INTO message (tenant_id, id, ticket_id, body) SELECT {tenant}, id, id, 'm' FROM ticket WHERE id >= 100 AND id %% 100 = 0`, parents+99))
		var b bytes.Buffer
		_, err := h.exporter(t, nil).Export(h.ctx, ada, &b, dsar.ExportOptions{Request: "r"})
		require.NoError(t, err)
		a := open(t, b.Bytes())
		for _, table := range a.Manifest.Tables {
			switch table.Name {
			case "ticket":
				require.EqualValues(t, parents+1, table.Rows)
			case "message":
				require.EqualValues(t, parents/100+2, table.Rows)
			}
		}
	})
}

func TestAnExportThatStopsIsNoArchive(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		app.Fill(t, h.ctx, h.World, `
			INSERT INTO ticket (tenant_id, id, user_id, subject) WITH RECURSIVE n(i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < 9099) SELECT {tenant}, i, 1, 's' FROM n`)
		ctx, cancel := context.WithCancel(h.ctx)
		defer cancel()
		var b bytes.Buffer
		_, err := h.exporter(t, nil).Export(ctx, ada, &b, dsar.ExportOptions{Request: "r", Progress: func(p dsar.Progress) {
			if p.Rows > 5000 {
				cancel()
			}
		}})
		require.ErrorIs(t, err, context.Canceled)
		_, key := keys(t)
		_, err = archive.Verify(bytes.NewReader(b.Bytes()), int64(b.Len()), key)
		require.Error(t, err)

		full := errors.New("disk full")
		_, err = h.exporter(t, nil).Export(h.ctx, ada, writer(func([]byte) (int, error) { return 0, full }), dsar.ExportOptions{Request: "r"})
		require.ErrorIs(t, err, full)
		b.Reset()
		_, err = h.exporter(t, nil).Export(h.ctx, ada, &b, dsar.ExportOptions{Request: "r"}) // and the database is well
		require.NoError(t, err)
		open(t, b.Bytes())
	})
}

type writer func([]byte) (int, error)

func (w writer) Write(b []byte) (int, error) { return w(b) }

func TestAnExportIsEncryptedUnlessItStays(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		s, key := keys(t)
		_, err := export.New(h.DB, h.c, export.Options{Signer: s})
		require.ErrorIs(t, err, export.ErrOptions)
		_, err = export.New(h.DB, h.c, export.Options{Unencrypted: true})
		require.ErrorIs(t, err, export.ErrOptions)
		id, err := age.GenerateX25519Identity()
		require.NoError(t, err)
		e := h.exporter(t, func(o *export.Options) {
			o.Unencrypted = false
			o.Recipients = func(_ context.Context, p dsar.Person) ([]age.Recipient, error) {
				if p.Kind == "user" {
					return []age.Recipient{id.Recipient()}, nil
				}
				return nil, nil
			}
		})
		var b bytes.Buffer
		_, err = e.Export(h.ctx, ada, &b, dsar.ExportOptions{Request: "r"})
		require.NoError(t, err)
		require.True(t, strings.HasPrefix(b.String(), "age-encryption.org/v1"))
		r, n, err := archive.Decrypt(bytes.NewReader(b.Bytes()), int64(b.Len()), id)
		require.NoError(t, err)
		_, err = archive.Verify(r, n, key)
		require.NoError(t, err)
		_, err = e.Export(h.ctx, dsar.Person{Kind: "stranger"}, io.Discard, dsar.ExportOptions{Request: "r"})
		require.ErrorIs(t, err, export.ErrOptions, "nobody to encrypt to")
		_, err = e.Tenant(h.ctx, io.Discard, dsar.ExportOptions{Request: "r"})
		require.ErrorIs(t, err, export.ErrOptions)
	})
}

func TestAnExportSeesOneTenantOnly(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		other := h.Tenant(t)
		app.Fill(t, other, h.World, `INSERT INTO users (tenant_id, id, email, name) VALUES ({tenant}, 1, 'ada@example.com', 'Ada elsewhere')`)
		var b bytes.Buffer
		_, err := h.exporter(t, nil).Export(other, ada, &b, dsar.ExportOptions{Request: "r"})
		require.NoError(t, err)
		a := open(t, b.Bytes())
		require.EqualValues(t, 1, a.Manifest.Rows)
		_, err = h.exporter(t, nil).Export(t.Context(), ada, io.Discard, dsar.ExportOptions{Request: "r"})
		require.ErrorIs(t, err, tenancy.ErrNoTenant)
		_, err = h.exporter(t, nil).Export(h.ctx, dsar.Person{Kind: "user", Known: map[string][]string{"email": {"nobody@example.com"}}}, io.Discard, dsar.ExportOptions{Request: "r"})
		require.ErrorIs(t, err, dsar.ErrNobody)
	})
}

func TestATenantTakesAllItsRowsAlong(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		other := h.Tenant(t)
		app.Fill(t, other, h.World, `INSERT INTO users (tenant_id, id, email, name) VALUES ({tenant}, 9, 'x@example.com', 'Elsewhere')`)
		var b bytes.Buffer
		x, err := h.exporter(t, nil).Tenant(h.ctx, &b, dsar.ExportOptions{Request: "r"})
		require.NoError(t, err)
		a := open(t, b.Bytes())
		require.EqualValues(t, 11, x.Rows)
		require.Equal(t, []string{"users", "ticket", "message", "chat", "bag"}, names(a))
		require.NotContains(t, all(t, a), "Elsewhere")
		require.NotContains(t, all(t, a), "secret", "nor are the secrets of anybody")
		require.Contains(t, all(t, a), "bob says she is rude")

		b.Reset()
		_, err = h.exporter(t, nil).Bulk(h.ctx, &b, dsar.ExportOptions{Request: "bulk"}, "ticket")
		require.NoError(t, err)
		a = open(t, b.Bytes())
		require.Equal(t, []string{"ticket"}, names(a))
		require.EqualValues(t, 3, a.Manifest.Rows)
		_, err = h.exporter(t, nil).Bulk(h.ctx, io.Discard, dsar.ExportOptions{Request: "bulk"}, "pg_authid")
		require.ErrorIs(t, err, export.ErrOptions)
		_, err = h.exporter(t, nil).Bulk(h.ctx, io.Discard, dsar.ExportOptions{Request: "bulk"})
		require.ErrorIs(t, err, export.ErrOptions)
	})
}
