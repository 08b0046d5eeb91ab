package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "synctv"

// pkg is what go list tells of a package.
type pkg struct {
	ImportPath string
	Doc        string
	Dir        string
	Imports    []string
	GoFiles    []string
}

func listPackages(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Doc,Dir,Imports,GoFiles", "./...")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var pkgs []pkg
	dec := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return pkgs
		} else if err != nil {
			t.Fatal(err)
		}
		pkgs = append(pkgs, p)
	}
}

// room is the first folder of a package's path: the part of the house it belongs to.
func room(importPath string) string {
	rest, ok := strings.CutPrefix(importPath, module+"/")
	if !ok {
		return ""
	}
	first, _, _ := strings.Cut(rest, "/")
	return first
}

var (
	doors   = []string{"httpd", "wsd", "grpcd", "mediad"}
	cellars = []string{"store", "coord", "wasm"}
)

// mayImport says which of our packages a part may use besides its own folder.
func mayImport(from, to pkg0) error {
	f, t := from.room, to.room
	switch {
	case f == t, from.path == module, t == "internal" && f != "proto":
		return nil
	case f == "internal":
		return errors.New("internal packages are leaves: they import nothing of ours")
	case f == "app":
		return errors.New("app imports nothing of ours but internal leaves")
	case slices.Contains(doors, f) && slices.Contains(doors, t):
		return errors.New("no door imports a door: main hands over an http.Handler or a net.Listener")
	case slices.Contains(doors, f) && slices.Contains(cellars, t):
		return errors.New("no door imports a cellar: it asks app")
	case slices.Contains(cellars, f) && slices.Contains(append(doors, cellars...), t):
		return errors.New("no cellar imports a door or another cellar")
	case t == "migrations" && f != "store":
		return errors.New("only store knows the schema")
	case t == "app", t == "proto" && slices.Contains(doors, f), t == "migrations":
		return nil
	case f == "bench" || f == "e2e":
		return nil // they drive the server from outside and may look at the contract
	}
	return fmt.Errorf("%s has no business with %s", f, t)
}

type pkg0 struct{ path, room string }

func TestHouseRules(t *testing.T) {
	for _, p := range listPackages(t) {
		for _, imp := range p.Imports {
			if room(imp) == "" {
				continue
			}
			if err := mayImport(pkg0{p.ImportPath, room(p.ImportPath)}, pkg0{imp, room(imp)}); err != nil {
				t.Errorf("%s imports %s: %v", p.ImportPath, imp, err)
			}
		}
	}
}

// TestForeignPackagesStayHome keeps each library behind the one part that wraps it.
func TestForeignPackagesStayHome(t *testing.T) {
	homes := map[string][]string{
		"github.com/jackc/pgx":                {"store", "internal/peertest"},
		"modernc.org/sqlite":                  {"store"},
		"github.com/pressly/goose":            {"store"},
		"github.com/redis/go-redis":           {"coord", "internal/peertest"},
		"github.com/tetratelabs/wazero":       {"wasm"},
		"github.com/gobwas/ws":                {"wsd"},
		"github.com/Eyevinn/mp4ff":            {"mediad/cmaf"},
		"google.golang.org/grpc":              {"grpcd", "proto", "e2e", "bench"},
		"github.com/golang-jwt/jwt":           {"internal/token"},
		"github.com/minio/minio-go":           {"mediad/segments"},
		"github.com/caarlos0/env":             {"internal/env"},
		"github.com/pion/stun":                {"internal/stund"},
		"github.com/prometheus/client_golang": {"", "httpd"},
	}
	for _, p := range listPackages(t) {
		rel := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
		for _, imp := range p.Imports {
			for foreign, allowed := range homes {
				if imp != foreign && !strings.HasPrefix(imp, foreign+"/") {
					continue
				}
				ok := slices.ContainsFunc(allowed, func(home string) bool {
					return rel == home || home != "" && strings.HasPrefix(rel, home+"/")
				})
				if !ok {
					t.Errorf("%s imports %s, which belongs in %v", p.ImportPath, imp, allowed)
				}
			}
		}
	}
}

func TestEveryPackageHasADoc(t *testing.T) {
	for _, p := range listPackages(t) {
		if p.Doc == "" && len(p.GoFiles) > 0 && !strings.HasSuffix(p.ImportPath, "/synctv/v1") {
			t.Errorf("%s has no package comment", p.ImportPath)
		}
	}
}

// Limits of what reads well. Tests may be longer: their tables are.
const (
	maxFileLines = 500
	maxFuncLines = 80
)

func TestCodeReadsWell(t *testing.T) {
	files := token.NewFileSet()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "node_modules" || strings.HasPrefix(d.Name(), ".") && path != ".") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(files, path, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		if !ast.IsGenerated(f) {
			checkFile(t, files, path, f)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func checkFile(t *testing.T, files *token.FileSet, path string, f *ast.File) {
	if n := files.Position(f.End()).Line; n > maxFileLines {
		t.Errorf("%s has %d lines, at most %d: is there a second concept inside?", path, n, maxFileLines)
	}
	for _, d := range f.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok {
			continue
		}
		if n := files.Position(fn.End()).Line - files.Position(fn.Pos()).Line + 1; n > maxFuncLines {
			t.Errorf("%s: func %s has %d lines, at most %d", path, fn.Name.Name, n, maxFuncLines)
		}
		if fn.Name.Name == "init" && fn.Recv == nil {
			t.Errorf("%s: func init: say it where it is needed", path)
		}
	}
	for _, word := range []string{"util", "helper", "manager", "common"} {
		if strings.Contains(strings.ToLower(filepath.ToSlash(path)), word) {
			t.Errorf("%s: %q says nothing about what is inside", path, word)
		}
	}
}
