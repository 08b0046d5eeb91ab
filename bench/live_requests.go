package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// partsResult is how soon parts of HLS with low latency are there.
type partsResult struct {
	Parts      int     `json:"parts"`
	MeanKB     float64 `json:"meanKB"`
	ListedP50  float64 `json:"listedP50ms"`
	ListedP95  float64 `json:"listedP95ms"`
	FetchedP50 float64 `json:"fetchedP50ms"`
	FetchedP95 float64 `json:"fetchedP95ms"`
}

// requestsResult is one kind of request, asked for as fast as answers come.
type requestsResult struct {
	Server   string  `json:"server"`
	What     string  `json:"what"`
	PerS     float64 `json:"perS"`
	CPU      float64 `json:"cpuPercent"` // of the server, less what the publisher costs
	Micros   float64 `json:"serverMicrosPerRequest"`
	Mbit     float64 `json:"mbitPerS"`
	Failed   int64   `json:"failed"`
	Fetchers int     `json:"fetchers"`
}

// fetchers each come from an address of their own, because one client may not ask for playlists that often.
const fetchers = 256

// playlists measures HLS: when parts are there, and how many requests a second are answered.
func (b *liveBench) playlists(ctx context.Context, open func(context.Context, int) (*liveTarget, error)) error {
	t, err := open(ctx, 1)
	if err != nil {
		return err
	}
	defer t.close()
	fmt.Fprintf(b.out, "%s, HLS...\n", t.name)
	pub, err := publish(ctx, b.feed, t.publish...)
	if err != nil {
		return err
	}
	defer pub.stop()
	if err := t.playable(ctx); err != nil {
		return err
	}
	rest(ctx, 2*settle)
	if t.flv != "" { // ours
		probe := &partProbe{playlist: t.hls}
		if err := probe.follow(ctx, b.seconds()); err != nil {
			return err
		}
		b.result.Parts = partsResult{Parts: probe.parts, MeanKB: float64(probe.bytes) / 1000 / float64(max(1, probe.parts)),
			ListedP50: milli(probe.listed.quantile(.5)), ListedP95: milli(probe.listed.quantile(.95)),
			FetchedP50: milli(probe.fetched.quantile(.5)), FetchedP95: milli(probe.fetched.quantile(.95))}
	}
	idle, err := during(ctx, t, settle)
	if err != nil {
		return err
	}
	segment, err := newestSegment(ctx, t.hls)
	if err != nil {
		return err
	}
	for _, c := range []struct{ what, address string }{{"playlist", t.hls}, {"segment", segment}} {
		if err := b.requests(ctx, t, c.what, c.address, idle.cpu); err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
	}
	return pub.stop()
}

func (b *liveBench) requests(ctx context.Context, t *liveTarget, what, address string, idle float64) error {
	crowd, err := startPlayers(ctx, playersTask{Address: address, Fetch: true, Count: fetchers})
	if err != nil {
		return err
	}
	defer crowd.stop()
	rest(ctx, 500*time.Millisecond)
	before, err1 := crowd.tally()
	begun := time.Now()
	loaded, err2 := during(ctx, t, b.seconds()/2)
	after, err3 := crowd.tally()
	if err := errors.Join(err1, err2, err3); err != nil {
		return err
	}
	n, took := float64(after.Requests-before.Requests), time.Since(begun).Seconds()
	if n == 0 {
		return errors.New("no request was answered")
	}
	cpu := max(0, loaded.cpu-idle)
	b.result.Requests = append(b.result.Requests, requestsResult{Server: t.name, What: what, PerS: n / took, CPU: cpu, Micros: cpu / 100 * took * 1e6 / n,
		Mbit: 8e-6 * float64(after.Bytes-before.Bytes) / took, Failed: after.Failed - before.Failed, Fetchers: fetchers})
	return nil
}
