package rtmp

import (
	"errors"
	"testing"

	"synctv/mediad/rtmp/amf"
)

func TestRedirect(t *testing.T) {
	for _, c := range []struct{ name, from, to, host, tcURL, stream string }{
		{"the tcUrl", "rtmp://a/live/x?token=1", "rtmp://b:1936/live", "b:1936", "rtmp://b:1936/live", "x?token=1"},
		{"with a slash", "rtmp://a/live/x", "rtmp://b/live/", "b:1935", "rtmp://b/live", "x"},
		{"with a query", "rtmp://a/live/x", "rtmp://b/live?vhost=v", "b:1935", "rtmp://b/live", "x?vhost=v"},
		{"with another query", "rtmp://a/live/x?token=1", "rtmp://b/live?vhost=v", "b:1935", "rtmp://b/live", "x?token=1&vhost=v"},
		{"an application with an instance", "rtmp://a/live/one/x", "rtmp://b/live/two", "b:1935", "rtmp://b/live/two", "x"},
		{"the whole address", "rtmp://a/live/x?token=1", "rtmp://b/live/y?token=2", "b:1935", "rtmp://b/live", "y?token=2"},
		{"without an application before", "rtmp://a/x", "rtmp://b/live", "b:1935", "rtmp://b/live", "x"},
		{"TLS", "rtmp://a/live/x", "rtmps://b/live", "b:443", "rtmps://b/live", "x"},
		{"not an address", "rtmp://a/live/x", "b", "", "", ""},
		{"another protocol", "rtmp://a/live/x", "http://127.0.0.1/live", "", "", ""},
		{"no host", "rtmp://a/live/x", "rtmp:///live", "", "", ""},
	} {
		from, err := ParseAddress(c.from)
		if err != nil {
			t.Fatal(err)
		}
		got, err := from.Redirect(c.to)
		if (err != nil) != (c.host == "") || err == nil && (got.Host != c.host || got.TCURL != c.tcURL || got.Stream != c.stream) {
			t.Errorf("%s: %+v, %v", c.name, got, err)
		}
	}
}

func TestRefusal(t *testing.T) {
	rejected := func(more ...amf.Property) amf.Value {
		return Status{"error", CodeConnectRejected, "RTMP 302 Redirect"}.value(more...)
	}
	ex := func(props ...amf.Property) amf.Property { return amf.P("ex", amf.Object(props...)) }
	code := amf.P("code", amf.Number(302))
	for _, c := range []struct {
		name string
		info amf.Value
		to   string
	}{
		{"a refusal", rejected(), ""},
		{"an ex that is none", rejected(amf.P("ex", amf.String("rtmp://b/live"))), ""},
		{"the tcUrl", rejected(ex(code, amf.P("redirect", amf.String("rtmp://b/live")))), "rtmp://b/live"},
		{"both", rejected(ex(code, amf.P("redirect", amf.String("rtmp://b/live")), amf.P("redirect2", amf.String("rtmp://b/live/x")))), "rtmp://b/live/x"},
	} {
		err := refusal(c.info)
		var status *Status
		var elsewhere *Redirected
		if errors.As(err, &elsewhere) != (c.to != "") || errors.As(err, &status) != (c.to == "") || elsewhere != nil && elsewhere.URL != c.to {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
