package main

import (
	"context"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// partProbe follows a playlist with blocking reloads and fetches each part as soon as it is listed.
type partProbe struct {
	playlist string
	listed   histogram // from the sending of a part's last frame until the playlist that names it is there
	fetched  histogram // until the part is there too
	parts    int
	bytes    int
}

var partPattern = regexp.MustCompile(`#EXT-X-PART:.*URI="([^"]+)"`)

// place is where a playlist ends.
type place struct {
	sequence, parts int
	newest          string // address of the newest part
}

// readPlace finds it: the sequence of the segment that is being made and how many parts of it are there.
func readPlace(text string) (p place, err error) {
	found := false
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if v, ok := strings.CutPrefix(line, "#EXT-X-MEDIA-SEQUENCE:"); ok {
			if p.sequence, err = strconv.Atoi(v); err != nil {
				return p, err
			}
			found = true
		}
		if m := partPattern.FindStringSubmatch(line); m != nil {
			p.parts++
			p.newest = m[1]
		}
		if line != "" && line[0] != '#' {
			p.sequence, p.parts = p.sequence+1, 0
		}
	}
	if !found || p.newest == "" {
		return p, fmt.Errorf("not a playlist with parts:\n%s", text)
	}
	return p, nil
}

// follow does it for so long.
func (p *partProbe) follow(ctx context.Context, long time.Duration) error {
	base, err := url.Parse(p.playlist)
	if err != nil {
		return err
	}
	text, err := getText(ctx, p.playlist)
	if err != nil {
		return err
	}
	at, err := readPlace(text)
	for end := time.Now().Add(long); err == nil && time.Now().Before(end) && ctx.Err() == nil; {
		if text, err = getText(ctx, fmt.Sprintf("%s?_HLS_msn=%d&_HLS_part=%d", p.playlist, at.sequence, at.parts)); err != nil {
			return err
		}
		listed := time.Now()
		if at, err = readPlace(text); err != nil {
			return err
		}
		part, err := base.Parse(at.newest)
		if err != nil {
			return err
		}
		body, err := getText(ctx, part.String())
		if err != nil {
			return err
		}
		fetched := time.Now()
		var last time.Time
		stampsIn([]byte(body), func(sent time.Time) { last = sent })
		if last.IsZero() {
			return fmt.Errorf("%s has no frame of ours in it", part)
		}
		p.parts++
		p.bytes += len(body)
		p.listed.record(listed.Sub(last))
		p.fetched.record(fetched.Sub(last))
	}
	return err
}

// newestSegment is the address of the newest whole segment in a playlist.
func newestSegment(ctx context.Context, playlist string) (string, error) {
	text, err := getText(ctx, playlist)
	if err != nil {
		return "", err
	}
	name := ""
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			name = line
		}
	}
	base, err := url.Parse(playlist)
	if err != nil {
		return "", err
	}
	u, err := base.Parse(name)
	if err != nil || name == "" {
		return "", fmt.Errorf("no segment in %s: %v", playlist, err)
	}
	return u.String(), nil
}
