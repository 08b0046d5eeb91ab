package mediad

import (
	"io"
	"net"
	"net/http"
	"slices"
	"testing"
	"time"

	"synctv/app"
	"synctv/mediad/flv"
	"synctv/mediad/rtmp"
	"synctv/mediad/rtmp/amf"
	"synctv/mediad/stream"
)

// call connects an encoder that is driven by hand, and says of itself what props say.
func (h *house) call(t *testing.T, props ...amf.Property) *attacker {
	t.Helper()
	a := (&siege{house: h}).attack(t, false)
	a.shake()
	props = append([]amf.Property{amf.P("app", amf.String("live")), amf.P("tcUrl", amf.String("rtmp://h/live"))}, props...)
	a.message(rtmp.TypeCommandAMF0, 0, 0, amf.Append(nil, amf.String("connect"), amf.Number(1), amf.Object(props...)))
	a.hears(rtmp.CodeConnectSuccess)
	return a
}

// begin publishes the first stream.
func (a *attacker) begin() {
	a.t.Helper()
	a.mu.Lock()
	a.heard.Reset() // a start that was heard before is another one
	a.mu.Unlock()
	a.command(0, "createStream", 4)
	a.command(1, "publish", 5, amf.String(goodKey), amf.String("live"))
	a.hears(rtmp.CodePublishStart)
}

// plays waits until the stream can be watched, and shows pictures.
func (h *house) plays(t *testing.T) {
	t.Helper()
	var resp *http.Response
	soon(t, "watched", func() bool { resp = h.watch(); return resp.StatusCode == http.StatusOK })
	if video, audio, _ := tags(t, resp.Body, 20); video == 0 || audio == 0 {
		t.Errorf("%d: %d pictures, %d sounds", resp.StatusCode, video, audio)
	}
	resp.Body.Close()
}

// encoder 14: what an encoder says of its stream, before the headers or later, right or wrong, does not reach players:
// they are told what the headers say.
func TestMetadataIsCorrected(t *testing.T) {
	wrong := amf.Append(nil, amf.String("onMetaData"), amf.ECMAArray(amf.P("width", amf.Number(1)), amf.P("height", amf.Number(1)),
		amf.P("videocodecid", amf.Number(2)), amf.P("audiocodecid", amf.Number(2)), amf.P("encoder", amf.String("DJI"))))
	wrapped := append(amf.Append(nil, amf.String("@setDataFrame")), wrong...)
	twice := repeat(film(t), 3*time.Second) // without what ffmpeg said of it
	for _, c := range []struct {
		name          string
		before, later []byte
	}{
		{"none", nil, nil}, {"wrong", wrong, nil}, {"wrong and wrapped", wrapped, nil}, {"later", nil, wrong}, {"again and again", wrapped, wrapped},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := open(t, Config{Linger: 50 * time.Millisecond})
			a := h.call(t)
			defer a.leave()
			a.begin()
			say := func(meta []byte) {
				if meta != nil {
					a.message(rtmp.TypeDataAMF0, 1, 0, meta)
				}
			}
			say(c.before)
			a.send(twice[:len(twice)/2]...)
			var resp *http.Response
			soon(t, "watched", func() bool { resp = h.watch(); return resp.StatusCode == http.StatusOK })
			say(c.later)
			a.send(twice[len(twice)/2:]...)
			got := metadataUntil(t, resp.Body, 2*time.Second)
			for _, m := range got {
				if m.Width != 160 || m.VideoCodec != "avc1" || m.AudioCodec != "mp4a" || m.Encoder != encoder {
					t.Errorf("%+v", m)
				}
			}
			if len(got) == 0 {
				t.Error("players are told nothing")
			}
		})
	}
}

// metadataUntil reads FLV up to a time, and returns what the player is told of the stream.
func metadataUntil(t *testing.T, body io.Reader, end time.Duration) (list []flv.Metadata) {
	t.Helper()
	r, buf := flv.NewReader(), make([]byte, 4096)
	for {
		n, err := body.Read(buf)
		for b := buf[:n]; ; {
			tag, rest, err := r.Feed(b)
			if err != nil {
				t.Fatal(err)
			}
			if b = rest; tag.Type == 0 {
				break
			}
			if m, ok := flv.ParseMetadata(tag.Data); tag.Type == flv.Script && ok {
				list = append(list, m)
			} else if time.Duration(tag.Timestamp)*time.Millisecond >= end {
				return list
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// encoder 21: publishing ends and begins again on one connection, and when that breaks off nobody finds the stream taken.
func TestPublishAgain(t *testing.T) {
	h := open(t, Config{Linger: 50 * time.Millisecond,
		Streams: stream.RegistryConfig{Stream: stream.Config{Parting: 10 * time.Millisecond}, Step: 10 * time.Millisecond}})
	packets := film(t)
	a := h.call(t)
	var reasons []string
	for _, end := range []func(){
		func() { // as OBS and ffmpeg do
			a.command(0, "FCUnpublish", 6, amf.String(goodKey))
			a.command(0, "deleteStream", 7, amf.Number(1))
		},
		func() { a.command(1, "closeStream", 0); a.command(0, "deleteStream", 7, amf.Number(1)) },
		func() {
			a.command(0, "deleteStream", 7, amf.Number(1))
			a.command(0, "FCUnpublish", 6, amf.String(goodKey))
		},
	} {
		a.begin()
		a.send(packets...)
		h.plays(t)
		end()
		a.hears(rtmp.CodeUnpublishSuccess)
		reasons = append(reasons, app.StreamStopped)
		soon(t, "ended once", func() bool { return slices.Equal(h.app.reasons(), reasons) && h.Stats().Publishers == 0 })
	}
	a.begin()
	a.send(packets...)
	h.plays(t)
	a.nc.(*net.TCPConn).SetLinger(0) // reset
	a.leave()
	soon(t, "lost", func() bool { return slices.Equal(h.app.reasons(), append(reasons, app.StreamLost)) })
	b := h.call(t)
	defer b.leave()
	b.begin()
	b.send(packets...)
	h.plays(t)
}

// encoder 24: further tracks are not taken, which costs the first ones nothing.
func TestMultitrackIsLeftOut(t *testing.T) {
	h := open(t, Config{Linger: 50 * time.Millisecond})
	a := h.call(t, amf.P("capsEx", amf.Number(float64(rtmp.CapReconnect|rtmp.CapMultitrack|rtmp.CapModEx|rtmp.CapNanoOffset))))
	defer a.leave()
	a.begin()
	video, audio := append([]byte{0x96, 0x01}, "hvc1\x01frame"...), append([]byte{0x95, 0x01}, "Opus\x01frame"...)
	extra := int64(0)
	for _, p := range film(t) {
		a.send(p)
		a.video(flv.Timestamp(p), video...)
		a.audio(flv.Timestamp(p), audio...)
		extra += 2
	}
	h.plays(t)
	soon(t, "counted", func() bool { return a.s.dropped() == extra })
	if !a.alive() {
		t.Error("the encoder was sent away")
	}
}

// encoder 25: a server that goes away asks those to reconnect who understand it, and says so to the others, before it
// closes.
func TestDrainAsksToReconnect(t *testing.T) {
	for _, c := range []struct {
		name  string
		props []amf.Property
		want  string
	}{
		{"who can", []amf.Property{amf.P("capsEx", amf.Number(float64(rtmp.CapReconnect)))}, rtmp.CodeReconnectRequest},
		{"who can do all", []amf.Property{amf.P("capsEx", amf.Number(15))}, rtmp.CodeReconnectRequest},
		{"who can do all but that", []amf.Property{amf.P("capsEx", amf.Number(14))}, rtmp.CodeConnectClosed},
		{"plain RTMP", nil, rtmp.CodeConnectClosed},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := open(t, Config{Linger: 50 * time.Millisecond})
			a := h.call(t, c.props...)
			defer a.leave()
			a.begin()
			a.send(film(t)...)
			h.plays(t)
			h.stop()
			if !a.closed(5 * time.Second) {
				t.Error("the connection stays")
			}
			for _, code := range []string{rtmp.CodeReconnectRequest, rtmp.CodeConnectClosed} {
				if got := a.said(code); got != (code == c.want) {
					t.Errorf("%s: said %v", code, got)
				}
			}
		})
	}
}
