package grpcd

import (
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"synctv/app"
)

// jsonCodec is the JSON of the REST API: lowerCamelCase names, every scalar and list present even when
// empty, absent messages left out. Reading is strict: unknown and repeated names are refused.
type jsonCodec struct{ runtime.JSONPb }

func newJSONCodec() *jsonCodec {
	return &jsonCodec{runtime.JSONPb{MarshalOptions: protojson.MarshalOptions{EmitDefaultValues: true}}}
}

// NewDecoder implements runtime.Marshaler. The reader's size is bounded by the caller.
func (c *jsonCodec) NewDecoder(r io.Reader) runtime.Decoder {
	return runtime.DecoderFunc(func(v any) error {
		data, err := io.ReadAll(r)
		if err != nil {
			return &bodyError{message: "The body could not be read."}
		}
		m, ok := v.(proto.Message)
		if !ok {
			return fmt.Errorf("%T is not a message", v)
		}
		if len(data) == 0 {
			return io.EOF // no body is an empty one
		}
		if err := (protojson.UnmarshalOptions{RecursionLimit: 100}).Unmarshal(data, m); err != nil {
			return explain(err)
		}
		return nil
	})
}

// bodyError is a mistake in a body. The generated code keeps only the text of an error, so field and
// message travel in it and are taken apart again by takeBodyError.
type bodyError struct{ field, message string }

const (
	bodyErrorMark = "\x1ebody\x1e"
	bodyErrorCut  = "\x1e"
)

// Error implements error.
func (e *bodyError) Error() string { return bodyErrorMark + e.field + bodyErrorCut + e.message }

// takeBodyError finds a bodyError in the text of a status.
func takeBodyError(text string) (*app.Error, bool) {
	_, rest, ok := strings.Cut(text, bodyErrorMark)
	if !ok {
		return nil, false
	}
	field, message, _ := strings.Cut(rest, bodyErrorCut)
	return app.Invalid(field, "%s", message), true
}

var (
	unknownField   = regexp.MustCompile(`unknown field "([^"]*)"`)
	duplicateField = regexp.MustCompile(`duplicate (?:field|map key|oneof)[^"]*"([^"]*)"`)
	wrongValue     = regexp.MustCompile(`invalid value for (\S+) (?:field|type)(?: (\S+?))?:`)
	position       = regexp.MustCompile(`line (\d+):(\d+)`)
)

// explain words an error of protojson for whoever wrote the body.
func explain(err error) *bodyError {
	text := err.Error()
	if m := unknownField.FindStringSubmatch(text); m != nil {
		return &bodyError{plain(m[1]), fmt.Sprintf("There is no field %q here.", plain(m[1]))}
	}
	if m := duplicateField.FindStringSubmatch(text); m != nil {
		return &bodyError{plain(m[1]), fmt.Sprintf("The field %q is there twice.", plain(m[1]))}
	}
	if m := wrongValue.FindStringSubmatch(text); m != nil {
		return &bodyError{plain(m[2]), "The value does not fit: " + kindName(m[1]) + " is wanted."}
	}
	if m := position.FindStringSubmatch(text); m != nil {
		return &bodyError{"", fmt.Sprintf("The body is not the JSON that is wanted, at line %s, column %s.", m[1], m[2])}
	}
	return &bodyError{"", "The body is not the JSON that is wanted."}
}

func kindName(kind string) string {
	switch kind {
	case "string":
		return "text"
	case "bool":
		return "true or false"
	case "enum":
		return "one of the names of the list"
	case "double", "float":
		return "a number"
	case "uint32", "int32", "uint64", "int64":
		return "a whole number"
	}
	return "another kind of value"
}

// plain keeps what a client wrote short and printable before it is shown again.
func plain(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '"' {
			return -1
		}
		return r
	}, s)
	if r := []rune(s); len(r) > 60 {
		s = string(r[:60])
	}
	return s
}
