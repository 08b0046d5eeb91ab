package mediad

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"synctv/app"
)

const (
	endingPlaylist = ".m3u8"

	clientIdle = 30 * time.Second // after which a player of HLS counts as gone
	clientOut  = time.Minute      // for which one that was removed is refused
)

// clients are the players of HLS: there is no connection to know them by, so whoever comes from one place with one
// token and one name is one.
type clients struct {
	s  *Server
	mu sync.Mutex
	by map[string]*client // guarded by mu
}

type client struct {
	seat
	// Guarded by clients.mu.
	seen time.Time
	out  bool // it was removed
}

func newClients(s *Server) *clients { return &clients{s: s, by: make(map[string]*client)} }

// serveHLS serves playlists and media to whoever may watch. path is {id}/{file}.
func (s *Server) serveHLS(w http.ResponseWriter, r *http.Request, path string) {
	id, _, _ := strings.Cut(path, "/")
	if r.Method == http.MethodOptions {
		s.hls.ServeHTTP(w, r)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), admitTimeout)
	c, err := s.clients.admit(ctx, s.from(r, "hls"), app.StreamID(id), token(r), r.UserAgent())
	cancel()
	if err != nil {
		s.fail(w, r, err)
		return
	}
	if strings.HasSuffix(path, endingPlaylist) {
		if err := s.tune(r.Context(), c.viewing.Load().Stream); err != nil {
			s.fail(w, r, err)
			return
		}
	}
	counted := &countingWriter{ResponseWriter: w, seat: &c.seat, s: s}
	http.StripPrefix(strings.TrimSuffix(Prefix, "/"), s.hls).ServeHTTP(counted, r)
}

// admit finds the player of a request, or asks whether a new one may watch.
func (l *clients) admit(ctx context.Context, from app.Origin, id app.StreamID, token, agent string) (*client, error) {
	key := strings.Join([]string{string(id), token, from.Address.String(), clip(agent, 200)}, "\n")
	c, out, crowded := l.find(key)
	switch {
	case out:
		return nil, app.Errorf(app.CodeForbidden, "You were removed from this stream.")
	case c != nil:
		was := c.viewing.Load()
		v, err := l.s.deps.Control.KeepViewer(ctx, *was)
		if err == nil {
			c.viewing.CompareAndSwap(was, &v)
			return c, nil
		}
		if !lasting(err) {
			return c, nil // nobody is sent away because the database is
		}
		l.drop(key, c)
	case crowded:
		return nil, errCrowded()
	}
	v, err := l.s.deps.Control.AdmitViewer(ctx, from, id, token, app.Actor{})
	if err != nil {
		return nil, err
	}
	return l.add(key, v), nil
}

func (l *clients) find(key string) (c *client, out, crowded bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if c = l.by[key]; c == nil {
		return nil, false, len(l.by) >= l.s.config.MaxClients
	}
	if c.out {
		return nil, true, false
	}
	c.seen = time.Now()
	return c, false, false
}

// add makes a player known. When two of its requests came at once it is the first.
func (l *clients) add(key string, v app.Viewing) *client {
	c := &client{seen: time.Now()}
	c.id, c.session, c.since = v.Stream.ID, v.Session.ID, time.Now()
	c.viewing.Store(&v)
	c.end = func(why error) { l.end(key, c, why) }
	l.mu.Lock()
	if other := l.by[key]; other != nil && !other.out {
		l.mu.Unlock()
		l.s.deps.Control.ViewerGone(v)
		return other
	}
	l.by[key] = c
	l.mu.Unlock()
	l.s.count.viewers[protoHLS].Add(1)
	l.s.count.watched[protoHLS].Add(1)
	l.s.roster.sit(&c.seat)
	return c
}

// end makes a player go. One that was removed stays away for a while; any other may ask again.
func (l *clients) end(key string, c *client, why error) {
	if why == errKicked {
		l.mu.Lock()
		c.out, c.seen = true, time.Now()
		l.mu.Unlock()
		l.leave(c, why)
		return
	}
	l.mu.Lock()
	if l.by[key] == c {
		delete(l.by, key)
	}
	l.mu.Unlock()
	l.leave(c, why)
}

func (l *clients) drop(key string, c *client) { l.end(key, c, errRevoked) }

// leave takes a player off the list, once.
func (l *clients) leave(c *client, why error) {
	if !l.s.roster.stand(&c.seat) {
		return
	}
	l.s.count.viewers[protoHLS].Add(-1)
	l.s.count.ends.add(why)
	l.s.deps.Control.ViewerGone(*c.viewing.Load())
}

// expire forgets players that have not asked for anything for a while.
func (l *clients) expire(now time.Time) {
	var gone []*client
	l.mu.Lock()
	for key, c := range l.by {
		limit := clientIdle
		if c.out {
			limit = clientOut
		}
		if now.Sub(c.seen) >= limit {
			delete(l.by, key)
			gone = append(gone, c)
		}
	}
	l.mu.Unlock()
	for _, c := range gone {
		l.leave(c, errLeft)
	}
}

// countingWriter counts what a player of HLS gets.
type countingWriter struct {
	http.ResponseWriter
	s    *Server
	seat *seat
}

// Write implements http.ResponseWriter.
func (w *countingWriter) Write(p []byte) (int, error) {
	n, err := w.ResponseWriter.Write(p)
	w.seat.bytes.Add(int64(n))
	w.s.count.bytesOut[protoHLS].Add(int64(n))
	return n, err
}

// Unwrap leads http.ResponseController to the connection.
func (w *countingWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
