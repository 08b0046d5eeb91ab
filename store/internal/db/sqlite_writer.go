package db

import (
	"context"
	"sync/atomic"
	"time"
)

// maxTogether bounds how many transactions share a commit, so that the first does not wait long for the last.
const maxTogether = 64

// sqliteWriter gives the one connection that writes to one transaction after the other.
//
// Making a commit durable costs a wait for the disk, whatever its size. So transactions that wait anyway go into one
// commit: each runs under its own savepoint, on the goroutine of its caller, and is undone alone when it fails. When
// nobody is waiting any more the writer commits, and only then lets those callers go on. A transaction that comes
// alone commits at once: nothing ever waits for company.
//
// A commit that fails fails for everybody in it. Statements run without the caller's ctx: an interrupt would roll back
// the transaction of everybody. The caller's ctx is looked at between statements.
type sqliteWriter struct {
	// immutable after newSQLiteWriter
	together int
	turns    chan *turn
	quit     chan struct{} // closed by close
	done     chan struct{} // closed when run has ended

	// owned by run, and by the holder of a turn from ready to over
	conn *sqliteConn

	transactions, commits, waits atomic.Uint64
	waitedNs                     atomic.Int64
	busy                         atomic.Bool
}

// turn is one transaction's time with the connection.
type turn struct {
	ready     chan error // the connection is yours, or why not
	over      chan bool  // from the caller: true to keep, false to undo
	committed chan error // it is durable, or not
}

func newSQLiteWriter(conn *sqliteConn, together int) *sqliteWriter {
	w := &sqliteWriter{
		together: together, conn: conn,
		turns: make(chan *turn), quit: make(chan struct{}), done: make(chan struct{}),
	}
	go w.run()
	return w
}

func (w *sqliteWriter) close() {
	close(w.quit)
	<-w.done
	w.conn.close()
}

// run hands out turns until close.
func (w *sqliteWriter) run() {
	defer close(w.done)
	for {
		select {
		case t := <-w.turns:
			w.busy.Store(true)
			w.group(t)
			w.busy.Store(false)
		case <-w.quit:
			return
		}
	}
}

// group runs the transactions that wait, first first, and commits them together.
func (w *sqliteWriter) group(first *turn) {
	g := group{writer: w}
	for t, n := first, 1; t != nil; n++ {
		if err := g.prepare(); err != nil {
			t.ready <- err
			g.abandon(err)
			return
		}
		t.ready <- nil
		if err := g.end(t, <-t.over); err != nil {
			g.abandon(err)
			return
		}
		t = w.next(n)
	}
	g.commit()
}

// next is the turn that waits now, nil when there is none or the group is large enough.
func (w *sqliteWriter) next(n int) *turn {
	if n >= w.together {
		return nil
	}
	select {
	case t := <-w.turns:
		return t
	default:
		return nil
	}
}

func (w *sqliteWriter) sql(statement string) error {
	_, err := w.conn.exec(context.Background(), statement)
	return err
}

// group is one transaction of SQLite with the transactions of callers in it. The first of them needs no savepoint: to
// undo it is to roll back.
type group struct {
	writer *sqliteWriter
	open   bool    // BEGIN was said
	kept   []*turn // succeeded, and wait for the commit
}

func (g *group) prepare() error {
	if len(g.kept) > 0 {
		return g.writer.sql("SAVEPOINT one")
	}
	if err := g.writer.sql("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	g.open = true
	return nil
}

// end keeps or undoes what one turn did. An error means that the connection is in doubt.
func (g *group) end(t *turn, keep bool) error {
	alone := len(g.kept) == 0
	if keep {
		g.kept = append(g.kept, t)
	}
	switch {
	case alone && keep:
		return nil
	case alone:
		g.rollback()
		return nil
	case !keep:
		if err := g.writer.sql("ROLLBACK TO one"); err != nil {
			return err
		}
	}
	return g.writer.sql("RELEASE one")
}

func (g *group) commit() {
	if !g.open {
		return
	}
	if err := g.writer.sql("COMMIT"); err != nil {
		g.abandon(err)
		return
	}
	g.writer.commits.Add(1)
	g.writer.transactions.Add(uint64(len(g.kept)))
	for _, t := range g.kept {
		t.committed <- nil
	}
}

// abandon undoes the whole group.
func (g *group) abandon(cause error) {
	g.rollback()
	for _, t := range g.kept {
		t.committed <- &Error{Kind: Unavailable, Message: "the commit failed", cause: cause}
	}
}

// rollback may fail: when SQLite has rolled back by itself there is nothing left to do.
func (g *group) rollback() {
	if g.open {
		_ = g.writer.sql("ROLLBACK")
		g.open = false
	}
}

// tx runs change in a turn.
func (w *sqliteWriter) tx(ctx context.Context, change func(Tx) error) error {
	t := &turn{ready: make(chan error, 1), over: make(chan bool, 1), committed: make(chan error, 1)}
	if err := w.line(ctx, t); err != nil {
		return err
	}
	if err := <-t.ready; err != nil {
		return err
	}
	if err := w.take(ctx, t, change); err != nil {
		return err
	}
	return <-t.committed
}

// line waits for the turn.
func (w *sqliteWriter) line(ctx context.Context, t *turn) error {
	select {
	case w.turns <- t:
		return nil
	default:
	}
	since := time.Now()
	defer func() {
		w.waits.Add(1)
		w.waitedNs.Add(int64(time.Since(since)))
	}()
	select {
	case w.turns <- t:
		return nil
	case <-ctx.Done():
		return cancelled(ctx.Err())
	case <-w.quit:
		return closed()
	}
}

// take uses the turn; it ends it also when change panics.
func (w *sqliteWriter) take(ctx context.Context, t *turn, change func(Tx) error) error {
	keep := false
	defer func() { t.over <- keep }()
	tx := &sqliteTx{conn: w.conn}
	err := change(tx)
	if err == nil {
		err = tx.failed
	}
	if err == nil && ctx.Err() != nil {
		err = cancelled(ctx.Err())
	}
	keep = err == nil
	return err
}

// sqliteTx is the Tx of one turn.
type sqliteTx struct {
	conn   *sqliteConn
	failed error
}

func (t *sqliteTx) Exec(sql string, args ...any) {
	if t.failed == nil {
		_, t.failed = t.conn.exec(context.Background(), sql, args...)
	}
}

func (t *sqliteTx) Count(ctx context.Context, sql string, args ...any) (n int64, err error) {
	if err := t.check(ctx); err != nil {
		return 0, err
	}
	n, t.failed = t.conn.exec(context.Background(), sql, args...)
	return n, t.failed
}

func (t *sqliteTx) Row(ctx context.Context, scan func(Row) error, sql string, args ...any) error {
	n, err := t.query(ctx, 1, scan, sql, args)
	if err == nil && n == 0 {
		return noRows()
	}
	return err
}

func (t *sqliteTx) Each(ctx context.Context, scan func(Row) error, sql string, args ...any) error {
	_, err := t.query(ctx, 0, scan, sql, args)
	return err
}

func (t *sqliteTx) query(ctx context.Context, limit int, scan func(Row) error, sql string, args []any) (int, error) {
	if err := t.check(ctx); err != nil {
		return 0, err
	}
	n, err := t.conn.query(context.WithoutCancel(ctx), limit, scan, sql, args)
	t.failed = err
	return n, err
}

func (t *sqliteTx) check(ctx context.Context) error {
	if t.failed == nil && ctx.Err() != nil {
		t.failed = cancelled(ctx.Err())
	}
	return t.failed
}
