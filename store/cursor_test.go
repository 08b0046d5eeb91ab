package store

import (
	"encoding/base64"
	"math"
	"testing"

	"synctv/app"
)

func TestCursorComesBack(t *testing.T) {
	for _, p := range []position{
		{}, {n: math.MaxInt64, id: "msg_1"}, {n: math.MinInt64, key: "a\x00\xff", id: ""}, {n: -1, key: "中", id: "med_\xfe"},
	} {
		got, err := decodeCursor("list", encodeCursor("list", p))
		if err != nil || got != p {
			t.Errorf("%+v became %+v, %v", p, got, err)
		}
	}
}

// sealed is a cursor with any body.
func sealed(list, body string) string {
	return base64.RawURLEncoding.EncodeToString(append(seal(list, []byte(body)), body...))
}

// FuzzCursor: whatever is taken for a cursor comes back as it is from encodeCursor.
func FuzzCursor(f *testing.F) {
	f.Add("list", encodeCursor("list", position{n: 7, key: "k", id: "i"}))
	f.Add("", "")
	f.Add("list", "AAAAAAAAAAAAAA")
	f.Fuzz(func(t *testing.T, list, cursor string) {
		p, err := decodeCursor(list, cursor)
		if err != nil {
			if e := app.AsError(err); e.Code != app.CodeInvalid || e.Field != "cursor" {
				t.Fatal(err)
			}
			// Give the body a true seal, so that the parser behind it is met as well.
			if len(cursor) > maxCursor {
				return
			}
			p, err = decodeCursor(list, sealed(list, cursor))
			if err != nil {
				return
			}
			cursor = sealed(list, cursor)
		}
		again, err := decodeCursor(list, encodeCursor(list, p))
		if err != nil || again != p {
			t.Fatalf("%q gave %+v, then %+v, %v", cursor, p, again, err)
		}
	})
}
