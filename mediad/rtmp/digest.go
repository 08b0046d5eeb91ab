package rtmp

import (
	"crypto/hmac"
	"crypto/sha256"
)

// The handshake of Flash Player 9 and later hides a digest in the 1,536 bytes
// of C1 and S1, at a place that four of the bytes tell. It proves nothing about
// a peer, the keys are known to everybody; but there are clients that hang up
// when their server does not take part. It is described in no specification,
// and in many open implementations.

const (
	digestSize = sha256.Size
	// clientKeySize and serverKeySize are how much of the keys signs C1 and S1;
	// the whole signs C2 and S2.
	clientKeySize = 30
	serverKeySize = 36
)

func clientKey() []byte { return append([]byte("Genuine Adobe Flash Player 001"), keyTail()...) }

func serverKey() []byte { return append([]byte("Genuine Adobe Flash Media Server 001"), keyTail()...) }

func keyTail() []byte {
	return []byte{
		0xf0, 0xee, 0xc2, 0x4a, 0x80, 0x68, 0xbe, 0xe8, 0x2e, 0x00, 0xd0, 0xd1, 0x02, 0x9e, 0x7e, 0x57,
		0x6e, 0xec, 0x5d, 0x2d, 0x29, 0x80, 0x6f, 0xab, 0x93, 0xb8, 0xe6, 0x36, 0xcf, 0xeb, 0x31, 0xae,
	}
}

func sign(key []byte, parts ...[]byte) []byte {
	h := hmac.New(sha256.New, key)
	for _, p := range parts {
		h.Write(p)
	}
	return h.Sum(nil)
}

// digestAt returns where the digest of a C1 or S1 lies. Behind time and version
// there are two blocks of 764 bytes; schema 0 has the digest in the second one,
// schema 1 in the first.
func digestAt(b []byte, schema int) int {
	base := 8
	if schema == 0 {
		base = 8 + 764
	}
	return base + 4 + (int(b[base])+int(b[base+1])+int(b[base+2])+int(b[base+3]))%728
}

// findDigest returns the digest of b that key signed, and its schema; nil when
// there is none.
func findDigest(b, key []byte) (digest []byte, schema int) {
	for schema := range 2 {
		at := digestAt(b, schema)
		want := sign(key, b[:at], b[at+digestSize:])
		if hmac.Equal(want, b[at:at+digestSize]) {
			return want, schema
		}
	}
	return nil, 0
}

// putDigest signs b.
func putDigest(b, key []byte, schema int) {
	at := digestAt(b, schema)
	copy(b[at:], sign(key, b[:at], b[at+digestSize:]))
}

// signAnswer ends a C2 or S2 with the proof that the peer's digest was read.
func signAnswer(b, key, peerDigest []byte) {
	at := len(b) - digestSize
	copy(b[at:], sign(sign(key, peerDigest), b[:at]))
}
