package db

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
)

// postgresTx sends as seldom as it can: what is queued goes together with the next statement that answers, the BEGIN
// with the first of them and the COMMIT with the last. A transaction that reads once and then writes takes two trips.
type postgresTx struct {
	conn   *pgx.Conn
	queue  *pgx.Batch // BEGIN or writes that were not sent yet
	sent   bool       // something was
	idle   bool       // queue holds nothing but BEGIN
	failed error
}

func newPostgresTx(conn *pgx.Conn) *postgresTx {
	t := &postgresTx{conn: conn, queue: &pgx.Batch{}, idle: true}
	t.queue.Queue("begin")
	return t
}

func (t *postgresTx) Exec(sql string, args ...any) {
	t.add(sql, args)
}

func (t *postgresTx) add(sql string, args []any) {
	if t.failed != nil {
		return
	}
	if args, t.failed = values(args); t.failed == nil {
		t.queue.Queue(sql, args...)
		t.idle = false
	}
}

func (t *postgresTx) Count(ctx context.Context, sql string, args ...any) (n int64, err error) {
	t.add(sql, args)
	err = t.send(ctx, false, func(r pgx.BatchResults) error {
		tag, err := r.Exec()
		n = tag.RowsAffected()
		return err
	})
	return n, err
}

func (t *postgresTx) Row(ctx context.Context, scan func(Row) error, sql string, args ...any) error {
	n, err := t.query(ctx, 1, scan, sql, args)
	if err == nil && n == 0 {
		return noRows()
	}
	return err
}

func (t *postgresTx) Each(ctx context.Context, scan func(Row) error, sql string, args ...any) error {
	_, err := t.query(ctx, 0, scan, sql, args)
	return err
}

func (t *postgresTx) query(ctx context.Context, limit int, scan func(Row) error, sql string, args []any) (n int, err error) {
	t.add(sql, args)
	err = t.send(ctx, false, func(r pgx.BatchResults) error {
		rows, err := r.Query()
		if err != nil {
			return err
		}
		n, err = scanPostgres(ctx, rows, limit, scan)
		if err != nil && KindOf(err) == Unknown {
			return scanFailed{err}
		}
		return err
	})
	return n, err
}

// scanFailed carries what a callback returned past the translation of errors.
type scanFailed struct{ error }

// send sends the queue in one trip; last reads the answer to its last statement.
func (t *postgresTx) send(ctx context.Context, commits bool, last func(pgx.BatchResults) error) error {
	if t.failed != nil {
		return t.failed
	}
	batch := t.queue
	t.queue, t.sent = &pgx.Batch{}, true
	results := t.conn.SendBatch(ctx, batch)
	err := func() error {
		for range batch.Len() - 1 {
			if _, err := results.Exec(); err != nil {
				return err
			}
		}
		return last(results)
	}()
	if e := results.Close(); e != nil && err == nil {
		err = e
	}
	var scan scanFailed
	switch {
	case errors.As(err, &scan):
		t.failed = scan.error
	case err != nil:
		t.failed = postgresError(ctx, err, commits)
	}
	return t.failed
}

// commit ends the transaction for good. From here on the caller's ctx does not count: nobody should have to guess
// whether something was written.
func (t *postgresTx) commit(ctx context.Context) error {
	switch {
	case t.failed != nil:
		return t.failed
	case ctx.Err() != nil:
		return cancelled(ctx.Err())
	case !t.sent && t.idle:
		return nil // nothing was asked
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTimeout)
	defer cancel()
	t.queue.Queue("commit")
	err := t.send(ctx, true, func(r pgx.BatchResults) error {
		tag, err := r.Exec()
		if err == nil && tag.String() != "COMMIT" {
			return errors.New("COMMIT was answered with " + tag.String())
		}
		return err
	})
	if err == nil {
		t.sent = false
	}
	return err
}

// rollback undoes what was sent, unless it was committed. A connection that cannot do that is closed, and the pool
// replaces it.
func (t *postgresTx) rollback(ctx context.Context) {
	if !t.sent || t.conn.IsClosed() {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTimeout)
	defer cancel()
	if _, err := t.conn.Exec(ctx, "rollback"); err != nil {
		_ = t.conn.Close(ctx)
	}
}
