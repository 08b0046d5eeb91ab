package app

import (
	"context"
	"encoding/json"
	"time"
)

const topicStreams = "streams"

// newsKind is what happened to a stream.
type newsKind string

// The kinds.
const (
	newsChanged     newsKind = "changed"     // what was remembered is not true any more
	newsEnded       newsKind = "ended"       // the stream is gone
	newsViewersEnd  newsKind = "viewers_end" // viewers from Before have to go
	newsKeysRevoked newsKind = "keys"        // who publishes with one of Keys has to go
	newsKick        newsKind = "kick"        // Session has to go
	newsPublishing  newsKind = "publishing"  // Session has begun to publish, At
	newsRefused     newsKind = "refused"     // Refusal happened
	newsPerson      newsKind = "person"      // Person may do less than before
)

// streamNews is what nodes tell each other about a stream. Hearing it twice does no harm.
type streamNews struct {
	Node    string         `json:"node"`
	Stream  StreamID       `json:"stream"`
	Kind    newsKind       `json:"kind"`
	Reason  string         `json:"reason,omitempty"`
	Before  Time           `json:"before,omitempty"`
	At      Time           `json:"at,omitempty"`
	Keys    []PublishKeyID `json:"keys,omitempty"`
	Session string         `json:"session,omitempty"`
	Refusal *Refusal       `json:"refusal,omitempty"`
	Person  PersonID       `json:"person,omitempty"`
}

// tell does what the news asks for here, and lets every other node know.
func (r *streams) tell(ctx context.Context, n streamNews) {
	n.Node = r.app.cfg.NodeID
	r.apply(n)
	data, err := json.Marshal(n)
	if err == nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		err = r.app.Bus.Publish(ctx, topicStreams, data)
	}
	if err != nil {
		// Other nodes notice by themselves within liveRefresh, see refresh.
		r.app.Log.WarnContext(ctx, "cannot tell other nodes about a stream", "stream", n.Stream, "news", n.Kind, "err", err)
	}
}

// receive is the bus's reader.
func (r *streams) receive(payload []byte) {
	var n streamNews
	if json.Unmarshal(payload, &n) == nil && n.Node != r.app.cfg.NodeID {
		r.apply(n)
	}
}

func (r *streams) apply(n streamNews) {
	switch n.Kind {
	case newsRefused:
		r.refused.note(n.Refusal)
		return
	case newsPerson:
		for _, l := range r.parts() {
			l.Review(n.Person)
		}
		return
	}
	r.mu.Lock()
	delete(r.cache, n.Stream)
	r.news++
	r.mu.Unlock()
	for _, l := range r.parts() {
		switch n.Kind {
		case newsEnded:
			l.EndStream(n.Stream, n.Reason)
		case newsViewersEnd:
			l.EndViewers(n.Stream, n.Before)
		case newsKeysRevoked:
			for _, s := range l.Sessions(n.Stream) {
				if keyGone(s, n.Keys) {
					l.KickSession(n.Stream, s.ID)
				}
			}
		case newsKick:
			l.KickSession(n.Stream, n.Session)
		case newsPublishing:
			r.yield(l, n)
		}
	}
	if n.Kind == newsChanged || n.Kind == newsViewersEnd {
		r.directSoon(n.Stream)
	}
}

// yield ends a publisher here when a newer one has come elsewhere.
func (r *streams) yield(l Live, n streamNews) {
	h, ok := r.look(n.Stream)
	if ok && h.online && h.publisher.ID != n.Session && h.publisher.Since < n.At {
		l.KickSession(n.Stream, h.publisher.ID)
	}
}
