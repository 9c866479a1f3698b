package manifest

import (
	"bytes"
	_ "embed" // the page
	"errors"
	"fmt"
	"html/template"
	"regexp"
	"strings"
)

// githubManifest is a GitHub App manifest (GitHub Docs, "Registering a GitHub App
// from a manifest").
type githubManifest struct {
	Name        string            `json:"name"`
	URL         string            `json:"url"`
	Hook        githubHook        `json:"hook_attributes"`
	Redirect    string            `json:"redirect_url"`
	Description string            `json:"description"`
	Public      bool              `json:"public"`
	Permissions map[string]string `json:"default_permissions"`
	Events      []string          `json:"default_events"`
}

type githubHook struct {
	URL    string `json:"url"`
	Active bool   `json:"active"`
}

// Permission is one that the App asks of the organization.
type Permission struct {
	Name   string // as the API writes it
	Access string // read or write
	For    string
}

// GitHubPermissions are all that the App asks for, in order. What its tokens ask
// for is less: issues and merge queues are needed for events alone.
func GitHubPermissions() []Permission {
	return []Permission{
		{"administration", "read", "reading classic branch protection, to say where it guards less than it should"},
		{"checks", "write", "the check aws-access"},
		{"contents", "write", "reading the config repo; branches and commits of requests; merging"},
		{"issues", "read", "only so that GitHub lets the App have the event issue_comment; no issue is read"},
		{"members", "read", "who is in a team, and whether an approver is in the organization"},
		{"merge_queues", "read", "only so that GitHub lets the App have the event merge_group"},
		{"metadata", "read", "the repository itself and its rules; every App has it"},
		{"pull_requests", "write", "pull requests, their reviews and comments"},
	}
}

// GitHubEvents are those the bot takes as a hint to look again, in order, each
// with the permission that GitHub wants for it (GitHub Docs, "Webhook events and
// payloads"). A manifest with an event whose permission is missing is refused as
// a whole.
func GitHubEvents() []Need {
	return []Need{
		{"check_run", "checks"},
		{"check_suite", "checks"},
		{"issue_comment", "issues"},
		{"merge_group", "merge_queues"},
		{"pull_request", "pull_requests"},
		{"pull_request_review", "pull_requests"},
		{"push", "contents"},
	}
}

// maxAppName is the longest name of a GitHub App, in characters (GitHub Docs,
// "Registering a GitHub App").
const maxAppName = 34

// GitHubApp is what a GitHub App manifest is made of.
type GitHubApp struct {
	Site Site
	// Name is unique on GitHub; it can be changed on the page that GitHub shows.
	Name string
}

// nowhere is where the browser is sent with the code by which the key and the
// secrets of the new App are fetched, once. Nothing answers there: the code stays
// in the address bar of who registers the App, and in nobody's log.
const nowhere = "http://localhost/aws-access-bot-registered"

// JSON makes the manifest.
func (a GitHubApp) JSON() ([]byte, error) {
	if n := len([]rune(a.Name)); strings.TrimSpace(a.Name) == "" || n > maxAppName {
		return nil, fmt.Errorf("the name of the App has %d characters; GitHub takes 1 to %d", n, maxAppName)
	}
	m := githubManifest{
		Name: a.Name, URL: a.Site.base, Hook: githubHook{a.Site.at("/github/webhook"), true}, Redirect: nowhere,
		Description: "AWS access by chat, pull request and review: opens, checks and merges pull requests on the config repo.",
		Permissions: map[string]string{},
	}
	for _, p := range GitHubPermissions() {
		m.Permissions[p.Name] = p.Access
	}
	for _, e := range GitHubEvents() {
		m.Events = append(m.Events, e.Name)
	}
	return encode(m)
}

//go:embed github.html
var githubPage string

// organization is how GitHub writes the name of one.
var organization = regexp.MustCompile(`^[A-Za-z0-9](?:[A-Za-z0-9-]{0,37}[A-Za-z0-9])?$`)

// Page makes a web page with one button, which gives the manifest to GitHub:
// GitHub takes it as a form and in no other way. host is where people open
// GitHub, such as https://github.com.
func (a GitHubApp) Page(host, org string) ([]byte, error) {
	if !organization.MatchString(org) {
		return nil, fmt.Errorf("%q is no organization of GitHub; write its name as in its address, e.g. acme", org)
	}
	u, err := webPage(host)
	if err != nil {
		return nil, fmt.Errorf("the address of GitHub: %w", err)
	}
	if u.Path != "" && u.Path != "/" {
		return nil, errors.New("the address of GitHub has a path; write where people open it, e.g. https://github.example.com")
	}
	text, err := a.JSON()
	if err != nil {
		return nil, err
	}
	page, err := template.New("page").Parse(githubPage)
	if err != nil {
		return nil, fmt.Errorf("read the page: %w", err)
	}
	var out bytes.Buffer
	err = page.Execute(&out, map[string]any{
		"Action": "https://" + u.Host + "/organizations/" + org + "/settings/apps/new", "Manifest": string(text),
		"Organization": org, "Host": u.Host, "API": apiOf(u.Host), "Permissions": GitHubPermissions(),
	})
	if err != nil {
		return nil, fmt.Errorf("write the page: %w", err)
	}
	return out.Bytes(), nil
}

// apiOf is the REST API that belongs to a GitHub: github.com, a company's on
// ghe.com, or Enterprise Server.
func apiOf(host string) string {
	switch {
	case host == "github.com":
		return "https://api.github.com"
	case strings.HasSuffix(host, ".ghe.com"):
		return "https://api." + host
	}
	return "https://" + host + "/api/v3"
}
