// Command bench measures SyncTV as it is used: the real program in a process of its own, real
// clients, traffic over 127.0.0.1 only. Each subcommand prints a table and, with -json, writes
// what was measured, how, and on which machine.
//
//	go run ./bench sync -runs 10
//	go run ./bench fanout -connections 100,1000
//	go run ./bench start
//	go run ./bench all
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
		{"live", "publishers, viewers over FLV and RTMP, HLS, latency; beside nginx-rtmp", setupLive},
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
	if args[0] == playersCommand {
		return servePlayers(ctx, os.Stdin, out)
	}
	var chosen []bench
	for _, b := range benches() {
		if b.name == args[0] || args[0] == "all" {
			chosen = append(chosen, b)
		}
	}
	if len(chosen) > 0 {
		return runAll(ctx, args[0], chosen, args[1:], out)
	}
	usage(out)
	return fmt.Errorf("there is no bench %q", args[0])
}

func usage(out io.Writer) {
	fmt.Fprintln(out, "Usage: go run ./bench <name> [flags]; -h after a name lists its flags.")
	for _, b := range benches() {
		fmt.Fprintf(out, "  %-8s %s\n", b.name, b.short)
	}
	fmt.Fprintf(out, "  %-8s %s\n", "all", "all of them, as they are without flags")
}

// runAll runs one bench with its flags, or several with the flags that all of them have.
func runAll(ctx context.Context, name string, chosen []bench, args []string, out io.Writer) error {
	fs := flag.NewFlagSet("bench "+name, flag.ContinueOnError)
	fs.SetOutput(out)
	jsonFile := fs.String("json", "", "write the reports to this `file` too")
	program := fs.String("program", "", "measure this `binary` and do not build one")
	var todo []func(context.Context, env) (*report, error)
	for _, b := range chosen {
		own := fs
		if len(chosen) > 1 { // their own flags would meet each other; they keep their defaults
			own = flag.NewFlagSet(b.name, flag.ContinueOnError)
		}
		todo = append(todo, b.setup(own))
	}
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
	var reports []*report
	for i, do := range todo {
		r, err := do(ctx, e)
		if err != nil {
			return fmt.Errorf("%s: %w", chosen[i].name, err)
		}
		r.Bench, r.Date, r.Machine = chosen[i].name, today(), thisMachine()
		r.Command = append([]string{"go", "run", "./bench", name}, args...)
		r.print(out)
		reports = append(reports, r)
	}
	if *jsonFile == "" {
		return nil
	}
	return writeReports(*jsonFile, reports)
}
