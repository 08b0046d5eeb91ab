// Package wsd is the WebSocket door: GET /ws/rooms/{room}, described in docs/protocol.md.
//
// # Goroutines
//
// One accepts. A handshake has a goroutine of its own until the person is seated, at most
// Config.Handshakes at once. From then on a connection has none: the reactor's shards read and
// write it, and a command that has to wait for the store runs on one of Config.Workers, one at
// a time and in order for each connection, which then goes to the end of the line. Clock pings and reports are answered on the shard.
//
// # The way of an event
//
// app calls the room's audience once; the audience makes one frame, which is encoded at most
// once per encoding and shared by all queues, and broadcasts it to the room's group.
//
// Locks: audience.mu and conn.mu are leaves: while they are held nothing is called but the
// reactor, which only takes a note. They are taken under a room's lock of app, never around it.
package wsd
