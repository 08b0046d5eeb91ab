package av

import (
	"encoding/binary"
	"slices"
)

// OpusHead is the identification header of Opus (RFC 7845 section 5.1).
type OpusHead struct {
	Channels  int
	PreSkip   int    // samples at 48 kHz to drop at the start
	InputRate uint32 // Hz of the original; informative
	Gain      int16  // of the output, in 1/256 dB
	Family    uint8  // of channel mapping
	Mapping   []byte // streams, coupled streams, one entry for each channel; empty in family 0
}

const opusMagic = "OpusHead"

// ParseOpusHead reads an identification header. Without the magic in front it is
// read as the dOps box of ISO BMFF, which some senders use instead.
func ParseOpusHead(b []byte) (OpusHead, error) {
	var order binary.ByteOrder = binary.LittleEndian
	if len(b) >= len(opusMagic) && string(b[:len(opusMagic)]) == opusMagic {
		b = b[len(opusMagic):]
	} else if len(b) > 0 && b[0] == 0 {
		order = binary.BigEndian
	} else {
		return OpusHead{}, ErrValue
	}
	if len(b) < 11 {
		return OpusHead{}, ErrShort
	}
	if b[0] > 15 { // a higher major version
		return OpusHead{}, ErrValue
	}
	h := OpusHead{
		Channels: int(b[1]), PreSkip: int(order.Uint16(b[2:])), InputRate: order.Uint32(b[4:]),
		Gain: int16(order.Uint16(b[8:])), Family: b[10],
	}
	if h.Channels == 0 || h.Family == 0 && h.Channels > 2 {
		return OpusHead{}, ErrAudioFormat
	}
	if h.Family != 0 {
		if len(b) < 13+h.Channels {
			return OpusHead{}, ErrShort
		}
		h.Mapping = b[11 : 13+h.Channels]
	}
	return h, nil
}

// DOps returns the body of the dOps box ("Encapsulation of Opus in ISO Base
// Media File Format" section 4.3.2).
func (h OpusHead) DOps() []byte {
	b := []byte{0, byte(h.Channels)}
	b = binary.BigEndian.AppendUint16(b, uint16(h.PreSkip))
	b = binary.BigEndian.AppendUint32(b, h.InputRate)
	b = binary.BigEndian.AppendUint16(b, uint16(h.Gain))
	return append(append(b, h.Family), h.Mapping...)
}

// Bytes returns the header as RFC 7845 has it.
func (h OpusHead) Bytes() []byte {
	b := append([]byte(opusMagic), 1, byte(h.Channels))
	b = binary.LittleEndian.AppendUint16(b, uint16(h.PreSkip))
	b = binary.LittleEndian.AppendUint32(b, h.InputRate)
	b = binary.LittleEndian.AppendUint16(b, uint16(h.Gain))
	return slices.Concat(b, []byte{h.Family}, h.Mapping)
}

func (t *Track) describeOpus(config []byte) error {
	h, err := ParseOpusHead(config)
	if err != nil {
		return err
	}
	t.SampleRate, t.Channels, t.MIME = 48000, h.Channels, "opus"
	return nil
}
