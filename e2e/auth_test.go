package e2e

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"synctv/internal/peertest"
)

// login signs in and returns the tokens.
func (c *client) login(name, password string) (tok tokensJSON, err error) {
	err = c.call("POST", "/api/v1/auth/login", map[string]any{"username": name, "password": password}, &tok)
	return tok, err
}

func (c *client) refresh(token string) (tok tokensJSON, err error) {
	err = c.call("POST", "/api/v1/auth/refresh", map[string]any{"refreshToken": token}, &tok)
	return tok, err
}

func signUp(t *testing.T, s *server, address, name string) (tok tokensJSON) {
	t.Helper()
	s.from(address).must("POST", "/api/v1/auth/register", map[string]any{"username": name, "password": "correct horse"}, &tok)
	return tok
}

// engines runs a test on each database.
func engines(t *testing.T, test func(t *testing.T, s *server), env ...string) {
	t.Run("sqlite", func(t *testing.T) { t.Parallel(); test(t, startServer(t, env...)) })
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, startServer(t, append(env, "SYNCTV_DATABASE_URL="+peertest.Postgres(t))...))
	})
}

// TestRefreshTokens is ABUSE-160 and 161.
func TestRefreshTokens(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *server) {
		t.Run("rotates", func(t *testing.T) {
			first := signUp(t, s, "203.0.113.1", "rotates")
			second, err := s.stranger().refresh(first.RefreshToken)
			if err != nil || second.RefreshToken == first.RefreshToken || second.RefreshToken == "" {
				t.Fatalf("%v %v", second, err)
			}
			s.as(second).must("GET", "/api/v1/me", nil, nil)
			if _, err := s.stranger().refresh(second.RefreshToken); err != nil {
				t.Error(err)
			}
		})
		t.Run("a reply that got lost", func(t *testing.T) {
			first := signUp(t, s, "203.0.113.2", "lost")
			lost, err1 := s.stranger().refresh(first.RefreshToken)
			again, err2 := s.stranger().refresh(first.RefreshToken)
			if err1 != nil || err2 != nil || lost.RefreshToken != again.RefreshToken {
				t.Errorf("the same token led to two: %v, %v", err1, err2)
			}
		})
		t.Run("eight tabs at once stay signed in", func(t *testing.T) {
			first := signUp(t, s, "203.0.113.3", "tabs")
			var wg sync.WaitGroup
			got := make([]tokensJSON, 8)
			for i := range got {
				wg.Go(func() {
					var err error
					if got[i], err = s.stranger().refresh(first.RefreshToken); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			for _, tok := range got {
				s.as(tok).must("GET", "/api/v1/me", nil, nil)
				if _, err := s.stranger().refresh(tok.RefreshToken); err != nil { // within the grace all of them are one tab
					t.Error(err)
				}
			}
		})
		t.Run("stolen and used long ago", func(t *testing.T) { refreshTheft(t, s, 0) })
		t.Run("stolen and used many times", func(t *testing.T) { refreshTheft(t, s, 5) })
		t.Run("made up", func(t *testing.T) {
			tok := signUp(t, s, "203.0.113.5", "madeup")
			for name, bad := range map[string]string{
				"cut off": tok.RefreshToken[:len(tok.RefreshToken)-1], "one more": tok.RefreshToken + "0", "other case": strings.ToUpper(tok.RefreshToken),
				"another secret": tok.RefreshToken[:len(tok.RefreshToken)-6] + "000000", "empty": "", "the access token": tok.AccessToken,
				"a megabyte": "rt_" + strings.Repeat("x", 1<<19),
			} {
				if _, err := s.stranger().refresh(bad); refusal(err) != "unauthenticated" && refusal(err) != "too_large" && refusal(err) != "invalid_argument" {
					t.Errorf("%s: %v", name, err)
				}
			}
			if _, err := s.stranger().refresh(tok.RefreshToken); err != nil {
				t.Errorf("guesses ended the login: %v", err)
			}
		})
	}, "SYNCTV_SERVER_TRUSTED_PROXIES=127.0.0.0/8")
}

// refreshTheft has a thief use a refresh token first and the owner later: the whole login ends, sockets too.
func refreshTheft(t *testing.T, s *server, more int) {
	owner := signUp(t, s, "203.0.113.4", fmt.Sprint("victim", more))
	room := s.as(owner).createRoom(nil)
	sock := s.as(owner).dial(room.ID, dialOptions{})
	sock.t = t
	thief, err := s.stranger().refresh(owner.RefreshToken)
	for range more {
		if err == nil {
			thief, err = s.stranger().refresh(thief.RefreshToken)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	if more == 0 {
		time.Sleep(10500 * time.Millisecond) // the token before works for ten seconds more
	}
	if _, err := s.stranger().refresh(owner.RefreshToken); refusal(err) != "unauthenticated" {
		t.Errorf("a used token: %v", err)
	}
	if _, err := s.stranger().refresh(thief.RefreshToken); refusal(err) != "unauthenticated" {
		t.Errorf("the thief's refresh token lives on: %v", err)
	}
	if err := s.as(thief).call("GET", "/api/v1/me", nil, nil); refusal(err) != "unauthenticated" {
		t.Errorf("the thief's access token lives on: %v", err)
	}
	if code, _ := sock.closed(2 * time.Second); code != 4401 {
		t.Errorf("the socket closed with %d", code)
	}
}

// TestEndingsReachSockets is ABUSE-171: what ends a login ends its sockets at once, and only its own.
func TestEndingsReachSockets(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *server) {
		admin := s.owner()
		for i, c := range []struct {
			name  string
			end   func(*client)
			first bool // the session that does it ends too
		}{
			{"logout", func(u *client) { u.must("POST", "/api/v1/auth/logout", map[string]any{}, nil) }, true},
			{"logout everywhere", func(u *client) { u.must("POST", "/api/v1/auth/logout", map[string]any{"everywhere": true}, nil) }, true},
			{"new password", func(u *client) {
				u.must("POST", "/api/v1/auth/password", map[string]any{"currentPassword": "correct horse", "newPassword": "correct battery"}, nil)
			}, true},
			{"disabled", func(u *client) { admin.must("PATCH", "/api/v1/users/"+u.id, map[string]any{"disabled": true}, nil) }, true},
			{"role taken", func(u *client) {
				admin.must("PATCH", "/api/v1/users/"+u.id, map[string]any{"role": "USER_ROLE_USER"}, nil)
			}, true},
			{"password set by an administrator", func(u *client) {
				admin.must("PATCH", "/api/v1/users/"+u.id, map[string]any{"password": "correct battery"}, nil)
			}, true},
		} {
			t.Run(c.name, func(t *testing.T) {
				name, address := fmt.Sprint("user", i), fmt.Sprint("203.0.113.", i)
				first := s.as(signUp(t, s, address, name))
				tok, err := s.from(address).login(name, "correct horse")
				if err != nil {
					t.Fatal(err)
				}
				second := s.as(tok)
				room := first.createRoom(nil)
				a, b := first.dial(room.ID, dialOptions{}), second.dial(room.ID, dialOptions{})
				a.t, b.t = t, t
				began := time.Now()
				c.end(first)
				if code, bye := a.closed(2 * time.Second); code != 4401 || bye.GetMayReturn() {
					t.Errorf("closed with %d, %v", code, bye)
				}
				t.Logf("closed after %v", time.Since(began).Round(time.Millisecond))
				if err := first.call("GET", "/api/v1/me", nil, nil); err == nil {
					t.Error("the token lives on")
				}
				if c.name == "logout" {
					b.say("still here", "1")
					return
				}
				if code, _ := b.closed(2 * time.Second); code != 4401 {
					t.Errorf("the other session closed with %d", code)
				}
				if err := second.call("GET", "/api/v1/me", nil, nil); err == nil {
					t.Error("the other session's token lives on")
				}
			})
		}
	}, "SYNCTV_SERVER_TRUSTED_PROXIES=127.0.0.0/8")
}

// TestBruteForce is ABUSE-163: both budgets hold, and the owner gets in from elsewhere all the same.
func TestBruteForce(t *testing.T) {
	t.Parallel()
	s := startServer(t, "SYNCTV_SERVER_TRUSTED_PROXIES=127.0.0.0/8")
	signUp(t, s, "203.0.113.1", "victim")
	tried := func(from func(i int) *client, name func(i int) string, n int) (passed int) {
		t.Helper()
		for i := range n {
			_, err := from(i).login(name(i), fmt.Sprint("wrong password ", i))
			switch refusal(err) {
			case "wrong_credentials":
				passed++
			case "rate_limited":
				if f := err.(*failure); f.RetryAfterMs == 0 || f.Status != 429 {
					t.Errorf("refused with %+v", f)
				}
			default:
				t.Fatal(err)
			}
		}
		return passed
	}
	one := func(string) func(int) string { return func(int) string { return "victim" } }("")
	many := func(i int) string { return fmt.Sprint("somebody", i) }
	attacker := s.from("198.51.100.1")
	if got := tried(func(int) *client { return attacker }, one, 60); got > 10 {
		t.Errorf("one address may try %d passwords of one account", got)
	} else {
		t.Logf("one address, one account: %d of 60 tried", got)
	}
	if _, err := attacker.login("VICTIM", "correct horse"); refusal(err) != "rate_limited" {
		t.Errorf("other case: %v", err)
	}
	if _, err := s.from("203.0.113.99").login("victim", "correct horse"); err != nil {
		t.Errorf("the owner is locked out elsewhere: %v", err)
	}
	if got := tried(func(int) *client { return s.from("198.51.100.2") }, many, 60); got > 35 {
		t.Errorf("one address may try %d accounts", got)
	} else {
		t.Logf("one address, many accounts: %d of 60 tried", got)
	}
	v6 := func(i int) *client { return s.from(fmt.Sprintf("2001:db8::%x", i+1)) }
	if got := tried(v6, one, 40); got > 10 {
		t.Errorf("addresses of one /64 may try %d passwords", got)
	}
	if got := tried(func(i int) *client { return s.from(fmt.Sprintf("192.0.2.%d", i%250)) }, one, 250); got > 110 {
		t.Errorf("many addresses may try %d passwords of one account", got)
	} else {
		t.Logf("250 addresses, one account: %d of 250 tried", got)
	}
	if _, err := s.from("203.0.113.99").login("victim", "correct horse"); err != nil {
		t.Errorf("the owner is locked out where they came from before: %v", err)
	}
}

// TestRoomPasswordsCannotBeGuessed has somebody try.
func TestRoomPasswordsCannotBeGuessed(t *testing.T) {
	t.Parallel()
	s := startServer(t, "SYNCTV_SERVER_TRUSTED_PROXIES=127.0.0.0/8")
	room := s.owner().createRoom(map[string]any{"password": "open sesame"})
	join := func(from, password string) error {
		return s.from(from).call("POST", "/api/v1/rooms/"+room.ID+"/guests", map[string]any{"name": "Ali", "password": password}, nil)
	}
	wrong := 0
	for i := range 30 {
		switch err := join("198.51.100.1", fmt.Sprint("guess ", i)); refusal(err) {
		case "wrong_room_password":
			wrong++
		case "rate_limited":
		default:
			t.Fatal(err)
		}
	}
	if wrong > 10 {
		t.Errorf("%d guesses passed", wrong)
	}
	if err := join("198.51.100.1", "open sesame"); refusal(err) != "rate_limited" {
		t.Errorf("the right one after too many: %v", err)
	}
	if err := join("203.0.113.1", "open sesame"); err != nil {
		t.Errorf("somebody else with the right one: %v", err)
	}
	for name, password := range map[string]string{"none": "", "too long": strings.Repeat("x", 5000), "NUL": "open sesame\x00"} {
		if err := join("203.0.113.2", password); refusal(err) != "wrong_room_password" && refusal(err) != "invalid_argument" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestDoorsThatAreClosed holds what the configuration says.
func TestDoorsThatAreClosed(t *testing.T) {
	t.Parallel()
	s := startServer(t, "SYNCTV_AUTH_REGISTRATION=false", "SYNCTV_AUTH_GUESTS=false")
	host := s.owner()
	room := host.createRoom(nil)
	if err := s.stranger().call("POST", "/api/v1/auth/register", map[string]any{"username": "ana", "password": "correct horse"}, nil); refusal(err) != "registration_closed" {
		t.Errorf("registering: %v", err)
	}
	if err := s.stranger().call("POST", "/api/v1/rooms/"+room.ID+"/guests", map[string]any{"name": "Ana"}, nil); refusal(err) != "guests_not_allowed" {
		t.Errorf("coming as a guest: %v", err)
	}
	host.must("POST", "/api/v1/users", map[string]any{"username": "ana", "password": "correct horse"}, nil)
	if _, err := s.stranger().login("Ana", "correct horse"); err != nil {
		t.Errorf("an account made by the administrator: %v", err)
	}
}

// TestManyLoginsLeaveRoom is ABUSE-164: passwords are hashed a few at a time, and everything else goes on.
func TestManyLoginsLeaveRoom(t *testing.T) {
	t.Parallel()
	s := startServer(t, "SYNCTV_SERVER_TRUSTED_PROXIES=127.0.0.0/8", "SYNCTV_AUTH_PASSWORD_MEMORY_KIB=19456")
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			_, err := s.from(fmt.Sprint("198.51.100.", i)).login(fmt.Sprint("user", i), strings.Repeat("p", 256))
			if code := refusal(err); code != "wrong_credentials" && code != "unavailable" {
				t.Error(err)
			}
		})
	}
	go func() { wg.Wait(); cancel() }()
	slowest, asked := time.Duration(0), 0
	for ctx.Err() == nil {
		began := time.Now()
		s.stranger().must("GET", "/api/v1/server", nil, nil)
		slowest = max(slowest, time.Since(began))
		asked++
	}
	if slowest > 2*time.Second {
		t.Errorf("another request waited for %v", slowest)
	}
	t.Logf("during 100 logins at once %d other requests, the slowest %v", asked, slowest.Round(time.Millisecond))
	for name, password := range map[string]string{"a megabyte": strings.Repeat("x", 1<<20), "NUL": "correct\x00horse", "no UTF-8": "correct\xffhorse"} {
		if _, err := s.from("203.0.113.200").login("user", password); refusal(err) == "" || refusal(err) == "internal" {
			t.Errorf("%s: %v", name, err)
		}
	}
}
