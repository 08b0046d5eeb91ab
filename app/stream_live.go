package app

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"time"
)

// StreamState is whether somebody publishes a stream now.
type StreamState string

// Stream states.
const (
	StreamIdle         StreamState = "idle"
	StreamLive         StreamState = "live"
	StreamReconnecting StreamState = "reconnecting" // the publisher dropped a moment ago and is expected back
	StreamConnecting   StreamState = "connecting"   // somebody watches, and the source is being connected to
)

// Reasons why somebody no longer publishes.
const (
	StreamStopped  = "stopped"  // the publisher said so
	StreamLost     = "lost"     // the connection broke: the publisher is expected back
	StreamKicked   = "kicked"   // somebody ended it
	StreamReplaced = "replaced" // a newer publisher has the stream
)

// StreamMedia is what a publisher sends.
type StreamMedia struct {
	VideoCodec    string  `json:"vc,omitempty"`
	AudioCodec    string  `json:"ac,omitempty"`
	Width         int     `json:"w,omitempty"`
	Height        int     `json:"h,omitempty"`
	FrameRate     float64 `json:"fps,omitempty"`
	BitsPerSecond float64 `json:"bps,omitempty"`
	KeyFrames     float64 `json:"kf,omitempty"`   // how far apart key frames are, in seconds
	Pace          float64 `json:"pace,omitempty"` // seconds of the broadcast that come in a second; 0 when not known
}

// SessionRole tells publishers and viewers apart.
type SessionRole string

// Roles of sessions.
const (
	SessionPublisher SessionRole = "publisher"
	SessionViewer    SessionRole = "viewer"
)

// StreamSession is one who publishes or watches.
type StreamSession struct {
	ID       string       `json:"id"`
	Role     SessionRole  `json:"role"`
	Protocol string       `json:"proto,omitempty"` // "rtmp", "flv", "hls" or "pull"
	Address  netip.Addr   `json:"addr,omitzero"`
	Since    Time         `json:"since"`
	Bytes    int64        `json:"bytes,omitempty"`
	Person   PersonID     `json:"person,omitempty"`
	Key      PublishKeyID `json:"key,omitempty"` // of publishers
}

// StreamLife is what becomes of a stream right now, on all nodes together.
type StreamLife struct {
	State   StreamState
	Since   Time // of StreamLive
	Viewers int
	Media   *StreamMedia
	// Problem is what is wrong with the stream's source, "" for nothing.
	Problem string
}

// Live is the media part of a node, where streams are published and watched. Its methods may be
// called from any goroutine, must be quick and must not call back; of all of App they may call
// ViewerGone, for those whom they end.
type Live interface {
	// Sessions returns who publishes and watches the stream on this node.
	Sessions(id StreamID) []StreamSession
	// KickSession ends one of them; false when there is no such session here.
	KickSession(id StreamID, session string) bool
	// EndStream ends everyone on the stream.
	EndStream(id StreamID, reason string)
	// EndViewers ends those whose Viewing was issued before the given time.
	EndViewers(id StreamID, issuedBefore Time)
	// Review has the right of somebody who watches, whatever it is, looked at again within a second, see KeepViewer.
	Review(who PersonID)
	// Record has the stream recorded, if it is published here, or not any more. It is told again and again.
	Record(id StreamID, on bool)
	// TidyRecordings tells that there are files of recordings to be removed.
	TidyRecordings()
}

const (
	liveKey        = "live:" // of PresenceStore
	liveTTL        = 30 * time.Second
	liveRefresh    = 5 * time.Second
	reconnectFor   = 15 * time.Second // how long a lost publisher is expected back
	sessionsOfNode = 100              // that other nodes hear of
)

// liveEntry is what one node says of a stream.
type liveEntry struct {
	Online   bool            `json:"online,omitempty"`
	Since    Time            `json:"since,omitempty"`
	Lost     Time            `json:"lost,omitempty"` // when the publisher was lost, 0 when not
	Media    *StreamMedia    `json:"media,omitempty"`
	Viewers  int             `json:"viewers,omitempty"`
	Pulling  bool            `json:"pulling,omitempty"` // it is after the stream's source
	Problem  string          `json:"problem,omitempty"` // with that source
	Sessions []StreamSession `json:"sessions,omitempty"`
}

// lifeOf adds up what the nodes say.
func lifeOf(entries []liveEntry, now Time) StreamLife {
	l := StreamLife{State: StreamIdle}
	for _, e := range entries {
		l.Viewers += e.Viewers
		switch {
		case e.Online && (l.State != StreamLive || e.Since > l.Since):
			l.State, l.Since, l.Media = StreamLive, e.Since, e.Media
		case l.State != StreamLive && e.Lost != 0 && now.Sub(e.Lost) < reconnectFor:
			l.State = StreamReconnecting
		case l.State == StreamIdle && e.Pulling:
			l.State = StreamConnecting
		}
		if e.Problem != "" {
			l.Problem = e.Problem
		}
	}
	if l.State == StreamLive {
		l.Problem = ""
	}
	return l
}

// entryOf is a node's word on a stream: who is there, cut to a size that can be passed around.
func entryOf(h streamHere, sessions []StreamSession) liveEntry {
	e := liveEntry{Online: h.online, Since: h.since, Lost: h.lost, Sessions: sessions, Pulling: h.pulling, Problem: h.problem}
	if h.online {
		m := h.media
		e.Media = &m
	}
	for _, s := range sessions {
		if s.Role == SessionViewer {
			e.Viewers++
		}
	}
	slices.SortStableFunc(e.Sessions, func(a, b StreamSession) int {
		return cmp.Or(cmp.Compare(a.Role, b.Role), cmp.Compare(a.Since, b.Since), cmp.Compare(a.ID, b.ID))
	})
	if len(e.Sessions) > sessionsOfNode {
		e.Sessions = e.Sessions[:sessionsOfNode:sessionsOfNode]
	}
	return e
}

// cutShort tells whether there are more sessions than the entry names.
func (e liveEntry) cutShort() bool { return e.Viewers > len(e.Sessions) }

// AttachLive makes the media part known; there may be several. Streams can be served from then on, until detach.
func (a *App) AttachLive(l Live) (detach func()) { return a.streams.attach(l) }

// StreamOnline tells that somebody publishes a stream on this node, and again when what they send has
// changed. An error means that they may not any more and have to go. Nodes that merely pass a stream on do not call it.
func (a *App) StreamOnline(ctx context.Context, id StreamID, m StreamMedia, s StreamSession) error {
	if err := a.recheckPublisher(ctx, id, s); err != nil {
		return err
	}
	if began := a.streams.online(id, m, s); began {
		a.streams.tell(ctx, streamNews{Stream: id, Kind: newsPublishing, Session: s.ID, At: s.Since})
		if err := a.resumeRecording(ctx, id); err != nil {
			a.Log.WarnContext(ctx, "cannot tell whether a recording goes on", "stream", id, "err", err)
		}
		a.streams.direct(ctx, id)
	}
	a.streams.put(ctx, id)
	return nil
}

// StreamOffline tells that a publisher has left. After StreamLost the stream counts as reconnecting for a while.
// What an older publisher says does not touch a newer one.
func (a *App) StreamOffline(ctx context.Context, id StreamID, s StreamSession, reason string) {
	a.streams.offline(id, s.ID, reason)
	a.hooks.note(hookUnpublish, hookOfSession(s, id))
	a.streams.put(ctx, id)
}

// recheckPublisher tells whether somebody who was let in may still publish. Only a clear no is an error.
func (a *App) recheckPublisher(ctx context.Context, id StreamID, p StreamSession) error {
	s, err := a.findStream(ctx, id)
	if err == nil {
		err = a.mayPublish(ctx, s)
	}
	if err == nil && p.Key != "" {
		var k PublishKey
		if k, err = a.Store.PublishKey(ctx, p.Key); err == nil && k.Revoked != 0 || CodeOf(err) == CodeNotFound {
			err = errKey()
		}
	}
	if refusal(err) {
		return err
	}
	return nil
}

// ListStreamSessions tells those who manage a stream who publishes and watches, publishers first. Where
// viewers come from is for administrators of the server.
func (a *App) ListStreamSessions(ctx context.Context, by Actor, id StreamID) ([]StreamSession, error) {
	if _, err := a.managedStream(ctx, by, id); err != nil {
		return nil, err
	}
	list := []StreamSession{}
	for _, e := range a.streams.entries(ctx, id) {
		list = append(list, e.Sessions...)
	}
	if !by.serverAdmin() {
		for i := range list {
			if list[i].Role == SessionViewer {
				list[i].Address = netip.Addr{}
			}
		}
	}
	slices.SortStableFunc(list, func(a, b StreamSession) int {
		return cmp.Or(cmp.Compare(a.Role, b.Role), cmp.Compare(a.Since, b.Since))
	})
	return list, nil
}

// KickStreamSession ends one who publishes or watches, on whichever node they are.
func (a *App) KickStreamSession(ctx context.Context, by Actor, id StreamID, session string) error {
	if _, err := a.managedStream(ctx, by, id); err != nil {
		return err
	}
	if err := a.limitStreamChanges(ctx, by); err != nil {
		return err
	}
	if a.streams.kick(id, session) {
		return nil
	}
	for _, e := range a.streams.entries(ctx, id) {
		named := slices.ContainsFunc(e.Sessions, func(s StreamSession) bool { return s.ID == session })
		if named || e.cutShort() {
			a.streams.tell(ctx, streamNews{Stream: id, Kind: newsKick, Session: session})
			return nil
		}
	}
	return Errorf(CodeNotFound, "There is no such session. It may just have ended.")
}
