package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"time"
)

// playersCommand is how bench runs itself as many players, in a process of its own: so that those who measure have theirs
// to themselves.
const playersCommand = "live-players"

// playersTask is what the process is told in its first line.
type playersTask struct {
	Address string // rtmp:// or http://….flv to watch; anything else is fetched again and again
	Fetch   bool
	Count   int
}

// playersTally is what it says when it is asked.
type playersTally struct {
	Open     int64 // connections
	Bytes    int64
	Requests int64
	Failed   int64
	Error    string
}

// players is such a process.
type players struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *json.Decoder
}

// startPlayers returns when all of them watch.
func startPlayers(ctx context.Context, task playersTask) (*players, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &players{cmd: exec.CommandContext(ctx, self, playersCommand)}
	p.cmd.Stderr = os.Stderr
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.out = json.NewDecoder(out)
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	if err := json.NewEncoder(p.in).Encode(task); err != nil {
		return nil, err
	}
	t, err := p.tally()
	if err == nil && t.Error != "" {
		err = errors.New(t.Error)
	}
	if err != nil {
		p.stop()
		return nil, fmt.Errorf("%d players of %s: %w", task.Count, task.Address, err)
	}
	return p, nil
}

// tally asks how far they are.
func (p *players) tally() (t playersTally, err error) {
	if _, err = io.WriteString(p.in, "\n"); err == nil {
		err = p.out.Decode(&t)
	}
	return t, err
}

func (p *players) stop() {
	p.in.Close() // that ends it
	p.cmd.Wait()
}

// crowd is what the process does.
type crowd struct {
	playersTally // but for Error: atomic
	conns        sync.Map
}

// servePlayers is the process: it begins with a task and answers each line with a tally, until there are no more.
func servePlayers(ctx context.Context, in io.Reader, out io.Writer) error {
	lines := bufio.NewScanner(in)
	if !lines.Scan() {
		return errors.New(playersCommand + " is started by the bench itself")
	}
	var task playersTask
	if err := json.Unmarshal(lines.Bytes(), &task); err != nil {
		return err
	}
	c := &crowd{}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	failed := c.gather(ctx, task)
	for lines.Scan() {
		t := playersTally{Open: atomic.LoadInt64(&c.Open), Bytes: atomic.LoadInt64(&c.Bytes), Requests: atomic.LoadInt64(&c.Requests), Failed: atomic.LoadInt64(&c.Failed)}
		if failed != nil {
			t.Error = failed.Error()
		}
		if err := json.NewEncoder(out).Encode(t); err != nil {
			return err
		}
	}
	return nil
}

// gather connects all players, some at a time; they play on when it returns.
func (c *crowd) gather(ctx context.Context, task playersTask) error {
	const atOnce = 8
	var next atomic.Int64
	errs := make(chan error, atOnce)
	for range atOnce {
		go func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= task.Count {
					errs <- nil
					return
				}
				if err := c.join(ctx, i, task); err != nil {
					errs <- fmt.Errorf("player %d: %w", i+1, err)
					return
				}
			}
		}()
	}
	var all error
	for range atOnce {
		all = errors.Join(all, <-errs)
	}
	return all
}

func (c *crowd) join(ctx context.Context, i int, task playersTask) error {
	var nc net.Conn
	var err error
	switch {
	case task.Fetch:
		u, err := url.Parse(task.Address)
		if err != nil {
			return err
		}
		d := net.Dialer{Timeout: rtmpTimeout, LocalAddr: localAddress(i * perAddress)}
		if nc, err = d.DialContext(ctx, "tcp", u.Host); err != nil {
			return err
		}
		go c.fetch(nc, u)
	case isRTMP(task.Address):
		var peer *rtmpPeer
		if peer, err = dialRTMP(ctx, i, task.Address, false); err != nil {
			return err
		}
		nc = peer.nc
		go c.watch(nc, make([]byte, 16<<10))
	default:
		if nc, err = dialFLV(ctx, i, task.Address); err != nil {
			return err
		}
		buf := make([]byte, 16<<10)
		if _, err := skipHead(nc, buf); err != nil {
			return err
		}
		go c.watch(nc, buf)
	}
	c.conns.Store(nc, nil) // so that it is not collected, which would close it
	atomic.AddInt64(&c.Open, 1)
	return nil
}

// watch reads to the end.
func (c *crowd) watch(nc net.Conn, buf []byte) {
	for {
		n, err := nc.Read(buf)
		atomic.AddInt64(&c.Bytes, int64(n))
		if err != nil {
			atomic.AddInt64(&c.Open, -1)
			return
		}
	}
}

// fetch asks for one address again and again.
func (c *crowd) fetch(nc net.Conn, u *url.URL) {
	ask := fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", u.RequestURI(), u.Host)
	r := bufio.NewReaderSize(nc, 64<<10)
	for {
		if _, err := nc.Write(ask); err != nil {
			break
		}
		resp, err := http.ReadResponse(r, nil)
		if err != nil {
			break
		}
		n, err := io.Copy(io.Discard, resp.Body)
		if err != nil {
			break
		}
		atomic.AddInt64(&c.Bytes, n)
		atomic.AddInt64(&c.Requests, 1)
		if resp.StatusCode != http.StatusOK {
			atomic.AddInt64(&c.Failed, 1)
		}
	}
	atomic.AddInt64(&c.Open, -1)
}

// skipHead reads the head of an answer that says yes, and returns what came behind it, in buf.
func skipHead(nc net.Conn, buf []byte) ([]byte, error) {
	nc.SetReadDeadline(time.Now().Add(rtmpTimeout))
	defer nc.SetReadDeadline(time.Time{})
	for n := 0; ; {
		k, err := nc.Read(buf[n:])
		if err != nil {
			return nil, err
		}
		n += k
		head, rest, ok := bytes.Cut(buf[:n], []byte("\r\n\r\n"))
		switch {
		case ok && bytes.HasPrefix(head, []byte("HTTP/1.1 200 ")):
			return rest, nil
		case ok || n == len(buf):
			return nil, fmt.Errorf("%q", head[:min(len(head), 200)])
		}
	}
}
