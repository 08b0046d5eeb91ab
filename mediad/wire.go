package mediad

import (
	"time"

	"synctv/internal/reactor"
	"synctv/mediad/av"
	"synctv/mediad/flv"
	"synctv/mediad/rtmp"
	"synctv/mediad/stream"
)

// encoder is what players are told that made the stream.
const encoder = "SyncTV"

// Variants of the frames of FLV.
const (
	plainFLV  = 0 // tags, one behind the other
	socketFLV = 1 // each in a message of a WebSocket
)

// flvFrame is an item as a tag, made once for all who watch; nil for what they do not get.
func flvFrame(it *stream.Item) *reactor.Frame {
	return it.Wire(stream.FLV, func(it *stream.Item) any {
		if !passed(it) || flv.TagSize(it.Packet) == 0 {
			return (*reactor.Frame)(nil)
		}
		tag := flv.AppendTag(nil, it.Packet)
		if len(tag) == 0 {
			return (*reactor.Frame)(nil)
		}
		return reactor.NewFrame(reactor.Spec{Encode: func(variant int) []byte {
			if variant == socketFLV {
				return appendMessage(nil, opBinary, tag)
			}
			return tag
		}})
	}).(*reactor.Frame)
}

// passed tells whether an item is for players. What an encoder says of its stream is not: we say it ourselves.
func passed(it *stream.Item) bool {
	if it.What != stream.Media && it.What != stream.Setup {
		return false
	}
	if it.Packet.Kind != av.Data {
		return true
	}
	_, meta := flv.ParseMetadata(it.Packet.Data)
	return !meta
}

// configs are the packets that set decoders up for tracks, at a time.
func configs(tracks []av.Track, at time.Duration) []av.Packet {
	var list []av.Packet
	for _, t := range tracks {
		if t.Config != nil && t.Codec.NeedsConfig() {
			list = append(list, av.Packet{Kind: t.Kind, Codec: t.Codec, Track: t.ID, Config: true, DTS: at, PTS: at, Data: t.Config})
		}
	}
	return list
}

// flvSetup is what a player needs of tracks before it gets frames: the header if it is the first, what the stream is,
// and how to decode it.
func flvSetup(tracks []av.Track, at time.Duration, first bool) []byte {
	var b []byte
	if first {
		b = flv.Header(has(tracks, av.Video), has(tracks, av.Audio))
	}
	b = flv.AppendScript(b, metadataAt(at, first), flv.MetadataOf(tracks, encoder))
	for _, p := range configs(tracks, at) {
		b = flv.AppendTag(b, p)
	}
	return b
}

// metadataAt is the time of the metadata: what begins a stream is at 0, or ffmpeg takes it for a subtitle.
func metadataAt(at time.Duration, first bool) time.Duration {
	if first {
		return 0
	}
	return at
}

func has(tracks []av.Track, k av.Kind) bool {
	for _, t := range tracks {
		if t.Kind == k {
			return true
		}
	}
	return false
}

// rtmpFrame is an item as a message in chunks on the stream that nearly all players use; chunks is the same
// for the others.
func rtmpFrame(it *stream.Item) (frame *reactor.Frame, chunks rtmp.Prechunked) {
	type coded struct {
		frame  *reactor.Frame
		chunks rtmp.Prechunked
	}
	c := it.Wire(stream.RTMP, func(it *stream.Item) any {
		if !passed(it) {
			return coded{}
		}
		body := flv.Body(it.Packet)
		if body == nil {
			return coded{}
		}
		chunks := rtmp.Prechunk(rtmp.Message{Type: rtmp.Type(flv.TypeOf(it.Packet)), Timestamp: flv.Timestamp(it.Packet), Payload: body})
		return coded{reactor.Bytes(chunks), chunks}
	}).(coded)
	return c.frame, c.chunks
}

// rtmpSetup is flvSetup for players over RTMP.
func rtmpSetup(tracks []av.Track, at time.Duration, first bool, on uint32) []byte {
	meta := rtmp.Message{Type: rtmp.TypeDataAMF0, Payload: flv.MetadataOf(tracks, encoder)}
	meta.Timestamp = uint32(metadataAt(at, first).Milliseconds())
	b := append([]byte(nil), rtmp.Prechunk(meta).On(on)...)
	for _, p := range configs(tracks, at) {
		m := rtmp.Message{Type: rtmp.Type(flv.TypeOf(p)), Timestamp: flv.Timestamp(p), Payload: flv.Body(p)}
		b = append(b, rtmp.Prechunk(m).On(on)...)
	}
	return b
}
