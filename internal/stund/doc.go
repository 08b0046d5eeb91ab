// Package stund answers STUN Binding requests over UDP (RFC 8489): it tells a client under which address and port its
// datagrams arrive. Browsers ask that before they talk to each other.
//
// It keeps nothing about anybody. What is not a sound request is not answered, an answer has at most [MaxAnswer] bytes,
// and one source gets only so many of them, so that nobody is flooded by way of us.
//
//	conn, err := stund.Listen(ctx, ":3478")
//	err = stund.New(log).Run(ctx, conn) // closes it
package stund
