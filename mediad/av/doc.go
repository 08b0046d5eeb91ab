// Package av is the atom of live media: one [Packet] of one track, and what is
// known of the track it belongs to. Every wire that brings media in ends in
// packets, everything that gives media out begins with them.
//
// The parsers here read what decoders are configured with: AVC, HEVC, AV1 and
// VP9 configuration records (ISO/IEC 14496-15, AV1-ISOBMFF, VP9-ISOBMFF),
// AudioSpecificConfig (ISO/IEC 14496-3), the Opus head (RFC 7845) and MPEG
// audio headers. They bound what they read before they believe it and allocate
// nothing that the input only promises.
//
// Time is a [time.Duration]: an int64 of nanoseconds. Every clock a wire of ours
// uses (milliseconds in FLV, 1/90000 s in RTP and MPEG-TS, any sample rate)
// converts to it and comes back exactly by rounding, the nanosecond offset of
// Enhanced RTMP fits, and a number with its unit in the type is not taken for
// another. It lasts 292 years.
//
// The package starts no goroutine, keeps no clock and holds no policy.
package av
