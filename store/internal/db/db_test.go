package db

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"synctv/internal/peertest"
)

// files make a table for the tests, alike on both engines.
var files = fstest.MapFS{"00001_t.sql": {Data: []byte(`-- +goose Up
CREATE TABLE t (k TEXT NOT NULL PRIMARY KEY, n BIGINT NOT NULL, f DOUBLE PRECISION, b BOOLEAN, d BYTEA, parent TEXT REFERENCES t (k));
CREATE UNIQUE INDEX t_n ON t (n) WHERE n > 0;`)}}

func eachEngine(t *testing.T, test func(*testing.T, DB)) {
	for _, engine := range []struct {
		name string
		url  func(testing.TB) string
	}{{"sqlite", sqliteURL}, {"postgres", peertest.Postgres}} {
		t.Run(engine.name, func(t *testing.T) { test(t, testDB(t, Config{URL: engine.url(t), MaxConns: 2})) })
	}
}

func sqliteURL(tb testing.TB) string { return "sqlite://" + tb.TempDir() + "/t.db" }

func testDB(t *testing.T, cfg Config) DB {
	t.Helper()
	if _, err := Migrate(t.Context(), cfg, files); err != nil {
		t.Fatal(err)
	}
	d, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

func insert(k string, n int) func(Tx) error {
	return func(tx Tx) error {
		tx.Exec("INSERT INTO t (k, n) VALUES ($1, $2)", k, n)
		return nil
	}
}

func keys(t *testing.T, d DB) string {
	t.Helper()
	var all []string
	err := d.Each(t.Context(), func(r Row) error {
		var k string
		err := r.Scan(&k)
		all = append(all, k)
		return err
	}, "SELECT k FROM t ORDER BY k")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(all, " ")
}

func TestValuesComeBack(t *testing.T) {
	eachEngine(t, func(t *testing.T, d DB) {
		type name string
		for i, c := range []struct {
			f *float64
			b bool
			d []byte
		}{{new(1.5), true, []byte{0, 255}}, {nil, false, nil}, {new(-3.0), true, []byte{}}} {
			k := name(fmt.Sprint("k", i))
			var n uint32
			var f *float64
			var b bool
			var data []byte
			scan := func(r Row) error { return r.Scan(&k, &n, &f, &b, &data) }
			err := d.Tx(t.Context(), func(tx Tx) error {
				return tx.Row(t.Context(), scan, "INSERT INTO t (k, n, f, b, d) VALUES ($1, $2, $3, $4, $5) RETURNING k, n, f, b, d",
					k, uint32(math.MaxUint32)-uint32(i), c.f, c.b, c.d)
			})
			again := d.Row(t.Context(), scan, "SELECT k, n, f, b, d FROM t WHERE k = $1", k)
			if err != nil || again != nil || n != math.MaxUint32-uint32(i) || b != c.b || string(data) != string(c.d) || data == nil ||
				(f == nil) != (c.f == nil) || (f != nil && *f != *c.f) {
				t.Error(err, again, k, n, f, b, data)
			}
		}
		var small int8
		err := d.Row(t.Context(), func(r Row) error { return r.Scan(&small) }, "SELECT n FROM t LIMIT 1")
		if err == nil {
			t.Error("a large number went into an int8:", small)
		}
	})
}

func TestBadValues(t *testing.T) {
	for _, v := range []any{"a\x00", "\xff", math.NaN(), math.Inf(-1)} {
		if _, err := values([]any{v}); KindOf(err) != BadValue {
			t.Errorf("%q: %v", v, err)
		}
	}
	for _, v := range []any{struct{}{}, uint64(1), map[string]int{}, []string{"a"}} {
		if _, err := values([]any{v}); err == nil {
			t.Errorf("%T was taken", v)
		}
	}
}

func TestErrors(t *testing.T) {
	eachEngine(t, func(t *testing.T, d DB) {
		if err := d.Tx(t.Context(), insert("a", 1)); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			sql        string
			kind       Kind
			constraint []string
		}{
			{"INSERT INTO t (k, n) VALUES ('b', 1)", Unique, []string{"t_n", "t.n"}},
			{"INSERT INTO t (k, n) VALUES ('a', 2)", Unique, []string{"t_pkey", "t.k"}},
			{"INSERT INTO t (k, n, parent) VALUES ('b', 2, 'none')", ForeignKey, nil},
			{"INSERT INTO t (k) VALUES ('b')", Unknown, nil},
			{"SELEKT", Unknown, nil},
		} {
			err := d.Tx(t.Context(), func(tx Tx) error {
				tx.Exec("INSERT INTO t (k, n) VALUES ('lost', 0)")
				tx.Exec(c.sql)
				tx.Exec("INSERT INTO t (k, n) VALUES ('lost2', 0)")
				return nil
			})
			var e *Error
			if !errors.As(err, &e) || e.Kind != c.kind || e.Retry {
				t.Errorf("%s: %v", c.sql, err)
			} else if c.constraint != nil && e.Constraint != c.constraint[0] && e.Constraint != c.constraint[1] {
				t.Errorf("%s: constraint %q", c.sql, e.Constraint)
			}
		}
		err := d.Row(t.Context(), func(Row) error { return nil }, "SELECT k FROM t WHERE k = 'none'")
		if KindOf(err) != NoRows {
			t.Error(err)
		}
		mine := errors.New("mine")
		if err := d.Row(t.Context(), func(Row) error { return mine }, "SELECT k FROM t"); err != mine {
			t.Error(err)
		}
		err = d.Tx(t.Context(), func(tx Tx) error {
			_ = tx.Row(t.Context(), func(Row) error { return mine }, "SELECT k FROM t")
			return nil // a failure that is passed over is one all the same
		})
		if err != mine {
			t.Error(err)
		}
		if got := keys(t, d); got != "a" {
			t.Error("the table holds", got)
		}
	})
}

// Transactions that wait together are committed together; one that fails or panics among them is undone alone.
func TestGroupCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := testDB(t, Config{URL: sqliteURL(t)})
		var wg sync.WaitGroup
		errs := make(map[string]error)
		var mu sync.Mutex
		start := func(name string, change func(Tx) error) {
			wg.Go(func() {
				defer func() { _ = recover() }()
				err := d.Tx(t.Context(), change)
				mu.Lock()
				errs[name] = err
				mu.Unlock()
			})
		}
		mine := errors.New("mine")
		before := d.Stats()
		ctx, cancel := context.WithCancel(t.Context())
		err := d.Tx(t.Context(), func(tx Tx) error {
			start("b", insert("b", 2))
			start("fails", func(tx Tx) error { tx.Exec("INSERT INTO t (k, n) VALUES ('x', 9)"); return mine })
			start("refused", insert("y", 2)) // b has the number
			start("panics", func(tx Tx) error { tx.Exec("INSERT INTO t (k, n) VALUES ('z', 8)"); panic("oh") })
			wg.Go(func() {
				if err := d.Tx(ctx, insert("gave up", 7)); KindOf(err) != Cancelled {
					t.Error(err)
				}
			})
			start("c", insert("c", 3))
			synctest.Wait() // all of them stand in line
			cancel()
			synctest.Wait()
			return insert("a", 1)(tx)
		})
		wg.Wait()
		if err != nil || errs["c"] != nil || errs["fails"] != mine {
			t.Error(err, errs)
		}
		// Who stands in line has no order: y wins over b at times.
		refused, want := errs["refused"], "a b c"
		if refused == nil {
			refused, want = errs["b"], "a c y"
		}
		if got := keys(t, d); KindOf(refused) != Unique || got != want {
			t.Error("the table holds", got, errs)
		}
		s := d.Stats()
		if s.Commits-before.Commits != 1 || s.Transactions-before.Transactions != 3 {
			t.Errorf("%+v", s)
		}
	})
}

// When SQLite itself rolls back, all who share the commit are told, and the next group starts afresh.
func TestGroupLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := testDB(t, Config{URL: sqliteURL(t)})
		bad := make(chan error, 1)
		err := d.Tx(t.Context(), func(tx Tx) error {
			go func() {
				bad <- d.Tx(t.Context(), func(tx Tx) error {
					tx.Exec("ROLLBACK") // as a full disk would
					return nil
				})
			}()
			synctest.Wait()
			return insert("a", 1)(tx)
		})
		if KindOf(err) != Unavailable || KindOf(<-bad) != Unavailable {
			t.Error(err)
		}
		if err := d.Tx(t.Context(), insert("b", 1)); err != nil || keys(t, d) != "b" {
			t.Error(err, keys(t, d))
		}
	})
}

// A ctx that ends stops a long statement and costs no connection.
func TestCancel(t *testing.T) {
	eachEngine(t, func(t *testing.T, d DB) {
		count := func(ctx context.Context, to int) error {
			return d.Row(ctx, func(Row) error { return nil },
				"WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < $1) SELECT count(*) FROM c", to)
		}
		if err := errors.Join(count(t.Context(), 3), d.Ping(t.Context())); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error)
			go func() { done <- count(ctx, 1_000_000_000) }()
			for !counts(t, d) {
				time.Sleep(time.Millisecond)
			}
			cancel()
			select {
			case err := <-done:
				if KindOf(err) != Cancelled || !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
			case <-time.After(20 * time.Second):
				t.Fatal("it goes on counting")
			}
			if s := d.Stats(); s.InUse != 0 {
				t.Errorf("%+v", s)
			}
		}
		if err := d.Ping(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// counts tells whether the statement of TestCancel runs. PostgreSQL overlooks a cancellation that comes before.
func counts(t *testing.T, d DB) bool {
	t.Helper()
	if d.Dialect() == SQLite {
		return d.Stats().InUse > 0
	}
	var n int
	err := d.Row(t.Context(), func(r Row) error { return r.Scan(&n) },
		"SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' AND query LIKE 'WITH RECURSIVE c %'")
	if err != nil {
		t.Fatal(err)
	}
	return n > 0
}

// Connections that the server cut while they were idle are replaced without a word.
func TestServerCutsConnections(t *testing.T) {
	d := testDB(t, Config{URL: peertest.Postgres(t), MaxConns: 2})
	for n := range 5 {
		_ = d.Row(t.Context(), func(Row) error { return nil },
			"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
		other, err := Open(t.Context(), Config{URL: d.(*postgresDB).pool.Config().ConnString(), MaxConns: 1})
		if err != nil {
			t.Fatal(err)
		}
		_ = other.Row(t.Context(), func(Row) error { return nil },
			"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
		other.Close()
		if err := d.Ping(t.Context()); err != nil {
			t.Error(err)
		}
		if err := Retry(t.Context(), func() error { return d.Tx(t.Context(), insert(fmt.Sprint(n), 0)) }); err != nil {
			t.Error(err)
		}
	}
	if got := keys(t, d); got != "0 1 2 3 4" {
		t.Error(got)
	}
}

func TestMigrateFails(t *testing.T) {
	for _, url := range []string{sqliteURL(t), peertest.Postgres(t)} {
		bad := fstest.MapFS{"00001_t.sql": files["00001_t.sql"], "00002_u.sql": {Data: []byte("-- +goose Up\nCREATE TABLE u (k TEXT);\nBROKEN;")}}
		if n, err := Migrate(t.Context(), Config{URL: url}, bad); err == nil || n != 0 {
			t.Fatal("a broken migration went well", n)
		}
		good := fstest.MapFS{"00001_t.sql": files["00001_t.sql"], "00002_u.sql": {Data: []byte("-- +goose Up\nCREATE TABLE u (k TEXT);")}}
		if _, err := Migrate(t.Context(), Config{URL: url}, good); err != nil {
			t.Fatal(err)
		}
		if n, err := Migrate(t.Context(), Config{URL: url}, good); err != nil || n != 0 {
			t.Fatal(n, err)
		}
	}
}

func TestRetry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		again := &Error{Kind: Unavailable, Retry: true}
		for _, c := range []struct {
			name string
			errs []error
			want error
		}{
			{"heals", []error{again, again, nil}, nil},
			{"never heals", []error{again, again, again, again, again}, again},
			{"no use", []error{noRows()}, noRows()},
			{"final", []error{Final(again)}, again},
		} {
			n := 0
			err := Retry(t.Context(), func() error { n++; return c.errs[n-1] })
			if n != len(c.errs) || fmt.Sprint(err) != fmt.Sprint(c.want) {
				t.Errorf("%s: %v after %d", c.name, err, n)
			}
		}
	})
}
