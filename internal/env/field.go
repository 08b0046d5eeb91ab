package env

import (
	"encoding"
	"fmt"
	"io"
	"log/slog"
	"reflect"
	"strings"
	"text/tabwriter"
	"time"
)

// Field is one variable of the configuration.
type Field struct {
	// Name with every prefix.
	Name string
	// Group is the prefix it stands under, "" for none.
	Group string
	// Kind says what the value is, for example "a whole number".
	Kind string
	// Doc, Default and Example are the tags of the same names.
	Doc, Default, Example string
	// Secret values are never shown.
	Secret bool
	// Reserved names do nothing yet.
	Reserved bool
	// Value as it is, in the spelling of the variable; "" when empty.
	Value string
	// Shown replaces the value of a secret that has a part worth showing; see [Redacter].
	Shown string
}

// Fields lists the variables of a struct in the order in which they are written.
// cfg is the struct or a pointer to it.
func Fields(cfg any, prefix string) ([]Field, error) { return walk(cfg, prefix) }

func walk(cfg any, prefix string) ([]Field, error) {
	v := reflect.ValueOf(cfg)
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	if v.Kind() != reflect.Struct {
		return nil, fmt.Errorf("env: a configuration is a struct, not %T", cfg)
	}
	return walkStruct(v, prefix, ""), nil
}

func walkStruct(v reflect.Value, prefix, group string) []Field {
	var fields []Field
	for i := range v.NumField() {
		t := v.Type().Field(i)
		if sub, ok := t.Tag.Lookup("envPrefix"); ok && t.Type.Kind() == reflect.Struct {
			fields = append(fields, walkStruct(v.Field(i), prefix+sub, strings.TrimSuffix(group+sub, "_"))...)
			continue
		}
		key, _, _ := strings.Cut(t.Tag.Get("env"), ",")
		if key == "" {
			continue
		}
		fields = append(fields, Field{
			Name: prefix + key, Group: group, Kind: kindOf(t.Type),
			Doc: t.Tag.Get("doc"), Default: t.Tag.Get("envDefault"), Example: t.Tag.Get("example"),
			Secret: t.Tag.Get("secret") == "true", Reserved: t.Tag.Get("reserved") == "true",
			Value: text(v.Field(i)), Shown: redacted(v.Field(i)),
		})
	}
	return fields
}

// Redacter is implemented by secrets that have a part worth showing, for example an address.
type Redacter interface {
	// Redacted is the value without what is secret in it.
	Redacted() string
}

func redacted(v reflect.Value) string {
	if r, ok := v.Interface().(Redacter); ok {
		return r.Redacted()
	}
	return ""
}

// Kinder is implemented by types that can say what their text looks like.
type Kinder interface {
	// EnvKind completes "the value is not …", for example "a list of networks".
	EnvKind() string
}

func kindOf(t reflect.Type) string {
	if k, ok := reflect.New(t).Interface().(Kinder); ok {
		return k.EnvKind()
	}
	switch {
	case t == reflect.TypeFor[time.Duration]():
		return "a duration"
	case t == reflect.TypeFor[slog.Level]():
		return "debug, info, warn or error"
	case t.Kind() == reflect.Bool:
		return "true or false"
	case t.Kind() >= reflect.Int && t.Kind() <= reflect.Int64:
		return "a whole number"
	case t.Kind() >= reflect.Uint && t.Kind() <= reflect.Uint64:
		return "a whole number from 0 up"
	case t.Kind() == reflect.Slice:
		return "a list"
	}
	return "text"
}

func text(v reflect.Value) string {
	if m, ok := v.Interface().(encoding.TextMarshaler); ok {
		b, err := m.MarshalText()
		if err != nil {
			return ""
		}
		return string(b)
	}
	if v.Kind() == reflect.Slice {
		parts := make([]string, v.Len())
		for i := range parts {
			parts[i] = text(v.Index(i))
		}
		return strings.Join(parts, ",")
	}
	return fmt.Sprint(v.Interface())
}

// Table writes the effective value of every variable, secrets only as "set", and nothing of reserved names.
func Table(w io.Writer, fields []Field) error {
	tw := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	for _, f := range fields {
		if f.Reserved {
			continue
		}
		value := f.Value
		switch {
		case f.Secret && f.Shown != "":
			value = f.Shown
		case f.Secret && value != "":
			value = "(set, not shown)"
		case value == "":
			value = "(not set)"
		}
		fmt.Fprintf(tw, "%s\t%s\n", f.Name, value)
	}
	return tw.Flush()
}

// Markdown writes one table per group, without reserved names. titles gives a heading for each group, in the spelling of
// [Field.Group]; a group without one gets its own name.
func Markdown(w io.Writer, fields []Field, titles map[string]string) error {
	group := "\x00"
	for _, f := range fields {
		if f.Reserved {
			continue
		}
		if f.Group != group {
			group = f.Group
			title := titles[group]
			if title == "" {
				title = group
			}
			if _, err := fmt.Fprintf(w, "\n## %s\n\n| Variable | Default | What it does |\n| --- | --- | --- |\n", title); err != nil {
				return err
			}
		}
		def := "–"
		if f.Default != "" {
			def = "`" + f.Default + "`"
		}
		doc := f.Doc
		if f.Example != "" {
			doc += " Example: `" + f.Example + "`."
		}
		if f.Secret {
			doc += " Secret: `" + f.Name + "_FILE` names a file instead."
		}
		if _, err := fmt.Fprintf(w, "| `%s` | %s | %s |\n", f.Name, def, strings.ReplaceAll(doc, "|", `\|`)); err != nil {
			return err
		}
	}
	return nil
}
