// Package rtmp is RTMP (Adobe's "Real-Time Messaging Protocol", 1.0, and
// Enhanced RTMP v2) as bytes: the handshake, chunks, messages and commands, and
// what the two ends of a connection say to each other. It starts no goroutine,
// keeps no clock, knows no policy, and does not read or write a connection.
//
// Bytes are pushed in, in whatever pieces the network makes of them. A puller
// would save one copy of large chunks, but would block inside a structure whose
// end it cannot know: whether a continued chunk repeats its extended timestamp
// (section 5.3.1.3) shows only in bytes that may never come. A machine that is
// fed decides as far as the bytes reach, is tested byte by byte, and gives the
// caller all deadlines.
//
//	s := rtmp.NewSession(rtmp.SessionConfig{})
//	for {
//		n, err := nc.Read(buf)             // deadlines are the caller's
//		for p := buf[:n]; ; {
//			ev, p, err = s.Feed(p)
//			switch ev.Kind {
//			case rtmp.EventNone:       // all of p is used: read on
//			case rtmp.EventPublish:    // s.Accept() or s.Reject(...)
//			case rtmp.EventMedia:      // ev.Message: audio, video or data
//			...
//		}
//		nc.Write(s.TakeOutput())           // also after an error: it says why
//	}
//
// A message that goes to many players is made into chunks once: see Prechunk.
package rtmp
