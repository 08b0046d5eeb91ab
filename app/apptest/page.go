package apptest

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"slices"

	"synctv/app"
)

// place is where an item stands in a list: by number, then by text, then by identifier, which may
// count downwards.
type place struct {
	N    int64
	Key  string
	ID   string
	Down bool
}

func (p place) compare(q place) int {
	ids := cmp.Compare(p.ID, q.ID)
	if p.Down {
		ids = -ids
	}
	return cmp.Or(cmp.Compare(p.N, q.N), cmp.Compare(p.Key, q.Key), ids)
}

// page sorts items by their place and cuts one page out of them.
func page[T any](list string, items []T, p app.Page, at func(T) place) ([]T, string, error) {
	slices.SortFunc(items, func(a, b T) int { return at(a).compare(at(b)) })
	if p.After != "" {
		last, ok := openCursor(list, p.After)
		if !ok {
			return nil, "", app.Invalid("cursor", "This cursor does not belong to this list. Start from the beginning.")
		}
		items = slices.DeleteFunc(items, func(v T) bool { return at(v).compare(last) <= 0 })
	}
	if items == nil {
		items = []T{}
	}
	n := min(max(p.Limit, 1), 1000)
	if len(items) <= n {
		return items, "", nil
	}
	return items[:n:n], cursor(list, at(items[n-1])), nil
}

func seal(list string, body []byte) []byte {
	h := sha256.Sum256(append([]byte(list+"\x00"), body...))
	return h[:8]
}

func cursor(list string, at place) string {
	body, _ := json.Marshal(at) // numbers and text always encode
	return base64.RawURLEncoding.EncodeToString(append(seal(list, body), body...))
}

func openCursor(list, text string) (at place, ok bool) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(b) < 8 || !bytes.Equal(b[:8], seal(list, b[8:])) {
		return at, false
	}
	return at, json.Unmarshal(b[8:], &at) == nil
}
