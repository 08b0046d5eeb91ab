package grpcd

import (
	"context"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"synctv/app"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The fakes hold just enough of the house for the door: what is not written here panics when called, which
// is a case of its own.
type (
	fakeStore struct {
		app.Store
		sessionErr error
	}
	fakeBus       struct{ app.Bus }
	fakePresence  struct{ app.PresenceStore }
	fakeKeys      struct{ app.KeyStore }
	fakePasswords struct{ app.PasswordHasher }
	fakeProber    struct{ app.Prober }
	fakeSigner    struct{ app.URLSigner }
	fakeClock     struct{}
	fakeTokens    struct{}
)

// fakeLimits remembers who was counted, and refuses when told to.
type fakeLimits struct {
	mu    sync.Mutex
	keys  []string
	block bool
}

func (l *fakeLimits) Allow(_ context.Context, key string, _ int, _ time.Duration, _ int) (bool, time.Duration, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.keys = append(l.keys, key)
	return !l.block, 2500 * time.Millisecond, nil
}

func (l *fakeLimits) last() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.keys) == 0 {
		return ""
	}
	return l.keys[len(l.keys)-1]
}

func (fakeKeys) Get(context.Context, string) ([]byte, bool, error) { return nil, false, nil }

func (fakeClock) Now() int64 { return 1_800_000_000_000_000 }

func (s *fakeStore) UserByName(context.Context, string) (app.User, error) {
	return app.User{}, app.Errorf(app.CodeNotFound, "There is no such account.")
}

func (s *fakeStore) Session(context.Context, app.SessionID) (app.Session, error) {
	return app.Session{Expires: 1 << 60, UserID: "usr_1"}, s.sessionErr
}

func (s *fakeStore) User(context.Context, app.UserID) (app.User, error) {
	return app.User{ID: "usr_1", DisplayName: "Ana"}, nil
}

func (fakePasswords) Verify(ctx context.Context, _, password string) (bool, error) {
	if password == "slow" {
		<-ctx.Done()
		return false, ctx.Err()
	}
	return false, nil
}

func (fakeTokens) Sign(app.Claims) (string, error) { return "signed", nil }

func (fakeTokens) Verify(token string, _ app.Time) (app.Claims, error) {
	if token != "good" {
		return app.Claims{}, app.Errorf(app.CodeUnauthenticated, "The token is not valid.")
	}
	return app.Claims{Subject: "usr_1", Session: "ses_1", Expires: 1 << 60}, nil
}

// fakes are the parts a test may want to look at.
type fakes struct {
	store  *fakeStore
	limits *fakeLimits
	log    *logBuffer
}

type logBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func newDoor(t testing.TB, cfg Config) (*Server, *fakes) {
	t.Helper()
	f := &fakes{store: &fakeStore{}, limits: &fakeLimits{}, log: &logBuffer{}}
	log := slog.New(slog.NewTextHandler(f.log, nil))
	a, err := app.New(app.Config{Name: "Test", Version: "1", NodeID: "n", RegistrationOpen: true, AddressKey: make([]byte, 16)}, app.Deps{
		Store: f.store, Bus: fakeBus{}, Presence: fakePresence{}, Keys: fakeKeys{}, Leases: fakeLeases{}, Limits: f.limits, Clock: fakeClock{}, Passwords: fakePasswords{},
		Tokens: fakeTokens{}, Prober: fakeProber{}, Signer: fakeSigner{}, Log: log,
	})
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(cfg, a, log)
	if err != nil {
		t.Fatal(err)
	}
	return s, f
}

// served runs the native server on a port and returns a connection to it.
func served(t testing.TB, s *Server, opts ...grpc.DialOption) *grpc.ClientConn {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx, ln) }()
	conn, err := grpc.NewClient(ln.Addr().String(), append(opts, grpc.WithTransportCredentials(insecure.NewCredentials()))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		conn.Close()
		cancel()
		if err := <-done; err != nil {
			t.Error("Run:", err)
		}
	})
	return conn
}

// failingListener cannot accept.
type failingListener struct{}

func (failingListener) Accept() (net.Conn, error) { return nil, net.UnknownNetworkError("broken") }
func (failingListener) Close() error              { return nil }
func (failingListener) Addr() net.Addr            { return &net.TCPAddr{} }

type fakeLeases struct{ app.LeaseStore }
