package amf

import (
	"encoding/binary"
	"math"
)

// Limits of what is read at once.
const (
	// MaxDepth is how deep values may nest.
	MaxDepth = 32
	// MaxValues is how many values there may be, at all depths together.
	MaxValues = 4096
)

// Error is a fault in AMF data.
type Error struct{ text string }

// Error implements error.
func (e *Error) Error() string { return "amf: " + e.text }

// Faults. They are constants in all but syntax.
var (
	ErrShort  = &Error{"data ends within a value"}
	ErrDepth  = &Error{"values nest too deep"}
	ErrCount  = &Error{"too many values"}
	ErrMarker = &Error{"unknown or reserved type marker"}
	// ErrExternal: only the class itself knows how it was written.
	ErrExternal = &Error{"externalizable class"}
	// ErrReference: an AMF 3 reference to what was not sent.
	ErrReference = &Error{"reference to nothing"}
)

// Type markers (AMF 0 section 2.1).
const (
	markNumber      = 0x00
	markBoolean     = 0x01
	markString      = 0x02
	markObject      = 0x03
	markNull        = 0x05
	markUndefined   = 0x06
	markReference   = 0x07
	markECMAArray   = 0x08
	markObjectEnd   = 0x09
	markStrictArray = 0x0a
	markDate        = 0x0b
	markLongString  = 0x0c
	markUnsupported = 0x0d
	markXML         = 0x0f
	markTyped       = 0x10
	markAMF3        = 0x11
)

// DecodeAll reads AMF 0 values to the end of b. With an error come the values
// that were whole before it.
func DecodeAll(b []byte) ([]Value, error) {
	d := decoder{b: b}
	var values []Value
	for len(d.b) > 0 {
		v, err := d.value(0)
		if err != nil {
			return values, err
		}
		values = append(values, v)
	}
	return values, nil
}

// Decode reads one AMF 0 value and returns what follows it.
func Decode(b []byte) (v Value, rest []byte, err error) {
	d := decoder{b: b}
	v, err = d.value(0)
	return v, d.b, err
}

type decoder struct {
	b     []byte
	count int
	// The tables of AMF 3 (section 2.2). Objects are only counted by those who
	// refer to them, so they have none.
	strings []string
	traits  []traits
}

func (d *decoder) take(n int) ([]byte, error) {
	if n > len(d.b) {
		return nil, ErrShort
	}
	b := d.b[:n]
	d.b = d.b[n:]
	return b, nil
}

func (d *decoder) byte() (byte, error) {
	b, err := d.take(1)
	if err != nil {
		return 0, err
	}
	return b[0], nil
}

func (d *decoder) double() (float64, error) {
	b, err := d.take(8)
	if err != nil {
		return 0, err
	}
	return math.Float64frombits(binary.BigEndian.Uint64(b)), nil
}

// text reads a string with a length of size bytes.
func (d *decoder) text(size int) (string, error) {
	b, err := d.take(size)
	if err != nil {
		return "", err
	}
	var n uint32
	for _, c := range b {
		n = n<<8 | uint32(c)
	}
	if uint64(n) > uint64(len(d.b)) {
		return "", ErrShort
	}
	b, err = d.take(int(n))
	return string(b), err
}

// enter counts a value that is about to be read.
func (d *decoder) enter(depth int) error {
	if depth > MaxDepth {
		return ErrDepth
	}
	if d.count++; d.count > MaxValues {
		return ErrCount
	}
	return nil
}

// value reads one AMF 0 value.
func (d *decoder) value(depth int) (Value, error) {
	if err := d.enter(depth); err != nil {
		return Value{}, err
	}
	mark, err := d.byte()
	if err != nil {
		return Value{}, err
	}
	var v Value
	switch mark {
	case markNumber:
		v.Kind = KindNumber
		v.Number, err = d.double()
	case markBoolean:
		c, err := d.byte()
		return Bool(c != 0), err
	case markString:
		v.Kind = KindString
		v.String, err = d.text(2)
	case markLongString, markXML:
		v.Kind = KindString
		v.String, err = d.text(4)
	case markObject:
		v.Kind = KindObject
		v.Props, err = d.props(depth)
	case markTyped:
		v.Kind = KindObject
		if v.Class, err = d.text(2); err == nil {
			v.Props, err = d.props(depth)
		}
	case markECMAArray:
		// The count is a hint, often wrong: the end marker counts.
		v.Kind = KindECMAArray
		if _, err = d.take(4); err == nil {
			v.Props, err = d.props(depth)
		}
	case markStrictArray:
		v.Kind = KindStrictArray
		v.Items, err = d.items(depth)
	case markDate:
		v.Kind = KindDate
		if v.Number, err = d.double(); err == nil {
			_, err = d.take(2) // time zone, reserved
		}
	case markReference:
		v.Kind = KindReference
		var b []byte
		if b, err = d.take(2); err == nil {
			v.Number = float64(binary.BigEndian.Uint16(b))
		}
	case markNull:
		return Null(), nil
	case markUndefined, markUnsupported:
	case markAMF3:
		return d.value3(depth)
	default:
		err = ErrMarker
	}
	return v, err
}

// props reads properties up to the end marker. Data that ends in its place is
// taken as the end: some encoders leave the marker out of their last object.
func (d *decoder) props(depth int) ([]Property, error) {
	var props []Property
	for len(d.b) > 0 {
		name, err := d.text(2)
		if err != nil {
			return nil, err
		}
		if name == "" && (len(d.b) == 0 || d.b[0] == markObjectEnd) {
			d.b = d.b[min(1, len(d.b)):]
			break
		}
		v, err := d.value(depth + 1)
		if err != nil {
			return nil, err
		}
		props = append(props, Property{name, v})
	}
	return props, nil
}

func (d *decoder) items(depth int) ([]Value, error) {
	b, err := d.take(4)
	if err != nil {
		return nil, err
	}
	var items []Value
	for range binary.BigEndian.Uint32(b) {
		v, err := d.value(depth + 1)
		if err != nil {
			return nil, err
		}
		items = append(items, v)
	}
	return items, nil
}
