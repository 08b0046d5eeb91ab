// Package guardtest holds the hostile material for tests of everything that fetches: spellings of forbidden addresses, a name
// server that answers as told, a canary that counts connections, and a private network in which every address is this machine.
package guardtest

import (
	"fmt"
	"strings"
)

// Spelling is one way of writing a place that must never be connected to.
type Spelling struct {
	// ID is the number in the abuse catalogue, such as "ABUSE-009".
	ID string
	// URL is the whole hostile URL.
	URL string
	// OpenWeb says that in real life the host is public and only another part of the URL is wrong.
	OpenWeb bool
}

// Name is a test name for s.
func (s Spelling) Name() string {
	return s.ID + "/" + strings.Map(func(r rune) rune {
		if r <= ' ' || r == '/' || r == 0x7f {
			return '_'
		}
		return r
	}, s.URL)
}

// Spellings returns the table. Hosts are combined with the canary's port, so that a guard which lets one through is seen.
func Spellings(port int) []Spelling {
	var out []Spelling
	for _, group := range hostGroups {
		for _, host := range strings.Fields(group.hosts) {
			out = append(out, Spelling{ID: group.id, URL: fmt.Sprintf("http://%s:%d/x", host, port)})
		}
	}
	p := fmt.Sprint(port)
	for _, w := range wholeURLs {
		out = append(out, Spelling{ID: w.id, URL: strings.ReplaceAll(w.url, "PORT", p), OpenWeb: w.openWeb})
	}
	return out
}

var hostGroups = []struct{ id, hosts string }{
	{"ABUSE-001", "127.0.0.1 127.0.0.2 127.1.2.3 127.255.255.254"},
	{"ABUSE-002", "localhost localhost. LOCALHOST LocalHost. foo.localhost foo.bar.LOCALHOST. localhost.localdomain"},
	{"ABUSE-003", "127.1 127.0.1 127.1. 127.000000001"},
	{"ABUSE-004", "2130706433 2130706433. 02130706433 2852039166 3232235777"},
	{"ABUSE-005", "0x7f000001 0x7f.1 0x7F.0x0.0x0.0x1 0x7f.0.0.1 0X7F000001 127.0x1 0xa9fea9fe 0x 127.0.0.0x"},
	{"ABUSE-006", "0177.0.0.1 017700000001 127.00.0.1 127.0.0.01 0177.0.0.01 00000177.1"},
	{"ABUSE-007", "0 0.0.0.0 0.1.2.3 0. 00 0.0"},
	{"ABUSE-008", "[::] [::1] [0:0:0:0:0:0:0:1] [0:0:0:0:0:0:0:0] [0000:0000:0000:0000:0000:0000:0000:0001] [::0001] [::0.0.0.1]"},
	{"ABUSE-009", "[::ffff:127.0.0.1] [::ffff:7f00:1] [::FFFF:10.0.0.1] [0:0:0:0:0:ffff:169.254.169.254] [::ffff:0.0.0.0] [::ffff:0:127.0.0.1] [::ffff:0:a00:1]"},
	{"ABUSE-010", "[::127.0.0.1] [::7f00:1] [::10.0.0.1] [::169.254.169.254] [::8.8.8.8]"},
	{"ABUSE-011", "[64:ff9b::7f00:1] [64:ff9b::127.0.0.1] [64:ff9b::10.0.0.1] [64:ff9b::a9fe:a9fe] [64:ff9b:1::a00:1] [64:ff9b:1:ffff::8.8.8.8] [64:ff9b::0.0.0.0]"},
	{"ABUSE-012", "[2002:7f00:1::] [2002:7f00:1::1] [2002:a00:1::] [2002:a9fe:a9fe::1] [2002:808:808::1] [2001:0:4136:e378:8000:63bf:80ff:fffe] [2001:0000::f5ff:fffe] [2001::1]"},
	{"ABUSE-013", "[2600:1f00:0:1:0:5efe:10.0.0.1] [2600:1f00:0:1:200:5efe:a00:1] [fe80::5efe:127.0.0.1] [2606:4700::5efe:192.168.0.1]"},
	{"ABUSE-014", "169.254.169.254 [fd00:ec2::254] 100.100.100.200 metadata.google.internal 168.63.129.16 192.0.0.192 [::ffff:a9fe:a9fe] metadata metadata.google.internal."},
	{"ABUSE-015", "10.0.0.1 10.255.255.255 172.16.0.1 172.31.255.254 192.168.0.1 192.168.255.254 100.64.0.1 100.127.255.254 198.18.0.1 198.19.255.254"},
	{"ABUSE-016", "224.0.0.1 239.255.255.250 255.255.255.255 240.0.0.1 254.1.2.3 192.0.2.1 198.51.100.7 203.0.113.9 192.0.0.8 192.88.99.1 192.31.196.1 192.52.193.1 192.175.48.1"},
	{"ABUSE-017", "[fc00::1] [fdff::1] [fe80::1] [febf::1] [fec0::1] [ff02::1] [ff0e::1] [100::1] [2001:db8::1] [5f00::1] [2001:2::1] [2001:10::1] [2001:20::1] [3fff::1] [3ffe::1] [2620:4f:8000::1] [4000::1] [::2]"},
	{"ABUSE-018", "[::1%25lo] [fe80::1%25eth0] [fe80::1%eth0] [::1%25] [::ffff:127.0.0.1%25lo]"},
	{"ABUSE-032", "[127.0.0.1] [[::1]] [::1]] [localhost] [::1][::1] [::1 ::1] [0x7f000001] [10.0.0.1] []"},
	{"ABUSE-033", "127.0.0.1. 127.0.0.1.. 10.0.0.1. 169.254.169.254. localhost.. . .. .127.0.0.1 127..0.1"},
	{"ABUSE-034", "１２７.0.0.1 ①②⑦.⓪.⓪.① 127。0。0。1 127．0．0．1 127｡0｡0｡1 ｌocalhost lⓞcalhost loc\u00adalhost xn--127-.0.0.1 xn--localhost-.com xn--0.0.1 127.0.0.1\u200b 127.0.0.𝟏 ⑩.0.0.1 xn--.example.com"},
	{"ABUSE-043", "kubernetes.default.svc.cluster.local router.home.arpa printer.local redis db 1.0.0.127.in-addr.arpa foo.onion"},
}

var wholeURLs = []struct {
	id, url string
	openWeb bool
}{
	{"ABUSE-001", "http://127.0.0.1/", false},
	{"ABUSE-001", "https://127.0.0.1:PORT/", false},
	{"ABUSE-001", "HTTP://127.0.0.1:PORT/", false},
	{"ABUSE-007", "http://0:PORT", false},
	{"ABUSE-008", "http://[::]:PORT?x", false},
	{"ABUSE-029", "http://public.example@127.0.0.1:PORT/", false},
	{"ABUSE-029", "http://127.0.0.1:PORT#@public.example/", false},
	{"ABUSE-029", "http://127.0.0.1:PORT?@public.example/", false},
	{"ABUSE-029", "http://a:b@c@127.0.0.1:PORT/", false},
	{"ABUSE-029", "http://@127.0.0.1:PORT/", false},
	{"ABUSE-029", "http://:@127.0.0.1:PORT/", false},
	{"ABUSE-029", "http://user:pw@8.8.8.8/", true},
	{"ABUSE-029", "http://8.8.8.8:80@127.0.0.1:PORT/", false},
	{"ABUSE-029", "http://127.0.0.1%40public.example:PORT/", false},
	{"ABUSE-030", "http://public.example\\@127.0.0.1:PORT/", false},
	{"ABUSE-030", "http:\\\\127.0.0.1:PORT\\", false},
	{"ABUSE-030", "http://127.0.0.1:PORT\\.public.example/", false},
	{"ABUSE-030", "http:/\\127.0.0.1:PORT/", false},
	{"ABUSE-031", "http://127.0.0.1:PORT/\r\nX: y", false},
	{"ABUSE-031", "http://8.8.8.8/a\tb", true},
	{"ABUSE-031", "http://8.8.8.8/a\x00b", true},
	{"ABUSE-031", "http://8.8.8.8/a%0d%0aX:%20y", true},
	{"ABUSE-031", "http://8.8.8.8/?q=%00", true},
	{"ABUSE-031", "http://8.8.8.8/%09", true},
	{"ABUSE-031", "http://8.8.8.8\n.public.example/", true},
	{"ABUSE-031", "http://8.8.8.8%0a/", true},
	{"ABUSE-031", " http://127.0.0.1:PORT/", false},
	{"ABUSE-031", "http://127.0.0.1:PORT/ ", false},
	{"ABUSE-031", "java\nscript://127.0.0.1:PORT/", false},
	{"ABUSE-035", "http://8.8.8.8:0/", true},
	{"ABUSE-035", "http://8.8.8.8:65536/", true},
	{"ABUSE-035", "http://8.8.8.8:080/", true},
	{"ABUSE-035", "http://8.8.8.8:+80/", true},
	{"ABUSE-035", "http://8.8.8.8:-80/", true},
	{"ABUSE-035", "http://8.8.8.8:/", true},
	{"ABUSE-035", "http://8.8.8.8:8０/", true},
	{"ABUSE-035", "http://8.8.8.8:80:80/", true},
	{"ABUSE-035", "http://8.8.8.8:4294967376/", true},
	{"ABUSE-035", "http://8.8.8.8:22/", true},
	{"ABUSE-035", "http://8.8.8.8:25/", true},
	{"ABUSE-035", "http://8.8.8.8:6379/", true},
	{"ABUSE-035", "http://8.8.8.8:5432/", true},
	{"ABUSE-035", "http://8.8.8.8:11211/", true},
	{"ABUSE-035", "http://8.8.8.8:2375/", true},
	{"ABUSE-027", "file:///etc/passwd", false},
	{"ABUSE-027", "file://127.0.0.1:PORT/etc/passwd", false},
	{"ABUSE-027", "gopher://127.0.0.1:PORT/_x", false},
	{"ABUSE-027", "ftp://127.0.0.1:PORT/", false},
	{"ABUSE-027", "data:text/plain,x", false},
	{"ABUSE-027", "unix:///var/run/docker.sock", false},
	{"ABUSE-027", "http+unix://127.0.0.1:PORT/", false},
	{"ABUSE-027", "dict://127.0.0.1:PORT/", false},
	{"ABUSE-027", "jar:http://127.0.0.1:PORT!/", false},
	{"ABUSE-027", "http:127.0.0.1:PORT", false},
	{"ABUSE-027", "http:/127.0.0.1:PORT/", false},
	{"ABUSE-027", "http:///127.0.0.1:PORT/", false},
	{"ABUSE-027", "http://", false},
	{"ABUSE-027", "http://:PORT/", false},
	{"ABUSE-027", "http://?127.0.0.1:PORT", false},
	{"ABUSE-070", "concat:http://127.0.0.1:PORT/a", false},
	{"ABUSE-070", "crypto+http://127.0.0.1:PORT/a", false},
	{"ABUSE-070", "crypto+file:///etc/passwd", false},
	{"ABUSE-032", "http://::1:PORT/", false},
	{"ABUSE-032", "http://::ffff:127.0.0.1:PORT/", false},
	{"ABUSE-032", "http://[::1/", false},
	{"ABUSE-032", "http://[::1]x:PORT/", false},
	{"ABUSE-032", "http://[v1.x]:PORT/", false},
}

// Forbidden returns literal addresses, one or more of every special block and of every form of hidden IPv4 address, for tests in
// which a name server gives them as answers.
func Forbidden() []string {
	return strings.Fields(`127.0.0.1 127.8.8.8 0.0.0.0 0.1.2.3 10.0.0.1 10.9.8.7 100.64.0.1 100.100.100.200 169.254.169.254 169.254.1.1
		172.16.0.1 172.31.9.9 192.0.0.1 192.0.0.192 192.0.2.1 192.31.196.1 192.52.193.1 192.88.99.1 192.168.1.1 192.175.48.1
		198.18.0.1 198.19.1.1 198.51.100.1 203.0.113.1 224.0.0.1 239.1.1.1 240.0.0.1 255.255.255.255 168.63.129.16
		:: ::1 ::2 ::127.0.0.1 ::10.0.0.1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 ::ffff:0:127.0.0.1
		64:ff9b::127.0.0.1 64:ff9b::10.0.0.1 64:ff9b:1::a00:1 2002:7f00:1::1 2002:a00:1::1 2001:0:4136:e378:8000:63bf:80ff:fffe
		2600:1f00:0:1:0:5efe:10.0.0.1 2600:1f00:0:1:200:5efe:7f00:1 fc00::1 fd00:ec2::254 fe80::1 fec0::1 ff02::1 100::1
		2001:db8::1 2001:2::1 2001:20::1 3fff::1 3ffe::1 5f00::1 2620:4f:8000::1 4000::1`)
}
