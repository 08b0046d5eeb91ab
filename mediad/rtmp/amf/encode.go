package amf

import (
	"encoding/binary"
	"math"
)

// Append appends values in AMF 0. Names longer than 65,535 bytes are cut.
func Append(dst []byte, values ...Value) []byte {
	for _, v := range values {
		dst = appendValue(dst, v)
	}
	return dst
}

func appendValue(dst []byte, v Value) []byte {
	switch v.Kind {
	case KindNull:
		return append(dst, markNull)
	case KindNumber:
		return appendDouble(append(dst, markNumber), v.Number)
	case KindBoolean:
		if v.Number != 0 {
			return append(dst, markBoolean, 1)
		}
		return append(dst, markBoolean, 0)
	case KindString:
		if len(v.String) > math.MaxUint16 {
			dst = binary.BigEndian.AppendUint32(append(dst, markLongString), uint32(len(v.String)))
			return append(dst, v.String...)
		}
		return appendName(append(dst, markString), v.String)
	case KindObject:
		if v.Class != "" {
			dst = appendName(append(dst, markTyped), v.Class)
		} else {
			dst = append(dst, markObject)
		}
		return appendProps(dst, v.Props)
	case KindECMAArray:
		dst = binary.BigEndian.AppendUint32(append(dst, markECMAArray), uint32(len(v.Props)))
		return appendProps(dst, v.Props)
	case KindStrictArray:
		dst = binary.BigEndian.AppendUint32(append(dst, markStrictArray), uint32(len(v.Items)))
		return Append(dst, v.Items...)
	case KindDate:
		return append(appendDouble(append(dst, markDate), v.Number), 0, 0)
	case KindReference:
		return binary.BigEndian.AppendUint16(append(dst, markReference), uint16(int(v.Number)))
	}
	return append(dst, markUndefined)
}

func appendDouble(dst []byte, f float64) []byte {
	return binary.BigEndian.AppendUint64(dst, math.Float64bits(f))
}

func appendName(dst []byte, s string) []byte {
	s = s[:min(len(s), math.MaxUint16)]
	return append(binary.BigEndian.AppendUint16(dst, uint16(len(s))), s...)
}

func appendProps(dst []byte, props []Property) []byte {
	for _, p := range props {
		dst = appendValue(appendName(dst, p.Name), p.Value)
	}
	return append(dst, 0, 0, markObjectEnd)
}
