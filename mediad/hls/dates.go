package hls

import (
	"time"

	"synctv/mediad/av"
	"synctv/mediad/stream"
)

// Dates say when what a stream has at a time was received: EXT-X-PROGRAM-DATE-TIME.
// Players that are to show the same at the same moment go by them, and so does what
// is said of how late a picture is.
//
// An origin is when what is at time 0 of the stream was received, or would have been.
// Each packet tells one; the earliest is right, all others were held up on the way.

const (
	// openingCalm is how long no packet may come earlier than those before it until a
	// publisher is taken to send what it makes as it makes it; openingEarlier is what
	// counts as earlier, and openingLongest how long that is waited for.
	openingCalm    = 150 * time.Millisecond
	openingEarlier = 10 * time.Millisecond
	openingLongest = time.Second
	// openingItems is how many items are held meanwhile.
	openingItems = 4096
)

// opening holds the first items of a publisher. An encoder begins with what has piled
// up while it connected, a second and more, so that its first packet is the last to
// tell an origin. A period needs the first frames anyway before it begins, so that
// nobody who sends in real time is kept waiting.
//
// Owned by the muxer's goroutine.
type opening struct {
	open        bool
	items       []*stream.Item
	origin      time.Time // zero if no packet has told one
	began, calm time.Time
	last        time.Time // when the newest item was received
	pace        keyPace
}

// begin starts to hold. A presentation that is to begin wants to know, within upTo,
// how often there are key frames; 0 for one that goes on.
func (o *opening) begin(upTo time.Duration) { *o = opening{open: true, pace: keyPace{upTo: upTo}} }

// hold takes an item, and reports whether what it holds is to be released.
func (o *opening) hold(it *stream.Item) bool {
	o.items = append(o.items, it)
	o.last = it.At
	o.pace.note(it)
	if it.What == stream.Media && !it.Packet.Config && it.Packet.Kind != av.Data {
		origin := it.At.Add(-it.Packet.DTS)
		if o.origin.IsZero() {
			o.began = it.At
		}
		if o.origin.IsZero() || o.origin.Sub(origin) > openingEarlier {
			o.calm = it.At
		}
		if o.origin.IsZero() || origin.Before(o.origin) {
			o.origin = origin
		}
	}
	settled := !o.origin.IsZero() && (it.At.Sub(o.calm) >= openingCalm || it.At.Sub(o.began) >= openingLongest)
	return len(o.items) >= openingItems || settled && o.pace.known(it.Tracks)
}

// silent reports whether nothing comes any more that could end it.
func (o *opening) silent(now time.Time) bool { return o.open && now.Sub(o.last) >= openingLongest }

// release returns what was held. The origin stays known.
func (o *opening) release() []*stream.Item {
	items := o.items
	o.open, o.items = false, nil
	return items
}

const (
	// datesWindow is half of how long a packet counts that came early.
	datesWindow = 10 * time.Second
	// datesSlew is the part of its length by which a segment may last longer or shorter
	// by dates: no encoder's clock is more wrong. Players calculate with dates of
	// different segments.
	datesSlew = 2000
	// datesKept is for how many segments the renditions may be apart.
	datesKept = 16
)

// dates follows an encoder whose clock is faster or slower than ours. The origin of a
// segment is settled when it is first asked for, and stays, in all renditions.
//
// Owned by the muxer's goroutine.
type dates struct {
	lead    av.Kind
	origins map[uint64]time.Time // of segments
	newest  uint64               // of those
	// The earliest origin of packets, of the while that goes on and of the one before.
	now, before time.Time
	since       time.Duration // when the while began
}

// begin starts anew with a period: nothing of before is comparable.
func (d *dates) begin(lead av.Kind, segment uint64, start time.Duration, origin time.Time) {
	*d = dates{lead: lead, newest: segment, origins: map[uint64]time.Time{segment: origin}, now: origin, since: start}
}

// note hears of every packet.
func (d *dates) note(k av.Kind, dts time.Duration, received time.Time) {
	if d.origins == nil || k != d.lead {
		return
	}
	origin := received.Add(-dts)
	if dts-d.since >= datesWindow {
		d.before, d.now, d.since = d.now, origin, dts
	}
	if origin.Before(d.now) {
		d.now = origin
	}
}

// date returns when what a segment has at a time was received. length is about how
// long segments are.
func (d *dates) date(segment uint64, at, length time.Duration) time.Time {
	if _, ok := d.origins[segment]; !ok {
		earliest := d.now
		if !d.before.IsZero() && d.before.Before(earliest) {
			earliest = d.before
		}
		last, most := d.origins[d.newest], length/datesSlew
		step := min(max(earliest.Sub(last), -most), most)
		d.newest = segment
		d.origins[segment] = last.Add(step)
		delete(d.origins, segment-datesKept)
	}
	return d.origins[segment].Add(at)
}
