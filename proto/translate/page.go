package translate

import (
	"synctv/app"
	synctvv1 "synctv/proto/synctv/v1"
)

const (
	defaultPage = 50
	maxPage     = 200
	maxCursor   = 512
)

// Page reads which part of a list is wanted.
func Page(p *synctvv1.PageRequest) (app.Page, error) {
	limit := int(p.GetLimit())
	switch {
	case limit == 0:
		limit = defaultPage
	case limit > maxPage:
		return app.Page{}, app.Invalid("page.limit", "A page has at most %d entries.", maxPage)
	}
	if len(p.GetCursor()) > maxCursor {
		return app.Page{}, app.Invalid("page.cursor", "That is not a cursor of this list.")
	}
	return app.Page{Limit: limit, After: p.GetCursor()}, nil
}

// PageInfo says how a list goes on.
func PageInfo(next string) *synctvv1.PageInfo { return &synctvv1.PageInfo{NextCursor: next} }
