// Command bench measures SyncTV as it is used: the real program in a process of its own, real
// clients, traffic over 127.0.0.1 only. Each subcommand prints a table and, with -json, writes
// what was measured, how, and on which machine.
//
//	go run ./bench sync -runs 10
//	go run ./bench fanout -connections 100,1000
//	go run ./bench start
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// bench is one subcommand.
type bench struct {
	name  string
	short string
	// setup registers the subcommand's flags and returns what runs it.
	setup func(fs *flag.FlagSet) func(ctx context.Context, env env) (*report, error)
}

// env is what every subcommand gets.
type env struct {
	root    string // the repository
	program string // the server's binary; built when it was not given
	out     io.Writer
}

func benches() []bench {
	return []bench{
		{"sync", "how far apart three browsers are, on three kinds of network", setupSync},
		{"fanout", "one chat message to many WebSockets of one room: latency, processor time, memory", setupFanout},
		{"start", "from the start of the process to its first answer; memory at rest; weight of the first page", setupStart},
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "bench:", err)
		}
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	if len(args) == 0 {
		usage(out)
		return errors.New("say which bench")
	}
	for _, b := range benches() {
		if b.name == args[0] {
			return runOne(ctx, b, args[1:], out)
		}
	}
	usage(out)
	return fmt.Errorf("there is no bench %q", args[0])
}

func usage(out io.Writer) {
	fmt.Fprintln(out, "Usage: go run ./bench <name> [flags]; -h after a name lists its flags.")
	for _, b := range benches() {
		fmt.Fprintf(out, "  %-8s %s\n", b.name, b.short)
	}
}

func runOne(ctx context.Context, b bench, args []string, out io.Writer) error {
	fs := flag.NewFlagSet("bench "+b.name, flag.ContinueOnError)
	fs.SetOutput(out)
	jsonFile := fs.String("json", "", "write the report to this `file` too")
	program := fs.String("program", "", "measure this `binary` and do not build one")
	do := b.setup(fs)
	if err := fs.Parse(args); err != nil {
		return err
	}
	if fs.NArg() > 0 {
		return fmt.Errorf("what is %q?", fs.Arg(0))
	}
	root, err := repository()
	if err != nil {
		return err
	}
	e := env{root: root, program: *program, out: out}
	if e.program == "" {
		if e.program, err = build(ctx, root); err != nil {
			return err
		}
	}
	r, err := do(ctx, e)
	if err != nil {
		return err
	}
	r.Bench = b.name
	r.Command = append([]string{"go", "run", "./bench", b.name}, args...)
	r.Date = today()
	r.Machine = thisMachine()
	r.print(out)
	if *jsonFile == "" {
		return nil
	}
	return r.write(*jsonFile)
}
