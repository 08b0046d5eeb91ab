package main

import (
	"bytes"
	"encoding/json"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestHistogramQuantiles(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var h, other histogram
	var all []time.Duration
	for i := range 20_000 {
		d := time.Duration(math.Exp(rng.Float64()*20)) + 1
		all = append(all, d)
		if i%2 == 0 {
			h.record(d)
		} else {
			other.record(d)
		}
	}
	h.merge(&other)
	slices.Sort(all)
	for _, q := range []float64{0.01, 0.5, 0.95, 0.99, 1} {
		want := all[max(0, int(math.Ceil(q*float64(len(all))))-1)]
		got := h.quantile(q)
		if diff := math.Abs(float64(got-want)) / float64(want); diff > 0.02 && want > subs {
			t.Errorf("quantile %v is %v, want %v", q, got, want)
		}
	}
	if h.n != 20_000 || h.max != all[len(all)-1] {
		t.Errorf("n %d max %v", h.n, h.max)
	}
	var empty histogram
	if empty.quantile(.5) != 0 {
		t.Error("an empty histogram has values")
	}
}

func TestBucketsHoldTheirValues(t *testing.T) {
	for _, v := range []uint64{0, 1, 63, 64, 65, 127, 128, 1 << 20, 1<<20 + 12345, 1 << 40} {
		b := bucketOf(v)
		if v < lowOf(b) || v >= lowOf(b+1) {
			t.Errorf("%d is in bucket %d, from %d to %d", v, b, lowOf(b), lowOf(b+1))
		}
	}
	var h histogram
	h.record(-time.Second)
	h.record(time.Duration(math.MaxInt64))
	if h.n != 2 || h.quantile(0.5) != 0 {
		t.Error("the ends do not fit")
	}
}

func TestProcParsing(t *testing.T) {
	stat := "12 (a) b) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0 20 0"
	cpu, err := parseStat([]byte(stat))
	if err != nil || cpu != 2*time.Second {
		t.Errorf("cpu %v, %v", cpu, err)
	}
	for _, bad := range []string{"", "12 (x", "1 (x) S 1", "1 (x) S 1 2 3 4 5 6 7 8 9 10 a b 0"} {
		if _, err := parseStat([]byte(bad)); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
	rss, err := parseRSS([]byte("Name:\tx\nVmRSS:\t    2048 kB\nThreads: 1\n"))
	if err != nil || rss != 2<<20 {
		t.Errorf("rss %v, %v", rss, err)
	}
	if _, err := parseRSS([]byte("Name:\tx\n")); err == nil {
		t.Error("a status without VmRSS was taken")
	}
}

func TestFramesAcrossAPipe(t *testing.T) {
	for _, size := range []int{0, 1, 125, 126, 65535, 65536, 70_000} {
		want := bytes.Repeat([]byte("x"), size)
		masked := appendFrame(nil, opBinary, want)
		// The server's side: the same without the mask.
		plain := unmask(t, masked)
		c := pipeClient(plain)
		op, got, err := c.read()
		if err != nil || op != opBinary || !bytes.Equal(got, want) {
			t.Errorf("%d bytes: op %d, %d bytes, %v", size, op, len(got), err)
		}
	}
	if _, _, err := pipeClient([]byte{0x82, 0x81, 1, 2, 3, 4, 5}).read(); err == nil {
		t.Error("a masked frame of a server was taken")
	}
	if _, _, err := pipeClient([]byte{0x82, 127, 0xff, 0, 0, 0, 0, 0, 0, 0}).read(); err == nil {
		t.Error("a frame of 2^63 bytes was taken")
	}
}

func pipeClient(in []byte) *wsClient {
	a, b := net.Pipe()
	go func() { b.Write(in); b.Close() }()
	return newWSClient(a)
}

// unmask turns a client's frame into a server's.
func unmask(t *testing.T, f []byte) []byte {
	t.Helper()
	head := 2
	switch f[1] & 0x7f {
	case 126:
		head = 4
	case 127:
		head = 10
	}
	mask := f[head : head+4]
	out := append([]byte{f[0], f[1] &^ 0x80}, f[2:head]...)
	for i, c := range f[head+4:] {
		out = append(out, c^mask[i&3])
	}
	return out
}

func TestAcceptIsTheOneOfTheRFC(t *testing.T) {
	if got := acceptOf("dGhlIHNhbXBsZSBub25jZQ=="); got != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" {
		t.Error(got)
	}
}

func TestStamps(t *testing.T) {
	for _, c := range []struct {
		in   string
		want int64
		ok   bool
	}{
		{"..due:1795297131150484000 0001", 1795297131150484000, true},
		{"due:17952971311504840", 0, false},
		{"due:abcdefghijklmnopqrs", 0, false},
		{"", 0, false},
	} {
		got, ok := dueOf([]byte(c.in))
		if ok != c.ok || (ok && got != c.want) {
			t.Errorf("%q: %d %t", c.in, got, ok)
		}
	}
}

func TestReportIsReadable(t *testing.T) {
	r := report{Bench: "x", Method: []string{"by hand"}, Tables: []table{{Title: "T", Head: []string{"名", "n"}, Rows: [][]any{{"a", 1.5}, {"bb", 12345.6}, {"c", time.Millisecond}}}}}
	var b strings.Builder
	r.print(&b)
	for _, want := range []string{"by hand", "1.50", "12346", "1.00 ms"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, &b)
		}
	}
	file := t.TempDir() + "/r.json"
	r.Tables[0].Rows = append(r.Tables[0].Rows, []any{"never", math.Inf(1)})
	if err := writeReports(file, []*report{&r}); err != nil {
		t.Fatal(err)
	}
}

func TestUnknownIsSaid(t *testing.T) {
	for _, args := range [][]string{nil, {"nothing"}, {"start", "-nope"}, {"start", "extra"}} {
		if err := run(t.Context(), args, io.Discard); err == nil {
			t.Errorf("%q was taken", args)
		}
	}
	if _, err := counts("1,x"); err == nil {
		t.Error("a list with x was taken")
	}
}

func TestSyncReportReadsNever(t *testing.T) {
	const in = `{"ok":false,"data":{"runs":[
		{"network":"lan","steady":{"p50":1,"p95":4,"p99":5,"max":6},"settle":{"play":100,"join":200,"seek":null,"resume":80},"paused":{"pages":0,"room":0},"rateChangesPerMin":2,"worstRatePercent":1},
		{"network":"lan","liar":true,"steady":{"p50":3,"p95":6,"p99":7,"max":8},"settle":{"play":120,"join":220,"seek":300,"resume":90},"paused":{"pages":0,"room":0},"rateChangesPerMin":4,"worstRatePercent":2,"cpu":{"foreign":0.5}}]}}`
	var f syncFile
	if err := json.Unmarshal([]byte(in), &f); err != nil {
		t.Fatal(err)
	}
	r := syncReport(f)
	var b strings.Builder
	r.print(&b)
	if !strings.Contains(b.String(), "+Inf") || !strings.Contains(b.String(), "5.00") {
		t.Error(b.String())
	}
	if at([]float64{1, 2, 3}, .5) != 2 || at([]float64{7}, .95) != 7 || !math.IsInf(at([]float64{1, math.Inf(1), math.Inf(1)}, 1), 1) {
		t.Error("at is wrong")
	}
}
