package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"time"
)

func setupStart(fs *flag.FlagSet) func(context.Context, env) (*report, error) {
	runs := fs.Int("runs", 10, "how often to start")
	return func(ctx context.Context, e env) (*report, error) { return start(ctx, e, *runs) }
}

// startResult is everything measured.
type startResult struct {
	FirstMS    float64   `json:"firstMs"` // with an empty data folder
	ReadyMS    []float64 `json:"readyMs"` // with the database in place
	StopMS     []float64 `json:"stopMs"`
	IdleRSS    []int64   `json:"idleRssBytes"`
	IdleCPU    float64   `json:"idleCpuPercent"`
	BinarySize int64     `json:"binaryBytes"`
	Scripts    int       `json:"scripts"`
	ScriptsBR  int64     `json:"scriptBytesBrotli"`
	ScriptsGZ  int64     `json:"scriptBytesGzip"`
}

func start(ctx context.Context, e env, runs int) (*report, error) {
	if runs < 1 {
		return nil, errors.New("runs is at least 1")
	}
	s, err := newServer(e.program, "SYNCTV_LOG_LEVEL=warn")
	if err != nil {
		return nil, err
	}
	defer s.remove()
	var r startResult
	if info, err := os.Stat(e.program); err == nil {
		r.BinarySize = info.Size()
	}
	for i := range runs + 1 {
		took, err := s.start(ctx)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			r.FirstMS = float64(took) / 1e6
		} else if err := r.look(ctx, s, took, i == runs); err != nil {
			return nil, err
		}
		begun := time.Now()
		if err := s.stop(); err != nil {
			return nil, fmt.Errorf("stopping: %w\n%s", err, s.log)
		}
		r.StopMS = append(r.StopMS, float64(time.Since(begun))/1e6)
	}
	return r.report(runs), nil
}

// look measures a server that was just started; the last one for longer.
func (r *startResult) look(ctx context.Context, s *server, took time.Duration, last bool) error {
	r.ReadyMS = append(r.ReadyMS, float64(took)/1e6)
	rest(ctx, time.Second)
	u, err := usageOf(s.pid())
	if err != nil {
		return err
	}
	r.IdleRSS = append(r.IdleRSS, u.RSS)
	if !last {
		return nil
	}
	rest(ctx, 5*time.Second)
	later, err := usageOf(s.pid())
	if err != nil {
		return err
	}
	r.IdleCPU = 100 * (later.CPU - u.CPU).Seconds() / 5
	if r.Scripts, r.ScriptsBR, err = firstPage(ctx, s.url, "br"); err != nil {
		return err
	}
	_, r.ScriptsGZ, err = firstPage(ctx, s.url, "gzip")
	return err
}

func (r *startResult) report(runs int) *report {
	slices.Sort(r.ReadyMS)
	slices.Sort(r.StopMS)
	slices.Sort(r.IdleRSS)
	mib := func(n int64) float64 { return float64(n) / (1 << 20) }
	return &report{Raw: r, Method: []string{
		fmt.Sprintf("The binary is started on an existing SQLite database %d times and asked for /health/ready over a new connection each half millisecond; exec is included.", runs),
		"Memory is VmRSS one second after that. Scripts are those index.html loads and what these import, as they travel, without headers.",
	}, Tables: []table{{Title: "Start", Head: []string{"", "median", "worst"}, Rows: [][]any{
		{"ready after, ms", middle(r.ReadyMS), r.ReadyMS[len(r.ReadyMS)-1]},
		{"ready after on an empty folder, ms", r.FirstMS, r.FirstMS},
		{"stopped after, ms", middle(r.StopMS), r.StopMS[len(r.StopMS)-1]},
		{"memory at rest, MiB", mib(middle(r.IdleRSS)), mib(r.IdleRSS[len(r.IdleRSS)-1])},
		{"processor at rest, %", r.IdleCPU, r.IdleCPU},
		{"binary, MiB", mib(r.BinarySize), mib(r.BinarySize)},
		{fmt.Sprintf("first page, %d scripts, kB (brotli)", r.Scripts), float64(r.ScriptsBR) / 1000, float64(r.ScriptsBR) / 1000},
		{"the same, kB (gzip)", float64(r.ScriptsGZ) / 1000, float64(r.ScriptsGZ) / 1000},
	}}}}
}

// middle is the median of sorted values, the lower one of two.
func middle[T any](sorted []T) T { return sorted[(len(sorted)-1)/2] }

var (
	pageScript = regexp.MustCompile(`(?:src|href)="[^"]*?(assets/[\w.-]+\.js)"`)
	imported   = regexp.MustCompile(`(?:from|import)\s*["']\./([\w.-]+\.js)["']`)
)

// firstPage follows index.html's scripts and their static imports and adds up their bytes on the wire.
func firstPage(ctx context.Context, base, encoding string) (files int, total int64, err error) {
	page, _, err := fetch(ctx, base+"/", "")
	if err != nil {
		return 0, 0, err
	}
	var todo []string
	for _, m := range pageScript.FindAllStringSubmatch(string(page), -1) {
		todo = append(todo, m[1])
	}
	seen := map[string]bool{}
	for len(todo) > 0 {
		name := todo[0]
		todo = todo[1:]
		if seen[name] {
			continue
		}
		seen[name] = true
		_, wire, err := fetch(ctx, base+"/"+name, encoding)
		if err != nil {
			return 0, 0, err
		}
		total += wire
		text, _, err := fetch(ctx, base+"/"+name, "")
		if err != nil {
			return 0, 0, err
		}
		for _, m := range imported.FindAllStringSubmatch(string(text), -1) {
			todo = append(todo, "assets/"+m[1])
		}
	}
	if len(seen) == 0 {
		return 0, 0, errors.New("the first page has no scripts: was the web client built?")
	}
	return len(seen), total, nil
}

// fetch gets an address with one Accept-Encoding and returns the bytes as they came.
func fetch(ctx context.Context, url, encoding string) ([]byte, int64, error) {
	req, err := http.NewRequestWithContext(ctx, "GET", url, nil)
	if err != nil {
		return nil, 0, err
	}
	// Set by hand, net/http leaves the body as it is.
	if encoding == "" {
		encoding = "identity"
	}
	req.Header.Set("Accept-Encoding", encoding)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, 0, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, 16<<20))
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", url, res.Status)
	}
	return b, int64(len(b)), err
}
