package app

import (
	"context"
	"slices"
	"unicode/utf8"
)

// providerLive is the provider of items that are live streams of this server. Their source is the stream's id.
const providerLive = "live"

// lookUpLive finds the streams, and recordings of streams, that are to be shown in a room, and checks that the actor may show them. It
// returns the items with what the streams say of them. "" is a room that is being made.
func (a *App) lookUpLive(ctx context.Context, by Actor, room RoomID, items []NewMedia) ([]NewMedia, error) {
	items, err := a.lookUpRecordings(ctx, by, items)
	if err != nil || !slices.ContainsFunc(items, func(n NewMedia) bool { return n.Provider == providerLive }) {
		return items, err
	}
	items = slices.Clone(items)
	for i, n := range items {
		if n.Provider != providerLive || n.stream != nil {
			continue
		}
		s, err := a.findStream(ctx, StreamID(n.URL))
		if err == nil {
			err = a.mayShow(ctx, by, room, s)
		}
		if CodeOf(err) == CodeNotFound {
			return nil, Invalid("url", "There is no such stream, or you may not watch it. Use the id from the stream's page.")
		}
		if err != nil {
			return nil, err
		}
		items[i].stream = &s
	}
	return items, nil
}

// draftLive turns an item that lookUpLive has seen into a row.
func draftLive(n NewMedia, title string) (Media, error) {
	switch {
	case n.stream == nil:
		return Media{}, Invalid("url", "The stream of an item cannot be changed. Add another item.")
	case len(n.Headers) > 0 || len(n.Subtitles) > 0:
		return Media{}, Invalid("provider", "A live stream has neither request headers nor subtitles.")
	case n.Delivery != "" && n.Delivery != DeliverAuto:
		return Media{}, Invalid("delivery", "A live stream always comes from this server.")
	}
	m := Media{Kind: MediaItem, Title: title, Provider: providerLive, URL: string(n.stream.ID), Delivery: DeliverAuto,
		Meta: MediaMeta{Container: "hls", Live: true, Probe: "ok", Named: title != ""}}
	if title == "" {
		m.Title = n.stream.Title
	}
	return m, nil
}

// patchLive changes an item that is a live stream or a recording: it has a title, and nothing else of its own.
func patchLive(m *Media, p MediaPatch) error {
	if p.URL != nil || p.Subtitles != nil || p.Delivery != nil {
		return Invalid("media_id", "Of a live stream or a recording only the title can be changed. Add another item for another one.")
	}
	if p.Title == nil {
		return nil
	}
	title := cleanLine(*p.Title)
	if n := utf8.RuneCountInString(title); n < 1 || n > 200 {
		return Invalid("title", "A title has 1 to 200 characters.")
	}
	m.Title, m.Meta.Named = title, true
	return nil
}

// shownIn tells whether a stream is still shown in a room as this item: it is there, and for a private
// stream of elsewhere, who added it may still show it.
func (a *App) shownIn(ctx context.Context, s Stream, room RoomID, id MediaID) error {
	m, err := a.Store.Media(ctx, room, id)
	if err != nil {
		return err
	}
	if m.Provider != providerLive || m.URL != string(s.ID) {
		return errNoStream()
	}
	if s.Visibility != Private || s.RoomID == room {
		return nil
	}
	by, err := a.actorOf(ctx, m.AddedBy, room)
	if err != nil {
		return err
	}
	return a.mayShow(ctx, by, room, s)
}

// liveSource is how the caller's player gets at an item that is a live stream.
func (a *App) liveSource(ctx context.Context, g Grant, m Media) (Source, error) {
	s, err := a.findStream(ctx, StreamID(m.URL))
	if err == nil {
		err = a.shownIn(ctx, s, g.room.ID, m.ID)
	}
	if refusal(err) {
		return Source{}, Errorf(CodeNotFound, "This stream is gone, or is not shown here any more.")
	}
	if err != nil {
		return Source{}, err
	}
	t := a.signPlay(s, playClaims{Person: g.actor.person, Room: g.room.ID, Media: m.ID}, ownTokenTTL)
	base := a.cfg.liveBase(Origin{})
	return Source{MediaID: m.ID, StreamID: s.ID, Live: true, Expires: t.Expires, Variants: []Variant{
		{URL: base + livePath(s.ID, endingHLS, t.Token), Container: "hls", Proxied: true},
		{URL: base + livePath(s.ID, endingFLV, t.Token), Container: "flv", Proxied: true},
	}}, nil
}
