package record

import (
	"slices"
	"time"

	"synctv/mediad/av"
	"synctv/mediad/cmaf"
	"synctv/mediad/stream"
)

// Limits of what is held before a file begins, and of a fragment.
const (
	trackWait   = time.Second      // how long a stream with one track is watched for a second one
	keyWait     = 15 * time.Second // how long a picture is waited for before sound begins alone
	gatherBytes = 16 << 20
	chunkBytes  = 16 << 20
	overdue     = time.Second // how much longer than wanted a fragment gets before it ends without a key frame; twice that without a frame
	early       = 50 * time.Millisecond
)

// what is to be done with a file.
type what uint8

const (
	begin what = iota + 1 // another file
	chunk                 // its next fragment
	end                   // it is complete
)

// step is one thing to be done with files, in order.
type step struct {
	what  what
	movie *cmaf.Movie // for begin
	chunk cmaf.Chunk  // for chunk
	size  int64       // of chunk
}

// cutter decides what comes into which file. It is a machine without clock: items
// of a stream go in, steps come out.
type cutter struct {
	fragment, maxDuration time.Duration
	maxBytes              int64

	version uint32     // of tracks
	tracks  []av.Track // those of the stream that can be in a file
	movie   *cmaf.Movie
	stale   bool          // another file begins at the next key frame
	began   time.Duration // when the file began, in the stream's time
	cut     time.Duration // when its open fragment did
	newest  time.Duration // of what was pushed
	size    int64         // of the file

	gathered []av.Packet // while there is no file
	held     int         // bytes in it
	waited   bool        // there was something, at
	since    time.Duration
	seen     map[av.Kind]bool // kinds of tracks that were not only announced

	steps []step
}

func newCutter(c Config) *cutter {
	return &cutter{fragment: c.Fragment, maxDuration: c.MaxDuration, maxBytes: c.MaxBytes, seen: make(map[av.Kind]bool)}
}

// take takes the next item. skipped: items before it are missing. The steps are
// valid until the next call.
func (c *cutter) take(it *stream.Item, skipped bool) []step {
	clear(c.steps)
	c.steps = c.steps[:0]
	if it.TracksVersion != c.version {
		c.version = it.TracksVersion
		c.retune(cmaf.Filmed(it.Tracks))
	}
	p := it.Packet
	switch {
	case it.What == stream.Gone:
		c.flush()
		c.gathered, c.held, c.waited = nil, 0, false
	case it.What == stream.Media && p.Kind != av.Data && c.has(c.tracks, p):
		if skipped || p.Discontinuity {
			c.flush()
		}
		c.packet(p)
	}
	return c.steps
}

// finish ends the file, if there is one.
func (c *cutter) finish() []step {
	clear(c.steps)
	c.steps = c.steps[:0]
	c.close()
	return c.steps
}

// drop forgets the file without a word: its writer has given up.
func (c *cutter) drop() {
	c.movie, c.stale, c.gathered, c.held, c.waited = nil, false, nil, 0, false
}

func (c *cutter) has(tracks []av.Track, p av.Packet) bool {
	return slices.ContainsFunc(tracks, func(t av.Track) bool { return t.Kind == p.Kind && t.ID == p.Track && t.Codec == p.Codec })
}

// retune looks at tracks that have changed: a decoder that is set up differently
// needs another file at once, a track more needs one soon.
func (c *cutter) retune(tracks []av.Track) {
	c.tracks = tracks
	if c.movie == nil {
		return
	}
	for _, t := range tracks {
		i := slices.IndexFunc(c.movie.Tracks(), func(old av.Track) bool { return old.Kind == t.Kind })
		if i >= 0 && !c.movie.Tracks()[i].Same(t) {
			c.close()
			return
		}
	}
}

func (c *cutter) packet(p av.Packet) {
	if c.movie == nil {
		c.gather(p)
		return
	}
	c.seen[p.Kind] = true
	c.stale = c.stale || !c.has(c.movie.Tracks(), p)
	lead := p.Kind == c.movie.Tracks()[0].Kind
	if lead && p.Key && (c.stale || p.DTS-c.began >= c.maxDuration || c.size+int64(c.movie.Bytes()) >= c.maxBytes) {
		c.close()
		c.gather(p)
		return
	}
	c.push(p, lead)
}

// push takes a packet of the open file, and ends a fragment where it is time to.
func (c *cutter) push(p av.Packet, lead bool) {
	c.movie.Push(p)
	c.newest = p.DTS
	long := p.DTS - c.cut
	switch {
	case lead && (p.Key && long >= c.fragment-early || long >= c.fragment+overdue), c.movie.Bytes() >= chunkBytes:
		c.emit(c.movie.Cut())
	case long >= c.fragment+2*overdue: // the picture stands still
		c.emit(c.movie.Flush())
	default:
		return
	}
	c.cut = p.DTS
}

// gather holds packets until it is clear which tracks a file has: from a key frame
// on, if there is a picture.
func (c *cutter) gather(p av.Packet) {
	if !c.waited {
		c.waited, c.since = true, p.DTS
	}
	picture := slices.ContainsFunc(c.tracks, func(t av.Track) bool { return t.Kind == av.Video })
	if len(c.gathered) == 0 && picture && !(p.Kind == av.Video && p.Key) {
		if p.Kind == av.Video || p.DTS-c.since < keyWait {
			return
		}
	}
	c.gathered = append(c.gathered, p)
	c.held += len(p.Data)
	c.seen[p.Kind] = true
	all := !slices.ContainsFunc(c.tracks, func(t av.Track) bool { return !c.seen[t.Kind] })
	if all || p.DTS-c.gathered[0].DTS >= trackWait || c.held >= gatherBytes {
		c.open()
	}
}

// open begins a file with what was gathered.
func (c *cutter) open() {
	packets := c.gathered
	c.gathered, c.held, c.waited = nil, 0, false
	picture := packets[0].Kind == av.Video
	tracks := slices.DeleteFunc(slices.Clone(c.tracks), func(t av.Track) bool {
		return !c.seen[t.Kind] || t.Kind == av.Video && !picture
	})
	movie, err := cmaf.NewMovie(tracks, packets[0].DTS)
	if err != nil {
		return // a configuration that MP4 has no place for: there may be another one
	}
	c.movie, c.stale, c.began, c.cut, c.size = movie, false, packets[0].DTS, packets[0].DTS, 0
	c.steps = append(c.steps, step{what: begin, movie: movie})
	for _, p := range packets {
		c.push(p, p.Kind == tracks[0].Kind)
	}
}

// flush has all that was pushed written: nothing follows for a while.
func (c *cutter) flush() {
	if c.movie != nil {
		c.emit(c.movie.Flush())
		c.cut = c.newest
	}
}

func (c *cutter) close() {
	if c.movie == nil {
		return
	}
	c.flush()
	c.steps = append(c.steps, step{what: end})
	c.drop()
}

func (c *cutter) emit(k cmaf.Chunk, ok bool) {
	if !ok {
		return
	}
	s := step{what: chunk, chunk: k}
	for _, b := range k.Data {
		s.size += int64(len(b))
	}
	c.size += s.size
	c.steps = append(c.steps, s)
}
