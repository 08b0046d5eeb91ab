package main

import (
	"context"
	"errors"
	"fmt"

	"synctv/internal/guard"
	"synctv/mediad"
	"synctv/mediad/record"
	"synctv/mediad/segments"
)

// openRecordings opens the archive of recordings that the operator has chosen, unless nothing is recorded.
func (n *Node) openRecordings(ctx context.Context, c *mediad.Config, d *mediad.Deps) error {
	l := &n.cfg.Livestream.Record
	if l.Store == "off" {
		return nil
	}
	where := segments.Config{Backend: l.Store, MaxBytes: int64(l.MemoryMiB) << 20, Dir: n.cfg.RecordingsDir()}
	if l.remote() {
		store := n.cfg.Livestream.Store
		store.Backend, store.S3Prefix = l.Store, l.S3Prefix
		out, err := guard.New(guard.Config{AllowHosts: store.s3Hosts(), SelfPorts: []uint16{n.cfg.Server.Port}}, guard.Deps{})
		if err != nil {
			return err
		}
		where.S3 = store.s3()
		where.S3.Transport = out.Client(guard.ClientConfig{MaxRedirects: -1}).Transport
	}
	archive, closeArchive, err := segments.OpenArchive(where)
	if err != nil {
		return fmt.Errorf("cannot keep recordings in %q: %w (look at SYNCTV_LIVESTREAM_RECORD_STORE and _RECORD_DIR)", l.Store, err)
	}
	n.closeRecordings = closeArchive
	if remote, ok := archive.(*segments.S3Archive); ok {
		ctx, cancel := context.WithTimeout(ctx, storeWait)
		defer cancel()
		switch err := remote.Check(ctx); {
		case errors.Is(err, segments.ErrRefused):
			return fmt.Errorf("the object store does not take recordings: %w (look at SYNCTV_LIVESTREAM_S3_BUCKET, _S3_ACCESS_KEY, _S3_SECRET_KEY, _S3_REGION and _S3_PATH_STYLE)", err)
		case err != nil:
			n.log.Warn("the object store for recordings does not answer yet", "endpoint", string(n.cfg.Livestream.Store.S3Endpoint), "err", err)
		}
	}
	d.Records = n.app
	c.Record = record.Config{Archive: archive, Fragment: l.Fragment, MaxDuration: l.MaxDuration, MaxBytes: int64(l.MaxMiB) << 20,
		Keep: l.Keep, KeepBytes: int64(l.KeepMiB) << 20}
	return nil
}

func (n *Node) recordMetrics(e emitter) {
	s := n.live.Recordings()
	e.gauge("live_recordings", "Streams that are being recorded on this node.", float64(s.Recording))
	e.counter("live_recorded_bytes_total", "Bytes of recordings that were made durable.", float64(s.Bytes))
	e.counter("live_recordings_ended_total", "Recordings that ended, by how.", float64(s.Completed-s.Mended), "how", "complete")
	e.counter("live_recordings_ended_total", "Recordings that ended, by how.", float64(s.Mended), "how", "mended")
	e.counter("live_recordings_removed_total", "Recordings whose files were removed.", float64(s.Removed))
	e.gauge("live_recording_readers", "Requests for recordings being served.", float64(s.Readers))
	e.counter("live_recording_sent_bytes_total", "Bytes of recordings sent.", float64(s.Served))
	for _, f := range s.Failures {
		e.counter("live_recording_errors_total", "What went wrong with files of recordings, by reason; what is tried again counts each time.", float64(f.Count), "reason", f.Reason)
	}
}
