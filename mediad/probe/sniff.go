package probe

import (
	"bytes"
	"encoding/binary"
)

// sniff tells the container by the first bytes of a resource.
func sniff(b []byte) Container {
	text := bytes.TrimLeft(bytes.TrimPrefix(b[:min(len(b), 4096)], []byte("\ufeff")), " \t\r\n")
	switch {
	case len(b) >= 8 && mp4Start(b):
		return MP4
	case bytes.HasPrefix(b, []byte{0x1a, 0x45, 0xdf, 0xa3}):
		return ebmlType(b)
	case bytes.HasPrefix(b, []byte("FLV\x01")):
		return FLV
	case bytes.HasPrefix(text, []byte("#EXTM3U")):
		return HLS
	case bytes.HasPrefix(text, []byte("<")) && bytes.Contains(text, []byte("<MPD")):
		return DASH
	case tsStart(b):
		return TS
	case bytes.HasPrefix(b, []byte("ID3")) && len(b) > 10 && b[3] >= 2 && b[3] <= 4:
		return MP3
	}
	if h, ok := parseFrameHeader(b); ok {
		if len(b) <= h.length {
			return MP3
		}
		if _, ok := parseFrameHeader(b[h.length:]); ok {
			return MP3
		}
	}
	return Unknown
}

// mp4Start says whether the first box is one a file of the ISO base media family begins with.
func mp4Start(b []byte) bool {
	size := binary.BigEndian.Uint32(b)
	switch string(b[4:8]) {
	case "ftyp", "styp":
		return size >= 12 && size < 4096
	case "moov", "mdat", "free", "skip", "wide", "pnot", "sidx", "moof", "uuid":
		return size == 1 || size >= 8
	}
	return false
}

// tsStart wants the sync byte of three packets in a row, of 188 bytes or of 192 with a time stamp before each.
func tsStart(b []byte) bool {
	for _, shape := range [...]struct{ lead, size int }{{0, 188}, {4, 192}} {
		if len(b) >= shape.lead+2*shape.size+1 && b[shape.lead] == 0x47 && b[shape.lead+shape.size] == 0x47 && b[shape.lead+2*shape.size] == 0x47 {
			return true
		}
	}
	return false
}

// ebmlType tells WebM from Matroska by the document type in the head.
func ebmlType(b []byte) Container {
	head := b[:min(len(b), 128)]
	if i := bytes.Index(head, []byte{0x42, 0x82}); i >= 0 && i+7 <= len(head) && head[i+2] == 0x84 && string(head[i+3:i+7]) == "webm" {
		return WebM
	}
	return MKV
}
