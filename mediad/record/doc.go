// Package record writes what is published into files, and gives them out again.
//
// A recorder is a reader of a stream.Stream like every other: the publisher does
// not know of it. Two goroutines each: one reads the stream and cuts it into
// fragments, which wait in a bounded queue; one writes them into a segments.Archive
// and tells a [Ledger] of the file. A store that is slow or away is tried again for
// as long as the queue has room; then the file ends where it is, and another one
// begins when the store works again.
//
//	stream.Stream -> cutter -> queue -> writer -> segments.Archive, Ledger
//
// A file begins at a key frame and has its own time, from zero. Another one begins
// when it is long or large enough, when a decoder has to be set up differently, and
// when there is a track that was not there before. A publisher that comes back in
// time goes on in the same file, without a gap: time in a stream does not pass while
// nobody publishes.
//
// # Crashes
//
// A fragment is durable when it is written, so a crash costs the one that was being
// made. The [Studio] looks for files whose maker is dead: it cuts off what is torn,
// writes the index, and tells the ledger how long the file is. See docs/adr/0007.
//
// # Reading
//
// [Library] serves a file with a head that it makes from the index: browsers know at
// once how long it is and where to seek.
package record
