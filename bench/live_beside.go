package main

import (
	"context"
	"fmt"
)

// besideEach is how many players each server has while they are measured at the same time.
const besideEach = 300

// besideResult is what one server took while the others had as many players.
type besideResult struct {
	Server  string  `json:"server"`
	Viewers int     `json:"viewers"`
	IdleCPU float64 `json:"idleCpuPercent"`
	CPU     float64 `json:"cpuPercent"`
}

// beside measures players over RTMP of all servers at the same time: whatever else the machine does, it does to all.
func (b *liveBench) beside(ctx context.Context) error {
	fmt.Fprintf(b.out, "all servers at the same time, %d players over RTMP each...\n", besideEach)
	var targets []*liveTarget
	var addresses []string
	for _, open := range b.openers {
		t, err := open(ctx, 1)
		if err != nil {
			return err
		}
		defer t.close()
		targets, addresses = append(targets, t), append(addresses, t.publish[0])
	}
	pub, err := publish(ctx, b.feed, addresses...)
	if err != nil {
		return err
	}
	defer pub.stop()
	for _, t := range targets {
		if err := t.playable(ctx); err != nil {
			return err
		}
	}
	rest(ctx, settle)
	idle, err := duringAll(ctx, alone, targets...)
	if err != nil {
		return err
	}
	for _, t := range targets {
		crowd, err := startPlayers(ctx, playersTask{Address: t.rtmp, Count: besideEach})
		if err != nil {
			return err
		}
		defer crowd.stop()
	}
	rest(ctx, settle)
	loaded, err := duringAll(ctx, b.seconds(), targets...)
	if err != nil {
		return err
	}
	for i, t := range targets {
		b.result.Beside = append(b.result.Beside, besideResult{Server: t.name, Viewers: besideEach, IdleCPU: idle[i].cpu, CPU: loaded[i].cpu})
	}
	return pub.stop()
}

// perHundred is what a hundred viewers cost, in percent of a processor.
func (v besideResult) perHundred() float64 { return 100 * (v.CPU - v.IdleCPU) / float64(v.Viewers) }

func (r *liveResult) besideTable() table {
	t := table{Title: "Players over RTMP of all servers at the same time", Head: []string{"server", "viewers", "CPU %", "of it idle", "CPU % per 100 viewers"}}
	for _, v := range r.Beside {
		t.Rows = append(t.Rows, []any{v.Server, v.Viewers, v.CPU, v.IdleCPU, v.perHundred()})
	}
	return t
}
