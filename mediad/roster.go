package mediad

import (
	"sync"
	"sync/atomic"
	"time"

	"synctv/app"
)

// seat is one who watches, however they do.
type seat struct {
	id      app.StreamID
	session string
	since   time.Time
	viewing atomic.Pointer[app.Viewing]
	bytes   atomic.Int64
	// end makes them go; it is called from any goroutine, perhaps twice.
	end func(error)
}

// told is the seat as app sees it.
func (t *seat) told() app.StreamSession {
	s := t.viewing.Load().Session
	s.Bytes = t.bytes.Load()
	return s
}

// roster is who publishes and watches here.
type roster struct {
	mu      sync.Mutex
	streams map[app.StreamID]*present // guarded by mu
	seats   int                       // guarded by mu
}

// present are those on one stream. Guarded by the roster's mu.
type present struct {
	publisher *publication
	seats     map[string]*seat
}

func newRoster() *roster { return &roster{streams: make(map[app.StreamID]*present)} }

// at returns those on a stream. Holds mu.
func (r *roster) at(id app.StreamID) *present {
	p := r.streams[id]
	if p == nil {
		p = &present{seats: make(map[string]*seat)}
		r.streams[id] = p
	}
	return p
}

// tidy forgets a stream on which nobody is. Holds mu.
func (r *roster) tidy(id app.StreamID) {
	if p := r.streams[id]; p != nil && p.publisher == nil && len(p.seats) == 0 {
		delete(r.streams, id)
	}
}

func (r *roster) setPublisher(p *publication) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.at(p.right.Stream.ID).publisher = p
}

// dropPublisher removes p, unless another one has come.
func (r *roster) dropPublisher(p *publication) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if here := r.streams[p.right.Stream.ID]; here != nil && here.publisher == p {
		here.publisher = nil
	}
	r.tidy(p.right.Stream.ID)
}

func (r *roster) sit(t *seat) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.at(t.id).seats[t.session] = t
	r.seats++
}

// stand removes a seat, and reports whether it was there.
func (r *roster) stand(t *seat) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	here := r.streams[t.id]
	if here == nil || here.seats[t.session] != t {
		return false
	}
	delete(here.seats, t.session)
	r.seats--
	r.tidy(t.id)
	return true
}

// on returns who is on a stream now.
func (r *roster) on(id app.StreamID) (*publication, []*seat) {
	r.mu.Lock()
	defer r.mu.Unlock()
	here := r.streams[id]
	if here == nil {
		return nil, nil
	}
	list := make([]*seat, 0, len(here.seats))
	for _, t := range here.seats {
		list = append(list, t)
	}
	return here.publisher, list
}

// watched tells whether somebody watches a stream over a connection of their own.
func (r *roster) watched(id app.StreamID) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	here := r.streams[id]
	if here == nil {
		return false
	}
	for _, t := range here.seats {
		if t.viewing.Load().Session.Protocol != protocolNames[protoHLS] {
			return true
		}
	}
	return false
}

// all returns who watches anything now.
func (r *roster) all() []*seat {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := make([]*seat, 0, r.seats)
	for _, here := range r.streams {
		for _, t := range here.seats {
			list = append(list, t)
		}
	}
	return list
}

// Sessions implements app.Live.
func (s *Server) Sessions(id app.StreamID) []app.StreamSession {
	p, seats := s.roster.on(id)
	list := make([]app.StreamSession, 0, len(seats)+1)
	if p != nil {
		list = append(list, p.session())
	}
	for _, t := range seats {
		list = append(list, t.told())
	}
	return list
}

// KickSession implements app.Live.
func (s *Server) KickSession(id app.StreamID, session string) bool {
	p, seats := s.roster.on(id)
	if p != nil && p.right.Session.ID == session {
		p.kick()
		return true
	}
	for _, t := range seats {
		if t.session == session {
			t.end(errKicked)
			return true
		}
	}
	return false
}

// EndStream implements app.Live.
func (s *Server) EndStream(id app.StreamID, _ string) {
	p, seats := s.roster.on(id)
	if p != nil {
		p.kick()
	}
	for _, t := range seats {
		t.end(errOver)
	}
}

// EndViewers implements app.Live.
func (s *Server) EndViewers(id app.StreamID, issuedBefore app.Time) {
	_, seats := s.roster.on(id)
	for _, t := range seats {
		if t.viewing.Load().Issued < issuedBefore {
			t.end(errRevoked)
		}
	}
}

// Review implements app.Live: keep, or the next request of a player of HLS, asks again.
func (s *Server) Review(who app.PersonID) {
	for _, t := range s.roster.all() {
		for {
			v := t.viewing.Load()
			if v.Session.Person != who || v.Until == 0 {
				break
			}
			now := *v
			now.Until = 0
			if t.viewing.CompareAndSwap(v, &now) {
				break
			}
		}
	}
}
