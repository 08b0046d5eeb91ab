package cmaf

import (
	"testing"
	"time"

	"synctv/mediad/av"
)

// TestPartsDoNotWait: when frames come in step, a part is there with its last frame; when they do not, it waits for the
// next one, which says how long the last one lasts.
func TestPartsDoNotWait(t *testing.T) {
	for _, c := range []struct {
		name  string
		at    func(i int) time.Duration
		sound bool
		early int // per cent of the parts, at least
		late  int // at most
	}{
		{"25 pictures a second", func(i int) time.Duration { return time.Duration(i) * 40 * ms }, false, 100, 100},
		{"30 pictures a second, in whole milliseconds", func(i int) time.Duration { return (time.Duration(i) * time.Second / 30).Round(ms) }, false, 100, 100},
		{"60 pictures a second, in whole milliseconds", func(i int) time.Duration { return (time.Duration(i) * time.Second / 60).Truncate(ms) }, false, 100, 100},
		{"sound", func(i int) time.Duration { return (time.Duration(i) * 1024 * time.Second / 44100).Round(ms) }, true, 75, 100}, // the last part of a segment is a short one,
		{"out of step", func(i int) time.Duration { return time.Duration(i)*40*ms + time.Duration(i*i%3)*9*ms }, false, 0, 40},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := New(Config{First: 1})
			s.SetTracks([]av.Track{map[bool]av.Track{false: avcTrack, true: aacTrack}[c.sound]})
			parts, early, end := 0, 0, time.Duration(0)
			for i := range 1000 {
				at := c.at(i)
				p := video(at, i%60 == 0)
				if c.sound {
					p = audioFrame(at)
				}
				for _, e := range s.Push(p) {
					if e.What != Part {
						continue
					}
					if e.Start < end-ms/10 || e.Start > end+3*ms && end > 0 && c.late == 100 {
						t.Errorf("a part begins at %v, the one before ended at %v", e.Start, end)
					}
					end = e.Start + e.Duration
					if e.Duration > s.PartTarget() {
						t.Errorf("a part of %v", e.Duration)
					}
					if i < 100 {
						continue
					}
					parts++
					if e.Last == at {
						early++
					}
				}
			}
			if share := 100 * early / parts; parts < 20 || share < c.early || share > c.late {
				t.Errorf("%d of %d parts do not wait", early, parts)
			}
		})
	}
}

// TestDroppedFrame: one that is missing where a part ends leaves a hole no longer than itself.
func TestDroppedFrame(t *testing.T) {
	s := New(Config{First: 1})
	s.SetTracks([]av.Track{avcTrack})
	hole, end := time.Duration(0), time.Duration(0)
	for i := range 500 {
		if i > 100 && i%47 == 0 {
			continue
		}
		for _, e := range s.Push(video(time.Duration(i)*40*ms, i%50 == 0)) {
			if e.What != Part {
				continue
			}
			if end > 0 {
				hole = max(hole, e.Start-end)
			}
			end = e.Start + e.Duration
		}
	}
	if hole > 40*ms {
		t.Errorf("a hole of %v", hole)
	}
}
