package egress_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"aws-access-bot/internal/egress"
)

// counted is a server that counts connections.
type counted struct {
	*httptest.Server
	conns atomic.Int32
}

func serve(t *testing.T, h http.HandlerFunc) *counted {
	t.Helper()
	c := &counted{}
	if h == nil {
		h = func(http.ResponseWriter, *http.Request) {}
	}
	c.Server = httptest.NewUnstartedServer(h)
	c.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			c.conns.Add(1)
		}
	}
	c.Start()
	t.Cleanup(c.Close)
	return c
}

func (c *counted) port(t *testing.T) string {
	t.Helper()
	u, err := url.Parse(c.URL)
	if err != nil {
		t.Fatal(err)
	}
	return u.Port()
}

// answering is a resolver for which every name has the address that next gives.
func answering(next func() netip.Addr) *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go answerOne(theirs, next)
		return ours, nil
	}}
}

// answerOne answers one question over a stream (RFC 1035, 4.2.2): the question
// comes back with its flags turned into those of an answer, and one record where
// the type asked for is that of the address.
func answerOne(c net.Conn, next func() netip.Addr) {
	defer func() { _ = c.Close() }()
	size := make([]byte, 2)
	if _, err := io.ReadFull(c, size); err != nil {
		return
	}
	q := make([]byte, binary.BigEndian.Uint16(size))
	if _, err := io.ReadFull(c, q); err != nil {
		return
	}
	end := 12 + strings.IndexByte(string(q[12:]), 0) + 5
	asked := binary.BigEndian.Uint16(q[end-4:])
	msg := append(slices.Clone(q[:2]), 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0)
	msg = append(msg, q[12:end]...)
	if ip := next(); ip.Is4() && asked == 1 || ip.Is6() && asked == 28 {
		msg[7] = 1
		msg = append(msg, 0xc0, 12, byte(asked>>8), byte(asked), 0, 1, 0, 0, 0, 0, 0, byte(len(ip.AsSlice())))
		msg = append(msg, ip.AsSlice()...)
	}
	_, _ = c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(msg))), msg...))
}

func direct(*http.Request) (*url.URL, error) { return nil, nil }

// ask makes one request through a transport for allowed URLs and returns the
// status, 0 when none came.
func ask(t *testing.T, o egress.Options, target string, allowed ...string) (int, error) {
	t.Helper()
	if o.Proxy == nil {
		o.Proxy = direct
	}
	rt, err := egress.New(o).Transport(allowed...)
	if err != nil {
		return 0, err
	}
	c := egress.Client(rt, 0)
	t.Cleanup(c.CloseIdleConnections)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := c.Do(req)
	if err != nil {
		return 0, err
	}
	return res.StatusCode, res.Body.Close()
}

// TestT23WhereANameMayBe: the address is what counts, whatever way it came into
// the name, and only what was written down may be inside.
func TestT23WhereANameMayBe(t *testing.T) {
	t.Parallel()
	srv := serve(t, nil)
	port := srv.port(t)
	tests := []struct {
		name, host, at string
		private        []string
		want           bool
	}{
		{name: "the address that is written", host: "127.0.0.1", want: true},
		{name: "localhost at loopback", host: "localhost", at: "127.0.0.1", want: true},
		{name: "localhost elsewhere", host: "localhost", at: "10.0.0.1"},
		{name: "a name at loopback", host: "slack.test", at: "127.0.0.1"},
		{name: "a private host at loopback", host: "ghe.test", at: "127.0.0.1", private: []string{"ghe.test"}},
		{name: "a name at a private address", host: "slack.test", at: "10.1.2.3"},
		{name: "metadata of EC2", host: "slack.test", at: "169.254.169.254"},
		{name: "metadata of EC2 over IPv6", host: "slack.test", at: "fd00:ec2::254", private: []string{"slack.test"}},
		{name: "metadata of EC2, private host", host: "slack.test", at: "169.254.169.254", private: []string{"slack.test"}},
		{name: "metadata of ECS", host: "slack.test", at: "169.254.170.2"},
		{name: "Azure's platform", host: "slack.test", at: "168.63.129.16"},
		{name: "IPv4 in IPv6", host: "slack.test", at: "::ffff:169.254.169.254"},
		{name: "IPv4 behind NAT64", host: "slack.test", at: "64:ff9b::a9fe:a9fe"},
		{name: "loopback behind NAT64", host: "slack.test", at: "64:ff9b::7f00:1"},
		{name: "loopback of IPv6", host: "slack.test", at: "::1"},
		{name: "unspecified", host: "slack.test", at: "0.0.0.0"},
		{name: "unspecified of IPv6", host: "slack.test", at: "::"},
		{name: "link-local of IPv6", host: "slack.test", at: "fe80::1"},
		{name: "unique local", host: "slack.test", at: "fd12::1"},
		{name: "multicast", host: "slack.test", at: "224.0.0.1"},
		{name: "broadcast", host: "slack.test", at: "255.255.255.255"},
		{name: "6to4", host: "slack.test", at: "2002:7f00:1::"},
		{name: "short form of loopback", host: "127.1", at: "127.0.0.1"},
		{name: "loopback in hexadecimal", host: "0x7f.1", at: "127.0.0.1"},
		{name: "loopback as one number", host: "2130706433", at: "127.0.0.1"},
		{name: "loopback in octal", host: "0177.0.0.1", at: "127.0.0.1"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			o := egress.Options{Private: tc.private, Resolver: answering(func() netip.Addr { return netip.MustParseAddr(tc.at) })}
			base := "http://" + tc.host + ":" + port
			_, err := ask(t, o, base, base)
			// A resolver may not know such a name at all, localhost may come from
			// a file of hosts: either way nothing else is reached.
			var dns *net.DNSError
			if tc.host == "localhost" && !tc.want {
				return
			}
			if (err == nil) != tc.want || !tc.want && !errors.Is(err, egress.ErrRefused) && !errors.As(err, &dns) {
				t.Errorf("got %v, allowed %v", err, tc.want)
			}
		})
	}
}

// TestT23WrittenAddressesThatNeverAre stop the start.
func TestT23WrittenAddressesThatNeverAre(t *testing.T) {
	t.Parallel()
	for _, u := range []string{
		"http://169.254.169.254/", "https://169.254.170.2/", "https://[::ffff:169.254.169.254]/", "https://[::ffff:a9fe:a9fe]/", "https://[fe80::1%25eth0]/",
		"https://0.0.0.0/", "https://[::]/", "https://224.0.0.1/", "https://[ff02::1]/", "https://[fd00:ec2::254]/", "https://168.63.129.16/",
		"https://100.100.100.200/", "https://[64:ff9b::169.254.169.254]/", "https://[::169.254.169.254]/", "https://[::ffff:0:169.254.169.254]/",
		"", "ftp://a.test/", "//a.test/", "https:///x", "https://%zz/",
	} {
		if _, err := egress.New(egress.Options{}).Transport(u); err == nil {
			t.Errorf("%q is taken", u)
		}
	}
	for _, u := range []string{"https://10.1.2.3/api/v3/", "http://127.0.0.1:9/", "http://[::1]:9/", "https://[::ffff:10.0.0.1]/", "https://api.github.com/", "http://localhost:1"} {
		if _, err := egress.New(egress.Options{}).Transport(u); err != nil {
			t.Errorf("%q: %v", u, err)
		}
	}
	if _, err := egress.New(egress.Options{}).Transport(); err == nil {
		t.Error("a transport to nowhere is made")
	}
}

// TestT23ANameThatComesToMeanAnotherAddress (DNS rebinding): what was resolved
// for one connection counts for that one only.
func TestT23ANameThatComesToMeanAnotherAddress(t *testing.T) {
	t.Parallel()
	srv := serve(t, nil)
	var asked atomic.Int32
	turn := []string{"192.0.2.1", "127.0.0.1", "169.254.169.254", "127.0.0.1"}
	o := egress.Options{Proxy: direct, Resolver: answering(func() netip.Addr { return netip.MustParseAddr(turn[int(asked.Add(1))%len(turn)]) })}
	base := "http://slack.test:" + srv.port(t)
	rt, err := egress.New(o).Transport(base)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 * len(turn) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base, nil)
		if err != nil {
			t.Fatal(err)
		}
		if res, err := rt.RoundTrip(req); err == nil {
			_ = res.Body.Close()
			t.Fatal("answered")
		} else if !errors.Is(err, egress.ErrRefused) {
			t.Errorf("got %v", err)
		}
	}
	if n := srv.conns.Load(); n != 0 {
		t.Errorf("%d connections were made", n)
	}
	if asked.Load() == 0 {
		t.Error("nothing was resolved")
	}
}

// TestT23OnlyTheOrigin: another host, port, scheme or look-alike is refused
// before anything is resolved.
func TestT23OnlyTheOrigin(t *testing.T) {
	t.Parallel()
	srv, other := serve(t, nil), serve(t, nil)
	port := srv.port(t)
	if code, err := ask(t, egress.Options{}, srv.URL+"/any/path?q", srv.URL+"/api/"); err != nil || code != http.StatusOK {
		t.Fatalf("the origin itself: %d, %v", code, err)
	}
	for _, target := range []string{
		other.URL, "https://127.0.0.1:" + port, "http://127.0.0.2:" + port, "http://localhost:" + port, "http://[::ffff:127.0.0.1]:" + port,
		"http://127.0.0.1.evil.test:" + port, "http://127.0.0.1:" + port + "@evil.test/", "http://127.0.0.1/", "http://evil.test#127.0.0.1:" + port,
	} {
		if _, err := ask(t, egress.Options{}, target, srv.URL); !errors.Is(err, egress.ErrRefused) {
			t.Errorf("%s: %v", target, err)
		}
	}
	if other.conns.Load() != 0 {
		t.Error("another port was reached")
	}
}

// TestT23RedirectsAreNotFollowed: not even to where the transport may go; and a
// client that follows them gets no further than the origin.
func TestT23RedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	other := serve(t, nil)
	var hits atomic.Int32
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		hits.Add(1)
		http.Redirect(w, r, r.URL.Query().Get("to"), http.StatusTemporaryRedirect)
	})
	for _, to := range []string{other.URL, srv.URL + "/again", "//evil.test/", "http://169.254.169.254/latest/meta-data/"} {
		before := hits.Load()
		if code, err := ask(t, egress.Options{}, srv.URL+"?to="+url.QueryEscape(to), srv.URL); err != nil || code != http.StatusTemporaryRedirect || hits.Load() != before+1 {
			t.Errorf("%s: %d, %v, %d requests", to, code, err, hits.Load()-before)
		}
	}
	rt, err := egress.New(egress.Options{Proxy: direct}).Transport(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	follower := &http.Client{Transport: rt}
	t.Cleanup(follower.CloseIdleConnections)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL+"?to="+url.QueryEscape(other.URL), nil)
	if err != nil {
		t.Fatal(err)
	}
	if res, err := follower.Do(req); !errors.Is(err, egress.ErrRefused) {
		t.Errorf("a client that follows: %v, %v", res, err)
	}
	if other.conns.Load() != 0 {
		t.Error("the other host was reached")
	}
}

// TestT23TheProxy may be inside; which origins are asked of it is checked all
// the same, and nobody but it is connected to.
func TestT23TheProxy(t *testing.T) {
	t.Parallel()
	var asked atomic.Value
	px := serve(t, func(_ http.ResponseWriter, r *http.Request) { asked.Store(r.URL.String()) })
	at, err := url.Parse(px.URL)
	if err != nil {
		t.Fatal(err)
	}
	by := func(u *url.URL) func(*http.Request) (*url.URL, error) {
		return func(*http.Request) (*url.URL, error) { return u, nil }
	}
	o := egress.Options{Proxy: by(at), Resolver: answering(func() netip.Addr { return netip.MustParseAddr("127.0.0.1") })}
	if code, err := ask(t, o, "http://slack.test/api/", "http://slack.test/"); err != nil || code != http.StatusOK || asked.Load() != "http://slack.test/api/" {
		t.Errorf("by the proxy: %d, %v, asked for %v", code, err, asked.Load())
	}
	if _, err := ask(t, o, "http://evil.test/", "http://slack.test/"); !errors.Is(err, egress.ErrRefused) {
		t.Errorf("another host by the proxy: %v", err)
	}
	o.Proxy = by(&url.URL{Scheme: "http", Host: "proxy.test:" + at.Port()})
	if code, err := ask(t, o, "http://slack.test/", "http://slack.test/"); err != nil || code != http.StatusOK {
		t.Errorf("a proxy with a name, at loopback: %d, %v", code, err)
	}
	o.Proxy = by(&url.URL{Scheme: "http", Host: "169.254.169.254:80"})
	if _, err := ask(t, o, "http://slack.test/", "http://slack.test/"); !errors.Is(err, egress.ErrRefused) {
		t.Errorf("a proxy that never is: %v", err)
	}
}

// TestUnusedPrivateHosts are told, so that a misspelt one is noticed.
func TestUnusedPrivateHosts(t *testing.T) {
	t.Parallel()
	g := egress.New(egress.Options{Private: []string{"GHE.test", "ghw.test"}})
	if _, err := g.Transport("https://ghe.test/api/v3/"); err != nil {
		t.Fatal(err)
	}
	if got := g.Unused(); len(got) != 1 || got[0] != "ghw.test" {
		t.Errorf("got %v", got)
	}
}
