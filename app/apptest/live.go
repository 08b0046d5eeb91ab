package apptest

import (
	"slices"
	"sync"

	"synctv/app"
)

// Live is app.Live: it has the sessions it is given and loses those it is told to end.
type Live struct {
	mu       sync.Mutex
	sessions map[app.StreamID][]liveSession // guarded by mu
	ended    []string                       // guarded by mu
	recorded map[app.StreamID]bool          // guarded by mu
	tidied   int                            // guarded by mu
	reviewed []app.PersonID                 // guarded by mu
}

type liveSession struct {
	app.StreamSession
	issued app.Time
}

// Attach gives the node a media part.
func (n *Node) Attach() *Live {
	l := &Live{sessions: make(map[app.StreamID][]liveSession), recorded: make(map[app.StreamID]bool)}
	n.AttachLive(l)
	return l
}

// Publish adds a publisher.
func (l *Live) Publish(id app.StreamID, s app.StreamSession) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sessions[id] = append(l.sessions[id], liveSession{s, 0})
}

// Watch adds a viewer.
func (l *Live) Watch(v app.Viewing) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sessions[v.Stream.ID] = append(l.sessions[v.Stream.ID], liveSession{v.Session, v.Issued})
}

// Leave removes one who goes by themselves.
func (l *Live) Leave(id app.StreamID, session string) { l.drop(id, is(session)) }

// Ended lists the sessions that were ended, in order, as "why session".
func (l *Live) Ended() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.ended)
}

func is(session string) func(liveSession) bool {
	return func(s liveSession) bool { return s.ID == session }
}

func (l *Live) drop(id app.StreamID, which func(liveSession) bool) (gone []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sessions[id] = slices.DeleteFunc(l.sessions[id], func(s liveSession) bool {
		if which(s) {
			gone = append(gone, s.ID)
			return true
		}
		return false
	})
	return gone
}

func (l *Live) end(why string, id app.StreamID, which func(liveSession) bool) bool {
	gone := l.drop(id, which)
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range gone {
		l.ended = append(l.ended, why+" "+s)
	}
	return len(gone) > 0
}

// Sessions implements app.Live.
func (l *Live) Sessions(id app.StreamID) []app.StreamSession {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []app.StreamSession
	for _, s := range l.sessions[id] {
		all = append(all, s.StreamSession)
	}
	return all
}

// KickSession implements app.Live.
func (l *Live) KickSession(id app.StreamID, session string) bool {
	return l.end("kicked", id, is(session))
}

// EndStream implements app.Live.
func (l *Live) EndStream(id app.StreamID, reason string) {
	l.end(reason, id, func(liveSession) bool { return true })
}

// Record implements app.Live.
func (l *Live) Record(id app.StreamID, on bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.recorded[id] = on
}

// TidyRecordings implements app.Live.
func (l *Live) TidyRecordings() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tidied++
}

// Recorded tells whether a stream is to be recorded, and how often files were to be removed.
func (l *Live) Recorded(id app.StreamID) (on bool, tidied int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.recorded[id], l.tidied
}

// EndViewers implements app.Live.
func (l *Live) EndViewers(id app.StreamID, issuedBefore app.Time) {
	l.end("viewer", id, func(s liveSession) bool { return s.Role == app.SessionViewer && s.issued < issuedBefore })
}

// Review implements app.Live.
func (l *Live) Review(who app.PersonID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.reviewed = append(l.reviewed, who)
}

// Reviewed lists whose right to watch was to be looked at again, in order.
func (l *Live) Reviewed() []app.PersonID {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.reviewed)
}
