package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"

	"synctv/app"
)

const (
	maxCursor  = 1024 // bytes of text; ours are far shorter
	maxPage    = 1000
	cursorSeal = 8 // bytes of hash in front
)

// position is where a page ended: the sort key of its last item, and its identifier to break ties.
type position struct {
	n   int64  // sort keys that are numbers
	key string // sort keys that are text
	id  string
}

// encodeCursor makes a position opaque. The seal ties it to one list, so that a cursor of another list, or one that
// somebody edited, is refused instead of giving a senseless page. It is no secret: a cursor opens nothing.
func encodeCursor(list string, p position) string {
	body := binary.AppendVarint(nil, p.n)
	body = binary.AppendUvarint(body, uint64(len(p.key)))
	body = append(append(body, p.key...), p.id...)
	return base64.RawURLEncoding.EncodeToString(append(seal(list, body), body...))
}

func decodeCursor(list, cursor string) (position, error) {
	bad := app.Invalid("cursor", "This cursor does not belong to this list. Start from the beginning.")
	if len(cursor) > maxCursor {
		return position{}, bad
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(b) < cursorSeal || !bytes.Equal(b[:cursorSeal], seal(list, b[cursorSeal:])) {
		return position{}, bad
	}
	b = b[cursorSeal:]
	n, used := binary.Varint(b)
	if used <= 0 {
		return position{}, bad
	}
	size, more := binary.Uvarint(b[used:])
	if more <= 0 || size > uint64(len(b)-used-more) {
		return position{}, bad
	}
	b = b[used+more:]
	return position{n, string(b[:size]), string(b[size:])}, nil
}

func seal(list string, body []byte) []byte {
	h := sha256.New()
	h.Write([]byte(list))
	h.Write([]byte{0})
	h.Write(body)
	return h.Sum(nil)[:cursorSeal]
}

// from returns where a page begins: after its cursor, or first.
func from(list string, p app.Page, first position) (position, error) {
	if p.After == "" {
		return first, nil
	}
	return decodeCursor(list, p.After)
}

// limit bounds the length of a page once more.
func limit(n int) int { return min(max(n, 1), maxPage) }

// cut takes the page out of items, which were read one too many, and makes the cursor of the next one.
func cut[T any](list string, items []T, p app.Page, at func(T) position) ([]T, string) {
	n := limit(p.Limit)
	if len(items) <= n {
		return items, ""
	}
	items = items[:n]
	return items, encodeCursor(list, at(items[n-1]))
}
