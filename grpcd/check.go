package grpcd

import (
	"math"
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"synctv/app"
)

// maxListItems is how long a list or map in a request may be; no method wants more.
const maxListItems = 1000

// checkMessage refuses values that no method has a use for and that would only fail deeper in the house:
// text with NUL in it or that is no UTF-8, numbers that are not finite, endless lists.
func checkMessage(m proto.Message) error { return checkFields(m.ProtoReflect(), "") }

func checkFields(m protoreflect.Message, path string) (err error) {
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		name := path + string(f.Name())
		switch {
		case f.IsList():
			err = checkList(f, v.List(), name)
		case f.IsMap():
			err = checkMap(f, v.Map(), name)
		default:
			err = checkValue(f.Kind(), v, name)
		}
		return err == nil
	})
	return err
}

func checkList(f protoreflect.FieldDescriptor, list protoreflect.List, name string) error {
	if list.Len() > maxListItems {
		return tooMany(name)
	}
	for i := range list.Len() {
		if err := checkValue(f.Kind(), list.Get(i), name); err != nil {
			return err
		}
	}
	return nil
}

func checkMap(f protoreflect.FieldDescriptor, m protoreflect.Map, name string) (err error) {
	if m.Len() > maxListItems {
		return tooMany(name)
	}
	m.Range(func(k protoreflect.MapKey, v protoreflect.Value) bool {
		if err = checkValue(f.MapKey().Kind(), k.Value(), name); err == nil {
			err = checkValue(f.MapValue().Kind(), v, name)
		}
		return err == nil
	})
	return err
}

func checkValue(kind protoreflect.Kind, v protoreflect.Value, name string) error {
	switch kind {
	case protoreflect.StringKind:
		if s := v.String(); !utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0 {
			return app.Invalid(name, "The text contains characters that cannot be used.")
		}
	case protoreflect.DoubleKind, protoreflect.FloatKind:
		if n := v.Float(); math.IsNaN(n) || math.IsInf(n, 0) {
			return app.Invalid(name, "The number must be finite.")
		}
	case protoreflect.MessageKind, protoreflect.GroupKind:
		return checkFields(v.Message(), name+".")
	}
	return nil
}

func tooMany(name string) error {
	e := app.Errorf(app.CodeTooLarge, "The list has more than %d entries.", maxListItems)
	e.Field = name
	return e
}
