// Package hls serves live streams as HTTP Live Streaming with low latency
// (RFC 8216bis, cited by the section numbers of its draft 22).
//
//	stream.Reader -> [Muxer] -> cmaf.Segmenter -> [Window] -> [Handler]
//
// A [Window] is one media playlist: an immutable [Snapshot] behind an atomic
// pointer. The muxer swaps it when a part is complete; thousands of requests read
// it without a lock. A request that is to wait for a part (a blocking reload, or
// the hint of a part) waits on the channel of the snapshot it has seen, which is
// closed when there is a newer one. The text of a playlist, and its compressed
// form, are made once for each snapshot, by the first request that needs them, and
// shared.
//
// # Numbers that never fall
//
// A player that is told a lower media sequence number than before stops. So the
// number of the first segment is taken from the clock, see [FirstSequence]: it
// grows by two each second, and segments are at least a second long on average, so
// that a server which starts again, on this machine or another, begins above all that
// it ever told. The discontinuity sequence is taken from the clock too, one for each
// hour, and goes on from one presentation to the next. It cannot be taken from a faster
// clock, because players count up to it.
//
// A publisher that comes and goes all the time uses numbers faster than that. So each
// stream keeps a note of its numbers, in Config.Numbers, and whoever has the stream next
// begins above them, too. Without the note nothing is lost but this.
//
// # What is listed is there
//
// Parts and segments are served from memory when they are young, and segments until the
// store has them. When there is hardly room for that, because the store is slow or has
// gone, or because it is memory itself, playlists get shorter, down to three target
// durations: nothing that is listed is let go.
//
// # What stays the same
//
// TARGETDURATION, PART-TARGET, and all of SERVER-CONTROL are fixed before the first
// playlist is told and never change. URIs are never used for two things: segments
// are named by their number, parts by a count of their own (so that the hint of the
// next part is right even where a segment ends), initialisations by their content.
//
// # Who may see it
//
// The caller decides, before the request comes here. What it wants to see again with
// every segment (a token) it hands over as a query, and it is repeated in every URI.
package hls
