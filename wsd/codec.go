package wsd

import (
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"synctv/internal/reactor"
	pb "synctv/proto/synctv/v1"
	"synctv/wsd/wire"
)

// Variants of a frame, by subprotocol.
const (
	variantProto = 0
	variantJSON  = 1
)

// Keys of frames of which only the newest counts.
const (
	keyPing = iota + 1
	keyBeacon
)

// encode makes one message a WebSocket frame in one encoding. A message of ours always encodes.
func encode(m *pb.ServerMessage, variant uint8) []byte {
	buf := make([]byte, wire.MaxServerHeader, wire.MaxServerHeader+256)
	if variant == variantProto {
		buf, err := proto.MarshalOptions{}.MarshalAppend(buf, m)
		if err != nil {
			return nil
		}
		return wire.Seal(wire.Binary, buf)
	}
	buf, err := protojson.MarshalOptions{}.MarshalAppend(buf, m)
	if err != nil {
		return nil
	}
	return wire.Seal(wire.Text, buf)
}

// frame makes a message for one connection.
func frame(m *pb.ServerMessage, variant uint8) *reactor.Frame {
	return reactor.Bytes(encode(m, variant))
}

// shared makes a message for many connections, encoded when and as the first of them needs it.
func shared(m *pb.ServerMessage, kind reactor.Kind, key uint64, class reactor.Class) *reactor.Frame {
	return reactor.NewFrame(reactor.Spec{Kind: kind, Key: key, Class: class,
		Encode: func(variant int) []byte { return encode(m, uint8(variant)) }})
}

// decode reads what a client says.
func decode(m wire.Message, variant uint8) (*pb.ClientMessage, error) {
	in := new(pb.ClientMessage)
	if variant == variantProto {
		return in, proto.Unmarshal(m.Payload, in)
	}
	return in, protojson.UnmarshalOptions{}.Unmarshal(m.Payload, in)
}
