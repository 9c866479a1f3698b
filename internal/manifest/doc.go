// Package manifest makes the files with which Teams, Slack and GitHub register
// the bot: the Teams app package, Slack's app manifest and the manifest of the
// GitHub App. A person gives them to each service once, and again after an
// upgrade that says so.
//
// It is pure: the same input gives the same bytes, and nothing is read but the
// arguments. What it asks of a service is what the bot uses and no more: the
// tests hold the scopes against the calls of chat/slack, the permissions against
// the token that gitops/github asks for, and the events against what the webhook
// listens to.
package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
)

// Name is what the bot is called everywhere: people write @aws-access in Teams
// and /aws-access in Slack.
const Name = "aws-access"

// Site is where the services reach the bot from outside.
type Site struct {
	base string // no slash at its end
	host string // with its port, if it has one
}

// ParseSite reads the public address of the bot. All three services want https
// and a name that is known to the world; the bot's paths begin at the root.
func ParseSite(raw string) (Site, error) {
	u, err := webPage(raw)
	switch {
	case err != nil:
		return Site{}, err
	case u.Path != "" && u.Path != "/":
		return Site{}, fmt.Errorf("%q has the path %s; the bot's own paths begin at the root: write %s://%s", raw, u.Path, u.Scheme, u.Host)
	case net.ParseIP(u.Hostname()) != nil || !strings.Contains(u.Hostname(), "."):
		return Site{}, fmt.Errorf("%q is at no name that the world knows; write a name such as https://bot.example.com", raw)
	}
	return Site{base: "https://" + u.Host, host: u.Host}, nil
}

// at is the address of one of the bot's paths.
func (s Site) at(path string) string { return s.base + path }

// maxURL is the longest address that Teams takes, in characters.
const maxURL = 2048

// webPage reads the address of something that people open in a browser.
func webPage(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Host == "" || u.Opaque != "":
		return nil, fmt.Errorf("%q is no address; write one such as https://bot.example.com", raw)
	case u.Scheme != "https":
		return nil, fmt.Errorf("%q is not https, and nothing else is taken", raw)
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, fmt.Errorf("%q has more than a host and a path; write it without user, query and fragment", raw)
	case len(raw) > maxURL:
		return nil, errors.New("the address is longer than 2048 characters")
	}
	return u, nil
}

// encode writes a manifest as people read it.
func encode(v any) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("write a manifest: %w", err)
	}
	return out.Bytes(), nil
}
