package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"strings"
	"time"
	"unicode/utf8"
)

// report is what one bench found.
type report struct {
	Bench   string   `json:"bench"`
	Command []string `json:"command"`
	Date    string   `json:"date"`
	Machine machine  `json:"machine"`
	// Method says how the numbers came about, for somebody who does not trust them.
	Method []string `json:"method"`
	Tables []table  `json:"tables"`
	// Raw holds the single runs; its shape is the bench's own.
	Raw any `json:"raw,omitempty"`
}

// table is a head and rows; cells are numbers or text.
type table struct {
	Title string   `json:"title"`
	Head  []string `json:"head"`
	Rows  [][]any  `json:"rows"`
}

// machine is what the numbers were taken on.
type machine struct {
	OS     string `json:"os"`
	Arch   string `json:"arch"`
	CPUs   int    `json:"cpus"`
	Model  string `json:"model,omitempty"`
	Kernel string `json:"kernel,omitempty"`
	Load   string `json:"load,omitempty"` // one, five, fifteen minutes
	Go     string `json:"go"`
}

func today() string { return time.Now().UTC().Format(time.RFC3339) }

func thisMachine() machine {
	m := machine{OS: runtime.GOOS, Arch: runtime.GOARCH, CPUs: runtime.NumCPU(), Go: runtime.Version()}
	if b, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(b)) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				m.Model = strings.TrimSpace(value)
				break
			}
		}
	}
	if b, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		m.Kernel = strings.TrimSpace(string(b))
	}
	if b, err := os.ReadFile("/proc/loadavg"); err == nil {
		m.Load = strings.Join(strings.Fields(string(b))[:3], " ")
	}
	return m
}

// writeReports writes a JSON array, one element for each bench.
func writeReports(file string, reports []*report) error {
	for _, r := range reports {
		r.dropInfinite()
	}
	b, err := json.MarshalIndent(reports, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(b, '\n'), 0o644)
}

// dropInfinite replaces what JSON has no word for by null.
func (r *report) dropInfinite() {
	for _, t := range r.Tables {
		for _, row := range t.Rows {
			for i, c := range row {
				if f, ok := c.(float64); ok && (math.IsInf(f, 0) || math.IsNaN(f)) {
					row[i] = nil
				}
			}
		}
	}
}

func (r *report) print(w io.Writer) {
	fmt.Fprintf(w, "\n%s, %s, %s %s, %d processors (%s), load %s\n", r.Bench, r.Date, r.Machine.OS, r.Machine.Arch, r.Machine.CPUs, r.Machine.Model, r.Machine.Load)
	for _, m := range r.Method {
		fmt.Fprintln(w, " ", m)
	}
	for _, t := range r.Tables {
		fmt.Fprintf(w, "\n%s\n", t.Title)
		t.print(w)
	}
}

// print aligns the first column to the left and the others to the right.
func (t *table) print(w io.Writer) {
	lines := [][]string{t.Head}
	for _, row := range t.Rows {
		cells := make([]string, len(row))
		for i, c := range row {
			cells[i] = cell(c)
		}
		lines = append(lines, cells)
	}
	width := make([]int, len(t.Head))
	for _, l := range lines {
		for i, c := range l {
			width[i] = max(width[i], utf8.RuneCountInString(c))
		}
	}
	for n, l := range lines {
		var b strings.Builder
		for i, c := range l {
			pad := strings.Repeat(" ", width[i]-utf8.RuneCountInString(c))
			if i == 0 {
				b.WriteString(c + pad)
			} else {
				b.WriteString("  " + pad + c)
			}
		}
		fmt.Fprintln(w, strings.TrimRight(b.String(), " "))
		if n == 0 {
			fmt.Fprintln(w, strings.Repeat("-", max(1, b.Len())))
		}
	}
}

func cell(v any) string {
	switch v := v.(type) {
	case float64:
		switch {
		case math.IsInf(v, 0) || math.IsNaN(v):
			return fmt.Sprint(v)
		case v >= 1000:
			return fmt.Sprintf("%.0f", v)
		case v >= 10:
			return fmt.Sprintf("%.1f", v)
		default:
			return fmt.Sprintf("%.2f", v)
		}
	case time.Duration:
		return fmt.Sprintf("%.2f ms", float64(v)/1e6)
	default:
		return fmt.Sprint(v)
	}
}
