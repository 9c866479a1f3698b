// Package egress makes the HTTP clients with which the bot speaks to the
// outside. It is the only place that does, so that what it promises holds for
// every adapter:
//
//   - A transport speaks to the origins that it was made for (scheme, host and
//     port of configured base URLs) and to nothing else. What a payload, a
//     redirect, a page link or an answer names is not an origin by that.
//   - Redirects are not followed.
//   - The address is checked when the connection is made, after the name was
//     resolved, so that a name that comes to mean another address changes
//     nothing. How an address was written plays no part.
//
// # Addresses
//
// Link-local, multicast, unspecified and reserved addresses, and those under
// which clouds keep their metadata services, are never spoken to, however they
// are configured. A name must resolve to a public address. What else may be
// meant has to be written down:
//
//   - a base URL with an IP address may be at that address, private or loopback;
//   - localhost may be at a loopback address;
//   - a host in Options.Private may be at a private address (GitHub Enterprise in
//     the company's network, AWS through interface endpoints), never at a
//     loopback one.
//
// # Proxies
//
// The proxy that the environment names (HTTPS_PROXY, HTTP_PROXY, NO_PROXY) is
// used. It may be at a private or loopback address, as proxies are. Which
// origins may be asked for is checked all the same; what their names resolve to
// is then for the proxy to say, and not checked here.
//
// # What it does not do
//
// The AWS SDK finds its own credentials, where none are configured, with
// clients of its own: the metadata services of EC2, ECS and EKS are at
// link-local addresses. See package awsclient.
package egress
