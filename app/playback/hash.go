package playback

import (
	"math"
	"strconv"
	"strings"
)

// Hash is a small fingerprint of what viewers see, sent with beacons so that a client can tell whether it missed
// something. It is FNV-1a (32 bit) over the UTF-8 bytes of a canonical text in which every number is an integer, so that
// the browser computes the same value: fields joined by line feeds in the order revision, epoch, media id, position in
// us, at in us, rate in 1/1000, lead rate in 1/1000, playing 0/1, duration in us, then for a hold its reason, its deadline
// in us and the waiting sessions joined by commas. It protects against loss, not against malice.
func (s State) Hash() uint32 {
	var b strings.Builder
	b.Grow(160)
	whole := func(v float64) {
		b.WriteByte('\n')
		b.WriteString(strconv.FormatInt(int64(math.Floor(v+0.5)), 10))
	}
	b.WriteString(strconv.FormatUint(uint64(s.Revision), 10))
	b.WriteByte('\n')
	b.WriteString(s.Epoch)
	b.WriteByte('\n')
	b.WriteString(s.MediaID)
	whole(s.PositionMs * 1000)
	whole(float64(s.AtUs))
	whole(s.Rate * 1000)
	whole(s.LeadRate * 1000)
	if s.Playing {
		b.WriteString("\n1")
	} else {
		b.WriteString("\n0")
	}
	whole(s.DurationMs * 1000)
	if h := s.Hold; h != nil {
		b.WriteByte('\n')
		b.WriteString(string(h.Reason))
		whole(float64(h.UntilUs))
		b.WriteByte('\n')
		b.WriteString(strings.Join(h.Waiting, ","))
	}
	return fnv1a(b.String())
}

func fnv1a(s string) uint32 {
	h := uint32(2166136261)
	for i := range len(s) {
		h = (h ^ uint32(s[i])) * 16777619
	}
	return h
}
