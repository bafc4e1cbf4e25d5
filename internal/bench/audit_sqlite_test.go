package bench

import (
	"database/sql"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"
)

// Workload L, the log in a tenant's SQLite file: as workload A, with a commit that survives a loss of power
// (synchronous=full). What the disk allows is one file that takes with one sync all that came meanwhile.
func BenchmarkAuditSQLite(b *testing.B) {
	for _, writers := range []int{1, 32} {
		b.Run("full/"+inWriters(writers), func(b *testing.B) { compare(b, appends(fileAppenders(), writers), nil) })
	}
}

func TestEveryFileAppenderKeepsEveryEvent(t *testing.T) {
	for _, a := range fileAppenders() {
		t.Run(a.name, func(t *testing.T) { checkAppender(t, a) })
	}
}

func fileAppenders() []appender {
	all := []appender{
		{"group_fsync", openGroupFile},
		{"ours", func(tb testing.TB, _ int) trail {
			db, ctx := auditFiles(tb)
			return openOurTrail(tb, db, ctx)
		}},
	}
	for _, f := range filers {
		// A row of its own for each event, through the one connection that writes.
		all = append(all, appender{f.name, func(tb testing.TB, _ int) trail {
			db := f.one(tb, filepath.Join(folder(tb), "log.db"), "full")
			tb.Cleanup(func() { db.Close() })
			if _, err := db.Exec("CREATE TABLE event (seq INTEGER PRIMARY KEY, action TEXT NOT NULL, actor TEXT NOT NULL, body BLOB NOT NULL)"); err != nil {
				tb.Fatal(err)
			}
			return trail{record: func(h *happening) error {
				_, err := db.Exec("INSERT INTO event (action, actor, body) VALUES (?, ?, ?)", h.action, h.actor, h.line)
				return err
			}, size: func() (int, error) { return countOf(db, "event") }}
		}})
	}
	return all
}

func countOf(db *sql.DB, table string) (n int, err error) {
	err = db.QueryRow("SELECT count(*) FROM " + table).Scan(&n)
	return n, err
}

// openGroupFile appends to a file: each line behind its length, and one sync for what came during the last.
func openGroupFile(tb testing.TB, writers int) trail {
	f, err := os.Create(filepath.Join(folder(tb), "log"))
	if err != nil {
		tb.Fatal(err)
	}
	type waiting struct {
		line []byte
		done chan error
	}
	queue := make(chan waiting, writers)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		var out []byte
		var who []chan error
		for w := range queue {
			out, who = out[:0], who[:0]
			for more := true; more; {
				out = append(binary.BigEndian.AppendUint32(out, uint32(len(w.line))), w.line...)
				who = append(who, w.done)
				select {
				case w, more = <-queue:
				default:
					more = false
				}
			}
			_, err := f.Write(out)
			if err == nil {
				err = f.Sync()
			}
			for _, c := range who {
				c <- err
			}
		}
	}()
	tb.Cleanup(func() { close(queue); <-ended; f.Close() })
	return trail{record: func(h *happening) error {
		w := waiting{h.line, make(chan error, 1)}
		queue <- w
		return <-w.done
	}, size: func() (n int, err error) {
		b, err := os.ReadFile(f.Name())
		for ; err == nil && len(b) >= 4; n++ {
			b = b[4+binary.BigEndian.Uint32(b):]
		}
		return n, err
	}}
}
