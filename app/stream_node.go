package app

import (
	"context"
	"encoding/json"
	"sync"
	"time"
)

const (
	streamFresh    = 2 * time.Second // how long a stream is trusted without asking the store
	streamCacheMax = 20000
)

// streams is what this node knows of live streams: the media part, which streams are alive here, and,
// for a moment, what the store says of them.
type streams struct {
	app *App

	mu    sync.Mutex               // not held over calls of the media part
	lives []*attached              // guarded by mu
	here  map[StreamID]*streamHere // guarded by mu
	cache map[StreamID]cachedStream
	news  uint64 // guarded by mu: rises when something is taken out of cache

	refused refusals
}

// attached makes two registrations of one Live two.
type attached struct{ Live }

type cachedStream struct {
	stream Stream
	until  Time
}

// streamHere is a stream that is, or just was, published or watched on this node.
type streamHere struct {
	online    bool
	media     StreamMedia
	publisher StreamSession
	since     Time
	lost      Time // when the publisher was lost; 0 when not
	used      Time // when somebody came or left last
	pulling   bool // this node is after the stream's source
	problem   string
}

func newStreams(a *App) *streams {
	return &streams{app: a, here: make(map[StreamID]*streamHere), cache: make(map[StreamID]cachedStream)}
}

func (r *streams) attach(l Live) (detach func()) {
	mine := &attached{l}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lives = append(r.lives, mine)
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		for i, other := range r.lives {
			if other == mine {
				r.lives = append(r.lives[:i:i], r.lives[i+1:]...)
				return
			}
		}
	}
}

func (r *streams) parts() []*attached {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.lives // never changed in place
}

// sessions returns who is on the stream on this node.
func (r *streams) sessions(id StreamID) []StreamSession {
	var all []StreamSession
	for _, l := range r.parts() {
		all = append(all, l.Sessions(id)...)
	}
	return all
}

func (r *streams) kick(id StreamID, session string) bool {
	for _, l := range r.parts() {
		if l.KickSession(id, session) {
			return true
		}
	}
	return false
}

// cached returns a stream as it was at most streamFresh ago.
func (r *streams) cached(ctx context.Context, id StreamID) (Stream, error) {
	now := r.app.Now()
	r.mu.Lock()
	c, ok := r.cache[id]
	news := r.news
	r.mu.Unlock()
	if ok && now < c.until {
		return c.stream, nil
	}
	s, err := r.app.findStream(ctx, id)
	if err != nil {
		return Stream{}, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.news != news {
		return s, nil // it may have changed while we were reading: that is not to be remembered
	}
	if len(r.cache) >= streamCacheMax {
		clear(r.cache)
	}
	r.cache[id] = cachedStream{s, now.Add(streamFresh)}
	return s, nil
}

// at returns what is known of a stream here. Holds r.mu.
func (r *streams) at(id StreamID) *streamHere {
	h := r.here[id]
	if h == nil {
		h = new(streamHere)
		r.here[id] = h
	}
	h.used = r.app.Now()
	return h
}

func (r *streams) watched(id StreamID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.at(id)
}

// online notes a publisher; began is false when it was there already and only sends something else.
// Who comes back in time goes on with the same broadcast.
func (r *streams) online(id StreamID, m StreamMedia, s StreamSession) (began bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	h := r.at(id)
	began = !h.online || h.publisher.ID != s.ID
	if !h.online && (h.lost == 0 || h.used.Sub(h.lost) >= reconnectFor) {
		h.since = s.Since
	}
	h.online, h.media, h.publisher, h.lost = true, m, s, 0
	return began
}

func (r *streams) offline(id StreamID, session, reason string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	h := r.here[id]
	if h == nil || !h.online || h.publisher.ID != session {
		return
	}
	h.used, h.online = r.app.Now(), false
	if reason == StreamLost {
		h.lost = h.used
	}
}

// look returns a copy of what is known of a stream here.
func (r *streams) look(id StreamID) (streamHere, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if h := r.here[id]; h != nil {
		return *h, true
	}
	return streamHere{}, false
}

// entries is what every node says of a stream, this one as it is now. Trouble gives what this node knows.
func (r *streams) entries(ctx context.Context, id StreamID) []liveEntry {
	nodes, err := r.app.Presence.All(ctx, liveKey+string(id))
	if err != nil {
		r.app.Log.WarnContext(ctx, "cannot ask other nodes about a stream", "stream", id, "err", err)
	}
	var all []liveEntry
	for node, data := range nodes {
		var e liveEntry
		if node != r.app.cfg.NodeID && json.Unmarshal(data, &e) == nil {
			all = append(all, e)
		}
	}
	if h, ok := r.look(id); ok {
		all = append(all, entryOf(h, r.sessions(id)))
	}
	return all
}

func (r *streams) life(ctx context.Context, id StreamID) StreamLife {
	return lifeOf(r.entries(ctx, id), r.app.Now())
}

// put tells other nodes what goes on here.
func (r *streams) put(ctx context.Context, id StreamID) {
	h, ok := r.look(id)
	if !ok {
		return
	}
	data, err := json.Marshal(entryOf(h, r.sessions(id)))
	if err == nil {
		err = r.app.Presence.Put(ctx, liveKey+string(id), r.app.cfg.NodeID, data, liveTTL)
	}
	if err != nil && ctx.Err() == nil {
		r.app.Log.WarnContext(ctx, "cannot tell other nodes about a stream", "stream", id, "err", err)
	}
}

// run keeps what other nodes know current, and looks again at who may be here, until ctx ends.
func (r *streams) run(ctx context.Context) {
	tick := time.NewTicker(liveRefresh)
	defer tick.Stop()
	for n := 1; ; n++ {
		select {
		case <-ctx.Done():
			r.goodbye(context.WithoutCancel(ctx))
			return
		case <-tick.C:
			for _, id := range r.ids() {
				r.refresh(ctx, id)
			}
			if n%12 == 2 {
				r.clearKeys(ctx)
			}
		}
	}
}

// clearKeys removes keys that ended a while ago.
func (r *streams) clearKeys(ctx context.Context) {
	_, err := r.app.Store.DeleteEndedPublishKeys(ctx, r.app.Now().Add(-keyEndedFor))
	if err != nil && ctx.Err() == nil {
		r.app.Log.WarnContext(ctx, "cannot clear away publish keys that ended", "err", err)
	}
}

func (r *streams) ids() []StreamID {
	r.mu.Lock()
	defer r.mu.Unlock()
	ids := make([]StreamID, 0, len(r.here))
	for id := range r.here {
		ids = append(ids, id)
	}
	return ids
}

// refresh looks at one stream: the bus only carries news, and this finds what it lost.
func (r *streams) refresh(ctx context.Context, id StreamID) {
	if r.forget(ctx, id) {
		return
	}
	r.put(ctx, id)
	s, err := r.app.findStream(ctx, id)
	switch {
	case CodeOf(err) == CodeNotFound:
		r.apply(streamNews{Stream: id, Kind: newsEnded, Reason: "deleted"})
		return
	case err != nil:
		return // nobody is sent away because the database is
	}
	if s.TokensAfter != 0 {
		r.apply(streamNews{Stream: id, Kind: newsViewersEnd, Before: s.TokensAfter + 1})
	}
	if h, _ := r.look(id); h.online && r.app.recheckPublisher(ctx, id, h.publisher) != nil {
		r.kick(id, h.publisher.ID)
	}
	r.direct(ctx, id)
}

// forget drops a stream that nobody has used for a while.
func (r *streams) forget(ctx context.Context, id StreamID) bool {
	if len(r.sessions(id)) > 0 {
		return false
	}
	r.mu.Lock()
	h := r.here[id]
	idle := h != nil && !h.online && !h.pulling && r.app.Now().Sub(h.used) >= 2*reconnectFor
	if idle {
		delete(r.here, id)
	}
	r.mu.Unlock()
	if idle {
		r.remove(ctx, id)
	}
	return idle
}

// goodbye takes back what this node said of its streams.
func (r *streams) goodbye(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	for _, id := range r.ids() {
		r.remove(ctx, id)
	}
}

func (r *streams) remove(ctx context.Context, id StreamID) {
	if err := r.app.Presence.Remove(ctx, liveKey+string(id), r.app.cfg.NodeID); err != nil && ctx.Err() == nil {
		r.app.Log.WarnContext(ctx, "cannot take back what was said of a stream", "stream", id, "err", err)
	}
}
