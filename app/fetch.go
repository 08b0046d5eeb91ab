package app

import (
	"context"
	"sync"
	"time"
)

// MediaLink is a way through this server to what an item of a room leads to, for one person.
type MediaLink struct {
	Room     RoomID
	Person   PersonID
	Media    MediaID
	URL      string
	Headers  map[string]string // that the origin needs
	Subtitle bool
}

// linkTo is the link to an address of an item, for the one whose grant it is.
func (g Grant) linkTo(m Media, url string, subtitle bool) MediaLink {
	return MediaLink{Room: g.room.ID, Person: g.actor.person, Media: m.ID, URL: url, Headers: m.Meta.Headers, Subtitle: subtitle}
}

const (
	fetchFresh    = 2 * time.Second // how long a yes is trusted without asking the store
	fetchPatience = time.Minute     // and how long while the store is away, so that films go on
	fetchCacheMax = 20000
)

// fetchers remembers for a moment who may fetch what: a film is many requests.
type fetchers struct {
	mu   sync.Mutex
	seen map[fetcher]Time // guarded by mu: when the store last said yes
}

type fetcher struct {
	room   RoomID
	person PersonID
	media  MediaID
}

func newFetchers() *fetchers { return &fetchers{seen: make(map[fetcher]Time)} }

func (f *fetchers) last(k fetcher) (Time, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	at, ok := f.seen[k]
	return at, ok
}

func (f *fetchers) note(k fetcher, at Time, yes bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case !yes:
		delete(f.seen, k)
		return
	case len(f.seen) >= fetchCacheMax:
		clear(f.seen)
	}
	f.seen[k] = at
}

// MayFetch tells whether somebody may still fetch, through this server, what an item of a room leads to: they are in the room,
// and the item is there. An error means that nobody knows.
func (a *App) MayFetch(ctx context.Context, room RoomID, who PersonID, media MediaID) (bool, error) {
	k, now := fetcher{room, who, media}, a.Now()
	at, known := a.fetchers.last(k)
	if known && now.Sub(at) < fetchFresh {
		return true, nil
	}
	yes, err := allowed(a.mayFetch(ctx, k))
	if err != nil {
		if known && now.Sub(at) < fetchPatience {
			return true, nil
		}
		return false, err
	}
	a.fetchers.note(k, now, yes)
	return yes, nil
}

func (a *App) mayFetch(ctx context.Context, k fetcher) error {
	who, err := a.actorOf(ctx, k.person, k.room)
	if err != nil {
		return err
	}
	if _, err := a.Authorize(ctx, who, k.room, RoomView); err != nil {
		return err
	}
	_, err = a.Store.Media(ctx, k.room, k.media)
	return err
}
