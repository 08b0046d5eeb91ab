package hls

import (
	"slices"
	"time"

	"synctv/mediad/av"
	"synctv/mediad/cmaf"
	"synctv/mediad/stream"
)

// A TARGETDURATION must not change while a playlist lives, and it decides much:
// players without low latency stay three of them behind, and a segment that ends
// after it without a key frame is one that players cannot begin with. So it is chosen
// when a presentation begins, by how often its encoder sends key frames.

const (
	// rareKeys is the target duration for encoders that send few of them: those that
	// are not told otherwise send one every four seconds and more.
	rareKeys = 4 * time.Second
	// keyTolerance is by how much a key frame may be late.
	keyTolerance = 400 * time.Millisecond
	// perTarget is how many segments a target duration has at most. Chromium's own HLS
	// reloads a playlist that often, and takes the last three segments of it and no
	// more: three that were shorter than that would not be all.
	perTarget = 2
)

// cutFor returns how a stream is cut whose key frames are gop apart: 0 if it has no
// pictures, more than any target for what is not known.
func (c Config) cutFor(gop time.Duration) cmaf.Config {
	cut := c.Cut
	if c.byKeys {
		cut.Longest = c.frequent()
		if gop > cut.Longest+keyTolerance {
			cut.Longest = max(cut.Longest, rareKeys)
		}
	}
	cut.Segment = max(cut.Segment, cut.Longest/perTarget)
	return cut
}

// frequent is the target duration for encoders that send key frames at least that
// often.
func (c Config) frequent() time.Duration { return perTarget * c.Cut.Segment.Round(time.Second) }

// keyPace finds out how far apart the first two key frames are.
type keyPace struct {
	upTo  time.Duration // as far as anybody wants to know; 0: nobody does
	first time.Duration // DTS of the first, if begun
	begun bool
	gop   time.Duration // 0: there was no second one yet
	far   bool          // it is more than upTo
}

func (k *keyPace) note(it *stream.Item) {
	p := it.Packet
	if it.What != stream.Media || p.Config || p.Kind != av.Video || k.gop > 0 {
		return
	}
	switch past := p.DTS - k.first; {
	case !k.begun && p.Key:
		k.begun, k.first = true, p.DTS
	case !k.begun:
	case p.Key && past > 0:
		k.gop = past
	case past > k.upTo:
		k.far = true
	}
}

// known reports whether there is nothing more to wait for.
func (k *keyPace) known(tracks []av.Track) bool {
	pictures := slices.ContainsFunc(tracks, func(t av.Track) bool { return t.Kind == av.Video })
	return k.upTo == 0 || k.gop > 0 || k.far || !pictures
}

// length is the distance for cutFor.
func (k *keyPace) length() time.Duration {
	if k.gop == 0 && k.begun {
		return rareKeys
	}
	return k.gop
}
