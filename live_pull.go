package main

import (
	"synctv/internal/guard"
	"synctv/mediad"
	"synctv/mediad/source"
)

// openSources gives the media part the way to live sources elsewhere: through the guard, as everything that leaves.
func (n *Node) openSources(d *mediad.Deps) error {
	if n.cfg.Livestream.Pull.Max == 0 {
		return nil
	}
	o, err := source.New(source.Config{UserAgent: "SyncTV/" + version()},
		source.Deps{Dial: n.out.DialContext, Client: n.out.Client(guard.ClientConfig{})})
	if err == nil {
		d.Receive = o.Receive
	}
	return err
}
