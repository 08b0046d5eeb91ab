package hls

import (
	"fmt"
	"strings"

	"synctv/mediad/av"
	"synctv/mediad/cmaf"
)

// Names of the playlists.
const (
	indexURI = "index.m3u8"
	videoURI = "v.m3u8"
	audioURI = "a.m3u8"
)

// Rate is how many bits a second a rendition has: in its largest segment, and on
// average.
type Rate struct{ Peak, Average int }

// multivariant returns the playlist of playlists, as a template: the picture with the
// sound as a rendition of its own, or one of the two alone.
func multivariant(formats []cmaf.Format, rates map[av.Kind]Rate) []byte {
	var video, audio *cmaf.Format
	for i := range formats {
		if f := &formats[i]; f.Track.Kind == av.Video {
			video = f
		} else {
			audio = f
		}
	}
	var b strings.Builder
	b.WriteString("#EXTM3U\n#EXT-X-VERSION:6\n")
	if video != nil && audio != nil {
		fmt.Fprintf(&b, "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio\",NAME=\"Sound\",DEFAULT=YES,AUTOSELECT=YES,CHANNELS=\"%d\",URI=\"%s%c\"\n",
			audio.Track.Channels, audioURI, mark)
	}
	total, codecs := Rate{}, []string(nil)
	for _, f := range []*cmaf.Format{video, audio} {
		if f != nil {
			total.Peak += rates[f.Track.Kind].Peak
			total.Average += rates[f.Track.Kind].Average
			codecs = append(codecs, f.Track.MIME)
		}
	}
	fmt.Fprintf(&b, "#EXT-X-STREAM-INF:BANDWIDTH=%d,AVERAGE-BANDWIDTH=%d,CODECS=\"%s\"", total.Peak, total.Average, strings.Join(codecs, ","))
	uri := audioURI
	if video != nil {
		uri = videoURI
		if t := video.Track; t.Width > 0 {
			fmt.Fprintf(&b, ",RESOLUTION=%dx%d", t.Width, t.Height)
		}
		if video.FrameRate > 0 {
			fmt.Fprintf(&b, ",FRAME-RATE=%.3f", video.FrameRate)
		}
		if audio != nil {
			b.WriteString(",AUDIO=\"audio\"")
		}
	}
	fmt.Fprintf(&b, "\n%s%c\n", uri, mark)
	return []byte(b.String())
}

// guess is the rate of a rendition of which no segment is complete.
func guess(k av.Kind) Rate {
	if k == av.Video {
		return Rate{Peak: 4_000_000, Average: 2_500_000}
	}
	return Rate{Peak: 160_000, Average: 128_000}
}
