// Package githubemu emulates the part of GitHub's REST API (version
// 2022-11-28) that an App working on one organization's repositories uses:
// git objects and refs, contents, pull requests with reviews, merging, merge
// queues, checks, rulesets, teams, events of pull requests, and webhooks; and
// the few queries and mutations of its GraphQL API that merge queues need.
//
// What is real. Object ids are the ids that git gives (package gitobj).
// Merges are three-way merges, conflicts are found by content. Credentials
// are checked as GitHub checks them: App JWTs against the App's public key,
// installation tokens with their one hour, permissions and repositories,
// personal tokens with the person's role. Errors carry GitHub's status codes
// and messages; lists are paged with Link headers; every answer has the rate
// limit headers and an ETag. Webhooks are signed, sent once, and kept in a
// delivery log from which the App may ask for them again. A merge queue
// builds its groups as branches, waits for their checks, and lands them.
//
// What is left out: the rest of GraphQL (github.graphql is what there is; a
// query for anything else is answered with the errors of a field that does
// not exist), tarballs, git's
// own transports, auto-merge, solo merges and time estimates of merge queues,
// code owners, commit signatures, tags, and the secondary rate limits (inject
// them as faults of the kit).
//
// Shape. [Server] holds all state behind one mutex; each request runs
// through the kit (journal, faults) and then, under the lock, through one
// handler of the table in routes.go. Operations are named as GitHub's
// documentation names them ("POST /repos/{owner}/{repo}/pulls"). People play
// through the methods of [Repo], which share the code of the handlers and so
// meet the same rules. Delays are computed from timestamps; merge queues are
// brought up to date by whoever takes the lock to look or to act; the only
// goroutines are those of [Server.Run], which sends webhooks and wakes when a
// queue has something to do.
//
// Facts are from GitHub's REST reference and webhook documentation unless a
// comment says otherwise.
package githubemu

import (
	"crypto/rsa"
	"time"
)

// Options says what the emulated github.com looks like. Only Org and BaseURL
// are needed; a zero value elsewhere means the default named there.
type Options struct {
	// BaseURL is where the emulator is mounted, without a trailing slash. The
	// API is at BaseURL + "/api/v3" and, as on github.com's API host, without
	// that prefix too.
	BaseURL string
	// Org is the organization's login and OrgID its number (default 9001).
	Org   string
	OrgID int64
	// App is the App that receives webhooks. Further ones: [Server.AddApp].
	App App
	// WebhookURL receives the App's events; empty sends none.
	WebhookURL string
	// WebhookSecret signs them (X-Hub-Signature-256).
	WebhookSecret string
	// WebhookDelay is how long an event is on its way (default 200 ms, scaled
	// by the kit).
	WebhookDelay time.Duration
	// WebhookTimeout is how long the receiver may take (default 10 s, the
	// limit of github.com; not scaled).
	WebhookTimeout time.Duration
	// MergeableDelay is how long a pull request's mergeable field stays null
	// after its head or base moved (default 500 ms, scaled by the kit;
	// negative means none).
	MergeableDelay time.Duration
	// QueueDelay is how long a merge queue takes to build a group after it was
	// asked for (default 500 ms, scaled by the kit; negative means none).
	QueueDelay time.Duration
	// RateLimit is the number of requests an hour for each installation and
	// each person (default 5,000).
	RateLimit int
	// TreeLimit is the number of entries above which a recursive tree is
	// truncated (default 100,000).
	TreeLimit int
}

// App is a GitHub App and its one installation in the organization.
type App struct {
	ID int64
	// Slug names the App in URLs; its bot user is Slug + "[bot]".
	Slug     string
	Name     string
	ClientID string
	// InstallationID is the number of its installation in the organization.
	InstallationID int64
	// PublicKey verifies the App's JWTs; without one all are refused.
	PublicKey *rsa.PublicKey
	// Permissions are what the organization granted ("contents": "write").
	// Nil means [DefaultPermissions]. Metadata is always readable.
	Permissions map[string]string
	// Events are the webhook events it subscribed to; nil means
	// [DefaultEvents].
	Events []string
	// Repositories limits the installation to these names; nil means all.
	Repositories []string
}

// DefaultPermissions is what an App that manages access by pull request asks
// for.
func DefaultPermissions() map[string]string {
	return map[string]string{
		"metadata": "read", "contents": "write", "pull_requests": "write", "checks": "write",
		"members": "read", "administration": "read", "statuses": "read", "issues": "write",
		"merge_queues": "read",
	}
}

// DefaultEvents is what such an App subscribes to.
func DefaultEvents() []string {
	return []string{"pull_request", "pull_request_review", "push", "check_run", "merge_group"}
}

func (o Options) withDefaults() Options {
	def := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	def(&o.WebhookDelay, 200*time.Millisecond)
	def(&o.WebhookTimeout, 10*time.Second)
	def(&o.MergeableDelay, 500*time.Millisecond)
	def(&o.QueueDelay, 500*time.Millisecond)
	if o.OrgID == 0 {
		o.OrgID = 9001
	}
	if o.RateLimit == 0 {
		o.RateLimit = 5000
	}
	if o.TreeLimit == 0 {
		o.TreeLimit = 100_000
	}
	return o
}
