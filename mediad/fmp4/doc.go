// Package fmp4 reads fragmented MP4 (ISO/IEC 14496-12) as HLS carries it: an initialisation, then fragments. It writes
// none; see cmaf. Bytes may come from anybody: nothing is allocated for what a length merely claims, and a sample that
// does not lie inside what was given is an error.
package fmp4

import "errors"

// What is wrong with a file.
var (
	ErrBox       = errors.New("fmp4: boxes do not divide the data")
	ErrNoTrack   = errors.New("fmp4: there is no track that can be played")
	ErrEncrypted = errors.New("fmp4: the tracks are encrypted")
	ErrSample    = errors.New("fmp4: a sample lies outside of the data")
	ErrValue     = errors.New("fmp4: a value makes no sense")
)

const (
	maxTracks  = 8
	maxSamples = 100_000 // of one segment
)
