package egress

import (
	"errors"
	"fmt"
	"net/netip"
)

// ErrRefused says that a request or connection was not made because of where it
// would have gone.
var ErrRefused = errors.New("not where the bot may speak to")

// reach is what kind of address a host may be at.
type reach int

const (
	public   reach = iota // public addresses only
	private               // public and private ones
	loopback              // loopback ones only
	exact                 // the one address that is written in the URL
	proxy                 // any but those that never are
)

// kind is what an address is.
type kind int

const (
	isPublic kind = iota
	isPrivate
	isLoopback
	isNever
)

// ranges lists what is not public, most specific first: the first that has an
// address says what it is. The ranges are those of IANA's registries of
// special-purpose addresses (RFC 6890), and the addresses of the clouds'
// metadata services, as their documentation gives them.
func ranges() []struct {
	prefix string
	kind   kind
} {
	return []struct {
		prefix string
		kind   kind
	}{
		{"168.63.129.16/32", isNever},   // Azure's platform, a public address
		{"100.100.100.200/32", isNever}, // Alibaba Cloud
		{"fd00:ec2::/32", isNever},      // EC2, ECS and EKS over IPv6
		{"fd20:ce::/32", isNever},       // Google Cloud over IPv6
		{"0.0.0.0/8", isNever},          // this host
		{"169.254.0.0/16", isNever},     // link-local, with most metadata services
		{"224.0.0.0/4", isNever},        // multicast
		{"240.0.0.0/4", isNever},        // reserved, and broadcast
		{"127.0.0.0/8", isLoopback},
		{"10.0.0.0/8", isPrivate},
		{"172.16.0.0/12", isPrivate},
		{"192.168.0.0/16", isPrivate},
		{"100.64.0.0/10", isPrivate}, // shared by carriers, and by some clouds inside
		{"192.0.0.0/24", isNever},    // protocol assignments, and the metadata of Oracle Cloud
		{"192.88.99.0/24", isNever},  // 6to4 relays, gone
		{"198.18.0.0/15", isPrivate}, // benchmarks, and proxies on developers' machines
		{"192.0.2.0/24", isNever},    // documentation
		{"198.51.100.0/24", isNever}, // documentation
		{"203.0.113.0/24", isNever},  // documentation
		{"::1/128", isLoopback},
		{"::/96", isNever},           // unspecified, and IPv4 as it was once embedded
		{"fc00::/7", isPrivate},      // unique local
		{"fe80::/10", isNever},       // link-local
		{"fec0::/10", isNever},       // site-local, gone
		{"ff00::/8", isNever},        // multicast
		{"100::/64", isNever},        // discard
		{"2001::/32", isNever},       // Teredo, which has an IPv4 address inside
		{"2002::/16", isNever},       // 6to4, likewise
		{"2001:db8::/32", isNever},   // documentation
		{"64:ff9b:1::/48", isNever},  // translation to IPv4 within a network
		{"5f00::/16", isNever},       // segment routing
		{"::ffff:0:0:0/96", isNever}, // IPv4, translated (RFC 2765)
	}
}

// kindOf says what an address is. IPv4 in IPv6 is judged as the IPv4 address it
// leads to.
func kindOf(ip netip.Addr) kind {
	ip = ip.Unmap().WithZone("")
	if nat64 := netip.MustParsePrefix("64:ff9b::/96"); nat64.Contains(ip) { // RFC 6052
		b := ip.As16()
		ip = netip.AddrFrom4([4]byte(b[12:]))
	}
	for _, r := range ranges() {
		if netip.MustParsePrefix(r.prefix).Contains(ip) {
			return r.kind
		}
	}
	return isPublic
}

// permit refuses an address that a host may not be at. written is the address
// in the URL, where one is.
func permit(host string, r reach, written, ip netip.Addr) error {
	k := kindOf(ip)
	var ok bool
	switch r {
	case public:
		ok = k == isPublic
	case private:
		ok = k == isPublic || k == isPrivate
	case loopback:
		ok = k == isLoopback
	case exact:
		ok = k != isNever && ip.Unmap() == written.Unmap()
	case proxy:
		ok = k != isNever
	}
	if ok {
		return nil
	}
	err := fmt.Errorf("%s is at %s, %s: %w", host, ip, words(k), ErrRefused)
	if r == public && k == isPrivate {
		err = fmt.Errorf("%w; if it is meant to be inside your network, list it in private_hosts", err)
	}
	return err
}

// words say what an address is.
func words(k kind) string {
	switch k {
	case isPrivate:
		return "a private address"
	case isLoopback:
		return "a loopback address"
	case isNever:
		return "an address that is never spoken to"
	default:
		return "a public address"
	}
}
