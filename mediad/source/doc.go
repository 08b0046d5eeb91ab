// Package source receives live media from elsewhere by its address: RTMP and RTMPS, FLV over HTTP, and HLS with transport
// streams, fragmented MP4 or packed AAC. What comes is given on as packets, at the pace of real time.
//
// A source may be anybody: every connection goes through the dialer and the client that the caller hands over, which
// judge addresses, redirects and the children of playlists alike; everything that is kept has a bound; and one that sends no
// frame for a while is given up, however many bytes it drips.
package source
