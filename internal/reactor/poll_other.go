//go:build !linux

package reactor

import "net"

// newPoller makes the poller of s: without epoll, goroutines serve everything.
func newPoller(*shard) (poller, error) { return newChanPoller(), nil }

// attachSocket finds no socket it could serve without goroutines.
func attachSocket(*shard, *Conn, net.Conn) (release func(own bool), ok bool, err error) {
	return nil, false, nil
}
