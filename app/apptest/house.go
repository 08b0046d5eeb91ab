package apptest

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"sync/atomic"
	"testing"

	"synctv/app"
)

// House is what the nodes of one cluster share.
type House struct {
	Store    *Store
	Wire     *Wire
	Presence *Presence
	Keys     *Keys
	Leases   *Leases
	Limits   *Limits
	Prober   *Prober
	Hooks    app.HookSender // nil: none

	nodes atomic.Int64
}

// NewHouse returns an empty one.
func NewHouse() *House {
	return &House{Store: NewStore(), Wire: new(Wire), Presence: NewPresence(), Keys: NewKeys(), Leases: NewLeases(), Limits: NewLimits(), Prober: new(Prober)}
}

// Node is one process: an app that runs.
type Node struct {
	*app.App
	ID    string
	House *House
	Bus   *Bus

	stop func()
}

// Open starts a node; it stops with the test, or when Stop is called.
func (h *House) Open(t testing.TB, change ...func(*app.Config)) *Node {
	t.Helper()
	n := h.Build(t, nil, change...)
	ctx, cancel := context.WithCancel(context.Background())
	over := make(chan struct{})
	go func() {
		defer close(over)
		if err := n.Run(ctx); err != nil {
			t.Errorf("node %s: %v", n.ID, err)
		}
	}()
	n.stop = func() { cancel(); <-over }
	t.Cleanup(n.Stop)
	<-n.Bus.ready
	return n
}

// Build makes a node that does not run yet. Errors and warnings go to log, nowhere when it is nil.
func (h *House) Build(t testing.TB, log io.Writer, change ...func(*app.Config)) *Node {
	t.Helper()
	if log == nil {
		log = io.Discard
	}
	n := &Node{ID: fmt.Sprintf("node%d", h.nodes.Add(1)), House: h, Bus: h.Wire.NewBus(), stop: func() {}}
	cfg := app.Config{Name: "Test", NodeID: n.ID, RegistrationOpen: true, GuestsAllowed: true, ProxyAllowed: true, PullAllowed: true, RTMPPort: 1935,
		AddressKey: []byte("sixteen bytes or more"), LiveKey: []byte("one key for all nodes")}
	for _, c := range change {
		c(&cfg)
	}
	var err error
	n.App, err = app.New(cfg, app.Deps{Store: h.Store, Bus: n.Bus, Presence: h.Presence, Keys: h.Keys, Leases: h.Leases, Limits: h.Limits, Clock: Clock{},
		Passwords: Passwords{}, Tokens: Tokens{}, Prober: h.Prober, Signer: Signer{}, Hooks: h.Hooks, Log: slog.New(slog.NewTextHandler(log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Stop ends the node as an orderly shutdown does.
func (n *Node) Stop() { n.stop() }

// Die ends the node without a word to the others.
func (n *Node) Die() {
	n.Bus.Cut()
	n.House.Presence.Cut(n.ID)
	n.stop()
}

// Home is where calls of tests come from.
var Home = app.Origin{Address: netip.MustParseAddr("192.0.2.1")}

// Password is the password of every account that User makes.
const Password = "correct horse"

// User registers an account and signs it in.
func (n *Node) User(t testing.TB, name string) app.Actor {
	t.Helper()
	tokens, err := n.Register(t.Context(), Home, name, Password, "")
	if err != nil {
		t.Fatal(err)
	}
	return n.Actor(t, tokens)
}

// Actor turns tokens into who they stand for.
func (n *Node) Actor(t testing.TB, tokens app.Tokens) app.Actor {
	t.Helper()
	actor, err := n.Authenticate(t.Context(), tokens.Access)
	if err != nil {
		t.Fatal(err)
	}
	return actor
}

// Root signs the owner of the server in.
func (n *Node) Root(t testing.TB) app.Actor {
	t.Helper()
	link, err := n.EnsureRoot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := n.RedeemSetup(t.Context(), Home, link)
	if err != nil {
		t.Fatal(err)
	}
	return n.Actor(t, tokens)
}

// Admin makes an administrator of the server, by root.
func (n *Node) Admin(t testing.TB, root app.Actor, name string) app.Actor {
	t.Helper()
	if _, err := n.CreateUser(t.Context(), root, name, Password, "", app.UserAdmin); err != nil {
		t.Fatal(err)
	}
	tokens, err := n.Login(t.Context(), Home, name, Password)
	if err != nil {
		t.Fatal(err)
	}
	return n.Actor(t, tokens)
}

// Room makes a room.
func (n *Node) Room(t testing.TB, owner app.Actor, in app.NewRoom) app.RoomInfo {
	t.Helper()
	info, err := n.CreateRoom(t.Context(), owner, in)
	if err != nil {
		t.Fatal(err)
	}
	return info
}

// Guest joins a room as a guest.
func (n *Node) Guest(t testing.TB, room app.RoomInfo, name string) app.Actor {
	t.Helper()
	tokens, err := n.JoinAsGuest(t.Context(), Home, room.Room.ID, name, "", room.Room.InviteCode)
	if err != nil {
		t.Fatal(err)
	}
	return n.Actor(t, tokens)
}

// Member joins a room with an account of its own.
func (n *Node) Member(t testing.TB, room app.RoomInfo, name string) app.Actor {
	t.Helper()
	by := n.User(t, name)
	if _, err := n.JoinRoom(t.Context(), by, Home, room.Room.ID, "", room.Room.InviteCode); err != nil {
		t.Fatal(err)
	}
	return by
}

// Grant is Authorize that must say yes.
func (n *Node) Grant(t testing.TB, by app.Actor, room app.RoomID, action app.Action) app.Grant {
	t.Helper()
	g, err := n.Authorize(t.Context(), by, room, action)
	if err != nil {
		t.Fatal(err)
	}
	return g
}
