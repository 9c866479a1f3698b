package egress

import (
	"errors"
	"net/netip"
	"testing"
)

// TestT23Kinds: what each kind of host may be at. Connections to public and
// private addresses cannot be made in a test; this is the rest of the table.
func TestT23Kinds(t *testing.T) {
	t.Parallel()
	tests := []struct {
		at                                         string
		asPublic, asPrivate, asLoopback, asWritten bool
	}{
		{"140.82.112.5", true, true, false, true},
		{"::ffff:140.82.112.5", true, true, false, true},
		{"2606:50c0:8000::154", true, true, false, true},
		{"64:ff9b::8c52:7005", true, true, false, true},
		{"10.0.0.1", false, true, false, true},
		{"172.31.255.255", false, true, false, true},
		{"172.32.0.1", true, true, false, true},
		{"192.168.1.1", false, true, false, true},
		{"100.64.0.1", false, true, false, true},
		{"fd12:3456::1", false, true, false, true},
		{"::ffff:10.0.0.1", false, true, false, true},
		{"64:ff9b::a00:1", false, true, false, true},
		{"127.0.0.1", false, false, true, true},
		{"127.255.255.254", false, false, true, true},
		{"::1", false, false, true, true},
		{"::ffff:127.0.0.1", false, false, true, true},
		{"169.254.169.254", false, false, false, false},
		{"169.254.170.23", false, false, false, false},
		{"fd00:ec2::23", false, false, false, false},
		{"fe80::1%eth0", false, false, false, false},
		{"255.255.255.255", false, false, false, false},
		{"::", false, false, false, false},
		{"0.1.2.3", false, false, false, false},
		{"198.51.100.7", false, false, false, false},
		{"2001:db8::1", false, false, false, false},
	}
	for _, tc := range tests {
		ip := netip.MustParseAddr(tc.at)
		for r, want := range map[reach]bool{public: tc.asPublic, private: tc.asPrivate, loopback: tc.asLoopback, exact: tc.asWritten, proxy: tc.asWritten} {
			if err := permit("h.test", r, ip, ip); (err == nil) != want || err != nil && !errors.Is(err, ErrRefused) {
				t.Errorf("%s with reach %d: %v, want allowed %v", tc.at, r, err, want)
			}
		}
	}
	if err := permit("h", exact, netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2")); err == nil {
		t.Error("another address than the one written is taken")
	}
}
