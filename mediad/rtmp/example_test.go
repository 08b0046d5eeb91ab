package rtmp_test

import (
	"fmt"

	"synctv/mediad/rtmp"
)

// A client publishes to a session, without a network between them.
func Example() {
	address, _ := rtmp.ParseAddress("rtmp://example.org/live/key?token=a")
	client, _ := rtmp.NewClient(rtmp.ClientConfig{Address: address, Publish: true})
	session := rtmp.NewSession(rtmp.SessionConfig{})

	sent := false
	for {
		toServer := client.TakeOutput()
		for p := toServer; ; {
			ev, rest, err := session.Feed(p)
			if err != nil {
				fmt.Println(err)
				return
			}
			switch ev.Kind {
			case rtmp.EventPublish:
				fmt.Println("asks to publish", ev.Target.App, ev.Target.Stream, ev.Target.Params)
				session.Accept()
			case rtmp.EventMedia:
				fmt.Printf("message of type %d, %d bytes\n", ev.Message.Type, len(ev.Message.Payload))
			case rtmp.EventUnpublish:
				fmt.Println("has ended")
			}
			if p = rest; ev.Kind == rtmp.EventNone {
				break
			}
		}
		toClient := session.TakeOutput()
		for p := toClient; ; {
			ev, rest, err := client.Feed(p)
			if err != nil {
				fmt.Println(err)
				return
			}
			if ev.Kind == rtmp.EventPublish && !sent {
				sent = true
				client.Send(rtmp.Message{Type: rtmp.TypeVideo, Stream: client.StreamID(), Payload: make([]byte, 100)})
				client.Stop()
			}
			if p = rest; ev.Kind == rtmp.EventNone {
				break
			}
		}
		if len(toServer)+len(toClient) == 0 {
			return
		}
	}
	// Output:
	// asks to publish live key map[token:[a]]
	// message of type 9, 100 bytes
	// has ended
}
