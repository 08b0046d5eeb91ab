package amf

import (
	"encoding/binary"
	"math"
)

// Type markers of AMF 3 (section 3.1).
const (
	mark3Undefined = iota
	mark3Null
	mark3False
	mark3True
	mark3Integer
	mark3Double
	mark3String
	mark3XMLDoc
	mark3Date
	mark3Array
	mark3Object
	mark3XML
	mark3ByteArray
	mark3VectorInt
	mark3VectorUint
	mark3VectorDouble
	mark3VectorObject
	mark3Dictionary
)

// Decode3 reads one AMF 3 value and returns what follows it.
func Decode3(b []byte) (v Value, rest []byte, err error) {
	d := decoder{b: b}
	v, err = d.value3(0)
	return v, d.b, err
}

// traits is the shape of a class (section 3.12).
type traits struct {
	class   string
	names   []string
	dynamic bool
}

// u29 reads a variable length integer (section 1.3.1).
func (d *decoder) u29() (uint32, error) {
	var n uint32
	for i := range 4 {
		c, err := d.byte()
		if err != nil {
			return 0, err
		}
		if i == 3 {
			return n<<8 | uint32(c), nil
		}
		n = n<<7 | uint32(c&0x7f)
		if c&0x80 == 0 {
			break
		}
	}
	return n, nil
}

// text3 reads a string or a reference to one (section 1.3.2).
func (d *decoder) text3() (string, error) {
	n, err := d.u29()
	if err != nil {
		return "", err
	}
	if n&1 == 0 {
		if int(n>>1) >= len(d.strings) {
			return "", ErrReference
		}
		return d.strings[n>>1], nil
	}
	b, err := d.take(int(n >> 1))
	if err != nil {
		return "", err
	}
	if len(b) > 0 {
		d.strings = append(d.strings, string(b))
	}
	return string(b), nil
}

// value3 reads one AMF 3 value.
func (d *decoder) value3(depth int) (Value, error) {
	if err := d.enter(depth); err != nil {
		return Value{}, err
	}
	mark, err := d.byte()
	if err != nil {
		return Value{}, err
	}
	switch mark {
	case mark3Undefined:
		return Value{}, nil
	case mark3Null:
		return Null(), nil
	case mark3False, mark3True:
		return Bool(mark == mark3True), nil
	case mark3Integer:
		n, err := d.u29()
		return Number(float64(int32(n<<3) >> 3)), err
	case mark3Double:
		f, err := d.double()
		return Number(f), err
	case mark3String:
		s, err := d.text3()
		return String(s), err
	}
	if mark > mark3Dictionary {
		return Value{}, ErrMarker
	}
	// All others begin with a reference, or a number and a set low bit.
	n, err := d.u29()
	if err != nil {
		return Value{}, err
	}
	if n&1 == 0 {
		return Value{Kind: KindReference, Number: float64(n >> 1)}, nil
	}
	return d.complex3(mark, n>>1, depth)
}

func (d *decoder) complex3(mark byte, n uint32, depth int) (Value, error) {
	switch mark {
	case mark3XMLDoc, mark3XML, mark3ByteArray:
		b, err := d.take(int(n))
		return String(string(b)), err
	case mark3Date:
		f, err := d.double()
		return Value{Kind: KindDate, Number: f}, err
	case mark3Array:
		return d.array3(n, depth)
	case mark3Object:
		return d.object3(n, depth)
	case mark3Dictionary:
		return d.dictionary3(n, depth)
	}
	return d.vector3(mark, n, depth)
}

// array3 reads an array: an associative part, then a dense one (section 3.11).
func (d *decoder) array3(n uint32, depth int) (Value, error) {
	props, err := d.dynamic3(nil, depth)
	if err != nil {
		return Value{}, err
	}
	v := Value{Kind: KindStrictArray, Props: props}
	if len(props) > 0 {
		v.Kind = KindECMAArray
	}
	v.Items, err = d.items3(n, depth)
	return v, err
}

// dynamic3 reads named values up to an empty name.
func (d *decoder) dynamic3(props []Property, depth int) ([]Property, error) {
	for {
		name, err := d.text3()
		if err != nil || name == "" {
			return props, err
		}
		v, err := d.value3(depth + 1)
		if err != nil {
			return nil, err
		}
		props = append(props, Property{name, v})
	}
}

func (d *decoder) items3(n uint32, depth int) ([]Value, error) {
	var items []Value
	for range n {
		v, err := d.value3(depth + 1)
		if err != nil {
			return nil, err
		}
		items = append(items, v)
	}
	return items, nil
}

// object3 reads an object (section 3.12). n is the rest of U29O after its lowest
// bit: its shape, or where that was sent before.
func (d *decoder) object3(n uint32, depth int) (Value, error) {
	t, err := d.traits3(n)
	if err != nil {
		return Value{}, err
	}
	v := Value{Kind: KindObject, Class: t.class}
	for _, name := range t.names {
		item, err := d.value3(depth + 1)
		if err != nil {
			return Value{}, err
		}
		v.Props = append(v.Props, Property{name, item})
	}
	if t.dynamic {
		v.Props, err = d.dynamic3(v.Props, depth)
	}
	return v, err
}

func (d *decoder) traits3(n uint32) (traits, error) {
	if n&1 == 0 {
		if int(n>>1) >= len(d.traits) {
			return traits{}, ErrReference
		}
		return d.traits[n>>1], nil
	}
	if n&2 != 0 {
		return traits{}, ErrExternal
	}
	t := traits{dynamic: n&4 != 0}
	var err error
	if t.class, err = d.text3(); err != nil {
		return traits{}, err
	}
	for range n >> 3 {
		if len(t.names) == MaxValues {
			return traits{}, ErrCount
		}
		name, err := d.text3()
		if err != nil {
			return traits{}, err
		}
		t.names = append(t.names, name)
	}
	d.traits = append(d.traits, t)
	return t, nil
}

// dictionary3 reads pairs; keys that are not strings have no name here.
func (d *decoder) dictionary3(n uint32, depth int) (Value, error) {
	v := Value{Kind: KindObject}
	if _, err := d.byte(); err != nil { // weak keys
		return Value{}, err
	}
	for range n {
		key, err := d.value3(depth + 1)
		if err != nil {
			return Value{}, err
		}
		item, err := d.value3(depth + 1)
		if err != nil {
			return Value{}, err
		}
		v.Props = append(v.Props, Property{key.String, item})
	}
	return v, nil
}

func (d *decoder) vector3(mark byte, n uint32, depth int) (Value, error) {
	if _, err := d.byte(); err != nil { // fixed length
		return Value{}, err
	}
	v := Value{Kind: KindStrictArray}
	if mark == mark3VectorObject {
		var err error
		if v.Class, err = d.text3(); err == nil {
			v.Items, err = d.items3(n, depth)
		}
		return v, err
	}
	size := 4
	if mark == mark3VectorDouble {
		size = 8
	}
	for range n {
		if err := d.enter(depth + 1); err != nil {
			return Value{}, err
		}
		b, err := d.take(size)
		if err != nil {
			return Value{}, err
		}
		v.Items = append(v.Items, vectorItem(mark, b))
	}
	return v, nil
}

func vectorItem(mark byte, b []byte) Value {
	switch mark {
	case mark3VectorInt:
		return Number(float64(int32(binary.BigEndian.Uint32(b))))
	case mark3VectorUint:
		return Number(float64(binary.BigEndian.Uint32(b)))
	}
	return Number(math.Float64frombits(binary.BigEndian.Uint64(b)))
}
