// Package env reads a program's configuration from environment variables and from nothing else.
//
// The variables are the fields of one struct, tagged for github.com/caarlos0/env: "env" names a
// variable, "envPrefix" a group, "envDefault" its default. Four tags are this package's own:
// "doc" is the sentence of the documentation, "example" a value to show in it, "secret" marks what
// must never be printed and may also come from a file (NAME_FILE), and "reserved" marks names that
// are known and do nothing yet: they are checked, not documented, and setting one is a warning.
//
// Load looks at the whole environment before it complains: every mistake is one [Problem], and
// all are returned at once.
package env

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"reflect"
	"regexp"
	"sort"
	"strings"

	caarlos "github.com/caarlos0/env/v11"
)

// maxFileBytes bounds a secret's file. Nothing that is a secret is larger.
const maxFileBytes = 64 << 10

// Problem is one mistake in the environment.
type Problem struct {
	// Name of the variable.
	Name string
	// Wrong says what is wrong with it, without the value of a secret.
	Wrong string
	// Do says how to put it right.
	Do string
}

// Error is the problem as one line.
func (p Problem) Error() string {
	s := p.Name + ": " + p.Wrong
	if p.Do != "" {
		s += " " + p.Do
	}
	return s
}

// Problems are all mistakes found, in the order of their names.
type Problems []Problem

// Error lists every problem on a line of its own.
func (ps Problems) Error() string {
	lines := make([]string, 0, len(ps)+1)
	lines = append(lines, fmt.Sprintf("%d mistakes in the configuration:", len(ps)))
	if len(ps) == 1 {
		lines[0] = "a mistake in the configuration:"
	}
	for _, p := range ps {
		lines = append(lines, "  "+p.Error())
	}
	return strings.Join(lines, "\n")
}

// Unwrap gives the single problems to errors.As.
func (ps Problems) Unwrap() []error {
	errs := make([]error, len(ps))
	for i, p := range ps {
		errs[i] = p
	}
	return errs
}

// File is what Load needs of an opened file.
type File interface {
	io.ReadCloser
	Stat() (fs.FileInfo, error)
}

// Source is the outside world of Load.
type Source struct {
	// Prefix of every variable that is ours, for example "SYNCTV_".
	Prefix string
	// Environ has "NAME=value" entries, as os.Environ returns them.
	Environ []string
	// Open opens the file of a secret; nil means os.Open.
	Open func(name string) (File, error)
}

// Load fills the struct that dst points to. An empty value counts as not set. The warnings are
// things that work and should not stay as they are; the error is of type [Problems].
func Load(dst any, src Source) (warnings []string, err error) {
	fields, err := walk(dst, src.Prefix)
	if err != nil {
		return nil, err
	}
	if src.Open == nil {
		src.Open = func(name string) (File, error) { return os.Open(name) }
	}
	l := loader{src: src, fields: fields, values: map[string]string{}}
	l.collect()
	l.readFiles()
	l.parse(dst)
	if len(l.problems) > 0 {
		sort.SliceStable(l.problems, func(i, j int) bool { return l.problems[i].Name < l.problems[j].Name })
		return l.warnings, l.problems
	}
	return l.warnings, nil
}

type loader struct {
	src      Source
	fields   []Field
	values   map[string]string // what is set, by full name
	warnings []string
	problems Problems
}

func (l *loader) find(name string) *Field {
	for i := range l.fields {
		if l.fields[i].Name == name {
			return &l.fields[i]
		}
	}
	return nil
}

// collect takes our variables out of the environment and complains about those that nobody reads.
func (l *loader) collect() {
	for _, entry := range l.src.Environ {
		name, value, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, l.src.Prefix) {
			continue
		}
		if l.find(name) != nil {
			if value != "" {
				l.values[name] = value
			}
			if value != "" && l.find(name).Reserved {
				l.warnings = append(l.warnings, name+" is set and has no effect in this version.")
			}
			continue
		}
		if f := l.find(strings.TrimSuffix(name, "_FILE")); f != nil && f.Secret && strings.HasSuffix(name, "_FILE") {
			if value != "" {
				l.values[name] = value
			}
			continue
		}
		if serviceLink(name, value) {
			l.warnings = append(l.warnings, name+" comes from a Kubernetes Service whose name begins like ours and is ignored; enableServiceLinks: false in the pod keeps it out.")
			continue
		}
		l.problems = append(l.problems, l.unknown(name))
	}
}

func (l *loader) unknown(name string) Problem {
	p := Problem{Name: name, Wrong: "there is no such setting."}
	known := make([]string, 0, len(l.fields))
	for _, f := range l.fields {
		known = append(known, f.Name)
		if f.Secret {
			known = append(known, f.Name+"_FILE")
		}
	}
	if best, ok := nearest(name, known, len(l.src.Prefix)); ok {
		p.Do = "Did you mean " + best + "?"
	} else {
		p.Do = "Remove it, or look for its name in docs/configuration.md."
	}
	return p
}

// readFiles replaces NAME_FILE by the file's contents.
func (l *loader) readFiles() {
	for _, f := range l.fields {
		path, ok := l.values[f.Name+"_FILE"]
		if !f.Secret || !ok {
			continue
		}
		delete(l.values, f.Name+"_FILE")
		if _, both := l.values[f.Name]; both {
			l.problems = append(l.problems, Problem{f.Name, "it is set, and " + f.Name + "_FILE too.", "Keep one of the two."})
			continue
		}
		value, err := l.readFile(f.Name+"_FILE", path)
		if err != nil {
			l.problems = append(l.problems, Problem{f.Name + "_FILE", err.Error() + ".", "Name a readable file that holds the secret and nothing else."})
			continue
		}
		l.values[f.Name] = value
	}
}

func (l *loader) readFile(name, path string) (string, error) {
	file, err := l.src.Open(path)
	if err != nil {
		return "", errors.New(plainPathError(path, err))
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return "", errors.New(plainPathError(path, err))
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("%s is not a regular file", path)
	}
	data, err := io.ReadAll(io.LimitReader(file, maxFileBytes+1))
	if err != nil {
		return "", errors.New(plainPathError(path, err))
	}
	if len(data) > maxFileBytes {
		return "", fmt.Errorf("%s is larger than 64 KiB", path)
	}
	value := strings.TrimRight(string(data), "\r\n")
	if value == "" {
		return "", fmt.Errorf("%s is empty", path)
	}
	if info.Mode().Perm()&0o004 != 0 {
		l.warnings = append(l.warnings, fmt.Sprintf("%s: everybody on this machine can read %s; chmod 600 it.", name, path))
	}
	return value, nil
}

func plainPathError(path string, err error) string {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return path + ": " + pathErr.Err.Error()
	}
	return path + ": " + err.Error()
}

// parse fills dst. Only when that fails is each variable tried alone, to tell which ones are wrong.
func (l *loader) parse(dst any) {
	if err := caarlos.ParseWithOptions(dst, l.options(l.values)); err == nil {
		return
	}
	found := false
	for _, f := range l.fields {
		value, ok := l.values[f.Name]
		if !ok {
			continue
		}
		probe := reflect.New(reflect.TypeOf(dst).Elem()).Interface()
		err := caarlos.ParseWithOptions(probe, l.options(map[string]string{f.Name: value}))
		if err == nil {
			continue
		}
		found = true
		l.problems = append(l.problems, f.problem(value, err))
	}
	if !found {
		l.problems = append(l.problems, Problem{l.src.Prefix + "*", "the defaults do not parse.", "This is a mistake in the program."})
	}
}

func (l *loader) options(values map[string]string) caarlos.Options {
	return caarlos.Options{Environment: values, Prefix: l.src.Prefix}
}

// problem words what is wrong with one value.
func (f Field) problem(value string, err error) Problem {
	shown := fmt.Sprintf("%q", clip(value, 80))
	if f.Secret {
		shown = "its value"
	}
	p := Problem{Name: f.Name, Wrong: shown + " is not " + f.Kind + "."}
	if strings.HasPrefix(value, "tcp://") && f.Kind != "an address" {
		p.Do = "Kubernetes sets this for a Service of that name: set enableServiceLinks: false in the pod, or rename the Service."
		return p
	}
	own, said := ownProblem(err)
	switch {
	case said && f.Secret:
		p.Do = own.Do
	case said:
		p.Wrong, p.Do = shown+" "+own.Wrong, own.Do
	case f.Example != "":
		p.Do = "Write it like " + f.Example + "."
	case f.Default != "":
		p.Do = "Write it like " + f.Default + ", the default."
	}
	return p
}

// ownProblem finds the Problem that a type's UnmarshalText returned; the parser's own errors do not unwrap.
func ownProblem(err error) (Problem, bool) {
	var all caarlos.AggregateError
	if errors.As(err, &all) {
		for _, e := range all.Errors {
			if pe, ok := e.(caarlos.ParseError); ok {
				e = pe.Err
			}
			var p Problem
			if errors.As(e, &p) {
				return p, true
			}
		}
	}
	return Problem{}, false
}

var serviceLinkName = regexp.MustCompile(`_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$`)

// serviceLink tells the variables that Kubernetes puts into every container for each Service of the namespace.
func serviceLink(name, value string) bool {
	if strings.HasSuffix(name, "_PORT") && !strings.HasSuffix(name, "_SERVICE_PORT") {
		return strings.HasPrefix(value, "tcp://") || strings.HasPrefix(value, "udp://")
	}
	return serviceLinkName.MatchString(name)
}

func clip(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n]) + "…"
	}
	return s
}
