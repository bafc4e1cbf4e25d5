package postgres

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
)

// cleanup bounds the work of giving a connection back once the caller's context no longer counts.
const cleanup = 5 * time.Second

// tx is a transaction that begins with its first statement: BEGIN, the binding and that statement
// travel in one packet. It implements [pgx.Tx]. One goroutine uses it at a time.
type tx struct {
	pool   *pgxpool.Pool
	ctx    context.Context // of its beginning
	begin  string
	bind   binding // zero for system work
	tenant tenancy.ID
	conn   *pgxpool.Conn
	state  state
	saves  int
	late   []*pgx.QueuedQuery // see Defer
	dirty  bool               // something ran that may leave more behind than reset undoes
	spoilt bool               // something ran that may leave more behind than scrub undoes
}

type state int

const (
	fresh  state = iota // nothing has been sent
	open                // the server has a transaction, perhaps an aborted one
	broken              // the first packet failed: there is no transaction, and there must not be another
	ended
)

var errAborted = &Error{nil, "the transaction is aborted: its first statement failed", errors.New("transaction aborted")}

// start takes a connection and sends what begins the transaction together with b's queries.
func (t *tx) start(ctx context.Context, queries ...*pgx.QueuedQuery) (pgx.BatchResults, error) {
	if err := t.ctx.Err(); err != nil {
		return nil, translate(err)
	}
	conn, err := t.pool.Acquire(ctx)
	if err != nil {
		t.state = broken
		return nil, acquireError(ctx, err)
	}
	t.conn, t.state = conn, open
	b := pgx.Batch{QueuedQueries: make([]*pgx.QueuedQuery, 0, 2+len(queries))}
	b.Queue(t.begin)
	n := 1
	if t.bind.sql != "" {
		b.Queue(t.bind.sql, t.bind.args...)
		n++
	}
	b.QueuedQueries = append(b.QueuedQueries, queries...)
	br := conn.SendBatch(ctx, &b)
	for range n {
		if _, err := br.Exec(); err != nil {
			_ = br.Close() // it returns err again
			t.settle()
			return nil, translate(err)
		}
	}
	return br, nil
}

// settle looks at what the server made of the first packet.
func (t *tx) settle() {
	if t.conn != nil && t.state == open && t.conn.Conn().PgConn().TxStatus() == 'I' {
		t.state = broken
	}
}

// lost notices that a statement ended the transaction: what follows would not be part of it, nor bound to its tenant.
func (t *tx) lost() {
	if t.state == open && t.conn.Conn().PgConn().TxStatus() == 'I' {
		t.state = broken
		destroy(t.conn) // what was left on it is not known
	}
}

// ready is an error unless statements may be sent.
func (t *tx) ready() error {
	switch t.state {
	case ended:
		return pgx.ErrTxClosed
	case broken:
		return errAborted
	}
	return nil
}

// opened makes sure that the transaction has begun, at the price of a round trip if it has not.
func (t *tx) opened(ctx context.Context) error {
	if err := t.ready(); err != nil || t.state == open {
		return err
	}
	br, err := t.start(ctx)
	if err != nil {
		return err
	}
	err = br.Close()
	t.settle()
	return translate(err)
}

// hasOption reports whether args begin with an option that pgx takes outside batches only.
func hasOption(args []any) bool {
	if len(args) == 0 {
		return false
	}
	switch args[0].(type) {
	case pgx.QueryExecMode, pgx.QueryResultFormats, pgx.QueryResultFormatsByOID:
		return true
	}
	return false
}

// Exec implements [pgx.Tx].
func (t *tx) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	if err := tenantdb.Belongs(ctx, t.tenant); err != nil {
		return pgconn.CommandTag{}, err
	}
	if t.state == fresh && !hasOption(args) {
		br, err := t.start(ctx, &pgx.QueuedQuery{SQL: sql, Arguments: args})
		if err != nil {
			return pgconn.CommandTag{}, err
		}
		tag, err := br.Exec()
		if cerr := br.Close(); err == nil {
			err = cerr
		}
		t.settle()
		t.ran(sql, tag)
		return tag, translate(err)
	}
	if err := t.opened(ctx); err != nil {
		return pgconn.CommandTag{}, err
	}
	tag, err := t.conn.Exec(ctx, sql, args...)
	t.ran(sql, tag)
	t.lost()
	return tag, translate(err)
}

// Query implements [pgx.Tx].
func (t *tx) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	if err := tenantdb.Belongs(ctx, t.tenant); err != nil {
		return &noRows{err: err}, err
	}
	if t.state == fresh && !hasOption(args) {
		br, err := t.start(ctx, &pgx.QueuedQuery{SQL: sql, Arguments: args})
		if err != nil {
			return &noRows{err: err}, err
		}
		inner, err := br.Query()
		r := &rows{Rows: inner, br: br}
		r.done = func() { t.settle(); t.ran(sql, r.CommandTag()) }
		if err != nil {
			r.Close()
			return r, r.Err()
		}
		return r, nil
	}
	if err := t.opened(ctx); err != nil {
		return &noRows{err: err}, err
	}
	inner, err := t.conn.Conn().Query(ctx, sql, args...)
	r := &rows{Rows: inner}
	r.done = func() { t.ran(sql, r.CommandTag()); t.lost() }
	return r, translate(err)
}

// QueryRow implements [pgx.Tx].
func (t *tx) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	r, _ := t.Query(ctx, sql, args...) // the row reports the error
	return row{r}
}

// SendBatch implements [pgx.Tx].
func (t *tx) SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults {
	if err := tenantdb.Belongs(ctx, t.tenant); err != nil {
		return pgx.FailedBatchResults(b, err)
	}
	if err := t.ready(); err != nil {
		return pgx.FailedBatchResults(b, err)
	}
	if err := noBegin(b); err != nil {
		return pgx.FailedBatchResults(b, err)
	}
	t.dirty = true
	for _, q := range b.QueuedQueries {
		t.spoilt = t.spoilt || prepares(q.SQL)
	}
	if t.state == open {
		return &answers{BatchResults: t.conn.SendBatch(ctx, b)}
	}
	br, err := t.start(ctx, b.QueuedQueries...)
	if err != nil {
		return pgx.FailedBatchResults(b, err)
	}
	return &answers{BatchResults: br, done: t.settle}
}

// CopyFrom implements [pgx.Tx] by INSERT, because Postgres refuses COPY into a table with row-level
// security.
func (t *tx) CopyFrom(ctx context.Context, table pgx.Identifier, columns []string, src pgx.CopyFromSource) (int64, error) {
	return copyFrom(ctx, t, table, columns, src)
}

// LargeObjects implements [pgx.Tx]. Large objects know no tenants, so the value it returns cannot be used.
func (t *tx) LargeObjects() pgx.LargeObjects { return pgx.LargeObjects{} }

// Prepare implements [pgx.Tx].
func (t *tx) Prepare(ctx context.Context, name, sql string) (*pgconn.StatementDescription, error) {
	if err := t.opened(ctx); err != nil {
		return nil, err
	}
	t.dirty = true
	sd, err := t.conn.Conn().Prepare(ctx, name, sql)
	return sd, translate(err)
}

// Conn implements [pgx.Tx]. It is nil if the transaction cannot begin.
func (t *tx) Conn() *pgx.Conn {
	if t.opened(t.ctx) != nil {
		return nil
	}
	t.dirty = true // nobody sees what is done with it
	return t.conn.Conn()
}

// Commit implements [pgx.Tx]. A transaction in which no statement ran sends nothing. Its context
// stops waiting, not committing: see [tenantdb.ErrOutcomeUnknown].
func (t *tx) Commit(ctx context.Context) error {
	switch {
	case t.state == ended:
		return pgx.ErrTxClosed
	case t.state == fresh && len(t.late) == 0:
		t.state = ended
		return nil
	case t.state == broken:
		t.release()
		return translate(pgx.ErrTxCommitRollback)
	case t.state == fresh:
		return t.commitLate(ctx)
	case t.conn.Conn().IsClosed():
		t.release()
		return &Error{tenantdb.ErrUnavailable, "the connection broke before COMMIT", errors.New("conn closed")}
	case t.conn.Conn().PgConn().IsBusy():
		_ = t.Rollback(ctx)
		return errors.New("tenantdb/postgres: rows were left open at COMMIT: the transaction was rolled back")
	}
	if err := ctx.Err(); err != nil {
		t.end("rollback")
		t.release()
		return translate(err)
	}
	if len(t.late) > 0 {
		return t.commitLate(ctx)
	}
	defer t.release()
	results, err := t.conn.Conn().PgConn().Exec(ctx, "commit"+t.scrub()).ReadAll()
	if len(results) > 0 && results[0].Err == nil {
		if err != nil {
			destroy(t.conn) // committed, but not clean
		}
		if results[0].CommandTag.String() == "ROLLBACK" {
			return translate(pgx.ErrTxCommitRollback)
		}
		return nil
	}
	if err == nil {
		err = errors.New("no answer to COMMIT")
	}
	if !t.conn.Conn().IsClosed() {
		t.end("rollback") // the server answered with an error, and skipped what followed
	}
	// pgconn.SafeToRetry is not asked: it says yes to a connection that broke while the answer was awaited.
	return &commitSent{err}
}

// Rollback implements [pgx.Tx]. ctx is not asked: what must be undone is undone, or the connection is
// destroyed, within a few seconds.
func (t *tx) Rollback(context.Context) error {
	if t.state == ended {
		return pgx.ErrTxClosed
	}
	if t.state == open {
		t.end("rollback")
	}
	t.release()
	return nil
}

// end sends sql and scrubs the connection, or destroys it.
func (t *tx) end(sql string) {
	pg := t.conn.Conn().PgConn()
	if pg.IsClosed() {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.ctx), cleanup)
	defer cancel()
	if _, err := pg.Exec(ctx, sql+t.scrub()).ReadAll(); err != nil { // also if rows were left open: what the server is at is not known
		destroy(t.conn)
	}
}

// ran looks at a statement's kind, as the server tells it.
func (t *tx) ran(sql string, tag pgconn.CommandTag) {
	// A string without arguments travels as it is, and may hold several statements.
	several := strings.Contains(sql, ";")
	t.dirty = t.dirty || several || !leavesNothing(tag) || locks(sql)
	switch kind(tag) {
	case "PREPARE", "DEALLOCATE", "DO":
		t.spoilt = true
	default:
		t.spoilt = t.spoilt || several && prepares(sql)
	}
}

// scrub is what follows COMMIT or ROLLBACK, which does not undo what sequences gave.
func (t *tx) scrub() string {
	if t.dirty {
		return scrub
	}
	return reset
}

// release gives the connection back. The pool keeps it only if it is alive, idle and outside a
// transaction.
func (t *tx) release() {
	t.state = ended
	if t.conn != nil {
		if t.spoilt {
			destroy(t.conn)
		}
		t.conn.Release()
	}
}

// Begin implements [pgx.Tx] by a savepoint. The binding was made before it and outlives it.
func (t *tx) Begin(ctx context.Context) (pgx.Tx, error) {
	t.saves++
	s := &savepoint{tx: t, name: "bailiwick_native_" + strconv.Itoa(t.saves)}
	if _, err := t.Exec(ctx, "savepoint "+s.name); err != nil {
		return nil, err
	}
	return s, nil
}

// savepoint is a transaction within a transaction.
type savepoint struct {
	*tx
	name   string
	closed bool
}

func (s *savepoint) Commit(ctx context.Context) error {
	return s.close(ctx, "release savepoint "+s.name)
}

func (s *savepoint) Rollback(ctx context.Context) error {
	return s.close(ctx, "rollback to savepoint "+s.name)
}

func (s *savepoint) close(ctx context.Context, sql string) error {
	if s.closed {
		return pgx.ErrTxClosed
	}
	s.closed = true
	_, err := s.Exec(ctx, sql)
	return err
}

// noBegin refuses a batch that begins or ends a transaction of its own: the one would outlive the scope, and what
// follows the other would have none.
func noBegin(b *pgx.Batch) error {
	for _, q := range b.QueuedQueries {
		verb, rest, _ := strings.Cut(strings.TrimLeft(q.SQL, " \t\r\n"), " ")
		switch strings.ToLower(strings.TrimRight(verb, ";")) {
		case "rollback":
			if rest = strings.ToLower(strings.TrimSpace(rest)); strings.HasPrefix(rest, "to ") {
				continue
			}
		case "begin", "start", "commit", "end", "abort":
		default:
			continue
		}
		return errors.New("tenantdb/postgres: a batch must not begin or end a transaction: use Tx")
	}
	return nil
}

// millis is d as a setting in milliseconds, rounded up. 0 turns the limit off: the caller asked for none.
func millis(d time.Duration) string {
	return strconv.FormatInt(int64((d+time.Millisecond-1)/time.Millisecond), 10)
}
