package egress

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Options configure [New].
type Options struct {
	// Private are hosts, without port, that may be at private addresses.
	Private []string
	// RootCAs are trusted; nil means the system's.
	RootCAs *x509.CertPool
	// Resolver looks names up, nil for the system's.
	Resolver *net.Resolver
	// Proxy names the proxy of a request, nil for the environment's.
	Proxy func(*http.Request) (*url.URL, error)
}

// Gate makes transports. It is safe for use by several goroutines.
type Gate struct {
	opt Options

	// mu guards what follows.
	mu    sync.Mutex
	known map[string]bool // hosts that transports were made for
}

// New returns a gate. It makes no connection.
func New(o Options) *Gate {
	if o.Proxy == nil {
		o.Proxy = http.ProxyFromEnvironment
	}
	private := make([]string, 0, len(o.Private))
	for _, h := range o.Private {
		private = append(private, strings.ToLower(h))
	}
	o.Private = private
	return &Gate{opt: o, known: map[string]bool{}}
}

// Transport returns a transport to the origins of URLs and to nothing else. It
// fails when a URL is not absolute http or https, or has an IP address that is
// never spoken to. Requests and connections elsewhere fail with [ErrRefused].
func (g *Gate) Transport(urls ...string) (http.RoundTripper, error) {
	return g.TransportTrusting(g.opt.RootCAs, urls...)
}

// TransportTrusting is Transport with roots of its own, nil for the system's.
func (g *Gate) TransportTrusting(roots *x509.CertPool, urls ...string) (http.RoundTripper, error) {
	d := &door{gate: g, origins: map[string]bool{}, hosts: map[string]target{}, proxies: map[string]bool{}}
	for _, raw := range urls {
		if err := d.admit(raw); err != nil {
			return nil, err
		}
	}
	if len(d.origins) == 0 {
		return nil, errors.New("a transport to nowhere")
	}
	d.next = &http.Transport{
		Proxy: d.proxy, DialContext: d.dial, ForceAttemptHTTP2: true,
		TLSClientConfig:     &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		MaxIdleConnsPerHost: 16, IdleConnTimeout: 90 * time.Second, TLSHandshakeTimeout: 10 * time.Second, ExpectContinueTimeout: time.Second,
	}
	return d, nil
}

// Unused returns the hosts in Options.Private that no transport was made for,
// sorted: they are misspelt, or left over.
func (g *Gate) Unused() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	out := slices.DeleteFunc(slices.Clone(g.opt.Private), func(h string) bool { return g.known[h] })
	slices.Sort(out)
	return out
}

// Client returns a client on a transport that follows no redirect: the answer
// that has one is what the caller gets. timeout bounds an exchange with its
// body, 0 for no bound.
func Client(rt http.RoundTripper, timeout time.Duration) *http.Client {
	return &http.Client{
		Transport: rt, Timeout: timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// target is what a host of an origin may be at.
type target struct {
	reach   reach
	written netip.Addr
}

// door is one transport.
type door struct {
	gate    *Gate
	next    *http.Transport
	origins map[string]bool   // scheme://host:port
	hosts   map[string]target // by host:port

	// mu guards proxies, the host:port of those that requests were sent by.
	mu      sync.Mutex
	proxies map[string]bool
}

// admit adds the origin of a URL.
func (d *door) admit(raw string) error {
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http" {
		return fmt.Errorf("%q is no absolute http(s) URL", raw)
	}
	host := strings.ToLower(u.Hostname())
	t := target{}
	ip, err := netip.ParseAddr(host)
	switch {
	case err == nil:
		t = target{exact, ip}
		if err := permit(host, exact, ip, ip); err != nil {
			return err
		}
	case host == "localhost":
		t.reach = loopback
	case slices.Contains(d.gate.opt.Private, host):
		t.reach = private
	}
	d.origins[origin(u)], d.hosts[hostPort(u)] = true, t
	d.gate.mu.Lock()
	defer d.gate.mu.Unlock()
	d.gate.known[host] = true
	return nil
}

// hostPort returns where a URL leads, with its scheme's port if it names none.
func hostPort(u *url.URL) string {
	port := u.Port()
	switch {
	case port != "":
	case u.Scheme == "http":
		port = "80"
	case strings.HasPrefix(u.Scheme, "socks5"):
		port = "1080"
	default:
		port = "443"
	}
	return net.JoinHostPort(strings.ToLower(u.Hostname()), port)
}

func origin(u *url.URL) string { return strings.ToLower(u.Scheme) + "://" + hostPort(u) }

// RoundTrip implements [http.RoundTripper].
func (d *door) RoundTrip(r *http.Request) (*http.Response, error) {
	if !d.origins[origin(r.URL)] {
		if r.Body != nil {
			_ = r.Body.Close() // as the interface demands; nothing was sent
		}
		return nil, fmt.Errorf("request to %s: %w", origin(r.URL), ErrRefused)
	}
	return d.next.RoundTrip(r)
}

// CloseIdleConnections closes the connections that are not in use; http.Client
// looks for it.
func (d *door) CloseIdleConnections() { d.next.CloseIdleConnections() }

// proxy names the proxy of a request and remembers where it is.
func (d *door) proxy(r *http.Request) (*url.URL, error) {
	u, err := d.gate.opt.Proxy(r)
	if err != nil || u == nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.proxies[hostPort(u)] = true
	return u, nil
}

// reachOf says what may be at an address that is about to be dialled: it is
// that of an origin, or of a proxy.
func (d *door) reachOf(addr string) (target, bool) {
	addr = strings.ToLower(addr)
	if t, ok := d.hosts[addr]; ok {
		return t, true
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return target{reach: proxy}, d.proxies[addr]
}

// dial connects to an origin or a proxy. The check is made on the address of
// the very connection, for each that a name resolves to.
func (d *door) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	t, ok := d.reachOf(addr)
	if !ok {
		return nil, fmt.Errorf("connect to %s: %w", addr, ErrRefused)
	}
	dialer := net.Dialer{Timeout: 30 * time.Second, Resolver: d.gate.opt.Resolver, Control: func(_, address string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(address)
		if err != nil {
			return fmt.Errorf("connect to %s at %s: %w", addr, address, ErrRefused)
		}
		return permit(addr, t.reach, t.written, at.Addr())
	}}
	return dialer.DialContext(ctx, network, addr)
}
