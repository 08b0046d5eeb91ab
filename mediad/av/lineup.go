package av

import "bytes"

// Change is what a packet did to a Lineup.
type Change uint8

// Changes.
const (
	// Unchanged: a frame of a known track, or a configuration that is already in
	// use: encoders repeat it with each key frame, and readers need not see it.
	Unchanged Change = iota
	// Added: the track is new.
	Added
	// Altered: the track is decoded differently from here on. It is a
	// discontinuity, and readers need a new initialisation.
	Altered
)

// maxTracks bounds a Lineup.
const maxTracks = 16

// Lineup is the tracks of a stream as its packets introduce them. The zero Lineup
// is empty and ready. It is not safe for concurrent use; the Tracks it returns
// may be kept.
type Lineup struct{ tracks []Track }

// Tracks returns the tracks known so far, in the order they came. The slice is
// not changed afterwards.
func (l *Lineup) Tracks() []Track { return l.tracks }

// Observe takes note of p. A configuration that cannot be read is an error and
// changes nothing: the packet is to be dropped.
func (l *Lineup) Observe(p Packet) (Change, error) {
	if p.Kind == Data {
		return Unchanged, nil
	}
	i := l.find(p.Kind, p.Track)
	if !p.Config && (p.Codec.NeedsConfig() || i >= 0 && l.tracks[i].Codec == p.Codec) {
		return Unchanged, nil
	}
	if i >= 0 && p.Config && l.tracks[i].Codec == p.Codec && bytes.Equal(l.tracks[i].Config, p.Data) {
		return Unchanged, nil
	}
	t, err := Describe(p.Codec, p.Data)
	if err != nil {
		return Unchanged, err
	}
	t.ID = p.Track
	if i < 0 {
		if len(l.tracks) == maxTracks {
			return Unchanged, ErrTooManyUnits
		}
		l.tracks = append(l.tracks[:len(l.tracks):len(l.tracks)], t)
		return Added, nil
	}
	tracks := append([]Track(nil), l.tracks...)
	tracks[i] = t
	l.tracks = tracks
	return Altered, nil
}

// Ready reports whether the packet can be decoded: its track is known, with its
// codec.
func (l *Lineup) Ready(p Packet) bool {
	i := l.find(p.Kind, p.Track)
	return p.Kind == Data || i >= 0 && l.tracks[i].Codec == p.Codec
}

func (l *Lineup) find(k Kind, id uint8) int {
	for i, t := range l.tracks {
		if t.Kind == k && t.ID == id {
			return i
		}
	}
	return -1
}
