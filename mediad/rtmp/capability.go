package rtmp

import "synctv/mediad/rtmp/amf"

// CapsEx are abilities beyond codecs (Enhanced RTMP v2, "Enhancing NetConnection
// connect Command").
type CapsEx uint8

// Abilities.
const (
	CapReconnect CapsEx = 1 << iota // understands a request to reconnect
	CapMultitrack
	CapModEx
	CapNanoOffset // understands timestamps with nanoseconds
)

// Mask says what is done with a codec.
type Mask uint8

// Bits of a Mask.
const (
	CanDecode Mask = 1 << iota
	CanEncode
	CanForward
)

// Capabilities is what a side of the connection says it can do in Enhanced RTMP.
// The zero value is plain RTMP.
type Capabilities struct {
	// FourCCs are the codecs of the first version; "*" is all.
	FourCCs []string
	// Video and Audio are those of the second, by FourCC; "*" is any.
	Video, Audio []FourCCInfo
	CapsEx       CapsEx
}

// FourCCInfo is what is done with one codec.
type FourCCInfo struct {
	FourCC string
	Mask   Mask
}

// DefaultCapabilities is what a Session tells its clients: the codecs that are
// passed on. Multitrack is not offered, for only one track of a kind is used.
func DefaultCapabilities() Capabilities {
	return Capabilities{
		FourCCs: []string{"avc1", "hvc1", "av01", "vp09", "mp4a", "Opus", ".mp3", "ac-3", "ec-3", "fLaC"},
		Video:   []FourCCInfo{{"avc1", CanForward}, {"hvc1", CanForward}, {"av01", CanForward}, {"vp09", CanForward}},
		Audio: []FourCCInfo{{"mp4a", CanForward}, {"Opus", CanForward}, {".mp3", CanForward},
			{"ac-3", CanForward}, {"ec-3", CanForward}, {"fLaC", CanForward}},
		CapsEx: CapReconnect | CapModEx | CapNanoOffset,
	}
}

// Enhanced reports whether c says anything: only then does the peer know
// Enhanced RTMP.
func (c Capabilities) Enhanced() bool {
	return len(c.FourCCs)+len(c.Video)+len(c.Audio) > 0 || c.CapsEx != 0
}

// maxFourCCs bounds each list of a peer.
const maxFourCCs = 64

// parseCapabilities reads the properties of a connect command object, or of the
// answer to one. Both kinds of array are taken for the list.
func parseCapabilities(v amf.Value) Capabilities {
	var c Capabilities
	list := v.Get("fourCcList")
	for _, item := range list.Items {
		c.addFourCC(item.String)
	}
	for _, p := range list.Props {
		c.addFourCC(p.Value.String)
	}
	c.Video = parseInfo(v.Get("videoFourCcInfoMap"))
	c.Audio = parseInfo(v.Get("audioFourCcInfoMap"))
	c.CapsEx = CapsEx(v.Get("capsEx").Int())
	return c
}

func (c *Capabilities) addFourCC(s string) {
	if (len(s) == 4 || s == "*") && len(c.FourCCs) < maxFourCCs {
		c.FourCCs = append(c.FourCCs, s)
	}
}

func parseInfo(v amf.Value) []FourCCInfo {
	var out []FourCCInfo
	for _, p := range v.Props {
		if (len(p.Name) == 4 || p.Name == "*") && len(out) < maxFourCCs {
			out = append(out, FourCCInfo{p.Name, Mask(p.Value.Int())})
		}
	}
	return out
}

// props returns c as properties.
func (c Capabilities) props() []amf.Property {
	var out []amf.Property
	if len(c.FourCCs) > 0 {
		var items []amf.Value
		for _, s := range c.FourCCs {
			items = append(items, amf.String(s))
		}
		out = append(out, amf.P("fourCcList", amf.StrictArray(items...)))
	}
	for _, m := range [...]struct {
		name  string
		infos []FourCCInfo
	}{{"videoFourCcInfoMap", c.Video}, {"audioFourCcInfoMap", c.Audio}} {
		if len(m.infos) == 0 {
			continue
		}
		var props []amf.Property
		for _, i := range m.infos {
			props = append(props, amf.P(i.FourCC, amf.Number(float64(i.Mask))))
		}
		out = append(out, amf.P(m.name, amf.Object(props...)))
	}
	if c.CapsEx != 0 {
		out = append(out, amf.P("capsEx", amf.Number(float64(c.CapsEx))))
	}
	return out
}
