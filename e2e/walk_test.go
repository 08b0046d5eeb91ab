package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	contract "synctv/proto"
	pb "synctv/proto/synctv/v1"
)

// walkers are the columns of the table: who calls, weakest first, so that what one may do does not
// spoil the ground for the next.
var walkers = []string{"nobody", "forger", "foreign guest", "banned", "guest", "member", "admin"}

// walkTable says what every method of the contract answers to each of the walkers: "ok", or the code of the
// error. A request is JSON with $names of the world in it. It is THE expectation: a new method without a row
// fails the test.
//
//	unauth   unauthenticated        denied   permission_denied
//	none     not_found              invalid  invalid_argument
var walkTable = map[string]struct{ request, want string }{
	"ServerService/GetServer": {`{}`, "ok ok ok ok ok ok ok"},

	"AuthService/Register":       {`{"username":"$fresh","password":"correct horse"}`, "ok ok ok ok ok ok ok"},
	"AuthService/Login":          {`{"username":"nobody-here","password":"correct horse"}`, "wrong_credentials wrong_credentials wrong_credentials wrong_credentials wrong_credentials wrong_credentials wrong_credentials"},
	"AuthService/RedeemSetup":    {`{"token":"nonsense"}`, "unauth unauth unauth unauth unauth unauth unauth"},
	"AuthService/Refresh":        {`{"refreshToken":"nonsense"}`, "unauth unauth unauth unauth unauth unauth unauth"},
	"AuthService/Logout":         {`{}`, "unauth unauth ok ok ok ok ok"},
	"AuthService/ChangePassword": {`{"currentPassword":"not this one","newPassword":"correct battery"}`, "unauth unauth denied wrong_credentials denied wrong_credentials wrong_credentials"},
	"AuthService/CreateTicket":   {`{"roomId":"$room"}`, "unauth unauth none banned ok ok ok"},

	"UserService/GetMe":      {`{}`, "unauth unauth ok ok ok ok ok"},
	"UserService/UpdateMe":   {`{"displayName":"New name"}`, "unauth unauth denied ok denied ok ok"},
	"UserService/ListUsers":  {`{}`, "unauth unauth denied denied denied denied ok"},
	"UserService/CreateUser": {`{"username":"$fresh","password":"correct horse"}`, "unauth unauth denied denied denied denied ok"},
	"UserService/UpdateUser": {`{"userId":"$victim","displayName":"Renamed"}`, "unauth unauth denied denied denied denied ok"},
	"UserService/DeleteUser": {`{"userId":"$victim"}`, "unauth unauth denied denied denied denied ok"},

	"RoomService/CreateRoom":        {`{"name":"Another"}`, "unauth unauth denied ok denied ok ok"},
	"RoomService/GetRoom":           {`{"roomId":"$room"}`, "unauth unauth none banned ok ok ok"},
	"RoomService/UpdateRoom":        {`{"roomId":"$room","name":"Renamed"}`, "unauth unauth none banned denied denied ok"},
	"RoomService/DeleteRoom":        {`{"roomId":"$room"}`, "unauth unauth none banned denied denied ok"},
	"RoomService/ListRooms":         {`{"scope":"SCOPE_PUBLIC"}`, "ok unauth ok ok ok ok ok"},
	"RoomService/LookupInvite":      {`{"code":"$invite"}`, "ok ok ok ok ok ok ok"},
	"RoomService/RotateInvite":      {`{"roomId":"$room"}`, "unauth unauth none banned denied denied ok"},
	"RoomService/JoinRoom":          {`{"roomId":"$room"}`, "unauth unauth none banned ok ok ok"},
	"RoomService/JoinAsGuest":       {`{"roomId":"$room","name":"Visitor"}`, "ok ok ok ok ok ok ok"},
	"RoomService/LeaveRoom":         {`{"roomId":"$room"}`, "unauth unauth none banned ok ok none"},
	"RoomService/TransferOwnership": {`{"roomId":"$room","userId":"$victim"}`, "unauth unauth none banned denied denied ok"},
	"RoomService/SetFavourite":      {`{"roomId":"$room","favourite":true}`, "unauth unauth denied banned denied ok ok"},

	"MemberService/ListMembers":  {`{"roomId":"$room"}`, "unauth unauth none banned ok ok ok"},
	"MemberService/UpdateMember": {`{"roomId":"$room","personId":"$victim","role":"ROOM_ROLE_ADMIN"}`, "unauth unauth none banned denied denied ok"},
	"MemberService/KickMember":   {`{"roomId":"$room","personId":"$victim"}`, "unauth unauth none banned denied denied ok"},
	"MemberService/BanMember":    {`{"roomId":"$room","personId":"$victim"}`, "unauth unauth none banned denied denied ok"},
	"MemberService/UnbanMember":  {`{"roomId":"$room","personId":"$banned"}`, "unauth unauth none banned denied denied ok"},
	"MemberService/ListBans":     {`{"roomId":"$room"}`, "unauth unauth none banned denied denied ok"},

	"MediaService/ListMedia":    {`{"roomId":"$room"}`, "unauth unauth none banned ok ok ok"},
	"MediaService/AddMedia":     {`{"roomId":"$room","media":[{"url":"https://example.org/b.mp4"}]}`, "unauth unauth none banned ok ok ok"},
	"MediaService/UpdateMedia":  {`{"roomId":"$room","mediaId":"$media","title":"Renamed"}`, "unauth unauth none banned denied denied ok"},
	"MediaService/MoveMedia":    {`{"roomId":"$room","mediaId":"$media"}`, "unauth unauth none banned denied ok ok"},
	"MediaService/DeleteMedia":  {`{"roomId":"$room","mediaId":"$media"}`, "unauth unauth none banned denied denied ok"},
	"MediaService/ProbeMedia":   {`{"roomId":"$room","url":"http://127.0.0.1:1/x.mp4"}`, "unauth unauth none banned upstream_failed upstream_failed upstream_failed"},
	"MediaService/ResolveMedia": {`{"roomId":"$room","mediaId":"$media"}`, "unauth unauth none banned ok ok ok"},

	"PlaybackService/GetPlayback":     {`{"roomId":"$room"}`, "unauth unauth none banned ok ok ok"},
	"PlaybackService/ControlPlayback": {`{"roomId":"$room","intent":{"op":"PLAYBACK_OP_SELECT","mediaId":"$media"}}`, "unauth unauth none banned ok ok ok"},

	"ChatService/ListMessages":  {`{"roomId":"$room"}`, "unauth unauth none banned ok ok ok"},
	"ChatService/SendMessage":   {`{"roomId":"$room","text":"Hello."}`, "unauth unauth none banned ok ok ok"},
	"ChatService/EditMessage":   {`{"roomId":"$room","messageId":"$message","text":"Changed."}`, "unauth unauth none banned denied denied denied"},
	"ChatService/DeleteMessage": {`{"roomId":"$room","messageId":"$message"}`, "unauth unauth none banned denied denied ok"},
	"ChatService/ListDanmaku":   {`{"roomId":"$room","mediaId":"$media"}`, "unauth unauth none banned ok ok ok"},

	// $stream is a private one of the room.
	"StreamService/CreateStream":       {`{"title":"Mine"}`, "unauth unauth denied ok denied ok ok"},
	"StreamService/GetStream":          {`{"streamId":"$stream"}`, "none unauth none none ok ok ok"},
	"StreamService/ListStreams":        {`{"scope":"SCOPE_PUBLIC"}`, "ok unauth ok ok ok ok ok"},
	"StreamService/UpdateStream":       {`{"streamId":"$stream","title":"Renamed"}`, "unauth unauth none none denied denied ok"},
	"StreamService/DeleteStream":       {`{"streamId":"$stream"}`, "unauth unauth none none denied denied ok"},
	"StreamService/CreatePublishKey":   {`{"streamId":"$stream","rotate":true}`, "unauth unauth none none denied denied ok"},
	"StreamService/ListPublishKeys":    {`{"streamId":"$stream"}`, "unauth unauth none none denied denied ok"},
	"StreamService/RevokePublishKey":   {`{"streamId":"$stream","keyId":"$key"}`, "unauth unauth none none denied denied ok"},
	"StreamService/CreatePlayToken":    {`{"streamId":"$stream"}`, "unauth unauth none none denied denied ok"},
	"StreamService/RevokePlayTokens":   {`{"streamId":"$stream"}`, "unauth unauth none none denied denied ok"},
	"StreamService/ListStreamSessions": {`{"streamId":"$stream"}`, "unauth unauth none none denied denied ok"},
	"StreamService/KickStreamSession":  {`{"streamId":"$stream","sessionId":"nobody"}`, "unauth unauth none none denied denied none"},

	// Nobody publishes $stream, so there are no recordings of it.
	"RecordingService/StartRecording":  {`{"streamId":"$stream"}`, "unauth unauth none none denied denied conflict"},
	"RecordingService/StopRecording":   {`{"streamId":"$stream"}`, "unauth unauth none none denied denied ok"},
	"RecordingService/ListRecordings":  {`{"streamId":"$stream"}`, "unauth unauth none none denied denied ok"},
	"RecordingService/GetRecording":    {`{"recordingId":"rec_00000000000000000000000000"}`, "unauth unauth none none none none none"},
	"RecordingService/DeleteRecording": {`{"recordingId":"rec_00000000000000000000000000"}`, "unauth unauth none none none none none"},

	"RealtimeService/Watch": {`{"roomId":"$room"}`, "unauth unauth none banned ok ok ok"},
}

var walkWords = map[string]string{"unauth": "unauthenticated", "denied": "permission_denied", "none": "not_found", "invalid": "invalid_argument"}

// world is a room with somebody of every kind around it.
type world struct {
	s       *server
	address string            // where its people call from, so that limits of other worlds do not count
	tokens  map[string]string // by walker
	names   map[string]string // what stands for $names
}

// worlds counts worlds and people, for names and addresses that are new.
var worlds atomic.Int64

// elsewhere is an address that nobody has called from.
func elsewhere() string {
	n := worlds.Add(1)
	return fmt.Sprintf("198.%d.%d.%d", 18+n>>16&1, n>>8&255, n&255)
}

// newWorld makes a world with accounts of its own; only the administrator is the server's one.
func newWorld(s *server, admin string) *world {
	w := &world{s: s, address: elsewhere(), names: map[string]string{},
		tokens: map[string]string{"nobody": "", "forger": forged, "admin": admin}}
	owner, member, banned, victim := w.register("owner"), w.register("member"), w.register("banned"), w.register("victim")
	room := func() (r struct{ ID, InviteCode string }) {
		w.must(owner.AccessToken, "POST", "/api/v1/rooms", map[string]any{"name": "Walk", "media": []any{map[string]any{"url": "https://example.org/a.mp4", "title": "A"}}}, &r)
		return r
	}
	r, other := room(), room()
	for _, tok := range []tokensJSON{member, banned, victim} {
		w.must(tok.AccessToken, "POST", "/api/v1/rooms/"+r.ID+"/join", map[string]any{}, nil)
	}
	w.must(owner.AccessToken, "POST", "/api/v1/rooms/"+r.ID+"/bans", map[string]any{"personId": banned.User.ID}, nil)
	var media struct{ Media []struct{ ID string } }
	w.must(owner.AccessToken, "GET", "/api/v1/rooms/"+r.ID+"/media", nil, &media)
	var message struct{ ID string }
	w.must(owner.AccessToken, "POST", "/api/v1/rooms/"+r.ID+"/messages", map[string]any{"text": "First."}, &message)
	var live struct{ Stream, Key struct{ ID string } }
	w.must(owner.AccessToken, "POST", "/api/v1/streams", map[string]any{"roomId": r.ID}, &live)
	w.tokens["owner"], w.tokens["member"], w.tokens["banned"] = owner.AccessToken, member.AccessToken, banned.AccessToken
	w.tokens["guest"], w.tokens["foreign guest"] = w.guest(r.ID), w.guest(other.ID)
	w.names = map[string]string{"$room": r.ID, "$invite": r.InviteCode, "$victim": victim.User.ID, "$banned": banned.User.ID,
		"$media": media.Media[0].ID, "$message": message.ID,
		"$stream": live.Stream.ID, "$key": live.Key.ID}
	return w
}

// forged has the shape of a token and the right claims, and was never signed by the server.
const forged = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJzeW5jdHYiLCJzdWIiOiJ1c3JfMSIsImV4cCI6NDA3MDkwODgwMCwiaWF0IjoxNzAwMDAwMDAwfQ.c2lnbmF0dXJlc2lnbmF0dXJlc2lnbmF0dXJlc2lnbmE"

func (w *world) register(kind string) (tok tokensJSON) {
	w.must("", "POST", "/api/v1/auth/register", map[string]any{"username": fmt.Sprintf("%s%d", kind, worlds.Add(1)), "password": "correct horse"}, &tok)
	return tok
}

func (w *world) guest(room string) string {
	var tok tokensJSON
	w.must("", "POST", "/api/v1/rooms/"+room+"/guests", map[string]any{"name": "Guest"}, &tok)
	return tok.AccessToken
}

func (w *world) must(token, method, path string, body, out any) {
	w.s.t.Helper()
	c := &client{t: w.s.t, base: w.s.URL, token: token, address: w.address}
	c.must(method, path, body, out)
}

// fill puts the world's names into a request.
func (w *world) fill(request string) string {
	w.names["$fresh"] = fmt.Sprintf("fresh%d", worlds.Add(1))
	for name, value := range w.names {
		request = strings.ReplaceAll(request, name, value)
	}
	return request
}

// startWalk starts a server that believes our X-Forwarded-For, and signs its owner in.
func startWalk(t *testing.T) (*server, string) {
	t.Helper()
	s := startServer(t, walkSettings...)
	return s, walkAdmin(s)
}

// walkSettings let a walk call from many addresses.
var walkSettings = []string{"SYNCTV_SERVER_TRUSTED_PROXIES=127.0.0.1", "SYNCTV_LOG_LEVEL=warn"}

// walkAdmin signs the owner in and returns the token.
func walkAdmin(s *server) string {
	s.t.Helper()
	admin := s.owner()
	// A password, so that changing it asks for the current one.
	var tok tokensJSON
	admin.must("POST", "/api/v1/auth/password", map[string]any{"newPassword": "correct horse"}, &tok)
	return tok.AccessToken
}

// contractMethods lists every method of the contract, as "Service/Method".
func contractMethods() map[string]protoreflect.MethodDescriptor {
	all := map[string]protoreflect.MethodDescriptor{}
	protoregistry.GlobalFiles.RangeFilesByPackage("synctv.v1", func(f protoreflect.FileDescriptor) bool {
		for i := range f.Services().Len() {
			sd := f.Services().Get(i)
			for j := range sd.Methods().Len() {
				m := sd.Methods().Get(j)
				all[string(sd.Name())+"/"+string(m.Name())] = m
			}
		}
		return true
	})
	return all
}

// restRoute is one operation of the OpenAPI document.
type restRoute struct {
	method, path string
	body         bool
}

// restRoutes reads the OpenAPI document, by "Service/Method".
func restRoutes(t *testing.T) map[string]restRoute {
	t.Helper()
	var doc struct {
		Paths map[string]map[string]struct {
			OperationID string          `json:"operationId"`
			RequestBody json.RawMessage `json:"requestBody"`
		} `json:"paths"`
	}
	if err := json.Unmarshal(contract.OpenAPI, &doc); err != nil {
		t.Fatal(err)
	}
	all := map[string]restRoute{}
	for path, methods := range doc.Paths {
		for method, op := range methods {
			all[strings.Replace(op.OperationID, "_", "/", 1)] = restRoute{strings.ToUpper(method), path, op.RequestBody != nil}
		}
	}
	return all
}

func TestEveryMethodIsInTheTableAndHasARoute(t *testing.T) {
	methods, routes := contractMethods(), restRoutes(t)
	for name, m := range methods {
		if _, ok := walkTable[name]; !ok {
			t.Errorf("%s has no row in walkTable: say who may call it", name)
		}
		if _, ok := routes[name]; !ok && !m.IsStreamingServer() {
			t.Errorf("%s has no REST route", name)
		}
	}
	for name := range walkTable {
		if _, ok := methods[name]; !ok {
			t.Errorf("%s is in walkTable and not in the contract", name)
		}
	}
	for name := range routes {
		if _, ok := methods[name]; !ok {
			t.Errorf("%s is a route and not a method", name)
		}
	}
}

// TestWhoMayDoWhat walks every method, natively and as REST, with everybody, on both databases.
func TestWhoMayDoWhat(t *testing.T) {
	engines(t, walkAll, walkSettings...)
}

func walkAll(t *testing.T, s *server) {
	admin := walkAdmin(s)
	conn, err := grpc.NewClient(strings.TrimPrefix(s.URL, "http://"), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	routes := restRoutes(t)
	methods := contractMethods()
	for _, name := range slices.Sorted(mapsKeys(methods)) {
		row := walkTable[name]
		want := strings.Fields(row.want)
		if len(want) != len(walkers) {
			t.Errorf("%s: the row has %d columns, not %d", name, len(want), len(walkers))
			continue
		}
		for i, word := range want {
			if full, ok := walkWords[word]; ok {
				want[i] = full
			}
		}
		surfaces := map[string]func(w *world, token string) string{
			"gRPC": func(w *world, token string) string { return w.callGRPC(conn, methods[name], token, row.request) },
		}
		if route, ok := routes[name]; ok {
			surfaces["REST"] = func(w *world, token string) string { return w.callREST(route, token, row.request) }
		}
		for surface, call := range surfaces {
			w := newWorld(s, admin)
			if name == "AuthService/Logout" { // its administrator leaves; the server's one is still needed
				w.tokens["admin"] = login(w, "root")
			}
			var got []string
			for _, who := range walkers {
				got = append(got, call(w, w.tokens[who]))
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s by %s:\n  got  %s\n  want %s", name, surface, strings.Join(got, " "), strings.Join(want, " "))
			}
		}
	}
}

func login(w *world, username string) string {
	var tok tokensJSON
	w.must("", "POST", "/api/v1/auth/login", map[string]any{"username": username, "password": "correct horse"}, &tok)
	return tok.AccessToken
}

func mapsKeys[V any](m map[string]V) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// callREST makes the call and returns "ok" or the code of the error.
func (w *world) callREST(route restRoute, token, request string) string {
	var fields map[string]any
	if err := json.Unmarshal([]byte(w.fill(request)), &fields); err != nil {
		w.s.t.Fatal(err)
	}
	path := fillPath(route.path, fields)
	var body any
	if route.body {
		body = fields
	} else if len(fields) > 0 {
		q := url.Values{}
		for k, v := range fields {
			q.Set(k, fmt.Sprint(v))
		}
		path += "?" + q.Encode()
	}
	c := &client{t: w.s.t, base: w.s.URL, token: token, address: elsewhere()}
	err := c.call(route.method, path, body, nil)
	var f *failure
	switch {
	case err == nil:
		return "ok"
	case errors.As(err, &f):
		return f.Code
	}
	return err.Error()
}

// fillPath puts fields into a path's template and takes them out of the fields.
func fillPath(path string, fields map[string]any) string {
	for {
		before, rest, ok := strings.Cut(path, "{")
		if !ok {
			return path
		}
		name, after, _ := strings.Cut(rest, "}")
		key := camel(name)
		path = before + url.PathEscape(fmt.Sprint(fields[key])) + after
		delete(fields, key)
	}
}

func camel(snake string) string {
	parts := strings.Split(snake, "_")
	for i := 1; i < len(parts); i++ {
		parts[i] = strings.ToUpper(parts[i][:1]) + parts[i][1:]
	}
	return strings.Join(parts, "")
}

// callGRPC makes the call and returns "ok" or the code of the error.
func (w *world) callGRPC(conn *grpc.ClientConn, m protoreflect.MethodDescriptor, token, request string) string {
	in, out := newMessage(w.s.t, m.Input()), newMessage(w.s.t, m.Output())
	if err := protojson.Unmarshal([]byte(w.fill(request)), in); err != nil {
		w.s.t.Fatalf("%s: %v", m.FullName(), err)
	}
	ctx, cancel := context.WithCancel(metadata.AppendToOutgoingContext(w.s.t.Context(), "x-forwarded-for", elsewhere()))
	defer cancel()
	if token != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token)
	}
	full := fmt.Sprintf("/%s/%s", m.Parent().FullName(), m.Name())
	if !m.IsStreamingServer() {
		return codeOf(conn.Invoke(ctx, full, in, out))
	}
	stream, err := conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, full)
	if err == nil {
		err = stream.SendMsg(in)
	}
	if err == nil {
		err = stream.CloseSend()
	}
	if err == nil {
		err = stream.RecvMsg(out)
	}
	return codeOf(err)
}

func newMessage(t *testing.T, d protoreflect.MessageDescriptor) proto.Message {
	t.Helper()
	mt, err := protoregistry.GlobalTypes.FindMessageByName(d.FullName())
	if err != nil {
		t.Fatal(err)
	}
	return mt.New().Interface()
}

func codeOf(err error) string {
	if err == nil {
		return "ok"
	}
	for _, d := range status.Convert(err).Details() {
		if info, ok := d.(*pb.ErrorInfo); ok {
			if info.GetRequestId() == "" || info.GetMessage() == "" {
				return info.GetCode() + " without message or request id"
			}
			return info.GetCode()
		}
	}
	return "without ErrorInfo: " + err.Error()
}
