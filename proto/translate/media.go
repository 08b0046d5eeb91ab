package translate

import (
	"maps"
	"slices"

	"synctv/app"
	synctvv1 "synctv/proto/synctv/v1"
)

var mediaKinds = []pair[synctvv1.MediaKind, app.MediaKind]{
	{synctvv1.MediaKind_MEDIA_KIND_ITEM, app.MediaItem},
	{synctvv1.MediaKind_MEDIA_KIND_FOLDER, app.MediaFolder},
}

var deliveries = []pair[synctvv1.Delivery, app.Delivery]{
	{synctvv1.Delivery_DELIVERY_AUTO, app.DeliverAuto},
	{synctvv1.Delivery_DELIVERY_DIRECT, app.DeliverDirect},
	{synctvv1.Delivery_DELIVERY_PROXY, app.DeliverProxy},
}

// Editor tells whether the one who looks may change an item, and so see where it comes from.
// app.Grant.MayEditMedia is one.
type Editor func(app.Media) bool

// NoEditor is for what everybody sees.
func NoEditor(app.Media) bool { return false }

// Media is an item or folder. Addresses are for editors; request headers for nobody.
func Media(m app.Media, editor Editor) *synctvv1.Media {
	out := &synctvv1.Media{
		Id: string(m.ID), ParentId: string(m.ParentID), Kind: toWire(mediaKinds, m.Kind), Title: m.Title, Provider: m.Provider,
		Delivery: toWire(deliveries, m.Delivery), DurationMs: m.DurationMs, Container: m.Meta.Container, Live: m.Meta.Live,
		Probe: m.Meta.Probe, AddedBy: string(m.AddedBy), AddedByName: m.AddedByName, CreatedMs: m.Created.Ms(),
		OrderKey: m.OrderKey, Version: m.Version, Subtitles: Subtitles(m.Meta.Subtitles),
	}
	if editor(m) {
		out.Url = m.URL
		return out
	}
	for _, s := range out.Subtitles {
		s.Url = ""
	}
	return out
}

// MediaList is a list of items and folders.
func MediaList(list []app.Media, editor Editor) []*synctvv1.Media {
	return each(list, func(m app.Media) *synctvv1.Media { return Media(m, editor) })
}

// Subtitles are text tracks, addresses included.
func Subtitles(list []app.Subtitle) []*synctvv1.Subtitle {
	return each(list, func(s app.Subtitle) *synctvv1.Subtitle {
		return &synctvv1.Subtitle{Url: s.URL, Label: s.Label, Language: s.Language, Format: s.Format}
	})
}

// NewSubtitles reads text tracks.
func NewSubtitles(list []*synctvv1.Subtitle) []app.Subtitle {
	if len(list) == 0 {
		return nil
	}
	return each(list, func(s *synctvv1.Subtitle) app.Subtitle {
		return app.Subtitle{URL: s.GetUrl(), Label: s.GetLabel(), Language: s.GetLanguage(), Format: s.GetFormat()}
	})
}

// NewMediaList reads what is to be added. An unspecified kind is an item.
func NewMediaList(list []*synctvv1.NewMedia) ([]app.NewMedia, error) {
	out := make([]app.NewMedia, 0, len(list))
	for _, n := range list {
		kind, err := toWord(mediaKinds, "kind", n.GetKind())
		if err != nil {
			return nil, err
		}
		if kind == "" {
			kind = app.MediaItem
		}
		delivery, err := toWord(deliveries, "delivery", n.GetDelivery())
		if err != nil {
			return nil, err
		}
		out = append(out, app.NewMedia{Title: n.GetTitle(), Kind: kind, Provider: n.GetProvider(), URL: n.GetUrl(),
			Headers: maps.Clone(n.GetHeaders()), Subtitles: NewSubtitles(n.GetSubtitles()), Delivery: delivery})
	}
	return out, nil
}

// AddMedia reads what is to be added and where.
func AddMedia(r *synctvv1.AddMediaRequest) (app.AddMedia, error) {
	items, err := NewMediaList(r.GetMedia())
	return app.AddMedia{Parent: app.MediaID(r.GetParentId()), Items: items, PlayNext: r.GetPlayNext(), PlayNow: r.GetPlayNow()}, err
}

// MediaPatch reads what is to change of an item.
func MediaPatch(r *synctvv1.UpdateMediaRequest) (app.MediaPatch, error) {
	p := app.MediaPatch{Title: r.Title, URL: r.Url}
	switch {
	case r.GetSetSubtitles():
		subs := NewSubtitles(r.GetSubtitles())
		p.Subtitles = &subs
	case len(r.GetSubtitles()) > 0:
		return p, app.Invalid("set_subtitles", "Set it to true to replace the subtitles.")
	}
	if r.Delivery != nil {
		d, err := needWord(deliveries, "delivery", r.GetDelivery())
		if err != nil {
			return p, err
		}
		p.Delivery = &d
	}
	return p, nil
}

// MoveMedia reads where an item is to go.
func MoveMedia(r *synctvv1.MoveMediaRequest) app.MoveMedia {
	return app.MoveMedia{Parent: app.MediaID(r.GetParentId()), Before: app.MediaID(r.GetBeforeId()), PlayNext: r.GetPlayNext()}
}

// Probed is what looking at an address told.
func Probed(p app.Probed) *synctvv1.ProbeMediaResponse {
	return &synctvv1.ProbeMediaResponse{
		Title: p.Title, Container: p.Container, DurationMs: p.DurationMs, Live: p.Live, SizeBytes: float64(p.SizeBytes),
		DirectOk: p.DirectOK, Seekable: p.Seekable, Codecs: slices.Clone(p.Codecs),
	}
}

// Source is what a player opens.
func Source(s app.Source) *synctvv1.Source {
	return &synctvv1.Source{
		MediaId: string(s.MediaID), StreamId: string(s.StreamID), Subtitles: Subtitles(s.Subtitles), DurationMs: s.DurationMs, Live: s.Live, ExpiresMs: s.Expires.Ms(),
		Variants: each(s.Variants, func(v app.Variant) *synctvv1.Variant {
			return &synctvv1.Variant{Url: v.URL, Container: v.Container, Codecs: slices.Clone(v.Codecs), Quality: v.Quality, Proxied: v.Proxied}
		}),
	}
}
