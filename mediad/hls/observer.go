package hls

import (
	"time"

	"synctv/mediad/av"
	"synctv/mediad/segments"
)

// Observer hears what becomes of parts and segments. Its methods are called by those
// who do the work, from several goroutines, and must not keep them waiting.
type Observer interface {
	// PartListed: a part is in its playlist and can be fetched, so long after the last
	// of its frames was received.
	PartListed(took time.Duration)
	// SegmentStored: the store has a segment.
	SegmentStored(Stored)
	// StoreFailed: something was not done in the store, and will not be.
	StoreFailed(StoreFault)
}

// Stored is a segment that the store has.
type Stored struct {
	Key      segments.Key // its Name is its URI in the playlist
	Sequence uint64       // media sequence number
	Duration time.Duration
	Playlist string // the URI of that
}

// StoreFault is what went wrong with a store.
type StoreFault uint8

// Faults.
const (
	PutFailed    StoreFault = iota // a segment was not taken; it is served from memory for as long as there is room
	GetFailed                      // a segment could not be read
	DeleteFailed                   // what nobody needs was not removed; the next sweep does it
	NotTried                       // the store is so slow that there was no time for it
	StoreFaults                    // how many there are
)

// String implements fmt.Stringer.
func (f StoreFault) String() string { return [...]string{"put", "get", "delete", "too_slow"}[f] }

// deaf is an Observer that does nothing.
type deaf struct{}

func (deaf) PartListed(time.Duration) {}
func (deaf) SegmentStored(Stored)     {}
func (deaf) StoreFailed(StoreFault)   {}

// arrivals knows when the last frames of each track were received.
type arrivals struct {
	tracks [2][]arrival // picture and sound; oldest first
}

type arrival struct {
	dts time.Duration // on the stream's clock
	at  time.Time
}

// maxArrivals is more frames of a track than are under way at once.
const maxArrivals = 4096

func (a *arrivals) of(k av.Kind) *[]arrival {
	if k == av.Video {
		return &a.tracks[0]
	}
	return &a.tracks[1]
}

// note takes note of a frame.
func (a *arrivals) note(k av.Kind, dts time.Duration, at time.Time) {
	list := a.of(k)
	if len(*list) >= maxArrivals {
		*list = append((*list)[:0], (*list)[maxArrivals/2:]...)
	}
	*list = append(*list, arrival{dts, at})
}

// take returns when the frame of that time was received, and forgets it and those
// before it; false when it is not known.
func (a *arrivals) take(k av.Kind, dts time.Duration) (at time.Time, ok bool) {
	list := a.of(k)
	n := 0
	for n < len(*list) && (*list)[n].dts <= dts {
		at, ok = (*list)[n].at, (*list)[n].dts == dts
		n++
	}
	*list = append((*list)[:0], (*list)[n:]...)
	return at, ok
}
