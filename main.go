// Command synctv is the whole server: see README.md.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	os.Exit(command(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr))
}

const usage = `SyncTV: watch together, on the same frame.

Usage:
  synctv                      start the server
  synctv config [--markdown]  print the configuration in effect, or the page that documents it
  synctv health               ask a running server whether it is ready; exit 0 when it is
  synctv version              print the version

Everything is configured by environment variables; see docs/configuration.md.
`

// command is main without the process: it returns the exit code. 2 means that the call or the
// configuration is wrong, 1 that something failed.
func command(ctx context.Context, args, environ []string, stdout, stderr io.Writer) int {
	name := ""
	if len(args) > 0 {
		name, args = args[0], args[1:]
	}
	if name == "config" && len(args) == 1 && args[0] == "--markdown" {
		return exit(WriteConfigMarkdown(stdout), stderr)
	}
	if len(args) > 0 {
		name = "help"
	}
	switch name {
	case "", "serve", "config", "health":
	case "version":
		fmt.Fprintln(stdout, version())
		return 0
	default:
		fmt.Fprint(stderr, usage)
		return 2
	}
	cfg, warnings, err := LoadConfig(environ)
	if err != nil {
		fmt.Fprintf(stderr, "The configuration has mistakes:\n\n%v\n", err)
		return 2
	}
	switch name {
	case "config":
		return exit(PrintConfig(stdout, cfg), stderr)
	case "health":
		return exit(askHealth(ctx, cfg), stderr)
	}
	log := newLogger(cfg.Log, stderr)
	for _, w := range warnings {
		log.Warn(w)
	}
	return exit(serve(ctx, cfg, log, stdout), stderr)
}

func exit(err error, stderr io.Writer) int {
	if err != nil {
		fmt.Fprintln(stderr, "synctv:", err)
		return 1
	}
	return 0
}
