package main

import (
	"fmt"
	"strconv"
	"time"

	"synctv/internal/env"
	"synctv/mediad/stream"
)

// LiveLimits bound live streams, those who publish and watch them, and HLS.
type LiveLimits struct {
	MaxPublishers     uint32        `env:"MAX_PUBLISHERS" envDefault:"500" doc:"Streams that are published on this node at the same time; further encoders are sent away with the reason."`
	PublisherConflict string        `env:"PUBLISHER_CONFLICT" envDefault:"takeover" doc:"What becomes of a second encoder with a key of a stream that is being published: takeover (the newest one has the stream: an encoder whose connection died comes back at once), takeover-if-idle (only when nothing came from the first one for 5s), or refuse."`
	PublisherGrace    time.Duration `env:"PUBLISHER_GRACE" envDefault:"10s" doc:"How long viewers are kept when an encoder's connection breaks, 1s to 5m. When it comes back within that time, the stream goes on for them."`
	GOPMaxMiB         uint32        `env:"GOP_MAX_MIB" envDefault:"16" doc:"Memory for the newest picture and sound of each stream, in MiB, 1 to 1024: what new viewers begin with and slow ones catch up from."`
	GOPMaxDuration    time.Duration `env:"GOP_MAX_DURATION" envDefault:"20s" doc:"How much of each stream is kept there at most, 2s to 2m."`

	ViewerWriteTimeout time.Duration `env:"VIEWER_WRITE_TIMEOUT" envDefault:"10s" doc:"A viewer over FLV or RTMP whose connection takes nothing for so long is ended, 1s to 5m."`
	ViewerMaxDuration  time.Duration `env:"VIEWER_MAX_DURATION" envDefault:"24h" doc:"A viewer over FLV or RTMP is ended after so long, 1m to 720h; players connect again by themselves."`

	HLSPart    time.Duration `env:"HLS_PART_DURATION" envDefault:"200ms" doc:"Length of the parts in which HLS with low latency is given out, 100ms to 2s. Players stay three of them behind."`
	HLSSegment time.Duration `env:"HLS_SEGMENT_DURATION" envDefault:"1s" doc:"Least length of HLS segments, 1s to 10s: one ends at the first key frame after that time, or after half of the target duration, whichever is longer."`
	HLSTarget  time.Duration `env:"HLS_TARGET_DURATION" envDefault:"0s" doc:"Length at which an HLS segment ends even without a key frame: whole seconds from 1s to 20s, at least the length of a segment. Players without low latency stay three times as far behind. 0s: two segments for encoders that send a key frame at least that often, 4s for others."`
	HLSWindow  time.Duration `env:"HLS_DVR_WINDOW" envDefault:"30s" doc:"How far viewers can go back over HLS, at least three target durations and at most 24h. More than a few minutes needs the file or s3 store."`
}

func (c *LiveLimits) warnings(store *LiveStore) []string {
	if store.Backend == "memory" && c.HLSWindow > 5*time.Minute {
		return []string{"SYNCTV_LIVESTREAM_HLS_DVR_WINDOW is long for SYNCTV_LIVESTREAM_STORE=memory: playlists become shorter when SYNCTV_LIVESTREAM_STORE_MEMORY_MIB is used up. The file and s3 stores have no such limit."}
	}
	return nil
}

// publisherConflicts are what may become of a second encoder.
var publisherConflicts = map[string]stream.Policy{"takeover": stream.TakeOver, "takeover-if-idle": stream.TakeOverIfIdle, "refuse": stream.Refuse}

// problems checks numbers and durations.
func (c *LiveLimits) problems() (ps env.Problems) {
	bad := func(name, wrong, do string) {
		ps = append(ps, env.Problem{Name: envPrefix + "LIVESTREAM_" + name, Wrong: wrong, Do: do})
	}
	within := func(name string, v, lo, hi uint32) {
		if v < lo || v > hi {
			bad(name, fmt.Sprintf("%d is out of range.", v), fmt.Sprintf("Choose a number from %d to %d.", lo, hi))
		}
	}
	span := func(name string, v, lo, hi time.Duration) {
		if v < lo || v > hi {
			bad(name, v.String()+" is out of range.", fmt.Sprintf("Choose a duration from %v to %v.", lo, hi))
		}
	}
	if _, ok := publisherConflicts[c.PublisherConflict]; !ok {
		bad("PUBLISHER_CONFLICT", strconv.Quote(c.PublisherConflict)+" is not a choice.", "Choose one of: takeover, takeover-if-idle, refuse.")
	}
	within("MAX_PUBLISHERS", c.MaxPublishers, 1, 100_000)
	span("PUBLISHER_GRACE", c.PublisherGrace, time.Second, 5*time.Minute)
	within("GOP_MAX_MIB", c.GOPMaxMiB, 1, 1024)
	span("GOP_MAX_DURATION", c.GOPMaxDuration, 2*time.Second, 2*time.Minute)
	span("VIEWER_WRITE_TIMEOUT", c.ViewerWriteTimeout, time.Second, 5*time.Minute)
	span("VIEWER_MAX_DURATION", c.ViewerMaxDuration, time.Minute, 720*time.Hour)
	span("HLS_PART_DURATION", c.HLSPart, 100*time.Millisecond, 2*time.Second)
	span("HLS_SEGMENT_DURATION", c.HLSSegment, time.Second, 10*time.Second)
	if c.HLSTarget != 0 {
		span("HLS_TARGET_DURATION", c.HLSTarget, time.Second, 20*time.Second)
	}
	switch target := c.HLSTarget; {
	case target == 0:
	case target%time.Second != 0:
		bad("HLS_TARGET_DURATION", target.String()+" has a fraction of a second.", "Playlists can only say whole seconds: choose, for example, 2s.")
	case target < c.HLSSegment:
		bad("HLS_TARGET_DURATION", fmt.Sprintf("%v is shorter than a segment, which lasts %v.", target, c.HLSSegment), "Choose at least the SYNCTV_LIVESTREAM_HLS_SEGMENT_DURATION.")
	}
	if c.HLSPart > c.HLSSegment {
		bad("HLS_PART_DURATION", fmt.Sprintf("%v is longer than a segment, which lasts %v.", c.HLSPart, c.HLSSegment), "Choose a fifth of a segment, for example.")
	}
	longest := c.HLSTarget
	if longest == 0 {
		longest = max(4*time.Second, 2*c.HLSSegment.Round(time.Second))
	}
	if least := 3 * longest; c.HLSWindow < least || c.HLSWindow > 24*time.Hour {
		bad("HLS_DVR_WINDOW", c.HLSWindow.String()+" is out of range.", fmt.Sprintf("Choose a duration from %v (three target durations) to 24h.", least))
	}
	return ps
}
