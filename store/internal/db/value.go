package db

import (
	"fmt"
	"math"
	"reflect"
	"strings"
	"unicode/utf8"
)

// values turns arguments into what both drivers take without asking: string, int64, float64, bool, []byte and nil.
// It refuses what only one engine would store: text that is not UTF-8 or has a NUL, and numbers that are none.
func values(args []any) ([]any, error) {
	out := make([]any, len(args))
	for i, a := range args {
		v, err := value(a)
		if err != nil {
			return nil, err
		}
		out[i] = v
	}
	return out, nil
}

func value(a any) (any, error) {
	switch v := a.(type) {
	case nil, int64, bool:
		return v, nil
	case int:
		return int64(v), nil
	case string:
		return text(v)
	case float64:
		return number(v)
	case []byte:
		if v == nil {
			return []byte{}, nil // NULL would be another thing
		}
		return v, nil
	}
	r := reflect.ValueOf(a)
	switch r.Kind() {
	case reflect.String:
		return text(r.String())
	case reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Int:
		return r.Int(), nil
	case reflect.Uint8, reflect.Uint16, reflect.Uint32:
		return int64(r.Uint()), nil
	case reflect.Float64:
		return number(r.Float())
	case reflect.Pointer:
		if r.IsNil() {
			return nil, nil
		}
		return value(r.Elem().Interface())
	}
	return nil, fmt.Errorf("database: no place for an argument of type %T", a)
}

func text(s string) (any, error) {
	if !utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0 {
		return nil, &Error{Kind: BadValue, Message: "text is not UTF-8 or holds a NUL"}
	}
	return s, nil
}

func number(f float64) (any, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil, &Error{Kind: BadValue, Message: "not a number"}
	}
	return f, nil
}

// assign stores a value of SQLite (nil, int64, float64, string, []byte or bool) in *dest.
func assign(dest, v any) error {
	switch d := dest.(type) {
	case *string:
		if s, ok := v.(string); ok {
			*d = s
			return nil
		}
	case *int64:
		if n, ok := v.(int64); ok {
			*d = n
			return nil
		}
	case *[]byte:
		switch b := v.(type) {
		case []byte:
			if b == nil {
				b = []byte{} // the driver's way to say that it is empty; NULL is another thing
			}
			*d = b
			return nil
		case string:
			*d = []byte(b)
			return nil
		}
	}
	r := reflect.ValueOf(dest)
	if r.Kind() != reflect.Pointer || r.IsNil() {
		return fmt.Errorf("database: %T is no destination", dest)
	}
	return assignTo(r.Elem(), v)
}

func assignTo(r reflect.Value, v any) error {
	if r.Kind() == reflect.Pointer {
		if v == nil {
			r.SetZero()
			return nil
		}
		r.Set(reflect.New(r.Type().Elem()))
		return assignTo(r.Elem(), v)
	}
	switch v := v.(type) {
	case string:
		if r.Kind() == reflect.String {
			r.SetString(v)
			return nil
		}
	case float64:
		if r.CanFloat() {
			r.SetFloat(v)
			return nil
		}
	case bool:
		if r.Kind() == reflect.Bool {
			r.SetBool(v)
			return nil
		}
	case int64:
		return assignInt(r, v)
	}
	return fmt.Errorf("database: cannot read %T into %s", v, r.Type())
}

func assignInt(r reflect.Value, v int64) error {
	switch {
	case r.Kind() == reflect.Bool:
		r.SetBool(v != 0)
	case r.CanInt() && !r.OverflowInt(v):
		r.SetInt(v)
	case r.CanUint() && v >= 0 && !r.OverflowUint(uint64(v)):
		r.SetUint(uint64(v))
	case r.CanFloat(): // SQLite keeps whole numbers of a REAL column short, and gives them back so from RETURNING
		r.SetFloat(float64(v))
	default:
		return fmt.Errorf("database: %d does not fit into %s", v, r.Type())
	}
	return nil
}
