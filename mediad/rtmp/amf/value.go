package amf

// Kind is the type of a Value.
type Kind uint8

// Kinds. The zero Value is Undefined.
const (
	KindUndefined Kind = iota // also AMF 0 "unsupported"
	KindNull
	KindNumber
	KindBoolean
	KindString // also XML documents and, as they are, byte arrays
	KindObject // also typed objects: Class tells
	KindECMAArray
	KindStrictArray
	KindDate
	KindReference
)

// Value is one AMF value.
type Value struct {
	Kind Kind
	// Number is the value of a number; a boolean is 0 or 1; a date is
	// milliseconds since 1970; a reference is the index it points at.
	Number float64
	String string     // of a string
	Class  string     // of a typed object
	Props  []Property // of an object or ECMA array, in the order they were sent
	Items  []Value    // of a strict array
}

// Property is a named value.
type Property struct {
	Name  string
	Value Value
}

// Number returns a number.
func Number(f float64) Value { return Value{Kind: KindNumber, Number: f} }

// String returns a string.
func String(s string) Value { return Value{Kind: KindString, String: s} }

// Null returns null.
func Null() Value { return Value{Kind: KindNull} }

// Bool returns a boolean.
func Bool(b bool) Value {
	v := Value{Kind: KindBoolean}
	if b {
		v.Number = 1
	}
	return v
}

// Object returns an object.
func Object(props ...Property) Value { return Value{Kind: KindObject, Props: props} }

// ECMAArray returns an associative array.
func ECMAArray(props ...Property) Value { return Value{Kind: KindECMAArray, Props: props} }

// StrictArray returns a list.
func StrictArray(items ...Value) Value { return Value{Kind: KindStrictArray, Items: items} }

// P returns a property.
func P(name string, v Value) Property { return Property{name, v} }

// Get returns the property of that name, or Undefined. Of several the last one
// counts, as in the object they stand for.
func (v Value) Get(name string) Value {
	for i := len(v.Props) - 1; i >= 0; i-- {
		if v.Props[i].Name == name {
			return v.Props[i].Value
		}
	}
	return Value{}
}

// True reports whether v is a boolean that is true, or a number that is not 0.
func (v Value) True() bool {
	return (v.Kind == KindBoolean || v.Kind == KindNumber) && v.Number != 0
}

// Int returns a number as an int64; 0 for what is not a number or does not fit.
func (v Value) Int() int64 {
	if v.Kind != KindNumber || !(v.Number > -1<<62 && v.Number < 1<<62) {
		return 0
	}
	return int64(v.Number)
}
