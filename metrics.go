package main

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"synctv/app"
	"synctv/internal/reactor"
	"synctv/mediad"
)

// newRegistry gathers the metrics of every part. They are read when a scraper comes, so nothing
// is counted twice and no part knows of Prometheus.
func newRegistry(n *Node) *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		newCollector(n.appMetrics),
		newCollector(n.reactorMetrics),
		newCollector(n.cellarMetrics),
		newCollector(n.liveMetrics),
		newCollector(n.recordMetrics),
		newCollector(n.stunMetrics),
	)
	return r
}

// emitter hands one sample to the scraper.
type emitter struct{ ch chan<- prometheus.Metric }

func (e emitter) counter(name, help string, v float64, labels ...string) {
	e.emit(prometheus.CounterValue, name, help, v, labels)
}

func (e emitter) gauge(name, help string, v float64, labels ...string) {
	e.emit(prometheus.GaugeValue, name, help, v, labels)
}

// emit takes labels as name, value, name, value.
func (e emitter) emit(kind prometheus.ValueType, name, help string, v float64, labels []string) {
	var names, values []string
	for i := 0; i+1 < len(labels); i += 2 {
		names, values = append(names, labels[i]), append(values, labels[i+1])
	}
	e.ch <- prometheus.MustNewConstMetric(prometheus.NewDesc("synctv_"+name, help, names, nil), kind, v, values...)
}

// collector is an unchecked collector around one function.
type collector struct{ collect func(emitter) }

func newCollector(f func(emitter)) collector            { return collector{f} }
func (collector) Describe(chan<- *prometheus.Desc)      {}
func (c collector) Collect(ch chan<- prometheus.Metric) { c.collect(emitter{ch}) }

func (n *Node) appMetrics(e emitter) {
	s, load := n.app.Stats(), n.app.Load()
	e.gauge("rooms_live", "Rooms in which somebody is present on this node.", float64(load.Rooms))
	e.gauge("seats", "Connections of people in rooms on this node.", float64(load.Seats))
	e.counter("messages_total", "Chat messages made durable.", float64(s.Messages.Load()))
	e.counter("intents_total", "Playback intents accepted.", float64(s.Intents.Load()))
	e.counter("events_total", "Room events delivered on this node.", float64(s.EventsApplied.Load()))
	e.counter("event_gaps_total", "Times the event log had to be read because the bus skipped events.", float64(s.EventGaps.Load()))
	e.counter("logins_total", "Logins by outcome.", float64(s.Logins.Load()), "outcome", "ok")
	e.counter("logins_total", "Logins by outcome.", float64(s.LoginsFailed.Load()), "outcome", "refused")
	e.syncError(s)
}

// syncError is the histogram of offsets that playing clients measure of themselves.
func (e emitter) syncError(s *app.Stats) {
	bounds := app.SyncErrorBounds()
	buckets := make(map[float64]uint64, len(bounds))
	var total uint64
	for i, b := range bounds {
		total += uint64(s.SyncError[i].Load())
		buckets[b/1000] = total
	}
	total += uint64(s.SyncError[len(bounds)].Load())
	desc := prometheus.NewDesc("synctv_sync_error_seconds", "Absolute offset from the room, as playing clients report it about once a second.", nil, nil)
	e.ch <- prometheus.MustNewConstHistogram(desc, total, float64(s.SyncErrorSum.Load())/1e6, buckets)
}

func (e emitter) durations(name, help string, h mediad.Histogram) {
	buckets := make(map[float64]uint64, len(h.Upto))
	for i, upto := range h.Upto {
		buckets[upto.Seconds()] = uint64(h.Count[i])
	}
	e.ch <- prometheus.MustNewConstHistogram(prometheus.NewDesc("synctv_"+name, help, nil, nil), uint64(h.Total), h.Sum.Seconds(), buckets)
}

func (n *Node) reactorMetrics(e emitter) {
	s := n.ws.Stats()
	e.gauge("websocket_connections", "WebSockets open.", float64(s.Conns))
	e.counter("websocket_accepted_total", "WebSockets ever opened.", float64(s.Accepted))
	e.counter("websocket_received_bytes_total", "Bytes read from WebSockets.", float64(s.BytesIn))
	e.counter("websocket_sent_bytes_total", "Bytes written to WebSockets.", float64(s.BytesOut))
	e.counter("websocket_writes_total", "Write calls; frames that meet in a queue share one.", float64(s.Writes))
	e.counter("websocket_frames_total", "Frames written.", float64(s.FramesSent))
	s.DropsByReason(func(r reactor.DropReason, v uint64) {
		e.counter("websocket_dropped_frames_total", "Frames not sent, by reason.", float64(v), "reason", r.String())
	})
	s.ClosesByReason(func(r reactor.CloseReason, v uint64) {
		e.counter("websocket_closed_total", "WebSockets closed, by reason.", float64(v), "reason", r.String())
	})
}

func (n *Node) liveMetrics(e emitter) {
	s := n.live.Stats()
	e.gauge("live_connections", "Connections to the RTMP port that do not play.", float64(s.Connections))
	e.gauge("live_publishers", "Streams published on this node.", float64(s.Publishers))
	e.gauge("live_pulls", "Live sources elsewhere that somebody wants to watch on this node.", float64(s.Pulls.Pulls))
	e.gauge("live_pulls_flowing", "Those of them that are being received.", float64(s.Pulls.Flowing))
	e.counter("live_pull_failures_total", "How often a source could not be received, or not any more.", float64(s.Pulls.Failures))
	e.counter("live_refused_total", "Connections and publishers that were not let in.", float64(s.Refused))
	e.counter("live_received_bytes_total", "Bytes of media that encoders sent.", float64(s.BytesIn))
	e.gauge("live_waiting", "Requests for HLS that wait for a part.", float64(s.Waiting))
	for _, p := range s.Protocols {
		e.gauge("live_viewers", "Viewers, by protocol.", float64(p.Viewers), "protocol", p.Name)
		e.counter("live_viewers_total", "Viewers there ever were, by protocol.", float64(p.Ever), "protocol", p.Name)
		e.counter("live_sent_bytes_total", "Bytes sent to viewers, by protocol.", float64(p.Bytes), "protocol", p.Name)
	}
	for _, end := range s.Ends {
		e.counter("live_viewer_ends_total", "Viewers that ended, by reason.", float64(end.Count), "reason", end.Reason)
	}
	e.durations("live_part_latency_seconds", "From the arrival of a part's last frame until the part can be fetched over HLS.", s.PartLatency)
	for _, f := range s.StoreErrors {
		e.counter("live_store_errors_total", "Segments that the store did not take, give or remove, by what failed; too_slow was not even tried.", float64(f.Count), "operation", f.Reason)
	}
	e.counter("live_segment_notes_dropped_total", "Stored segments that no hook was told of, because there were too many.", float64(s.NotesDropped))
	for _, d := range s.Drops {
		e.counter("live_dropped_total", "Packets of media not passed on, by reason.", float64(d.Count), "reason", d.Reason)
	}
}

func (n *Node) stunMetrics(e emitter) {
	s := n.stun.Stats()
	for _, d := range s.Datagrams {
		e.counter("stun_datagrams_total", "Datagrams on the STUN port, by outcome.", float64(d.Count), "outcome", d.Outcome)
	}
	e.counter("stun_sent_bytes_total", "Bytes of STUN answers.", float64(s.BytesSent))
}

func (n *Node) cellarMetrics(e emitter) {
	db := n.store.Stats()
	e.gauge("db_connections", "Database connections by state.", float64(db.Open), "state", "open")
	e.gauge("db_connections", "Database connections by state.", float64(db.InUse), "state", "busy")
	e.counter("db_waits_total", "Times somebody waited for a database connection.", float64(db.Waits))
	e.counter("db_transactions_total", "Transactions committed.", float64(db.Transactions))
	e.counter("db_commits_total", "Commits that took; transactions that travelled together share one.", float64(db.Commits))
	bus := n.shared.stats()
	e.counter("bus_delivered_total", "Messages of the bus delivered to this node.", float64(bus.Delivered))
	e.counter("bus_published_total", "Messages published by this node.", float64(bus.Published))
	e.counter("bus_publish_failed_total", "Messages that could not be published; a resync covers each.", float64(bus.PublishFailed))
	e.counter("bus_resyncs_total", "Topics read from the log because messages may have been lost.", float64(bus.Resyncs))
	for reason, v := range map[string]int64{"forged": bus.Forged, "oversize": bus.Oversize, "foreign": bus.Foreign, "replayed": bus.Replayed, "twin_node": bus.DuplicateNode} {
		e.counter("bus_refused_total", "Messages of the bus that were refused, by reason.", float64(v), "reason", reason)
	}
	e.gauge("clock_error_seconds", "Cluster time minus this node's own at the last reading.", float64(bus.ClockErrorMicros)/1e6)
	e.counter("limiter_fallbacks_total", "Rate limits decided locally because Redis was away.", float64(bus.LimiterFallbacks))
	p := n.proxy.Stats()
	e.gauge("proxy_open", "Media requests being served.", float64(p.Open))
	e.counter("proxy_requests_total", "Media requests, by outcome.", float64(p.Refused), "outcome", "refused")
	e.counter("proxy_requests_total", "Media requests, by outcome.", float64(p.Failed), "outcome", "failed")
	e.counter("proxy_requests_total", "Media requests, by outcome.", float64(p.Cut), "outcome", "cut")
	e.counter("proxy_requests_total", "Media requests, by outcome.", float64(p.Requests-p.Refused-p.Failed-p.Cut), "outcome", "ok")
	e.counter("proxy_sent_bytes_total", "Body bytes of media sent.", float64(p.Bytes))
}
