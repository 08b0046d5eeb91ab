package app

import (
	"context"
	"time"
	"unicode/utf8"
)

// Stream is a live stream as it is stored: who it belongs to and who may watch. Whether somebody
// publishes it now is not stored, see StreamLife.
type Stream struct {
	ID         StreamID
	OwnerID    UserID
	RoomID     RoomID // "" for a stream of its own
	Title      string
	Visibility Visibility
	Created    Time
	// TokensAfter makes every play token useless that was issued then or before.
	TokensAfter Time
	Version     uint32
	// Record has every broadcast recorded; Ask is what is wanted of one.
	Record bool
	Ask    RecordAsk
	// PullURL is where the stream comes from, "" when somebody has to publish it. It may hold a secret: nobody is shown it.
	PullURL string
	// ForItems: it was made for items of its room that have this source; it has no keys, and goes with the last of them.
	ForItems bool
}

// NewStream is what CreateStream takes.
type NewStream struct {
	Title      string
	Visibility Visibility // "" is unlisted, or private for a stream of a room
	Room       RoomID     // "" for a stream of its own
	Record     bool       // every broadcast
	PullURL    string     // where it comes from; "" when somebody is to publish it
}

const streamsOfOneRoom = 200

// CreateStream makes a stream with a first key, whose secret is told here and never again. A stream
// of a room needs live_publish there.
func (a *App) CreateStream(ctx context.Context, from Origin, by Actor, in NewStream) (StreamInfo, MadeKey, error) {
	s, err := a.draftStream(ctx, by, in)
	if err != nil {
		return StreamInfo{}, MadeKey{}, err
	}
	if err := a.limit(ctx, "stream:"+string(by.person), 20, 10*time.Second, "Too many new streams. Wait a little."); err != nil {
		return StreamInfo{}, MadeKey{}, err
	}
	if err := a.roomForStream(ctx, s); err != nil {
		return StreamInfo{}, MadeKey{}, err
	}
	key := newPublishKey(s.ID, s.Created)
	if err := a.Store.CreateStream(ctx, s, key.PublishKey); err != nil {
		return StreamInfo{}, MadeKey{}, err
	}
	info, err := a.viewStream(ctx, streamViewer{from: from, by: by, manages: true}, s)
	return info, key, err
}

// draftStream checks what a stream is to be and that the actor may make it.
func (a *App) draftStream(ctx context.Context, by Actor, in NewStream) (Stream, error) {
	if err := by.needUser(); err != nil {
		return Stream{}, err
	}
	if in.Room != "" {
		if _, err := a.Authorize(ctx, by, in.Room, LivePublish); err != nil {
			return Stream{}, err
		}
	}
	if in.Title == "" {
		in.Title = clip(by.name, 60) + "’s stream"
	}
	title, err := checkStreamTitle(in.Title)
	if err != nil {
		return Stream{}, err
	}
	switch {
	case in.Visibility == "" && in.Room != "":
		in.Visibility = Private
	case in.Visibility == "":
		in.Visibility = Unlisted
	}
	if err := checkVisibility(in.Visibility); err != nil {
		return Stream{}, err
	}
	if err := a.checkPullURL("pull_url", in.PullURL); err != nil {
		return Stream{}, err
	}
	now := a.Now()
	return Stream{ID: StreamID(newID("str_", now)), OwnerID: by.user.ID, RoomID: in.Room, Title: title, Visibility: in.Visibility,
		Created: now, Version: 1, PullURL: in.PullURL, Record: in.Record}, nil
}

func checkStreamTitle(title string) (string, error) {
	title = cleanLine(title)
	if n := utf8.RuneCountInString(title); n < 1 || n > 80 {
		return "", Invalid("title", "A stream's title has 1 to 80 characters.")
	}
	return title, nil
}

func checkVisibility(v Visibility) error {
	switch v {
	case Public, Unlisted, Private:
		return nil
	}
	return Invalid("visibility", "A stream is public, unlisted or private.")
}

// roomForStream refuses one stream too many.
func (a *App) roomForStream(ctx context.Context, s Stream) error {
	most := a.cfg.MaxStreamsPerUser
	owned, _, err := a.Store.ListStreams(ctx, StreamFilter{Owner: s.OwnerID, NotForItems: true}, Page{Limit: most})
	if err != nil {
		return err
	}
	if len(owned) >= most {
		return Errorf(CodeTooLarge, "You own %d streams already. Delete one first.", len(owned))
	}
	if s.RoomID == "" {
		return nil
	}
	there, _, err := a.Store.ListStreams(ctx, StreamFilter{Room: s.RoomID}, Page{Limit: streamsOfOneRoom})
	if err == nil && len(there) >= streamsOfOneRoom {
		err = Errorf(CodeTooLarge, "This room has %d streams already. Delete one first.", len(there))
	}
	return err
}

// GetStream returns a stream the caller may watch; token is a play token, or "".
func (a *App) GetStream(ctx context.Context, from Origin, by Actor, id StreamID, token string) (StreamInfo, error) {
	s, err := a.findStream(ctx, id)
	if err != nil {
		return StreamInfo{}, err
	}
	v := streamViewer{from: from, by: by}
	if v.manages, err = a.managesStream(ctx, by, s); err != nil {
		return StreamInfo{}, err
	}
	if !v.manages {
		if err := a.mayWatch(ctx, by, s); err != nil {
			if !refusal(err) || !a.opens(ctx, s, token) {
				return StreamInfo{}, err
			}
			v.token = token
		}
	}
	return a.viewStream(ctx, v, s)
}

// findStream reads a stream by an identifier that anybody may have made up.
func (a *App) findStream(ctx context.Context, id StreamID) (Stream, error) {
	if !validID("str_", string(id)) {
		return Stream{}, errNoStream()
	}
	s, err := a.Store.Stream(ctx, id)
	if CodeOf(err) == CodeNotFound {
		return Stream{}, errNoStream()
	}
	return s, err
}

func errNoStream() *Error {
	return Errorf(CodeNotFound, "There is no such stream, or you may not watch it.")
}

// StreamScope says which streams a list is about.
type StreamScope string

// Scopes of ListStreams.
const (
	StreamsPublic StreamScope = "public"
	StreamsMine   StreamScope = "mine"
	StreamsOfRoom StreamScope = "room"
)

// ListStreams pages through streams, newest first: the public ones, the caller's own, or those of a room the caller is in.
func (a *App) ListStreams(ctx context.Context, from Origin, by Actor, scope StreamScope, room RoomID, p Page) ([]StreamInfo, string, error) {
	var f StreamFilter
	switch scope {
	case StreamsPublic, "":
		f.Visibility = Public
	case StreamsMine:
		if err := by.needUser(); err != nil {
			return nil, "", err
		}
		f.Owner, f.NotForItems = by.user.ID, true
	case StreamsOfRoom:
		if _, err := a.Authorize(ctx, by, room, RoomView); err != nil {
			return nil, "", err
		}
		f.Room = room
	default:
		return nil, "", Invalid("scope", "There is no such list of streams.")
	}
	if err := a.limitListing(ctx, from); err != nil {
		return nil, "", err
	}
	list, next, err := a.Store.ListStreams(ctx, f, p)
	if err != nil {
		return nil, "", err
	}
	infos := make([]StreamInfo, 0, len(list))
	for _, s := range list {
		v := streamViewer{from: from, by: by}
		if v.manages, err = a.managesStream(ctx, by, s); err != nil {
			return nil, "", err
		}
		info, err := a.viewStream(ctx, v, s)
		if err != nil {
			return nil, "", err
		}
		infos = append(infos, info)
	}
	return infos, next, nil
}

// StreamPatch changes what is not nil.
type StreamPatch struct {
	Title      *string
	Visibility *Visibility
	Record     *bool
	PullURL    *string // "" for none
}

// UpdateStream changes title and visibility. Making a stream private ends everyone who watches, on every node.
func (a *App) UpdateStream(ctx context.Context, from Origin, by Actor, id StreamID, p StreamPatch) (StreamInfo, error) {
	if _, err := a.managedStream(ctx, by, id); err != nil {
		return StreamInfo{}, err
	}
	if err := a.limitStreamChanges(ctx, by); err != nil {
		return StreamInfo{}, err
	}
	if p.Title != nil {
		title, err := checkStreamTitle(*p.Title)
		if err != nil {
			return StreamInfo{}, err
		}
		p.Title = &title
	}
	if p.Visibility != nil {
		if err := checkVisibility(*p.Visibility); err != nil {
			return StreamInfo{}, err
		}
	}
	if p.PullURL != nil {
		if err := a.checkPullURL("pull_url", *p.PullURL); err != nil {
			return StreamInfo{}, err
		}
	}
	closed := false
	s, err := a.Store.UpdateStream(ctx, id, func(s *Stream) error {
		if p.Title != nil {
			s.Title = *p.Title
		}
		if p.Visibility != nil {
			if closed = *p.Visibility == Private && s.Visibility != Private; closed {
				s.endTokens(a.Now())
			}
			s.Visibility = *p.Visibility
		}
		s.setRecord(p.Record)
		if p.PullURL != nil {
			s.PullURL = *p.PullURL
		}
		s.Version++
		return nil
	})
	if err != nil {
		return StreamInfo{}, err
	}
	if closed {
		a.streams.tell(ctx, streamNews{Stream: id, Kind: newsViewersEnd, Before: s.TokensAfter + 1})
	} else {
		a.streams.tell(ctx, streamNews{Stream: id, Kind: newsChanged})
	}
	return a.viewStream(ctx, streamViewer{from: from, by: by, manages: true}, s)
}

// DeleteStream removes a stream with its keys and ends everyone on it, on every node.
func (a *App) DeleteStream(ctx context.Context, by Actor, id StreamID) error {
	if _, err := a.managedStream(ctx, by, id); err != nil {
		return err
	}
	if err := a.Store.DeleteStream(ctx, id); err != nil {
		return err
	}
	a.streams.tell(ctx, streamNews{Stream: id, Kind: newsEnded, Reason: "deleted"})
	return nil
}

// streamsOfRoom lists what goes with a room. What trouble hides is found by streams.refresh.
func (a *App) streamsOfRoom(ctx context.Context, room RoomID) []Stream {
	list, _, err := a.Store.ListStreams(ctx, StreamFilter{Room: room}, Page{Limit: streamsOfOneRoom})
	if err != nil {
		a.Log.WarnContext(ctx, "cannot list the streams of a room that closes", "room", room, "err", err)
	}
	return list
}

// endStreams ends everyone on streams that are gone, on every node.
func (a *App) endStreams(ctx context.Context, list []Stream) {
	for _, s := range list {
		a.streams.tell(ctx, streamNews{Stream: s.ID, Kind: newsEnded, Reason: "deleted"})
	}
}
