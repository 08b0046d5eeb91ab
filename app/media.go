package app

import (
	"context"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"synctv/app/playback"
)

const (
	maxMediaPerCall  = 100
	maxFolderDepth   = 8
	maxURLBytes      = 4096
	maxMediaHeaders  = 16
	maxSubtitles     = 32
	providerDirect   = "direct"
	probeLaterBudget = 15 * time.Second
)

// NewMedia is an item or folder to add.
type NewMedia struct {
	Title     string
	Kind      MediaKind
	Provider  string
	URL       string
	Headers   map[string]string
	Subtitles []Subtitle
	Delivery  Delivery

	stream    *Stream    // what a live item shows, see lookUpLive
	recording *Recording // likewise, see lookUpRecordings
}

// item is the media as far as playback is concerned.
func (m Media) item() playback.Item {
	return playback.Item{ID: string(m.ID), DurationMs: m.DurationMs, Live: m.Meta.Live}
}

// draftMedia turns what a person sent into rows between two order keys.
func (a *App) draftMedia(ctx context.Context, by Actor, room RoomID, parent MediaID, lo, hi string, in []NewMedia) ([]Media, error) {
	keys, now := orderRun(lo, hi, len(in)), a.Now()
	media := make([]Media, len(in))
	for i, n := range in {
		m, err := a.draftOne(n)
		if err != nil {
			return nil, err
		}
		m.ID, m.RoomID, m.ParentID, m.OrderKey = MediaID(newID("med_", now)), room, parent, keys[i]
		m.AddedBy, m.AddedByName, m.Created, m.Version = by.person, by.name, now, 1
		media[i] = m
	}
	return media, nil
}

func (a *App) draftOne(n NewMedia) (Media, error) {
	title := cleanLine(n.Title)
	if utf8.RuneCountInString(title) > 200 {
		return Media{}, Invalid("title", "A title has at most 200 characters.")
	}
	if n.Kind == MediaFolder {
		if title == "" {
			return Media{}, Invalid("title", "A folder needs a title.")
		}
		return Media{Kind: MediaFolder, Title: title, Meta: MediaMeta{Named: true}}, nil
	}
	if n.Provider == "" {
		n.Provider = providerDirect
	}
	if n.Provider == providerLive {
		return draftLive(n, title)
	}
	if n.Provider == providerRecording {
		return draftRecording(n, title)
	}
	if n.Provider != providerDirect {
		return Media{}, Invalid("provider", "There is no provider called %q here.", clip(n.Provider, 40))
	}
	if n.Delivery == "" {
		n.Delivery = DeliverAuto
	}
	if n.Delivery == DeliverProxy && !a.cfg.ProxyAllowed {
		return Media{}, Invalid("delivery", "This server does not pass media through. Use direct delivery.")
	}
	if err := a.checkMediaURL("url", n.URL); err != nil {
		return Media{}, err
	}
	if err := checkHeaders(n.Headers); err != nil {
		return Media{}, err
	}
	if err := a.checkSubtitles(n.Subtitles); err != nil {
		return Media{}, err
	}
	m := Media{Kind: MediaItem, Title: title, Provider: n.Provider, URL: n.URL, Delivery: n.Delivery,
		Meta: MediaMeta{Headers: n.Headers, Subtitles: n.Subtitles, Probe: "pending", Named: title != ""}}
	if title == "" {
		m.Title = titleFromURL(n.URL)
	}
	return m, nil
}

func titleFromURL(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return clip(raw, 200)
	}
	base := path.Base(u.Path)
	if base == "." || base == "/" || base == "" {
		return u.Host
	}
	return clip(cleanLine(strings.TrimSuffix(base, path.Ext(base))), 200)
}

// ListMedia pages through a folder in order. Needs the room itself.
func (a *App) ListMedia(ctx context.Context, g Grant, parent MediaID, p Page) ([]Media, string, error) {
	if err := g.check(RoomView); err != nil {
		return nil, "", err
	}
	if parent != "" {
		if _, err := a.Store.Media(ctx, g.room.ID, parent); err != nil {
			return nil, "", err
		}
	}
	return a.Store.ListMedia(ctx, g.room.ID, parent, p)
}

// AddMedia is what AddMedia takes.
type AddMedia struct {
	Parent   MediaID
	Items    []NewMedia
	PlayNext bool // right after what plays now
	PlayNow  bool // and switch to the first of them; needs playback_navigate too
}

// AddMedia puts items or folders into the tree. Needs media_add.
func (a *App) AddMedia(ctx context.Context, g Grant, in AddMedia) ([]Media, error) {
	if err := g.check(MediaAdd); err != nil {
		return nil, err
	}
	if len(in.Items) < 1 || len(in.Items) > maxMediaPerCall {
		return nil, Invalid("media", "Add 1 to %d items at once.", maxMediaPerCall)
	}
	if in.PlayNow && !g.Allows(PlaybackNavigate) {
		return nil, errMayNot()
	}
	if err := a.limitItems(ctx, g, len(in.Items)); err != nil {
		return nil, err
	}
	n, err := a.Store.CountMedia(ctx, g.room.ID)
	if err != nil {
		return nil, err
	}
	if n+len(in.Items) > a.cfg.MaxMediaPerRoom {
		return nil, Errorf(CodeTooLarge, "A room holds at most %d items. Remove some first.", a.cfg.MaxMediaPerRoom)
	}
	var fresh []Stream
	if in.Items, fresh, err = a.receiveItems(ctx, g.room, in.Items); err != nil {
		return nil, err
	}
	if in.Items, err = a.lookUpLive(ctx, g.actor, g.room.ID, in.Items); err != nil {
		return nil, err
	}
	if err := a.createReceived(ctx, fresh); err != nil {
		return nil, err
	}
	var media []Media
	err = a.inRoom(ctx, g, func(tx RoomTx, emit func(EventBody) error) error {
		parent := in.Parent
		lo, hi, err := place(tx, &parent, "", in.PlayNext || in.PlayNow, "")
		if err != nil {
			return err
		}
		height := 0
		if slices.ContainsFunc(in.Items, func(n NewMedia) bool { return n.Kind == MediaFolder }) {
			height = 1
		}
		if err := checkFolder(tx, parent, height); err != nil {
			return err
		}
		if media, err = a.draftMedia(ctx, g.actor, g.room.ID, parent, lo, hi, in.Items); err != nil {
			return err
		}
		for _, m := range media {
			if err := tx.SaveMedia(m); err != nil {
				return err
			}
		}
		return emit(MediaAdded{media})
	})
	if err != nil {
		if len(fresh) > 0 {
			a.dropUnshown(context.WithoutCancel(ctx), g.room.ID)
		}
		return nil, err
	}
	a.probeLater(g.room.ID, media)
	if in.PlayNow && media[0].Kind == MediaItem {
		if _, err := a.control(ctx, g, playback.Intent{Op: playback.OpMedia, MediaID: string(media[0].ID)}); err != nil {
			return nil, err
		}
	}
	return media, nil
}

// limitItems bounds how many addresses a person can make this server look at.
func (a *App) limitItems(ctx context.Context, g Grant, n int) error {
	return a.limitBy(ctx, "media:"+string(g.actor.person), 300, 300*time.Millisecond, n, "Too many items at once. Wait a moment.")
}

// limitTidying bounds how often a person changes the tree; everybody in the room is told each time.
func (a *App) limitTidying(ctx context.Context, g Grant) error {
	return a.limit(ctx, "tidy:"+string(g.actor.person), 60, 250*time.Millisecond, "Too many changes. Wait a moment.")
}

// mayEdit lets people change what they added themselves.
func (g Grant) mayEdit(m Media) error {
	if m.AddedBy == g.actor.person && g.actions.Has(MediaAdd) || g.actions.Has(MediaEditAny) {
		return nil
	}
	return errMayNot()
}

// MayEditMedia tells whether the person may change the item, and so see where it comes from.
func (g Grant) MayEditMedia(m Media) bool { return g.mayEdit(m) == nil }

// MediaPatch changes what is not nil.
type MediaPatch struct {
	Title     *string
	URL       *string
	Subtitles *[]Subtitle
	Delivery  *Delivery
}

// UpdateMedia changes an item. One's own needs media_add, anybody's media_edit_any.
func (a *App) UpdateMedia(ctx context.Context, g Grant, id MediaID, p MediaPatch) (Media, error) {
	if err := a.limitTidying(ctx, g); err != nil {
		return Media{}, err
	}
	if p.URL != nil {
		if err := a.limitItems(ctx, g, 1); err != nil {
			return Media{}, err
		}
	}
	var after Media
	probe := false
	err := a.inRoom(ctx, g, func(tx RoomTx, emit func(EventBody) error) error {
		m, err := tx.Media(id)
		if err != nil {
			return err
		}
		if err := g.mayEdit(m); err != nil {
			return err
		}
		if p.URL != nil && *p.URL == m.URL {
			p.URL = nil // it stays: what is known of it stays known
		}
		if err := a.patchMedia(&m, p); err != nil {
			return err
		}
		probe = p.URL != nil
		m.Version++
		after = m
		if err := tx.SaveMedia(m); err != nil {
			return err
		}
		if err := emit(MediaChanged{[]Media{m}}); err != nil || !probe {
			return err
		}
		return a.forgetLength(tx, emit, m)
	})
	if err == nil && probe {
		a.probeLater(g.room.ID, []Media{after})
	}
	return after, err
}

func (a *App) patchMedia(m *Media, p MediaPatch) error {
	if m.Kind == MediaFolder && (p.URL != nil || p.Subtitles != nil || p.Delivery != nil) {
		return Invalid("media_id", "A folder has a title only.")
	}
	if m.Provider == providerLive || m.Provider == providerRecording {
		return patchLive(m, p)
	}
	n := NewMedia{Title: m.Title, Kind: m.Kind, Provider: m.Provider, URL: m.URL, Headers: m.Meta.Headers,
		Subtitles: m.Meta.Subtitles, Delivery: m.Delivery}
	if p.Title != nil {
		n.Title = *p.Title
	}
	if p.URL != nil {
		if n.URL = *p.URL; !sameOrigin(n.URL, m.URL) {
			n.Headers = nil // they were for the other server, and may hold a secret
		}
	}
	if p.Subtitles != nil {
		n.Subtitles = *p.Subtitles
	}
	if p.Delivery != nil {
		n.Delivery = *p.Delivery
	}
	d, err := a.draftOne(n)
	if err != nil {
		return err
	}
	m.Title, m.URL, m.Delivery, m.Meta.Subtitles = d.Title, d.URL, d.Delivery, d.Meta.Subtitles
	if p.Title != nil {
		m.Meta.Named = d.Meta.Named
	}
	if p.URL != nil {
		named := m.Meta.Named
		m.Meta, m.DurationMs = d.Meta, 0
		if m.Meta.Named = named; !named {
			m.Title = titleFromURL(m.URL)
		}
	}
	return nil
}

// sameOrigin tells whether two addresses belong to one server.
func sameOrigin(a, b string) bool {
	u, err := url.Parse(a)
	v, err2 := url.Parse(b)
	return err == nil && err2 == nil && u.Scheme == v.Scheme && strings.EqualFold(u.Host, v.Host)
}

// MoveMedia is what MoveMedia takes.
type MoveMedia struct {
	Parent   MediaID
	Before   MediaID // "" puts it last
	PlayNext bool
}

// MoveMedia changes folder and order. Needs media_reorder.
func (a *App) MoveMedia(ctx context.Context, g Grant, id MediaID, to MoveMedia) (Media, error) {
	if err := g.check(MediaReorder); err != nil {
		return Media{}, err
	}
	if err := a.limitTidying(ctx, g); err != nil {
		return Media{}, err
	}
	var after Media
	err := a.inRoom(ctx, g, func(tx RoomTx, emit func(EventBody) error) error {
		m, err := tx.Media(id)
		if err != nil {
			return err
		}
		if pb, err := tx.Playback(); err != nil {
			return err
		} else if to.PlayNext && pb.MediaID == string(id) {
			return Errorf(CodeConflict, "This item is playing already.")
		}
		parent := to.Parent
		lo, hi, err := place(tx, &parent, to.Before, to.PlayNext, id)
		if err != nil {
			return err
		}
		for up := parent; up != ""; {
			if up == id {
				return Invalid("parent_id", "A folder cannot be moved into itself.")
			}
			f, err := tx.Media(up)
			if err != nil {
				return err
			}
			up = f.ParentID
		}
		height, err := folderHeight(tx, m)
		if err != nil {
			return err
		}
		if err := checkFolder(tx, parent, height); err != nil {
			return err
		}
		m.ParentID, m.OrderKey = parent, orderBetween(lo, hi)
		m.Version++
		after = m
		if err := tx.SaveMedia(m); err != nil {
			return err
		}
		return emit(MediaChanged{[]Media{m}})
	})
	return after, err
}

// DeleteMedia removes an item, or a folder with all in it. One's own needs media_add, anybody's
// media_edit_any. What is playing stops.
func (a *App) DeleteMedia(ctx context.Context, g Grant, id MediaID) error {
	if err := a.limitTidying(ctx, g); err != nil {
		return err
	}
	err := a.inRoom(ctx, g, func(tx RoomTx, emit func(EventBody) error) error {
		m, err := tx.Media(id)
		if err != nil {
			return err
		}
		if err := g.mayEdit(m); err != nil {
			return err
		}
		ids, err := subtree(tx, m)
		if err != nil {
			return err
		}
		if err := a.stopIfPlaying(tx, emit, g, ids); err != nil {
			return err
		}
		if err := tx.DeleteMedia(ids); err != nil {
			return err
		}
		return emit(MediaRemoved{ids})
	})
	if err == nil {
		a.dropUnshown(ctx, g.room.ID)
	}
	return err
}

// stopIfPlaying clears playback when its item is about to go.
func (a *App) stopIfPlaying(tx RoomTx, emit func(EventBody) error, g Grant, ids []MediaID) error {
	pb, err := tx.Playback()
	if err != nil {
		return err
	}
	for _, id := range ids {
		if string(id) != pb.MediaID {
			continue
		}
		next, _, err := playback.Apply(pb, playback.Intent{Actor: playback.Actor{ID: string(g.actor.person)}, Op: playback.OpMedia},
			playback.Env{}, int64(a.Now()))
		if err != nil {
			return Internal(err)
		}
		if err := tx.SavePlayback(next); err != nil {
			return err
		}
		return emit(PlaybackChanged{next})
	}
	return nil
}
