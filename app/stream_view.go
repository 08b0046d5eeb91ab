package app

import (
	"cmp"
	"context"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// StreamInfo is a stream as one person may see it.
type StreamInfo struct {
	Stream Stream
	StreamLife
	Manages   bool
	OwnerName string
	// Recording: the present broadcast is to be recorded; for those who manage the stream.
	Recording bool
	// Now is when this was looked at.
	Now Time
	// Refused is the newest encoder that was refused, for those who manage the stream; nil when none was lately.
	Refused *Refusal
	// PullURL is where the stream comes from, masked, for those who manage it; Pulled tells that it comes from elsewhere.
	PullURL string
	Pulled  bool
	// Ingest is where to publish, for those who manage the stream.
	Ingest   Ingest
	Playback StreamPlayback
}

// Ingest is where encoders connect, in the clear and by TLS; "" where they cannot. The key is a field of its own there.
type Ingest struct{ RTMP, RTMPS string }

// StreamPlayback is where players find a stream.
type StreamPlayback struct{ HLS, FLV, RTMP string }

// streamViewer is who looks at a stream.
type streamViewer struct {
	from    Origin
	by      Actor
	manages bool
	token   string // the token the caller came with, when that is what opens the stream
}

func (a *App) viewStream(ctx context.Context, v streamViewer, s Stream) (StreamInfo, error) {
	info := StreamInfo{Stream: s, StreamLife: a.streams.life(ctx, s.ID), Manages: v.manages, OwnerName: a.userName(ctx, s.OwnerID), Now: a.Now(), Pulled: s.PullURL != ""}
	token := v.token
	if s.Visibility == Private && token == "" {
		token = a.signPlay(s, playClaims{Person: v.by.person, Room: v.by.room}, ownTokenTTL).Token
	}
	info.Playback = a.cfg.streamPlayback(v.from, s.ID, token)
	if v.manages {
		info.PullURL = maskURL(s.PullURL)
		info.Recording = info.State != StreamIdle && s.wantsRecording(info.Since) && !a.cfg.RecordingOff
		info.Ingest, info.Refused = a.cfg.ingest(v.from), a.streams.refused.of(s.ID, v.from.Address, info.Now)
	}
	return info, nil
}

// livePath is where the media door serves a stream over HTTP.
func livePath(id StreamID, ending, token string) string {
	p := "/live/" + string(id) + ending
	if token != "" {
		p += "?token=" + url.QueryEscape(token)
	}
	return p
}

const (
	endingHLS = "/index.m3u8"
	endingFLV = ".flv"
)

func (c *Config) streamPlayback(from Origin, id StreamID, token string) StreamPlayback {
	base := c.liveBase(from)
	p := StreamPlayback{HLS: base + livePath(id, endingHLS, token), FLV: base + livePath(id, endingFLV, token)}
	ingest := c.ingest(from)
	if base := cmp.Or(ingest.RTMP, ingest.RTMPS); base != "" {
		p.RTMP = base + strings.TrimPrefix(livePath(id, "", token), "/live")
	}
	return p
}

// liveBase is what comes before the path of an address over HTTP: "" when all we know is that it is this server.
func (c *Config) liveBase(from Origin) string {
	host := plainHost(from.Host)
	switch {
	case c.LiveHTTPURL != "":
		return strings.TrimSuffix(c.LiveHTTPURL, "/")
	case host == "":
		return ""
	case from.Secure:
		return "https://" + host
	}
	return "http://" + host
}

// ingest is where encoders connect: where the operator says, or the host under which the caller found us. Who takes TLS
// takes it on the same port.
func (c *Config) ingest(from Origin) Ingest {
	if u := strings.TrimSuffix(c.LiveRTMPURL, "/"); u != "" {
		u = strings.TrimSuffix(u, "/live") + "/live"
		if strings.HasPrefix(u, "rtmps:") {
			return Ingest{RTMPS: u}
		}
		return c.withTLS(u)
	}
	host := hostName(from.Host)
	if host == "" || c.RTMPPort == 0 {
		return Ingest{}
	}
	return c.withTLS("rtmp://" + net.JoinHostPort(host, strconv.Itoa(int(c.RTMPPort))) + "/live")
}

// withTLS is an address in the clear, with its twin by TLS if there is one. The port is always named there: that of
// rtmp:// is 1935 when it is left out, and that of rtmps:// is not.
func (c *Config) withTLS(clear string) Ingest {
	u, err := url.Parse(clear)
	if !c.RTMPS || err != nil {
		return Ingest{RTMP: clear}
	}
	u.Scheme = "rtmps"
	if u.Port() == "" {
		u.Host = net.JoinHostPort(u.Hostname(), "1935")
	}
	return Ingest{RTMP: clear, RTMPS: u.String()}
}

// plainHost is a host as it may stand in an address we hand out, "" for what cannot be one.
func plainHost(host string) string {
	strange := func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune(".-_:[]", r))
	}
	if len(host) > 255 || strings.ContainsFunc(host, strange) {
		return ""
	}
	return host
}
