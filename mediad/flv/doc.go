// Package flv is FLV (Adobe's "Video File Format Specification", version 10.1,
// annex E) with the additions of Enhanced RTMP v2: the tags that RTMP carries as
// messages, and files and streams of them.
//
//	Decoder   tag -> packets: one form for what encoders write in many
//	AppendTag packet -> tag, made once and shared by all who watch over HTTP
//	Body      packet -> payload of an RTMP message
//	Reader    bytes of a file or stream -> tags, fed in any pieces
//	Metadata  what onMetaData says, and what we say in it
//
// A stream over HTTP-FLV is Header, a tag of Metadata, the configuration of each
// track, and packets from a key frame on.
//
// The package starts no goroutine, keeps no clock and holds no policy.
package flv
