package gitops

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
)

// maxWebhook is how much of a webhook's body is read. GitHub sends up to
// 25 MB; what is larger than this is answered 413 and left to the poll.
const maxWebhook = 5 << 20

// Webhook takes GitHub's webhooks. They are hints: what they say is read again
// from GitHub, so a repeated delivery is looked at again and does nothing
// twice.
type Webhook struct {
	hint    func(number int, rewrite bool)
	repo    int64
	secrets [][]byte
}

// NewWebhook returns a handler that accepts bodies signed with any of the
// secrets; two are allowed while one is replaced. No secret, or an empty one,
// is an error: an empty key would let anybody sign.
func (g *Gitops) NewWebhook(secrets ...[]byte) (*Webhook, error) {
	if len(secrets) == 0 || len(secrets) > 2 {
		return nil, errors.New("GitHub webhook: one or two secrets are required")
	}
	for _, s := range secrets {
		if len(s) == 0 {
			return nil, errors.New("GitHub webhook: a secret is empty")
		}
	}
	return &Webhook{hint: g.hint, repo: g.opt.RepoID, secrets: secrets}, nil
}

// ServeHTTP limits, verifies, and only then parses.
func (h *Webhook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxWebhook))
	if err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			http.Error(w, "body too large", http.StatusRequestEntityTooLarge)
			return
		}
		http.Error(w, "body unreadable", http.StatusBadRequest)
		return
	}
	if !h.signed(r.Header.Values("X-Hub-Signature-256"), body) {
		http.Error(w, "unauthorized", http.StatusUnauthorized)
		return
	}
	h.dispatch(r.Header.Get("X-GitHub-Event"), body)
	w.WriteHeader(http.StatusOK)
}

// signed reports whether exactly one header carries the lower-case hex
// HMAC-SHA256 of the body under one of the secrets.
func (h *Webhook) signed(headers []string, body []byte) bool {
	if len(headers) != 1 {
		return false
	}
	given, ok := strings.CutPrefix(headers[0], "sha256=")
	if !ok || given != strings.ToLower(given) {
		return false
	}
	sum, err := hex.DecodeString(given)
	if err != nil {
		return false
	}
	fits := false
	for _, secret := range h.secrets {
		m := hmac.New(sha256.New, secret)
		m.Write(body)
		fits = hmac.Equal(sum, m.Sum(nil)) || fits
	}
	return fits
}

// Missed takes an event that was not delivered, as it would have taken the
// webhook. A nil body is a hint to look everywhere.
func (h *Webhook) Missed(kind string, body []byte) {
	if body == nil {
		h.hint(0, false)
		return
	}
	h.dispatch(kind, body)
}

// event is the little of a webhook that helps to look at the right place.
type event struct {
	Action      string      `json:"action"`
	Repository  *eventRepo  `json:"repository"`
	PullRequest *eventPull  `json:"pull_request"`
	Issue       *eventPull  `json:"issue"`
	CheckRun    *eventCheck `json:"check_run"`
	CheckSuite  *eventCheck `json:"check_suite"`
}

type eventRepo struct {
	ID int64 `json:"id"`
}

type eventPull struct {
	Number int `json:"number"`
}

type eventCheck struct {
	PullRequests []eventPull `json:"pull_requests"`
}

// dispatch turns an event into hints. A body that cannot be read is a hint to
// look everywhere; events of other kinds and repositories are none.
func (h *Webhook) dispatch(kind string, body []byte) {
	var e event
	if err := json.Unmarshal(body, &e); err != nil {
		h.hint(0, false)
		return
	}
	if e.Repository != nil && e.Repository.ID != h.repo {
		return
	}
	switch kind {
	case "push":
		h.hint(0, false)
	case "pull_request", "pull_request_review":
		if e.PullRequest == nil {
			h.hint(0, false)
			return
		}
		h.hint(e.PullRequest.Number, false)
	case "issue_comment":
		// The bot's own comment may be the one that was edited or deleted.
		if e.Issue != nil && (e.Action == "edited" || e.Action == "deleted") {
			h.hint(e.Issue.Number, false)
		}
	case "merge_group":
		h.hint(branchOnly, false)
	case "check_run", "check_suite":
		if e.Action == "rerequested" || e.Action == "requested" {
			h.rerequested(e.CheckRun, e.CheckSuite)
		}
	}
}

// rerequested has the checks of pull requests written again.
func (h *Webhook) rerequested(checks ...*eventCheck) {
	for _, c := range checks {
		if c == nil {
			continue
		}
		for _, p := range c.PullRequests {
			h.hint(p.Number, true)
		}
	}
}
