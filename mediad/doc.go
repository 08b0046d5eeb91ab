// Package mediad is the media door: encoders publish live streams here over RTMP, and players watch them over
// HTTP-FLV, over FLV in a WebSocket, over RTMP and over HLS. What the bytes of each wire mean is said by the packages
// below it; this one has the connections, the goroutines, the deadlines and the limits.
//
//	encoder -> ingest -> flv.Decoder -> stream.Publisher -> stream.Stream, a ring of packets
//	                                                            |
//	     viewers, each a cursor: HTTP-FLV, WebSocket-FLV, RTMP -+- hls.Muxer -> playlists, parts, segments
//
// Who may publish and who may watch is app's to say, see [Control]; what app wants to know and to end here it asks
// through [Server], which is its app.Live.
//
// # Goroutines
//
// A connection to the RTMP port has one, which reads. When it publishes it has a second one, which reports what is
// published to app and interrupts the first when the publisher has to go. When it plays, it is handed to the reactor
// and has none, and neither has a viewer of FLV: their handlers run on the reactor's shards. What is written rings a
// bell: a picture wakes the viewers of the stream at once, all of a shard by one post, and sound waits up to 20 ms for a
// picture to ride with, if one is expected by then, because what a viewer costs is writes (everything waits 50 ms where a
// stream has more than 2,000 viewers). Each is given no more than it takes, so a slow one falls behind in the ring, where
// it is moved to the newest key frame, and cut if that happens again and again. A stream has one goroutine that makes its playlists and one that saves its segments, however many watch.
//
// Besides, there are the reactor's shards, one goroutine that accepts, one in which time passes for streams, and one that asks
// app again for those whose right to watch has to be renewed.
//
// # Locks
//
// The roster's mutex is a leaf: nothing is called under it. That of the audiences is above those of streams.
package mediad
