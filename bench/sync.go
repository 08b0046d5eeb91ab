package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"
)

func setupSync(fs *flag.FlagSet) func(context.Context, env) (*report, error) {
	runs := fs.Int("runs", 10, "runs on each network")
	networks := fs.String("networks", "lan,wan,mixed", "which networks, a `list`")
	return func(ctx context.Context, e env) (*report, error) { return syncBench(ctx, e, *runs, *networks) }
}

// syncFile is what e2e/browser/sync.mjs writes.
type syncFile struct {
	OK   bool `json:"ok"`
	Data struct {
		Runs  []syncRun       `json:"runs"`
		Stall json.RawMessage `json:"stall"`
	} `json:"data"`
	Broken string `json:"broken"`
}

// syncRun is one viewing of three pages. A number that JSON cannot hold, "never", is null there.
type syncRun struct {
	Network string `json:"network"`
	Liar    bool   `json:"liar"`
	Steady  struct {
		P50, P95, P99, Max *float64
	} `json:"steady"`
	Settle struct {
		Play, Join, Seek, Again, Resume *float64
	} `json:"settle"`
	Paused struct {
		Pages, Room *float64
	} `json:"paused"`
	RateChangesPerMin *float64 `json:"rateChangesPerMin"`
	WorstRatePercent  *float64 `json:"worstRatePercent"`
	CPU               *struct {
		Foreign float64 `json:"foreign"`
	} `json:"cpu"`
}

func syncBench(ctx context.Context, e env, runs int, networks string) (*report, error) {
	if runs < 1 {
		return nil, errors.New("runs is at least 1")
	}
	dir, err := os.MkdirTemp("", "synctv-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "sync.json")
	cmd := exec.CommandContext(ctx, "node", filepath.Join(e.root, "e2e", "browser", "sync.mjs"), "--runs", strconv.Itoa(runs), "--networks", networks, "--json", file)
	cmd.Env = append(os.Environ(), "SYNCTV_BINARY="+e.program, "E2E_TIMEOUT_S="+strconv.Itoa(300+runs*150))
	cmd.Stdout, cmd.Stderr = e.out, e.out
	// The driver closes its browser and servers when it is asked to.
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 20 * time.Second
	runErr := cmd.Run()
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, errors.Join(runErr, err)
	}
	var f syncFile
	if err := json.Unmarshal(b, &f); err != nil {
		return nil, err
	}
	if f.Broken != "" {
		return nil, fmt.Errorf("the browser run broke: %s", f.Broken)
	}
	if len(f.Data.Runs) == 0 {
		return nil, errors.New("no run was recorded")
	}
	return syncReport(f), nil
}

func syncReport(f syncFile) *report {
	r := &report{Raw: f.Data, Method: []string{
		"Three headless Chromium contexts on this machine, the real server, one delay line per WebSocket: lan 1 ms; wan 100 ms round trip and 0 to 30 ms more each way; mixed 1, 100 and 250 ms with 0.5, 30 and 120.",
		"Two play, a third joins 5 s later, then a seek to where nothing is buffered, a pause, a resume. Skew is the widest distance of currentTime between pages on a 20 ms grid, by the machine's clock, which the product does not use.",
		"Steady is everything but 2 s after each event (3 s after the join). Settled means that all play within 40 ms of each other for a whole second, from the key press or tap on; after a seek, which may have to wait for bytes, that all show the same frame, and \"playing again\" that they go on together.",
		"In every second run one page's wall clock is an hour wrong.",
	}}
	skew := table{Title: "Skew in steady windows, ms", Head: []string{"network", "runs", "p50", "p95", "worst p95", "max", "rate changes/min", "worst rate %", "paused error", "others' CPU %"}}
	settle := table{Title: "Settled after, ms: median / p95 / max over the runs", Head: []string{"network", "play", "join", "seek", "playing again", "resume"}}
	for _, network := range []string{"lan", "wan", "mixed"} {
		var runs []syncRun
		for _, x := range f.Data.Runs {
			if x.Network == network {
				runs = append(runs, x)
			}
		}
		if len(runs) == 0 {
			continue
		}
		of := func(get func(syncRun) *float64) []float64 { return sortedOf(runs, get) }
		p95 := of(func(x syncRun) *float64 { return x.Steady.P95 })
		skew.Rows = append(skew.Rows, []any{network, len(runs),
			at(of(func(x syncRun) *float64 { return x.Steady.P50 }), .5), at(p95, .5), at(p95, 1),
			at(of(func(x syncRun) *float64 { return x.Steady.Max }), 1),
			at(of(func(x syncRun) *float64 { return x.RateChangesPerMin }), .5),
			at(of(func(x syncRun) *float64 { return x.WorstRatePercent }), 1),
			at(of(func(x syncRun) *float64 { return x.Paused.Pages }), 1),
			100 * at(of(func(x syncRun) *float64 {
				if x.CPU == nil {
					return nil
				}
				return &x.CPU.Foreign
			}), .5)})
		three := func(get func(syncRun) *float64) string {
			v := of(get)
			return fmt.Sprintf("%.0f / %.0f / %.0f", at(v, .5), at(v, .95), at(v, 1))
		}
		settle.Rows = append(settle.Rows, []any{network,
			three(func(x syncRun) *float64 { return x.Settle.Play }), three(func(x syncRun) *float64 { return x.Settle.Join }),
			three(func(x syncRun) *float64 { return x.Settle.Seek }), three(func(x syncRun) *float64 { return x.Settle.Again }),
			three(func(x syncRun) *float64 { return x.Settle.Resume })})
	}
	r.Tables = []table{skew, settle}
	return r
}

// sortedOf takes one number of each run; what is null counts as infinite.
func sortedOf(runs []syncRun, get func(syncRun) *float64) []float64 {
	out := make([]float64, len(runs))
	for i, x := range runs {
		out[i] = math.Inf(1)
		if v := get(x); v != nil {
			out[i] = *v
		}
	}
	slices.Sort(out)
	return out
}

// at is the q-th part of sorted values, 0 to 1, between the neighbours.
func at(sorted []float64, q float64) float64 {
	x := q * float64(len(sorted)-1)
	lo, hi := sorted[int(math.Floor(x))], sorted[int(math.Ceil(x))]
	if lo == hi { // also when both are infinite
		return lo
	}
	return lo + (hi-lo)*(x-math.Floor(x))
}
