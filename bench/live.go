package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"
)

type liveOptions struct {
	viewers    string
	publishers string
	seconds    float64
	peer       bool
}

func setupLive(fs *flag.FlagSet) func(context.Context, env) (*report, error) {
	var o liveOptions
	fs.StringVar(&o.viewers, "viewers", "100,1000", "players of one stream, a `list`; each gets a server of its own")
	fs.StringVar(&o.publishers, "publishers", "20,60", "streams published at once, at most 120, a `list`; each gets a server of its own")
	fs.Float64Var(&o.seconds, "seconds", 10, "how long to measure each")
	fs.BoolVar(&o.peer, "nginx", true, "measure nginx-rtmp beside it")
	return func(ctx context.Context, e env) (*report, error) { return live(ctx, e, o) }
}

// liveResult is everything that was measured.
type liveResult struct {
	FeedKbit   float64            `json:"feedKbitPerS"`
	Viewers    []viewersResult    `json:"viewers"`
	Beside     []besideResult     `json:"beside"`
	Publishers []publishersResult `json:"publishers"`
	Parts      partsResult        `json:"parts"`
	Requests   []requestsResult   `json:"requests"`
}

// liveBench is one run.
type liveBench struct {
	env
	o       liveOptions
	feed    *feed
	openers []func(ctx context.Context, streams int) (*liveTarget, error)
	result  liveResult
}

func live(ctx context.Context, e env, o liveOptions) (*report, error) {
	viewers, err1 := counts(o.viewers)
	publishers, err2 := counts(o.publishers)
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	if o.seconds < 1 || max(0, publishers[len(publishers)-1]) > 120 {
		return nil, errors.New("seconds is at least 1, publishers at most 120")
	}
	dir, err := os.MkdirTemp("", "synctv-bench-live-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	b := &liveBench{env: e, o: o}
	if b.feed, err = makeFeed(ctx, dir); err != nil {
		return nil, err
	}
	b.result.FeedKbit = b.feed.bits / 1000
	b.openers = append(b.openers, func(ctx context.Context, n int) (*liveTarget, error) { return openSyncTV(ctx, e, n) })
	if _, err := nginxModule(); err != nil {
		fmt.Fprintln(e.out, err)
	} else if o.peer {
		b.openers = append(b.openers, openNginx)
	}
	if err := b.measure(ctx, viewers, publishers); err != nil {
		return nil, err
	}
	return b.result.report(o), ctx.Err()
}

// measure does everything, the peers right behind each other.
func (b *liveBench) measure(ctx context.Context, viewers, publishers []int) error {
	for _, n := range viewers {
		for _, open := range b.openers {
			for _, over := range []string{"FLV", "RTMP"} {
				if err := b.viewers(ctx, open, over, n); err != nil {
					return err
				}
			}
		}
	}
	if len(b.openers) > 1 {
		if err := b.beside(ctx); err != nil {
			return err
		}
	}
	for _, n := range publishers {
		for _, open := range b.openers {
			if err := b.publishers(ctx, open, n); err != nil {
				return err
			}
		}
	}
	for _, open := range b.openers {
		if err := b.playlists(ctx, open); err != nil {
			return err
		}
	}
	return nil
}

// span is what a server took over some time.
type span struct {
	cpu float64 // percent of one processor
	rss int64   // bytes, at the end
}

// during measures a target for so long.
func during(ctx context.Context, t *liveTarget, long time.Duration) (span, error) {
	spans, err := duringAll(ctx, long, t)
	return spans[0], err
}

// duringAll measures targets at the same time.
func duringAll(ctx context.Context, long time.Duration, targets ...*liveTarget) ([]span, error) {
	spans, before := make([]span, len(targets)), make([]procUsage, len(targets))
	var err error
	for i, t := range targets {
		if before[i], err = t.usage(); err != nil {
			return spans, err
		}
	}
	begun := time.Now()
	rest(ctx, long)
	took := time.Since(begun).Seconds()
	for i, t := range targets {
		after, err := t.usage()
		if err != nil {
			return spans, err
		}
		spans[i] = span{100 * (after.CPU - before[i].CPU).Seconds() / took, after.RSS}
	}
	return spans, ctx.Err()
}

func (b *liveBench) seconds() time.Duration { return time.Duration(b.o.seconds * float64(time.Second)) }

// settle is how long a stream is published before anything is measured, and alone how long it is measured without viewers.
const (
	settle = 2 * time.Second
	alone  = 4 * time.Second
)

// viewersResult is one line of players.
type viewersResult struct {
	Server     string  `json:"server"`
	Protocol   string  `json:"protocol"`
	Viewers    int     `json:"viewers"`
	IdleCPU    float64 `json:"idleCpuPercent"` // published, HLS made, nobody watches
	CPU        float64 `json:"cpuPercent"`
	IdleRSS    int64   `json:"idleRssBytes"`
	RSS        int64   `json:"rssBytes"`
	PlayersCPU float64 `json:"playersCpuPercent"`
	Mbit       float64 `json:"mbitPerS"`
	Cut        int64   `json:"cut"`
	PictureP50 float64 `json:"pictureP50ms"`
	PictureP95 float64 `json:"pictureP95ms"`
	SoundP50   float64 `json:"soundP50ms"`
	SoundP95   float64 `json:"soundP95ms"`
	FramesP50  float64 `json:"framesP50ms"`
	FramesP95  float64 `json:"framesP95ms"`
	SendP95    float64 `json:"sentLateP95ms"`
}

const probesEach = 3

// viewers measures players of one stream over one protocol.
func (b *liveBench) viewers(ctx context.Context, open func(context.Context, int) (*liveTarget, error), over string, n int) error {
	t, err := open(ctx, 1)
	if err != nil {
		return err
	}
	defer t.close()
	address := map[string]string{"FLV": t.flv, "RTMP": t.rtmp}[over]
	if address == "" {
		return nil // it does not do that
	}
	fmt.Fprintf(b.out, "%s, %d players over %s...\n", t.name, n, over)
	pub, err := publish(ctx, b.feed, t.publish...)
	if err != nil {
		return err
	}
	defer pub.stop()
	if err := t.playable(ctx); err != nil {
		return err
	}
	rest(ctx, settle)
	idle, err := during(ctx, t, alone)
	if err != nil {
		return err
	}
	crowd, err := startPlayers(ctx, playersTask{Address: address, Count: n})
	if err != nil {
		return err
	}
	defer crowd.stop()
	some, err := probe(ctx, address, probesEach)
	if err != nil {
		return err
	}
	rest(ctx, settle)
	r := viewersResult{Server: t.name, Protocol: over, Viewers: n, IdleCPU: idle.cpu, IdleRSS: idle.rss}
	err = b.watched(ctx, t, crowd, some, &r)
	pub.mu.Lock()
	r.SendP95 = milli(pub.late.quantile(.95))
	pub.mu.Unlock()
	if err := errors.Join(err, some.stop(), pub.stop()); err != nil {
		return fmt.Errorf("%s, %d players over %s: %w", t.name, n, over, err)
	}
	b.result.Viewers = append(b.result.Viewers, r)
	return nil
}

func milli(d time.Duration) float64 { return float64(d) / 1e6 }

// watched measures while all of them watch.
func (b *liveBench) watched(ctx context.Context, t *liveTarget, crowd *players, some *probes, r *viewersResult) error {
	before, err1 := crowd.tally()
	mine, err2 := usageOf(crowd.cmd.Process.Pid)
	some.count(true)
	begun := time.Now()
	arrived, err6 := t.usage()
	loaded, err3 := during(ctx, t, b.seconds())
	some.count(false)
	took := time.Since(begun).Seconds()
	mineAfter, err4 := usageOf(crowd.cmd.Process.Pid)
	after, err5 := crowd.tally()
	if err := errors.Join(err1, err2, err3, err4, err5, err6); err != nil {
		return err
	}
	r.CPU, r.RSS = loaded.cpu, arrived.RSS
	r.PlayersCPU = 100 * (mineAfter.CPU - mine.CPU).Seconds() / took
	r.Mbit = 8e-6 * float64(after.Bytes-before.Bytes) / took
	r.Cut = int64(r.Viewers) - after.Open
	some.mu.Lock()
	defer some.mu.Unlock()
	all := some.picture
	all.merge(&some.sound)
	r.PictureP50, r.PictureP95 = milli(some.picture.quantile(.5)), milli(some.picture.quantile(.95))
	r.SoundP50, r.SoundP95 = milli(some.sound.quantile(.5)), milli(some.sound.quantile(.95))
	r.FramesP50, r.FramesP95 = milli(all.quantile(.5)), milli(all.quantile(.95))
	if some.picture.n == 0 || some.sound.n == 0 {
		return errors.New("no frames came")
	}
	return nil
}

// publishersResult is one line of publishers.
type publishersResult struct {
	Server     string  `json:"server"`
	Publishers int     `json:"publishers"`
	EmptyCPU   float64 `json:"emptyCpuPercent"`
	CPU        float64 `json:"cpuPercent"`
	EmptyRSS   int64   `json:"emptyRssBytes"`
	RSS        int64   `json:"rssBytes"`
}

func (b *liveBench) publishers(ctx context.Context, open func(context.Context, int) (*liveTarget, error), n int) error {
	t, err := open(ctx, n)
	if err != nil {
		return err
	}
	defer t.close()
	fmt.Fprintf(b.out, "%s, %d publishers...\n", t.name, n)
	empty, err := during(ctx, t, settle)
	if err != nil {
		return err
	}
	pub, err := publish(ctx, b.feed, t.publish...)
	if err != nil {
		return err
	}
	defer pub.stop()
	if err := t.playable(ctx); err != nil {
		return err
	}
	rest(ctx, 2*settle)
	loaded, err := during(ctx, t, b.seconds())
	if err := errors.Join(err, pub.stop()); err != nil {
		return fmt.Errorf("%s, %d publishers: %w", t.name, n, err)
	}
	b.result.Publishers = append(b.result.Publishers, publishersResult{Server: t.name, Publishers: n, EmptyCPU: empty.cpu, CPU: loaded.cpu, EmptyRSS: empty.rss, RSS: loaded.rss})
	return nil
}
