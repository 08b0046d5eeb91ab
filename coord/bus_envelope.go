package coord

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"hash"
)

// A message on the Redis bus, big endian:
//
//	version 1 byte | kind 1 byte | boot 8 bytes | seq 8 bytes | node length 1 byte | node | payload | MAC 32 bytes
//
// The MAC is HMAC-SHA256 over the length and name of the Redis channel, then everything before the MAC. So a message cannot
// be made without the key, nor moved to another room, prefix or cluster. boot is drawn at random when a node's process begins
// and seq grows by one with each message of it, so a message cannot be repeated either.
const (
	envelopeVersion = 1
	envelopeFixed   = 1 + 1 + 8 + 8 + 1
	macSize         = sha256.Size
	maxEnvelope     = envelopeFixed + MaxNode + MaxPayload + macSize
)

// The kinds of message.
const (
	kindMessage = 1
	kindGap     = 2 // no payload: an earlier message of this topic may not have arrived
)

type envelope struct {
	kind    byte
	boot    uint64
	seq     uint64
	node    string
	payload []byte // open: shares the memory of the raw message
}

// Reasons to refuse a message.
var (
	errOversize = errors.New("over the size limit")
	errForged   = errors.New("the MAC does not fit")
	errForeign  = errors.New("not of a kind we know")
)

// sealer makes and checks envelopes. It is for one goroutine.
type sealer struct{ mac hash.Hash }

func newSealer(key []byte) *sealer { return &sealer{hmac.New(sha256.New, key)} }

// seal appends the envelope for channel to dst.
func (s *sealer) seal(dst []byte, channel string, e envelope) []byte {
	start := len(dst)
	dst = append(dst, envelopeVersion, e.kind)
	dst = binary.BigEndian.AppendUint64(dst, e.boot)
	dst = binary.BigEndian.AppendUint64(dst, e.seq)
	dst = append(dst, byte(len(e.node)))
	dst = append(dst, e.node...)
	dst = append(dst, e.payload...)
	s.feed(channel, dst[start:])
	return s.mac.Sum(dst)
}

// open checks a raw message that came on channel. Size first, then the MAC, then the fields: nothing is believed that the MAC
// does not cover.
func (s *sealer) open(channel string, raw []byte) (envelope, error) {
	if len(raw) > maxEnvelope {
		return envelope{}, errOversize
	}
	if len(raw) < envelopeFixed+1+macSize {
		return envelope{}, errForged
	}
	body, mac := raw[:len(raw)-macSize], raw[len(raw)-macSize:]
	s.feed(channel, body)
	var sum [macSize]byte
	if !hmac.Equal(s.mac.Sum(sum[:0]), mac) {
		return envelope{}, errForged
	}
	node := int(body[envelopeFixed-1])
	rest := body[envelopeFixed:]
	if body[0] != envelopeVersion || (body[1] != kindMessage && body[1] != kindGap) || node == 0 || node > MaxNode || node > len(rest) {
		return envelope{}, errForeign
	}
	if len(rest)-node > MaxPayload {
		return envelope{}, errOversize
	}
	return envelope{
		kind:    body[1],
		boot:    binary.BigEndian.Uint64(body[2:]),
		seq:     binary.BigEndian.Uint64(body[10:]),
		node:    string(rest[:node]),
		payload: rest[node:],
	}, nil
}

func (s *sealer) feed(channel string, body []byte) {
	var n [4]byte
	binary.BigEndian.PutUint32(n[:], uint32(len(channel)))
	s.mac.Reset()
	s.mac.Write(n[:]) // a hash never fails
	s.mac.Write([]byte(channel))
	s.mac.Write(body)
}
