package reactor_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"time"

	"synctv/internal/reactor"
)

// shouter repeats what one peer says to the whole room.
type shouter struct{ room *reactor.Group }

func (s *shouter) Open(c *reactor.Conn) error {
	s.room.Join(c)
	return nil
}

func (s *shouter) Data(_ *reactor.Conn, p []byte) error {
	s.room.Broadcast(reactor.Bytes(append([]byte("someone says "), p...)))
	return nil
}

func (s *shouter) Tick(*reactor.Conn, time.Time) {}
func (s *shouter) Closed(*reactor.Conn, error)   {}

func Example() {
	r, err := reactor.New(reactor.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()

	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	room := r.NewGroup()
	var peers []net.Conn
	for range 2 {
		peer, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			fmt.Println(err)
			return
		}
		nc, err := ln.Accept()
		if err != nil {
			fmt.Println(err)
			return
		}
		if _, err := r.Adopt(nc, &shouter{room}, reactor.Options{}); err != nil {
			fmt.Println(err)
			return
		}
		peers = append(peers, peer)
	}
	for room.Size() < 2 { // Open joins on the shard, in its own time
		time.Sleep(time.Millisecond)
	}
	fmt.Fprintln(peers[0], "hello")
	for _, p := range peers {
		line, _ := bufio.NewReader(p).ReadString('\n')
		fmt.Print(line)
	}
	go r.Drain(ctx, reactor.Bytes([]byte("bye\n")), 0)
	for _, p := range peers {
		line, _ := bufio.NewReader(p).ReadString('\n')
		fmt.Print(line)
		p.Close()
	}
	cancel()
	<-done
	// Output:
	// someone says hello
	// someone says hello
	// bye
	// bye
}
