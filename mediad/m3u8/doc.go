// Package m3u8 reads playlists of HLS (RFC 8216) as a player does: what there is to play, and from where. A playlist may
// come from anybody: its size, its lines and its entries are bounded, and what makes no sense is an error and not a guess.
// Addresses are given back as they are written; whoever fetches them resolves and judges them.
package m3u8

import "errors"

// Limits. MaxBytes is for whoever fetches a playlist.
const (
	MaxBytes   = 2 << 20
	maxLine    = 16 << 10
	maxEntries = 20_000
	// maxSeconds is the longest segment that is believed.
	maxSeconds = 600
	// maxNumber keeps positions and sizes from overflowing when they are added.
	maxNumber = 1 << 53
)

// What is wrong with a playlist.
var (
	ErrNotPlaylist = errors.New("m3u8: the first line is not #EXTM3U")
	ErrTooLarge    = errors.New("m3u8: the playlist is too large")
	ErrValue       = errors.New("m3u8: a value makes no sense")
	ErrVariable    = errors.New("m3u8: playlists with variables are not supported")
	ErrEmpty       = errors.New("m3u8: the playlist lists nothing")
)
