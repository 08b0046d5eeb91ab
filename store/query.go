package store

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"synctv/app"
	"synctv/store/internal/db"
)

// one reads a single value.
func one[T any](ctx context.Context, q db.Reader, scan func(db.Row) (T, error), what, sql string, args ...any) (T, error) {
	var v T
	err := q.Row(ctx, func(r db.Row) (err error) {
		v, err = scan(r)
		return err
	}, sql, args...)
	if err != nil {
		var none T
		return none, failure(err, what)
	}
	return v, nil
}

// all reads every value, never nil.
func all[T any](ctx context.Context, q db.Reader, scan func(db.Row) (T, error), sql string, args ...any) ([]T, error) {
	list := []T{}
	err := q.Each(ctx, func(r db.Row) error {
		v, err := scan(r)
		list = append(list, v)
		return err
	}, sql, args...)
	if err != nil {
		return nil, failure(err, "")
	}
	return list, nil
}

// scanOne is the scan of a query with one column.
func scanOne[T any](r db.Row) (v T, err error) {
	err = r.Scan(&v)
	return v, err
}

// write runs statements that may run twice in one transaction, again when the database asks for it.
func (s *Store) write(ctx context.Context, what string, change func(db.Tx) error) error {
	return failure(db.Retry(ctx, func() error { return s.db.Tx(ctx, change) }), what)
}

// fold makes text that differs only in case, or in how its characters are composed, the same.
func fold(s string) string { return cases.Fold().String(norm.NFC.String(s)) }

// pattern is the LIKE pattern (with ESCAPE '\') for texts that hold query somewhere, after fold.
func pattern(query string) string {
	return "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(fold(query)) + "%"
}

// placeholders returns "$from, $from+1, …" for the items, and the items as arguments. The count is rounded up to a power
// of two by repeating the last item, so that few different statements are ever prepared. There must be an item.
func placeholders[T any](from int, items []T) (string, []any) {
	n := 1
	for n < len(items) {
		n *= 2
	}
	var b strings.Builder
	args := make([]any, n)
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString("$" + strconv.Itoa(from+i))
		args[i] = items[min(i, len(items)-1)]
	}
	return b.String(), args
}

// document is a JSON column.
func document(v any) (string, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", app.Wrap(app.CodeInvalid, err, "This cannot be stored.")
	}
	return string(b), nil
}
