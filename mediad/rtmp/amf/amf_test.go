package amf

import (
	"bytes"
	"encoding/hex"
	"errors"
	"reflect"
	"strings"
	"testing"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestDecode(t *testing.T) {
	tests := []struct {
		name, data string
		want       []Value
		err        error
	}{
		{"number", "00 3ff0000000000000", []Value{Number(1)}, nil},
		{"booleans", "0101 0100", []Value{Bool(true), Bool(false)}, nil},
		{"string and long string", "02 0002 6869 0c 00000001 78", []Value{String("hi"), String("x")}, nil},
		{"null, undefined, unsupported", "05 06 0d", []Value{Null(), {}, {}}, nil},
		{"object", "03 0001 61 05 0001 62 0101 000009", []Value{Object(P("a", Null()), P("b", Bool(true)))}, nil},
		{"typed object", "10 0001 43 0001 61 05 000009", []Value{{Kind: KindObject, Class: "C", Props: []Property{P("a", Null())}}}, nil},
		{"date and XML", "0b 3ff0000000000000 0000 0f 00000003 3c782f", []Value{{Kind: KindDate, Number: 1}, String("<x/")}, nil},
		{"encoder 13: strict array of FourCCs", "0a 00000002 02 0004 68766331 02 0004 61763031", []Value{StrictArray(String("hvc1"), String("av01"))}, nil},
		{"encoder 13: ECMA array counted too low", "08 00000000 0001 61 05 000009 05", []Value{ECMAArray(P("a", Null())), Null()}, nil},
		{"encoder 13: ECMA array counted too high", "08 ffffffff 0001 61 05 000009 05", []Value{ECMAArray(P("a", Null())), Null()}, nil},
		{"encoder 13: no end marker", "03 0001 61 05", []Value{Object(P("a", Null()))}, nil},
		{"encoder 13: half an end marker", "03 0001 61 05 0000", []Value{Object(P("a", Null()))}, nil},
		{"encoder 13: switch to AMF 3", "11 04 8148 05", []Value{Number(200), Null()}, nil},
		{"AMF 3 simple types", "1100 1101 1102 1103 1105 3ff0000000000000", []Value{{}, Null(), Bool(false), Bool(true), Number(1)}, nil},
		{"AMF 3 negative integer", "1104 ffffffff", []Value{Number(-1)}, nil},
		{"AMF 3 object with sealed and dynamic members", "11 0a 1b 01 03 61 01 03 62 04 05 01",
			[]Value{Object(P("a", Null()), P("b", Number(5)))}, nil},
		{"AMF 3 string reference", "11 09 05 01 06 03 61 06 00", []Value{StrictArray(String("a"), String("a"))}, nil},
		{"AMF 3 array with names", "11 09 01 03 61 01 01", []Value{{Kind: KindECMAArray, Props: []Property{P("a", Null())}}}, nil},
		{"AMF 3 bytes, vector, dictionary", "11 0c 05 6869 11 0d 03 00 ffffffff 11 11 03 00 06 03 61 01",
			[]Value{String("hi"), StrictArray(Number(-1)), Object(P("a", Null()))}, nil},
		{"what was whole before the fault", "05 00 3ff0", []Value{Null()}, ErrShort},
		{"ABUSE-126 string of 64 KiB that is not there", "02 ffff 61", nil, ErrShort},
		{"ABUSE-126 string of 4 GiB", "0c ffffffff 61", nil, ErrShort},
		{"ABUSE-126 array of 2^32-1", "0a ffffffff", nil, ErrShort},
		{"ABUSE-126 AMF 3 vector of 2^28", "11 0f ffffffff 00", nil, ErrShort},
		{"ABUSE-126 AMF 3 class of 2^25 names", "11 0a fffffffb 01", nil, ErrShort},
		{"ABUSE-127 reference to itself", "03 0001 61 07 0000 000009", []Value{Object(P("a", Value{Kind: KindReference}))}, nil},
		{"ABUSE-127 AMF 3 reference to itself", "11 09 03 01 09 00", []Value{StrictArray(Value{Kind: KindReference})}, nil},
		{"ABUSE-127 AMF 3 string that was not sent", "11 06 02", nil, ErrReference},
		{"ABUSE-127 AMF 3 class that was not sent", "11 0a 05", nil, ErrReference},
		{"ABUSE-127 externalizable", "11 0a 07 03 61", nil, ErrExternal},
		{"movie clip and record set", "04", nil, ErrMarker},
		{"AMF 3 unknown marker", "1112", nil, ErrMarker},
		{"object end alone", "09", nil, ErrMarker},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := DecodeAll(unhex(t, tt.data))
			if !errors.Is(err, tt.err) || !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %+v, %v\nwant %+v, %v", got, err, tt.want, tt.err)
			}
		})
	}
}

func TestABUSE125Nesting(t *testing.T) {
	for _, depth := range []int{10_000, 70_000} {
		for name, unit := range map[string]string{
			"strict arrays": "0a00000001", "objects": "03000161", "ECMA arrays": "0800000001000161", "AMF 3 arrays": "090301",
		} {
			data := bytes.Repeat(unhex(t, unit), depth)
			if strings.HasPrefix(name, "AMF 3") {
				data = append([]byte{markAMF3}, data...)
			}
			if _, err := DecodeAll(data); err != ErrDepth {
				t.Errorf("%d %s: %v", depth, name, err)
			}
		}
	}
	if _, err := DecodeAll(bytes.Repeat([]byte{markNull}, MaxValues+1)); err != ErrCount {
		t.Errorf("too many values: %v", err)
	}
	// One class of many names, then many objects of it.
	wide := append([]byte{markAMF3, mark3Object, 0x83, 0x73, 1}, bytes.Repeat([]byte{3, 'a'}, 30)...)
	if _, err := DecodeAll(append(wide, bytes.Repeat([]byte{1}, 1000)...)); err != nil && err != ErrCount && err != ErrMarker {
		t.Logf("ends with %v", err)
	}
}

func TestRoundTrip(t *testing.T) {
	values := []Value{
		Number(-1.5), Bool(true), Bool(false), String("é"), String(strings.Repeat("x", 70_000)), Null(), {},
		Object(P("level", String("status")), P("nested", Object(P("n", Number(1))))),
		ECMAArray(P("width", Number(1920))), StrictArray(Null(), Number(3)),
		{Kind: KindDate, Number: 12}, {Kind: KindReference, Number: 3}, {Kind: KindObject, Class: "C"},
	}
	got, err := DecodeAll(Append(nil, values...))
	if err != nil || !reflect.DeepEqual(got, values) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestValueAccess(t *testing.T) {
	v := Object(P("a", Number(1)), P("a", Number(2)), P("t", Bool(true)), P("s", String("x")), P("huge", Number(1e300)))
	if v.Get("a").Int() != 2 || !v.Get("t").True() || v.Get("s").String != "x" || v.Get("none").Kind != KindUndefined || v.Get("huge").Int() != 0 {
		t.Errorf("%+v", v)
	}
}

func FuzzAMF0(f *testing.F) {
	f.Add(unhex(f, "020007636f6e6e656374003ff0000000000000030003617070020004 6c697665000009"))
	f.Add(unhex(f, "11 0a 1b 01 03 61 01 03 62 04 05 01"))
	f.Add(unhex(f, "08 00000001 0001 61 0a 00000001 0b 3ff0000000000000 0000 000009"))
	f.Fuzz(func(t *testing.T, b []byte) {
		values, _ := DecodeAll(b)
		out := Append(nil, values...)
		again, err := DecodeAll(out)
		if err != nil || !bytes.Equal(Append(nil, again...), out) {
			t.Fatalf("%x: %+v becomes %+v: %v", b, values, again, err)
		}
	})
}

func FuzzAMF3(f *testing.F) {
	f.Add(unhex(f, "0a 1b 01 03 61 01 03 62 04 05 01"))
	f.Add(unhex(f, "09 05 01 06 03 61 06 00"))
	f.Add(unhex(f, "11 03 00 06 03 61 01"))
	f.Fuzz(func(t *testing.T, b []byte) {
		v, rest, err := Decode3(b)
		if err == nil && len(rest) >= len(b) {
			t.Fatal("nothing was read")
		}
		_ = v
	})
}
