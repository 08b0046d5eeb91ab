package grpcd

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	synctvv1 "synctv/proto/synctv/v1"
)

// refusal takes a status and its ErrorInfo apart.
func refusal(t *testing.T, err error) (codes.Code, *synctvv1.ErrorInfo) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	info, ok := infoOf(err)
	if !ok {
		t.Fatalf("no ErrorInfo in %v", err)
	}
	return status.Code(err), info
}

func TestNativeCall(t *testing.T) {
	s, _ := newDoor(t, Config{})
	client := synctvv1.NewServerServiceClient(served(t, s))
	var header metadata.MD
	info, err := client.GetServer(metadata.AppendToOutgoingContext(t.Context(), "x-request-id", "my-id"), &synctvv1.GetServerRequest{}, grpc.Header(&header))
	if err != nil || info.GetName() != "Test" || len(info.GetActions()) == 0 {
		t.Fatal(info, err)
	}
	if id := header.Get("x-request-id"); len(id) != 1 || id[0] != "my-id" {
		t.Errorf("request id %v", id)
	}
	if _, err := client.GetServer(metadata.AppendToOutgoingContext(t.Context(), "x-request-id", "bad id\u00e4"), &synctvv1.GetServerRequest{}, grpc.Header(&header)); err != nil {
		t.Log(err) // the library may refuse it itself
	}
}

func TestTokensAtTheDoor(t *testing.T) {
	s, f := newDoor(t, Config{})
	users := synctvv1.NewUserServiceClient(served(t, s))
	for name, c := range map[string]struct {
		fields []string
		want   codes.Code
	}{
		"none":       {nil, codes.Unauthenticated},
		"good":       {[]string{"authorization", "Bearer good"}, codes.OK},
		"lower case": {[]string{"authorization", "bearer good"}, codes.OK},
		"bad":        {[]string{"authorization", "Bearer bad"}, codes.Unauthenticated},
		"basic":      {[]string{"authorization", "Basic good"}, codes.Unauthenticated},
		"bare":       {[]string{"authorization", "good"}, codes.Unauthenticated},
		"empty":      {[]string{"authorization", "Bearer "}, codes.Unauthenticated},
		"two":        {[]string{"authorization", "Bearer good", "authorization", "Bearer good"}, codes.Unauthenticated},
		"huge":       {[]string{"authorization", "Bearer " + strings.Repeat("x", 5000)}, codes.Unauthenticated},
	} {
		_, err := users.GetMe(metadata.AppendToOutgoingContext(t.Context(), c.fields...), &synctvv1.GetMeRequest{})
		if status.Code(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	if strings.Contains(f.log.String(), "Bearer") {
		t.Error("a token was logged")
	}
}

func TestOldTokensDoNotKeepAnybodyFromSigningIn(t *testing.T) {
	s, _ := newDoor(t, Config{})
	auth := synctvv1.NewAuthServiceClient(served(t, s))
	_, err := auth.Login(metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer old"), &synctvv1.LoginRequest{Username: "ana", Password: "x"})
	if _, info := refusal(t, err); info.GetCode() != "wrong_credentials" {
		t.Fatal(info)
	}
}

func TestOrigin(t *testing.T) {
	for name, c := range map[string]struct {
		trusted []netip.Prefix
		want    string
	}{
		"nobody trusted": {nil, "login-net:127.0.0.1"},
		"others trusted": {[]netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, "login-net:127.0.0.1"},
		"we are trusted": {[]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, "login-net:198.51.100.7"},
	} {
		s, f := newDoor(t, Config{TrustedProxies: c.trusted})
		f.limits.block = true
		auth := synctvv1.NewAuthServiceClient(served(t, s))
		_, err := auth.Login(metadata.AppendToOutgoingContext(t.Context(), "x-forwarded-for", "203.0.113.1, 198.51.100.7"), &synctvv1.LoginRequest{Username: "ana"})
		code, info := refusal(t, err)
		if code != codes.ResourceExhausted || info.GetRetryAfterMs() != 2500 || f.limits.last() != c.want {
			t.Errorf("%s: %v %v, counted %s", name, code, info, f.limits.last())
		}
	}
}

func TestPanicsAreOurFaultAndStayInside(t *testing.T) {
	s, f := newDoor(t, Config{})
	rooms := synctvv1.NewRoomServiceClient(served(t, s))
	ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer good")
	_, err := rooms.ListRooms(ctx, &synctvv1.ListRoomsRequest{}) // the fake store cannot list
	code, info := refusal(t, err)
	if code != codes.Internal || strings.Contains(err.Error(), "nil pointer") {
		t.Fatal(err)
	}
	if log := f.log.String(); !strings.Contains(log, "a call panicked") || !strings.Contains(log, info.GetRequestId()) {
		t.Errorf("the log does not tell: %s", log)
	}
	watch, err := synctvv1.NewRealtimeServiceClient(served(t, s2(t))).Watch(ctx, &synctvv1.WatchRequest{RoomId: "room_00000000000000000000000000"})
	if err == nil {
		_, err = watch.Recv()
	}
	if code, _ := refusal(t, err); code != codes.Internal {
		t.Fatal("a stream's panic:", err)
	}
}

func s2(t *testing.T) *Server {
	s, _ := newDoor(t, Config{})
	return s
}

func TestCausesStayInside(t *testing.T) {
	s, f := newDoor(t, Config{})
	f.store.sessionErr = errors.New("pq: relation sessions does not exist")
	_, err := synctvv1.NewUserServiceClient(served(t, s)).GetMe(metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer good"), &synctvv1.GetMeRequest{})
	code, info := refusal(t, err)
	if code != codes.Internal || strings.Contains(err.Error()+info.String(), "relation") {
		t.Fatal(err)
	}
	if strings.Count(f.log.String(), "relation sessions") != 1 {
		t.Errorf("the cause is not in the log once: %s", f.log.String())
	}
}

func TestLimitsOfTheTransport(t *testing.T) {
	s, _ := newDoor(t, Config{})
	conn := served(t, s)
	auth := synctvv1.NewAuthServiceClient(conn)
	_, err := auth.Login(t.Context(), &synctvv1.LoginRequest{Username: strings.Repeat("x", maxMessageBytes+1)})
	if status.Code(err) != codes.ResourceExhausted {
		t.Errorf("a message too large: %v", err)
	}
	md := metadata.MD{}
	for i := range maxMetadataKeys + 1 {
		md.Append("k"+strings.Repeat("x", i), "v")
	}
	_, err = auth.Login(metadata.NewOutgoingContext(t.Context(), md), &synctvv1.LoginRequest{})
	if code, _ := refusal(t, err); code != codes.ResourceExhausted {
		t.Errorf("many fields: %v", err)
	}
	_, err = auth.Login(metadata.AppendToOutgoingContext(t.Context(), "big", strings.Repeat("x", 2*maxHeaderBytes)), &synctvv1.LoginRequest{})
	if err == nil {
		t.Error("huge fields passed")
	}
	if err := conn.Invoke(t.Context(), "/synctv.v1.AuthService/Nothing", &synctvv1.Empty{}, &synctvv1.Empty{}); status.Code(err) != codes.Unimplemented {
		t.Errorf("an unknown method: %v", err)
	}
	if err := conn.Invoke(t.Context(), "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", &synctvv1.Empty{}, &synctvv1.Empty{}); status.Code(err) != codes.Unimplemented {
		t.Errorf("reflection: %v", err)
	}
}

func TestCallsEndInTime(t *testing.T) {
	s, _ := newDoor(t, Config{CallTimeout: 50 * time.Millisecond})
	_, err := synctvv1.NewAuthServiceClient(served(t, s)).Login(t.Context(), &synctvv1.LoginRequest{Username: "ana", Password: "slow"})
	code, info := refusal(t, err)
	if code != codes.DeadlineExceeded || info.GetCode() != "unavailable" {
		t.Fatal(code, info)
	}
}

func TestValuesNobodyCanUse(t *testing.T) {
	s, _ := newDoor(t, Config{})
	conn := served(t, s)
	ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer good")
	many := make([]*synctvv1.NewMedia, maxListItems+1)
	for i := range many {
		many[i] = &synctvv1.NewMedia{}
	}
	nan := 0.0
	nan /= nan
	for name, c := range map[string]struct {
		call  func() error
		code  string
		field string
	}{
		"NUL": {func() error {
			_, err := synctvv1.NewAuthServiceClient(conn).Login(ctx, &synctvv1.LoginRequest{Username: "a\x00"})
			return err
		}, "invalid_argument", "username"},
		"NaN deep inside": {func() error {
			_, err := synctvv1.NewPlaybackServiceClient(conn).ControlPlayback(ctx, &synctvv1.ControlPlaybackRequest{Intent: &synctvv1.Intent{PositionMs: &nan}})
			return err
		}, "invalid_argument", "intent.position_ms"},
		"NUL in a map": {func() error {
			_, err := synctvv1.NewMediaServiceClient(conn).AddMedia(ctx, &synctvv1.AddMediaRequest{Media: []*synctvv1.NewMedia{{Headers: map[string]string{"a": "\x00"}}}})
			return err
		}, "invalid_argument", "media.headers"},
		"a long list": {func() error {
			_, err := synctvv1.NewMediaServiceClient(conn).AddMedia(ctx, &synctvv1.AddMediaRequest{Media: many})
			return err
		}, "too_large", "media"},
	} {
		if _, info := refusal(t, c.call()); info.GetCode() != c.code || info.GetField() != c.field {
			t.Errorf("%s: %v", name, info)
		}
	}
}

func TestEveryMethodHasAnAccess(t *testing.T) {
	s, _ := newDoor(t, Config{})
	for service, info := range s.native.GetServiceInfo() {
		for _, m := range info.Methods {
			if accessOf("/"+service+"/"+m.Name) == denied {
				t.Errorf("%s/%s is not in the table of access.go", service, m.Name)
			}
		}
	}
	if accessOf("/synctv.v1.AuthService/New") != denied {
		t.Error("an unknown method is open")
	}
}

func TestRunEndsWithItsListener(t *testing.T) {
	s, _ := newDoor(t, Config{})
	ln := failingListener{}
	if err := s.Run(t.Context(), ln); err == nil {
		t.Fatal("a listener that fails is no reason to stop")
	}
}
