package main

import "fmt"

func (r *liveResult) report(o liveOptions) *report {
	return &report{Raw: r, Tables: []table{r.viewersTable(), r.besideTable(), r.publishersTable(), r.partsTable(), r.requestsTable(), r.aimsTable()}, Method: []string{
		fmt.Sprintf("One feed of 640x360 at 25 pictures a second with AAC, %.0f kbit/s, published in real time over RTMP; each line is a server process of its own, over 127.0.0.1, measured for %.0f s.", r.FeedKbit, o.seconds),
		"Processor time and memory are of the server's processes alone, from /proc, with the publisher and HLS of the stream in them; 100 % is one processor. Players are another process, publishers and the three players who take times a third.",
		"Each frame carries the moment when it was sent. Latency is from then until its last byte was read by a player, which shares the machine's processors with the server and all other players.",
		"Memory per viewer is what the process holds more two seconds after they came than before; what it keeps of the stream itself grows for half a minute and is in the figure as far as those seconds go. HLS of SyncTV has low latency, that of nginx-rtmp has not; nginx-rtmp has one worker and no FLV.",
	}}
}

func (r *liveResult) viewersTable() table {
	t := table{Title: "Viewers of one stream", Head: []string{"server", "over", "viewers", "CPU %", "of it idle", "CPU % per 100 viewers", "KiB/viewer", "picture p50 ms", "p95", "sound p50 ms", "p95", "all frames p95", "Mbit/s", "cut", "players CPU %", "sent late p95 ms"}}
	for _, v := range r.Viewers {
		t.Rows = append(t.Rows, []any{v.Server, v.Protocol, v.Viewers, v.CPU, v.IdleCPU, v.perHundred(), v.perViewer(), v.PictureP50, v.PictureP95, v.SoundP50, v.SoundP95, v.FramesP95, v.Mbit, v.Cut, v.PlayersCPU, v.SendP95})
	}
	return t
}

// perHundred is what a hundred viewers cost, in percent of a processor.
func (v viewersResult) perHundred() float64 { return 100 * (v.CPU - v.IdleCPU) / float64(v.Viewers) }

// perViewer is the memory of one viewer in KiB.
func (v viewersResult) perViewer() float64 {
	return float64(v.RSS-v.IdleRSS) / 1024 / float64(v.Viewers)
}

func (r *liveResult) publishersTable() table {
	t := table{Title: "Publishers, HLS made of each", Head: []string{"server", "publishers", "CPU %", "publishers per processor", "MiB", "KiB/publisher"}}
	for _, p := range r.Publishers {
		t.Rows = append(t.Rows, []any{p.Server, p.Publishers, p.CPU, p.perCore(), float64(p.RSS) / (1 << 20), float64(p.RSS-p.EmptyRSS) / 1024 / float64(p.Publishers)})
	}
	return t
}

func (p publishersResult) perCore() float64 {
	return 100 * float64(p.Publishers) / max(p.CPU-p.EmptyCPU, 0.01)
}

func (r *liveResult) partsTable() table {
	p := r.Parts
	return table{Title: "Parts of low-latency HLS: after the last frame in it was sent", Head: []string{"", "p50 ms", "p95 ms"}, Rows: [][]any{
		{"listed", p.ListedP50, p.ListedP95},
		{fmt.Sprintf("fetched, %d parts of %.0f kB", p.Parts, p.MeanKB), p.FetchedP50, p.FetchedP95},
	}}
}

func (r *liveResult) requestsTable() table {
	t := table{Title: fmt.Sprintf("HLS requests, %d connections", fetchers), Head: []string{"server", "what", "requests/s", "server us/request", "server CPU %", "Mbit/s", "failed"}}
	for _, q := range r.Requests {
		t.Rows = append(t.Rows, []any{q.Server, q.What, q.PerS, q.Micros, q.CPU, q.Mbit, q.Failed})
	}
	return t
}

// aimsTable holds what was measured against what was wanted.
func (r *liveResult) aimsTable() table {
	t := table{Title: "Aims", Head: []string{"", "aim", "measured", "met"}}
	row := func(what string, aim, got float64) {
		met := "yes"
		if got > aim {
			met = "no"
		}
		t.Rows = append(t.Rows, []any{what, aim, got, met})
	}
	for _, v := range r.Viewers {
		name := fmt.Sprintf("%d %s viewers", v.Viewers, v.Protocol)
		if v.Server != "SyncTV" {
			continue
		}
		if v.Protocol == "FLV" {
			row(name+", CPU % at most", 0.04*float64(v.Viewers), v.CPU)
			row(name+", a frame's last byte, p95 ms", 20, v.FramesP95)
		}
		row(name+", KiB each", 40_000/1024., v.perViewer())
	}
	for _, v := range r.Beside[min(1, len(r.Beside)):] {
		row("CPU % per 100 RTMP viewers, at most "+v.Server+"'s", v.perHundred(), r.Beside[0].perHundred())
	}
	row("a part is fetched after its last frame, p95 ms", 50, r.Parts.FetchedP95)
	return t
}
