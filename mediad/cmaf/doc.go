// Package cmaf cuts live media into fragmented MP4 (ISO/IEC 14496-12, CMAF is
// ISO/IEC 23000-19): initialisation, parts and segments, each track by itself. It
// is the only home of mp4ff, which writes what happens once for a track; what
// happens five times a second is written here, without copying any media.
//
// A [Segmenter] is a machine without clock or goroutine: packets of a stream go
// in, [Event] values come out, and the same packets always give the same bytes.
//
// # What is cut where
//
// The tracks advance in step: segment n of the sound covers what segment n of the
// picture covers, to within a frame, and discontinuities lie at the same n. The
// picture leads, and cuts at the first key frame after Config.Segment; a group of
// pictures that is too long is cut anyway at Config.Longest. Where one track has
// nothing while the other goes on, its segment is a gap.
//
// The duration of a sample is the way to the next one, so one frame of each track
// is held back. The sound's time is counted in whole frames and only corrected
// when it drifts from what the sender says, because a millisecond clock cannot say
// where a frame of 1024/44100 s begins.
//
// A period is what one initialisation is good for. A new one begins, with a
// discontinuity, when a decoder must be set up differently, when time jumps, when
// the picture pauses, and after Flush.
package cmaf
