package teams

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// Hosts are the hosts that the connector may be at, exact and in lower case,
// with a port where it is not 443. A suffix is not enough: under
// trafficmanager.net anybody may register a name.
type Hosts []string

// PublicHosts are those of the public cloud ("Send proactive messages",
// Microsoft Learn: the global service URL).
func PublicHosts() Hosts { return Hosts{"smba.trafficmanager.net"} }

// errHost is all that is said of a service URL that is refused.
var errHost = errors.New("the service URL is not one that the bot may speak to")

// Check returns the service URL without a slash at its end, or an error unless
// it is https, at a host of the list, and has nothing but a path besides.
func (h Hosts) Check(raw string) (string, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return "", fmt.Errorf("%w: %w", errHost, err)
	}
	plain := u.Scheme == "https" && u.User == nil && u.Opaque == "" && u.RawQuery == "" && !u.ForceQuery && u.Fragment == "" && !strings.ContainsAny(raw, "#\\@")
	if !plain || !slices.Contains(h, strings.TrimSuffix(u.Host, ":443")) {
		return "", errHost
	}
	if u.Path != "" && (u.EscapedPath() != u.Path || strings.Contains(u.Path, "..") || strings.Contains(u.Path, "//")) {
		return "", errHost
	}
	return strings.TrimSuffix(raw, "/"), nil
}
