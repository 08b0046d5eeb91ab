package cmaf

import (
	"slices"
	"time"

	"synctv/mediad/av"
)

// Limits of what is held before a period begins.
const (
	gatherFrames  = 8               // of the picture, to know its rate
	rateWait      = 3 * time.Second // how long the second of them is waited for: parts are as long as frames are apart
	gatherPackets = 4096
	gatherBytes   = 16 << 20
)

// gather holds the first packets of a period until it is clear what there is.
type gather struct {
	packets []av.Packet
	bytes   int
	first   time.Duration // when it began
	began   bool
	newest  time.Duration
	pending int // frames of the picture before the first key frame
}

// add takes a packet, and returns how many were dropped: pictures before a key
// frame, and the oldest sound when there is too much to hold.
func (g *gather) add(p av.Packet, c Config) (dropped uint64) {
	if !g.began {
		g.began, g.first = true, p.DTS
	}
	g.newest = max(g.newest, p.DTS)
	if p.Kind == av.Video && !p.Key && !g.has(av.Video) {
		g.pending++
		return 1
	}
	g.packets = append(g.packets, p)
	g.bytes += len(p.Data)
	keep := 0 // without a picture yet, only the newest sound is of use
	for g.pending > 0 && !g.has(av.Video) && p.DTS-g.packets[keep].DTS > c.TrackWait {
		g.bytes -= len(g.packets[keep].Data)
		keep++
	}
	for len(g.packets)-keep > gatherPackets || g.bytes > gatherBytes && len(g.packets)-keep > 1 {
		g.bytes -= len(g.packets[keep].Data)
		keep++
	}
	g.packets = slices.Delete(g.packets, 0, keep)
	return uint64(keep)
}

func (g *gather) has(k av.Kind) bool {
	return slices.ContainsFunc(g.packets, func(p av.Packet) bool { return p.Kind == k })
}

// ready reports whether a period can begin.
func (g *gather) ready(tracks []av.Track, c Config) bool {
	if len(g.packets) == 0 {
		return false
	}
	waited := g.newest - g.first
	if waited >= c.KeyWait {
		return true
	}
	if !g.has(av.Video) {
		expected := g.pending > 0 && hasKind(tracks, av.Video)
		return !expected && waited >= c.TrackWait
	}
	frames := 0
	for _, p := range g.packets {
		if p.Kind == av.Video {
			frames++
		}
	}
	if frames < 2 && waited < rateWait || frames < gatherFrames && waited < c.TrackWait {
		return false
	}
	return hasKind(tracks, av.Audio) && g.has(av.Audio) || waited >= c.TrackWait
}

func hasKind(tracks []av.Track, k av.Kind) bool {
	return slices.ContainsFunc(tracks, func(t av.Track) bool { return t.Kind == k })
}

// take returns what the period begins with: from the first key frame on, if there
// is a picture. dropped is what lies before.
func (g *gather) take() (packets []av.Packet, dropped uint64) {
	packets = g.packets
	if g.has(av.Video) {
		i := slices.IndexFunc(packets, func(p av.Packet) bool { return p.Kind == av.Video && p.Key })
		if i < 0 { // it did not fit
			packets = nil
		} else {
			from := packets[i].DTS
			packets = slices.DeleteFunc(slices.Clone(packets), func(p av.Packet) bool { return p.DTS < from })
		}
	}
	dropped = uint64(len(g.packets) - len(packets))
	*g = gather{}
	return packets, dropped
}
