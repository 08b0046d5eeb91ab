package e2e

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
	"unicode"

	"google.golang.org/protobuf/proto"

	pb "synctv/proto/synctv/v1"
)

// refused sends bytes and checks that the answer is one refusal in words, not our fault, and that the socket lives on.
func (s *socket) refused(t *testing.T, data []byte, id uint32, code string) {
	t.Helper()
	if err := s.sendRaw(data); err != nil {
		t.Fatal(err)
	}
	m, err := s.tryNext(5*time.Second, func(m *pb.ServerMessage) bool {
		return m.GetRefusal() != nil || m.GetAck() != nil || m.GetGoodbye() != nil
	})
	if err != nil {
		t.Fatalf("no answer: %v", err)
	}
	r := m.GetRefusal()
	if r == nil || r.Id != id || r.Error.GetCode() != code || !strings.HasSuffix(r.Error.GetMessage(), ".") {
		t.Errorf("answered with %v, want a refusal of %d with %s", m, id, code)
	}
	for _, leak := range []string{"proto:", "json", ".go:", "sql", "SQL", "panic"} {
		if strings.Contains(r.GetError().GetMessage(), leak) {
			t.Errorf("says %q", r.Error.Message)
		}
	}
	before := time.Now()
	if err := s.send(&pb.ClientMessage{Body: &pb.ClientMessage_Ping{Ping: &pb.Ping{T0: float64(before.UnixNano())}}}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.tryNext(5*time.Second, func(m *pb.ServerMessage) bool {
		if m.GetRefusal() != nil {
			t.Errorf("a second refusal: %v", m)
		}
		return m.GetPong().GetT0() == float64(before.UnixNano())
	}); err != nil {
		t.Fatalf("the socket does not live on: %v", err)
	}
}

func hostileRoom(t *testing.T) (*server, *client, roomJSON) {
	s := startServer(t, "SYNCTV_SERVER_TRUSTED_PROXIES=127.0.0.0/8")
	t.Cleanup(func() {
		for line := range strings.Lines(s.logs.String()) {
			if strings.Contains(line, "level=ERROR") || strings.Contains(line, "panic") {
				t.Errorf("the server's log: %s", line)
			}
		}
	})
	host := s.owner()
	return s, host, host.createRoom(map[string]any{"media": []any{map[string]any{"url": "https://example.org/film.mp4", "title": "Film"}}, "play": true})
}

// TestHostileJSON is ABUSE-114 and its like in words.
func TestHostileJSON(t *testing.T) {
	t.Parallel()
	s, host, room := hostileRoom(t)
	said := host.dial(room.ID, dialOptions{}).say("mine", "1").Message.Id
	deep := strings.Repeat(`{"chat":`, 5000) + "1" + strings.Repeat("}", 5000)
	seek := func(v string) string {
		return `{"id":9,"intent":{"op":"PLAYBACK_OP_SEEK","positionMs":` + v + `}}`
	}
	rate := func(v string) string { return `{"id":9,"intent":{"op":"PLAYBACK_OP_RATE","rate":` + v + `}}` }
	const unread, invalid = 0, 9
	for i, c := range []struct {
		name, text string
		id         uint32
		code       string
	}{
		{"nothing", ``, unread, "invalid_argument"},
		{"no JSON", `hello`, unread, "invalid_argument"},
		{"half of it", `{"id":9,"chat":{"text":"a"`, unread, "invalid_argument"},
		{"two messages", `{"id":9,"chat":{"text":"a"}}{"id":10}`, unread, "invalid_argument"},
		{"a list", `[]`, unread, "invalid_argument"},
		{"null", `null`, unread, "invalid_argument"},
		{"very deep", deep, unread, "invalid_argument"},
		{"unknown field", `{"id":9,"chat":{"text":"a","admin":true}}`, unread, "invalid_argument"},
		{"unknown command", `{"id":9,"sudo":{}}`, unread, "invalid_argument"},
		{"two commands", `{"id":9,"chat":{"text":"a"},"ping":{}}`, unread, "invalid_argument"},
		{"same field twice", `{"id":9,"id":10,"ping":{}}`, unread, "invalid_argument"},
		{"text that is a number", `{"id":9,"chat":{"text":1}}`, unread, "invalid_argument"},
		{"text that is a list", `{"id":9,"chat":{"text":["a"]}}`, unread, "invalid_argument"},
		{"command that is a text", `{"id":9,"chat":"a"}`, unread, "invalid_argument"},
		{"id below zero", `{"id":-1,"ping":{}}`, unread, "invalid_argument"},
		{"id too large", `{"id":4294967296,"ping":{}}`, unread, "invalid_argument"},
		{"lone surrogate", `{"id":9,"chat":{"text":"\ud800"}}`, unread, "invalid_argument"},
		{"says nothing", `{"id":9}`, invalid, "invalid_argument"},
		{"ABUSE-114 seek to NaN", seek(`"NaN"`), invalid, "invalid_argument"},
		{"ABUSE-114 seek to infinity", seek(`"Infinity"`), invalid, "invalid_argument"},
		{"ABUSE-114 seek to minus infinity", seek(`"-Infinity"`), invalid, "invalid_argument"},
		{"ABUSE-114 seek to 1e308", seek(`1e308`), invalid, "invalid_argument"},
		{"ABUSE-114 seek to 1e309", seek(`1e309`), unread, "invalid_argument"},
		{"ABUSE-114 seek below zero", seek(`-1`), invalid, "invalid_argument"},
		{"ABUSE-114 seek to nowhere", `{"id":9,"intent":{"op":"PLAYBACK_OP_SEEK"}}`, invalid, "invalid_argument"},
		{"ABUSE-114 rate 0", rate(`0`), invalid, "invalid_argument"},
		{"ABUSE-114 rate 1000", rate(`1000`), invalid, "invalid_argument"},
		{"ABUSE-114 rate -1", rate(`-1`), invalid, "invalid_argument"},
		{"ABUSE-114 rate NaN", rate(`"NaN"`), invalid, "invalid_argument"},
		{"no operation", `{"id":9,"intent":{}}`, invalid, "invalid_argument"},
		{"unknown operation by name", `{"id":9,"intent":{"op":"FLY"}}`, unread, "invalid_argument"},
		{"unknown operation by number", `{"id":9,"intent":{"op":77}}`, invalid, "invalid_argument"},
		{"unknown item", `{"id":9,"intent":{"op":"PLAYBACK_OP_SELECT","mediaId":"med_nothing"}}`, invalid, "not_found"},
		{"item of 10,000 characters", `{"id":9,"intent":{"op":"PLAYBACK_OP_SELECT","mediaId":"` + strings.Repeat("x", 10000) + `"}}`, invalid, "invalid_argument"},
		{"intent about another item", `{"id":9,"intent":{"op":"PLAYBACK_OP_PAUSE","baseMediaId":"med_other"}}`, invalid, "stale"},
		{"intent of the future", `{"id":9,"intent":{"op":"PLAYBACK_OP_PAUSE","baseRevision":4000000000}}`, invalid, "stale"},
		{"client id of 10,000 characters", `{"id":9,"chat":{"text":"a","clientId":"` + strings.Repeat("x", 10000) + `"}}`, invalid, "invalid_argument"},
		{"unknown message", `{"id":9,"edit":{"messageId":"msg_nothing","text":"b"}}`, invalid, "not_found"},
		{"no message", `{"id":9,"delete":{}}`, invalid, "not_found"},
		{"somebody else's message", `{"id":9,"edit":{"messageId":"` + said + `","text":"b"}}`, invalid, "permission_denied"},
		{"deleting somebody else's message", `{"id":9,"delete":{"messageId":"` + said + `"}}`, invalid, "permission_denied"},
		{"danmaku nowhere", `{"id":9,"chat":{"text":"a","danmaku":{"positionMs":"NaN"}}}`, invalid, "invalid_argument"},
		{"danmaku of no colour", `{"id":9,"chat":{"text":"a","danmaku":{"color":4294967295}}}`, invalid, "invalid_argument"},
		{"danmaku in no lane", `{"id":9,"chat":{"text":"a","danmaku":{"lane":9}}}`, invalid, "invalid_argument"},
		{"report of no state", `{"id":9,"report":{"state":9}}`, invalid, "invalid_argument"},
		{"report of NaN", `{"id":9,"report":{"state":"PLAYER_STATE_PLAYING","errorMs":"NaN"}}`, invalid, "invalid_argument"},
		{"report of 1e308", `{"id":9,"report":{"state":"PLAYER_STATE_PLAYING","positionMs":1e308}}`, invalid, "invalid_argument"},
		{"report below zero", `{"id":9,"report":{"state":"PLAYER_STATE_PLAYING","rttMs":-1}}`, invalid, "invalid_argument"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := hostileGuest(t, s, room, i).dial(room.ID, dialOptions{})
			w.refused(t, []byte(c.text), c.id, c.code)
		})
	}
}

// hostileGuest is a guest with limits of their own.
func hostileGuest(t *testing.T, s *server, room roomJSON, i int) *client {
	t.Helper()
	var tok tokensJSON
	s.from(fmt.Sprint("203.0.113.", i%200)).must("POST", "/api/v1/rooms/"+room.ID+"/guests", map[string]any{"name": "Mallory"}, &tok)
	g := s.as(tok)
	g.t = t
	return g
}

// TestHostileProtobuf is the same in bytes.
func TestHostileProtobuf(t *testing.T) {
	t.Parallel()
	s, _, room := hostileRoom(t)
	intent := func(in *pb.Intent) []byte {
		data, err := proto.Marshal(&pb.ClientMessage{Id: 9, Body: &pb.ClientMessage_Intent{Intent: in}})
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	seek := func(v float64) []byte { return intent(&pb.Intent{Op: pb.PlaybackOp_PLAYBACK_OP_SEEK, PositionMs: &v}) }
	rate := func(v float64) []byte { return intent(&pb.Intent{Op: pb.PlaybackOp_PLAYBACK_OP_RATE, Rate: &v}) }
	for i, c := range []struct {
		name string
		data []byte
		id   uint32
		code string
	}{
		{"nothing", nil, 0, "invalid_argument"},
		{"cut off", seek(1)[:5], 0, "invalid_argument"},
		{"noise", []byte("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"), 0, "invalid_argument"},
		{"length beyond the end", []byte{0x22, 0xff, 0xff, 0xff, 0xff, 0x0f}, 0, "invalid_argument"},
		{"text that is not UTF-8", []byte{0x08, 9, 0x22, 4, 0x0a, 2, 0xff, 0xfe}, 0, "invalid_argument"},
		{"JSON", []byte(`{"id":9,"ping":{}}`), 0, "invalid_argument"},
		{"only an unknown field", []byte{0x08, 9, 0xf8, 0x07, 1}, 9, "invalid_argument"},
		{"nested groups", append([]byte{0x08, 9}, []byte(strings.Repeat("\xf3\x07", 20000))...), 0, "invalid_argument"},
		{"ABUSE-114 seek to NaN", seek(math.NaN()), 9, "invalid_argument"},
		{"ABUSE-114 seek to infinity", seek(math.Inf(1)), 9, "invalid_argument"},
		{"ABUSE-114 seek to 1e308", seek(1e308), 9, "invalid_argument"},
		{"ABUSE-114 seek below zero", seek(-1), 9, "invalid_argument"},
		{"ABUSE-114 rate 0", rate(0), 9, "invalid_argument"},
		{"ABUSE-114 rate 1000", rate(1000), 9, "invalid_argument"},
		{"ABUSE-114 rate NaN", rate(math.NaN()), 9, "invalid_argument"},
		{"ABUSE-114 rate of the smallest number", rate(math.SmallestNonzeroFloat64), 9, "invalid_argument"},
		{"unknown operation", intent(&pb.Intent{Op: 77}), 9, "invalid_argument"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := hostileGuest(t, s, room, i).dial(room.ID, dialOptions{binary: true})
			w.refused(t, c.data, c.id, c.code)
		})
	}
}

// TestHostileText is ABUSE-116: text is data. What could disturb other people's screens goes, everything else stays.
func TestHostileText(t *testing.T) {
	t.Parallel()
	s, host, room := hostileRoom(t)
	seen := host.dial(room.ID, dialOptions{})
	marks := strings.Repeat("\u0301\u0489", 1000)
	for i, c := range []struct {
		name, text, want string // "" is a refusal
	}{
		{"HTML", `<img src=x onerror=alert(1)>&amp;"'`, `<img src=x onerror=alert(1)>&amp;"'`},
		{"template and SQL", `${7*7} {{7*7}} ' OR 1=1 --`, `${7*7} {{7*7}} ' OR 1=1 --`},
		{"control characters", "a\x00b\x07c\x1b[31md\x7fe\u0085f", "abc[31mdef"},
		{"right-to-left override", "safe\u202Eexe.txt\u2066\u2069\u200F", "safeexe.txt"},
		{"line breaks and tabs", "a\n\tb", "a\n\tb"},
		{"combining marks", "Z" + marks, "Z\u0301\u0489\u0301\u0489"},
		{"emoji of many parts", "👩‍👩‍👧‍👦 ❤️", "👩‍👩‍👧‍👦 ❤️"},
		{"two thousand characters", strings.Repeat("字", 2000), strings.Repeat("字", 2000)},
		{"two thousand and one", strings.Repeat("字", 2001), ""},
		{"60,000 combining marks", strings.Repeat("\u0301", 30000), ""},
		{"nothing", "", ""},
		{"blanks", " \n\t ", ""},
		{"nothing to see", "\u202E\u0000\u2066", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, binary := range []bool{false, true} {
				w := hostileGuest(t, s, room, i).dial(room.ID, dialOptions{binary: binary})
				ack, refused := w.ask(&pb.ClientMessage{Body: &pb.ClientMessage_Chat{Chat: &pb.SendChat{Text: c.text, ClientId: "x"}}})
				if c.want == "" {
					if refused.GetError().GetCode() != "invalid_argument" || refused.GetError().GetField() != "text" {
						t.Errorf("binary %v: %v, %v", binary, ack, refused)
					}
					continue
				}
				if refused != nil {
					t.Fatalf("binary %v: refused: %v", binary, refused)
				}
				got := event(seen.next("the message", func(m *pb.ServerMessage) bool { return event(m).GetMessage().GetId() == ack.Message.Id })).GetMessage().Text
				if got != c.want || ack.Message.Text != c.want {
					t.Errorf("binary %v: became %q", binary, got)
				}
			}
		})
	}
	for i, name := range []string{"\u202Egnp.exe", "a\x00\x1b[2J", "<script>", strings.Repeat("\u0489", 40) + "x", "\u200F\u200E", strings.Repeat("n", 33)} {
		var tok tokensJSON
		err := s.from(fmt.Sprint("203.0.113.", 210+i)).call("POST", "/api/v1/rooms/"+room.ID+"/guests", map[string]any{"name": name}, &tok)
		if err != nil {
			if refusal(err) != "invalid_argument" {
				t.Errorf("a guest called %q: %v", name, err)
			}
			continue
		}
		w := s.as(tok).dial(room.ID, dialOptions{})
		if strings.ContainsFunc(w.Welcome.Me.Name, func(r rune) bool { return unicode.IsControl(r) || r >= 0x202A && r <= 0x202E || r == 0x200F }) {
			t.Errorf("a guest is called %q", w.Welcome.Me.Name)
		}
	}
}
