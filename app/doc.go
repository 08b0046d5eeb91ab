// Package app is the living room: the language of the house (User, Room, Member, Media,
// Playback, Message, Event) and its one permission model. It knows no wire and no database.
//
// # How a change travels
//
// A door calls [App.Authorize] and gets a [Grant], then calls the method that acts. The method
// opens one [RoomTx], in which changes of one room happen one after the other on every node,
// writes what changed and emits events, which get consecutive numbers. When the transaction is
// durable the events go to the bus, and every node, this one too, receives them by the same
// road, puts them in order by number, fills gaps from the event log, and hands them to each
// [Audience] of the room once.
//
// # Goroutines
//
// [App.Run] owns the bus reader, one goroutine per room in which somebody is present on this
// node (see live.go), and the housekeeping loop. Everything else runs on its caller.
//
// Locks: the hub's map lock, then a room's lock; never the other way. No lock is held over I/O.
package app
