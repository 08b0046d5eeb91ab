// Package wire is the WebSocket protocol (RFC 6455) as bytes: the handshake,
// the frames that come in and the frames that go out. It starts no goroutine,
// keeps no clock and decides nothing about who may connect.
//
// Handshake, on a connection with a deadline set by the caller:
//
//	u := wire.Upgrader{Protocols: []string{"synctv.v1.proto", "synctv.v1.json"}, Check: allow}
//	req, err := u.Upgrade(nc, sniffed)   // on error the refusal is already written
//	// req.Rest holds frames that were sent right behind the request
//
// Incoming frames, in whatever pieces the network makes of them:
//
//	for len(p) > 0 {
//		var m wire.Message
//		if m, p, err = r.Feed(p); err != nil {
//			return err                   // a *wire.Error: err.Code closes the connection
//		}
//		switch m.Kind { ... }            // None: more bytes are needed
//	}
//
// Outgoing frames are plain bytes, encoded once: Frame, Close, or Seal, which
// writes the header in front of a payload that was encoded in place.
package wire
