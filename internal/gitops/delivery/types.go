package delivery

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"aws-access-bot/internal/access"
)

// Step labels the durable step of this package.
const Step = "gitops.deliveries"

// ErrDenied means that the log may not be read, which asking again does not
// change.
var ErrDenied = errors.New("GitHub does not let the App read its delivery log")

// Delivery is one attempt to deliver a webhook.
type Delivery struct {
	// ID is the attempt's, GUID the event's: the same for all its attempts.
	ID   int64
	GUID string
	At   time.Time
	// Code is the receiver's HTTP status, or GitHub's own for what went wrong
	// on the way; Status says it in words.
	Code   int
	Status string
	Event  string
	// Repo is the repository's number, 0 for events that are about none.
	Repo int64
}

// arrived reports whether the receiver took it.
func (d *Delivery) arrived() bool { return d.Code/100 == 2 }

// Log reads the delivery log of the App.
type Log interface {
	// Deliveries returns a page of attempts, newest first, and the name of the
	// next page. "" names the first page, and that there is none. A log that
	// may not be read is ErrDenied.
	Deliveries(ctx context.Context, page string) (list []Delivery, next string, err error)
	// Payload returns the event and body of an attempt.
	Payload(ctx context.Context, id int64) (event string, body []byte, err error)
}

// Taker takes what was lost as it takes a webhook, without any authority.
type Taker interface {
	// Missed takes an event; a nil body means that anything may have happened.
	Missed(event string, body []byte)
}

// State keeps the report. It is durable when SaveDeliveries returns.
type State interface {
	Deliveries(ctx context.Context) (Report, error)
	SaveDeliveries(ctx context.Context, r Report) error
}

// Ops takes notices for the operations channel, once per key.
type Ops interface {
	PutNotice(ctx context.Context, n access.Notice) error
}

// Lost is an event that was not delivered.
type Lost struct {
	GUID   string    `json:"guid"`
	Event  string    `json:"event"`
	Status string    `json:"status"`
	At     time.Time `json:"at"`
}

// Report is the outcome of the sweeps so far.
type Report struct {
	// At is when the last sweep succeeded, zero when none did. Upto is the time
	// of the newest attempt seen.
	At   time.Time `json:"at,omitzero"`
	Upto time.Time `json:"upto,omitzero"`
	// Failing is when sweeps began to fail, zero when the last one succeeded;
	// Denied that the log may not be read.
	Failing time.Time `json:"failing,omitzero"`
	Denied  bool      `json:"denied,omitempty"`
	// Lost are the events in the log that did not arrive, oldest first, at most
	// maxLost of them; Since is when there began to be any of the last day.
	Lost  []Lost    `json:"lost,omitempty"`
	Since time.Time `json:"since,omitzero"`
}

// Recent is how many events of the last 24 hours did not arrive.
func (r *Report) Recent(now time.Time) int { return len(since(r.Lost, now.Add(-day))) }

// Lines says for operators what is wrong, a sentence each; none when nothing
// is.
func (r *Report) Lines(now time.Time) []string {
	var out []string
	if n := r.Recent(now); n > 0 {
		last := r.Lost[len(r.Lost)-1]
		count := fmt.Sprintf("%d webhooks", n)
		switch {
		case n >= maxLost:
			count = "At least " + count
		case n == 1:
			count = "1 webhook"
		}
		out = append(out, fmt.Sprintf("%s could not be delivered in the last 24 h, last: %s at %s; check the webhook URL of the GitHub App and the ingress of the bot. What they were about was looked at all the same.",
			count, strings.TrimSpace(last.Status), last.At.UTC().Format(time.RFC3339)))
	}
	switch {
	case r.Denied:
		out = append(out, fmt.Sprintf("The delivery log of webhooks cannot be read since %s (delivery-log-not-visible): webhooks that are lost go unseen, and the poll finds what they were about later. Check the App's number and private key, and whether your GitHub Enterprise version has the log.", r.Failing.UTC().Format(time.RFC3339)))
	case !r.Failing.IsZero() && now.Sub(r.Failing) >= patience:
		out = append(out, fmt.Sprintf("The delivery log of webhooks could not be read since %s (delivery-log-not-read). See the bot's log for what GitHub answers.", r.Failing.UTC().Format(time.RFC3339)))
	}
	return out
}
