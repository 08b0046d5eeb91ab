package mediad

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"synctv/app"
	"synctv/mediad/av"
	"synctv/mediad/hls"
	"synctv/mediad/pull"
	"synctv/mediad/record"
	"synctv/mediad/stream"
)

// Config holds the limits. The zero value is the recommended one.
type Config struct {
	// Streams are the limits of streams, and HLS how they become playlists.
	Streams stream.RegistryConfig
	HLS     hls.Config
	// Record says how streams are recorded; without an Archive they are not. Its Ledger is Deps.Records.
	Record record.Config
	// TLS is spoken with encoders that begin with it, on the same port; nil when it is not.
	TLS *tls.Config
	// TrustedProxies are believed when they say whom they speak for.
	TrustedProxies []netip.Prefix

	// Pull are the limits of live sources that come from elsewhere.
	Pull pull.Config

	// MaxConnections to the RTMP port, and of those from one address. 0: 1000, and 64.
	MaxConnections, MaxPerAddress int
	// MaxPublishers at once. 0: 500.
	MaxPublishers int
	// MaxViewers over FLV and RTMP together, and MaxClients of HLS. 0: 50,000, and 100,000.
	MaxViewers, MaxClients int

	// Handshake is how long a connection may take to say what it wants. 0: 10 s.
	Handshake time.Duration
	// Idle ends a publisher that sends no media for so long. 0: 10 s.
	Idle time.Duration
	// WriteTimeout ends a viewer that takes nothing for so long. 0: 10 s.
	WriteTimeout time.Duration
	// MaxViewing ends a viewer after so long. 0: 24 h.
	MaxViewing time.Duration
	// Linger is how long a client has to close after it was told why it has to go. 0: 1 s.
	Linger time.Duration
}

func (c Config) withDefaults() Config {
	def(&c.MaxConnections, 1000)
	def(&c.MaxPerAddress, 64)
	def(&c.MaxPublishers, 500)
	def(&c.MaxViewers, 50_000)
	def(&c.MaxClients, 100_000)
	def(&c.Handshake, 10*time.Second)
	def(&c.Idle, 10*time.Second)
	def(&c.WriteTimeout, 10*time.Second)
	def(&c.MaxViewing, 24*time.Hour)
	def(&c.Linger, time.Second)
	return c
}

// def sets a value that was left out.
func def[T int | time.Duration](p *T, v T) {
	if *p <= 0 {
		*p = v
	}
}

// Control decides who may publish and watch, and hears who does. It is *app.App.
type Control interface {
	Now() app.Time
	AttachLive(app.Live) (detach func())
	AdmitConnection(ctx context.Context, from app.Origin) (client string, err error)
	AdmitPublisher(ctx context.Context, from app.Origin, publishName string) (app.Publication, error)
	AdmitViewer(ctx context.Context, from app.Origin, id app.StreamID, token string, by app.Actor) (app.Viewing, error)
	KeepViewer(ctx context.Context, v app.Viewing) (app.Viewing, error)
	ViewerGone(v app.Viewing)
	StreamOnline(ctx context.Context, id app.StreamID, m app.StreamMedia, s app.StreamSession) error
	NoteSegment(id app.StreamID, s app.StreamSession, seg app.HLSSegment)
	StreamOffline(ctx context.Context, id app.StreamID, s app.StreamSession, reason string)
	AdmitPull(ctx context.Context, id app.StreamID) (app.Publication, error)
	KeepPull(ctx context.Context, p app.Publication) error
	ReleasePull(ctx context.Context, id app.StreamID)
	NotePull(ctx context.Context, id app.StreamID, wanted bool, problem string)
}

// Deps are what the door stands on.
type Deps struct {
	Control Control
	Records Records // nil when streams are not recorded
	// Receive brings live sources from elsewhere, see pull.Deps. nil: there are none.
	Receive func(ctx context.Context, address string, out func(av.Packet) error) error
	// WriteError answers with the house's error shape.
	WriteError func(w http.ResponseWriter, r *http.Request, status int, code, message string)
	Log        *slog.Logger
}

func (d Deps) check() error {
	if d.Control == nil || d.WriteError == nil || d.Log == nil {
		return errors.New("mediad: Control, WriteError and Log are required")
	}
	return nil
}
