package source

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"synctv/mediad/av"
	"synctv/mediad/m3u8"
)

const (
	playlistTime = 10 * time.Second
	// laneWait is how long a lane that has nothing is waited for while the other has something.
	laneWait = 3 * time.Second
	// lookAhead is how many segments of a lane are fetched before they are due, besides the one being played.
	lookAhead = 1
)

// hls plays a playlist: of a main one the best variant that can be played, with its sound.
func (o *Opener) hls(f *flow, u *url.URL) error {
	text, err := o.fetch(f.ctx, u, m3u8.Range{}, m3u8.MaxBytes, playlistTime)
	if err != nil {
		return err
	}
	p, err := m3u8.Parse(text.body)
	if err != nil {
		return problem(wordsStrange, err)
	}
	lanes := []*lane{{o: o, at: u, kinds: []av.Kind{av.Video, av.Audio}}}
	if p.Main != nil {
		if lanes, err = o.lanes(text.at, p.Main); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithCancel(f.ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	for _, l := range lanes {
		l.chunks = make(chan chunk, lookAhead)
		running.Go(func() {
			defer close(l.chunks)
			l.err = l.run(ctx)
		})
	}
	m := merger{flow: f, lanes: lanes, epochs: newEpochs()}
	return m.run()
}

// lanes chooses what to play of a main playlist found at base.
func (o *Opener) lanes(base *url.URL, main *m3u8.Main) ([]*lane, error) {
	v, ok := best(main.Variants)
	if !ok {
		return nil, problem(wordsStrange, errors.New("no variant can be played"))
	}
	at, err := base.Parse(v.URI)
	if err != nil {
		return nil, problem(wordsStrange, errors.New("an address cannot be read"))
	}
	sound := rendition(main.Audio, v.Audio)
	if sound == "" {
		return []*lane{{o: o, at: at, kinds: []av.Kind{av.Video, av.Audio}}}, nil
	}
	beside, err := base.Parse(sound)
	if err != nil {
		return nil, problem(wordsStrange, errors.New("an address cannot be read"))
	}
	if *beside == *at { // sound alone, listed as variant and as rendition
		return []*lane{{o: o, at: at, kinds: []av.Kind{av.Audio}}}, nil
	}
	return []*lane{{o: o, at: at, kinds: []av.Kind{av.Video}}, {o: o, at: beside, kinds: []av.Kind{av.Audio}}}, nil
}

// rendition is where the sound of a group is, "" when the variant has it itself.
func rendition(list []m3u8.Rendition, group string) (uri string) {
	for _, r := range list {
		if group != "" && r.Group == group && (uri == "" || r.Default) {
			uri = r.URI
		}
	}
	return uri
}

// Codecs, by how their names begin, that can be passed on.
var (
	pictures = []string{"avc1", "avc3", "hvc1", "hev1", "av01", "vp09"}
	sounds   = []string{"mp4a", "opus", "flac"}
)

// best chooses the variant with the most bits of those that can be played; one with a picture before one without.
func best(variants []m3u8.Variant) (m3u8.Variant, bool) {
	var found m3u8.Variant
	score := -1
	for _, v := range variants {
		ok, picture := playable(v)
		if !ok {
			continue
		}
		s := v.Bandwidth
		if picture {
			s += 1 << 40
		}
		if s > score {
			found, score = v, s
		}
	}
	return found, score >= 0
}

func playable(v m3u8.Variant) (ok, picture bool) {
	picture = v.Height > 0 || len(v.Codecs) == 0
	for _, c := range v.Codecs {
		begins := func(name string) bool { return strings.HasPrefix(strings.ToLower(c), name) }
		switch {
		case slices.ContainsFunc(pictures, begins):
			picture = true
		case !slices.ContainsFunc(sounds, begins):
			return false, false
		}
	}
	return true, picture
}
