package app

import (
	"context"
	"net/url"
	"path"
	"strings"
	"time"
)

// flvLook is how long may be spent on telling recordings from live sources.
const flvLook = 6 * time.Second

// receiveItems turns addresses that only this server can open, or open once for all, into live streams of the room: RTMP,
// and FLV that does not end. A source that the room has already is used again. The streams that are new are returned; they
// belong to the room's owner, whoever has added them.
func (a *App) receiveItems(ctx context.Context, room Room, items []NewMedia) ([]NewMedia, []Stream, error) {
	var known, fresh []Stream
	looking, cancel := context.WithTimeout(ctx, flvLook)
	defer cancel()
	out := items
	for i, n := range items {
		if !a.receivable(looking, n) {
			continue
		}
		if err := a.checkPullURL("url", n.URL); err != nil {
			return nil, nil, err
		}
		if known == nil {
			var err error
			if known, err = a.pullsOf(ctx, room.ID); err != nil {
				return nil, nil, err
			}
			out = append([]NewMedia(nil), items...)
		}
		s, ok := withSource(n.URL, known, fresh)
		if !ok {
			if len(known)+len(fresh) >= a.cfg.MaxPullsPerRoom {
				a.dropUnshown(ctx, room.ID) // for the next time
				return nil, nil, Errorf(CodeTooLarge, "This room has %d live sources already. Remove one first.", len(known)+len(fresh))
			}
			now := a.Now()
			s = Stream{ID: StreamID(newID("str_", now)), OwnerID: room.OwnerID, RoomID: room.ID, Title: pullTitle(n), Visibility: Private,
				Created: now, Version: 1, PullURL: n.URL, ForItems: true}
			fresh = append(fresh, s)
		}
		out[i].Provider, out[i].URL, out[i].Delivery, out[i].stream = providerLive, string(s.ID), "", &s
	}
	return out, fresh, nil
}

// receivable tells whether an item is one that this server has to receive. An address of FLV is looked at: what has a length
// is a recording. One that does not answer now may be a source that is not on the air.
func (a *App) receivable(ctx context.Context, n NewMedia) bool {
	if n.Kind == MediaFolder || n.Provider != "" && n.Provider != providerDirect || len(n.Headers)+len(n.Subtitles) > 0 {
		return false
	}
	u, err := url.Parse(n.URL)
	switch {
	case err != nil:
		return false
	case u.Scheme == "rtmp" || u.Scheme == "rtmps":
		return true
	case !a.cfg.PullAllowed || strings.ToLower(path.Ext(u.Path)) != ".flv" || a.checkMediaURL("url", n.URL) != nil:
		return false
	}
	found, err := a.Prober.Probe(ctx, n.URL, nil)
	return err != nil || found.Container == "flv" && found.SizeBytes <= 0
}

// pullsOf lists the streams that were made for items of a room. Nil only with an error.
func (a *App) pullsOf(ctx context.Context, room RoomID) ([]Stream, error) {
	list, _, err := a.Store.ListStreams(ctx, StreamFilter{Room: room, Pulled: true}, Page{Limit: streamsOfOneRoom})
	if err != nil {
		return nil, err
	}
	mine := make([]Stream, 0, len(list))
	for _, s := range list {
		if s.ForItems {
			mine = append(mine, s)
		}
	}
	return mine, nil
}

func withSource(raw string, lists ...[]Stream) (Stream, bool) {
	for _, list := range lists {
		for _, s := range list {
			if s.PullURL == raw {
				return s, true
			}
		}
	}
	return Stream{}, false
}

// pullTitle names a stream after the item, or after where it comes from: the name in an RTMP address may be a secret.
func pullTitle(n NewMedia) string {
	if title := cleanLine(n.Title); title != "" {
		return clip(title, 80)
	}
	u, err := url.Parse(n.URL)
	if err != nil {
		return "Live"
	}
	if strings.HasPrefix(u.Scheme, "rtmp") || len(path.Base(u.Path)) > 28 {
		return clip(cleanLine(u.Hostname()), 80)
	}
	return clip(cleanLine(strings.TrimSuffix(path.Base(u.Path), path.Ext(u.Path))+" · "+u.Hostname()), 80)
}

// createReceived writes streams that receiveItems has made up.
func (a *App) createReceived(ctx context.Context, list []Stream) error {
	for _, s := range list {
		if err := a.Store.CreateStream(ctx, s, PublishKey{}); err != nil {
			return err
		}
	}
	return nil
}

// unshownFor spares a stream whose item is just being written.
const unshownFor = time.Minute

// dropUnshown ends the streams that were made for items of a room and are shown by none any more. What trouble leaves is
// found by the next one.
func (a *App) dropUnshown(ctx context.Context, room RoomID) {
	ids, err := a.Store.UnshownStreams(ctx, room, a.Now().Add(-unshownFor))
	for _, id := range ids {
		if err = a.Store.DeleteStream(ctx, id); err != nil {
			break
		}
		a.streams.tell(ctx, streamNews{Stream: id, Kind: newsEnded, Reason: "deleted"})
	}
	if err != nil && CodeOf(err) != CodeNotFound && ctx.Err() == nil {
		a.Log.WarnContext(ctx, "cannot remove the live sources of items that are gone", "room", room, "err", err)
	}
}

// probeReceived is ProbeMedia for what is no web address.
func (a *App) probeReceived(rawURL string) (Probed, bool, error) {
	u, err := url.Parse(rawURL)
	if err != nil || u.Scheme != "rtmp" && u.Scheme != "rtmps" {
		return Probed{}, false, nil
	}
	if err := a.checkPullURL("url", rawURL); err != nil {
		return Probed{}, true, err
	}
	return Probed{Title: pullTitle(NewMedia{URL: rawURL}), Container: "flv", Live: true}, true, nil
}
