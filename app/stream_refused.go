package app

import (
	"context"
	"crypto/subtle"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// RefusalReason is why an encoder was not let in, as far as those who manage the stream are told.
type RefusalReason string

// The reasons.
const (
	RefusedUnknownKey RefusalReason = "unknown_key" // nobody has such a key
	RefusedWrongKey   RefusalReason = "wrong_key"   // a key of the stream, but not as it was made
	RefusedEndedKey   RefusalReason = "ended_key"   // revoked, expired or used up
	RefusedForbidden  RefusalReason = "forbidden"   // the key holds, but the owner may not publish, or the hook said no
)

// Refusal is an encoder that was not let in.
type Refusal struct {
	Stream  StreamID      `json:"stream,omitempty"` // "" when the key is nobody's
	Address netip.Addr    `json:"addr"`
	Reason  RefusalReason `json:"why"`
	At      Time          `json:"at"`
}

const (
	refusalsKept = 200
	refusalFresh = 2 * time.Minute
)

// refusals are the newest ones on all nodes. They are lost with the process, and nobody misses them.
type refusals struct {
	mu   sync.Mutex
	list []Refusal // guarded by mu; oldest first, at most refusalsKept
}

func (r *refusals) note(f *Refusal) {
	if f == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.list) >= refusalsKept {
		r.list = append(r.list[:0], r.list[1:]...)
	}
	r.list = append(r.list, *f)
}

// of returns the newest refusal that concerns a stream: of one of its keys, or of a key that nobody has, from where the
// one who asks is too. nil when there was none lately.
func (r *refusals) of(id StreamID, asker netip.Addr, now Time) *Refusal {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := len(r.list) - 1; i >= 0 && now.Sub(r.list[i].At) < refusalFresh; i-- {
		f := r.list[i]
		if f.Stream == id || f.Stream == "" && asker.IsValid() && f.Address.Unmap() == asker.Unmap() {
			return &f
		}
	}
	return nil
}

// noteRefused remembers that somebody was not let in, and tells other nodes. It says more than the encoder was told, and
// only those who manage the stream hear it.
func (a *App) noteRefused(ctx context.Context, from Origin, publishName string) {
	secret, _, _ := strings.Cut(publishName, "?")
	f := Refusal{Address: from.Address, Reason: RefusedUnknownKey, At: a.Now()}
	if id, rest, ok := strings.Cut(secret, "."); ok && validID("key_", id) {
		if k, err := a.Store.PublishKey(ctx, PublishKeyID(id)); err == nil {
			f.Stream = k.StreamID
			switch {
			case subtle.ConstantTimeCompare(hashSecret(rest), k.Hash) != 1:
				f.Reason = RefusedWrongKey
			case !k.holds(f.At):
				f.Reason = RefusedEndedKey
			default:
				f.Reason = RefusedForbidden
			}
		}
	}
	a.streams.tell(ctx, streamNews{Stream: f.Stream, Kind: newsRefused, Refusal: &f})
}
