package scenario

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"aws-access-bot/config"
	"aws-access-bot/internal/sandbox/emukit"
	"aws-access-bot/internal/sandbox/slackemu"
)

var (
	requestID = regexp.MustCompile(`REQ-[0-9A-HJKMNP-TV-Z]{6}`)
	claimLive = regexp.MustCompile(`(?i)\blive\b`)
	claimGone = regexp.MustCompile(`no longer lists`)
)

// told walks through the journal in order and holds each claim that a person
// reads against the newest complete listing before it.
func (c *checker) told() error {
	lists := listings{newest: map[config.Pair][]config.Assignment{}, begun: map[string][]config.Assignment{}}
	for _, e := range c.ev.Journal {
		switch {
		case e.Service == "aws" && e.Op == "ListAccountAssignments":
			if err := lists.take(c, e); err != nil {
				return fmt.Errorf("journal entry %d, %s: %w", e.Seq, e.Op, err)
			}
		case e.Service == "slack" && (e.Op == "chat.postMessage" || e.Op == "chat.update"), e.Service == "teams" && carries(e):
			text, err := sent(e)
			if err != nil {
				return fmt.Errorf("journal entry %d, %s: %w", e.Seq, e.Op, err)
			}
			c.claims(text, &lists)
		}
	}
	return nil
}

// sent returns what a person reads of a message that the bot sends, its
// notification first.
func sent(e emukit.Entry) (string, error) {
	if e.Service == "teams" {
		return sentToTeams(e)
	}
	m := slackemu.Message{}
	if strings.HasPrefix(e.Request, "{") {
		if err := json.Unmarshal([]byte(e.Request), &m); err != nil {
			return "", err
		}
	} else {
		form, err := url.ParseQuery(e.Request)
		if err != nil {
			return "", err
		}
		m.Text, m.Blocks = form.Get("text"), json.RawMessage(form.Get("blocks"))
	}
	return plain(m.Text) + "\n" + Text(m), nil
}

// carries reports whether a request to Teams has a message for a channel, whose
// ids begin with 19. What one person is answered is not judged, as in Slack: it
// lists requests.
func carries(e emukit.Entry) bool {
	switch e.Op {
	case "conversations.create":
		return true
	case "activities.send", "activities.reply", "activities.update":
		return strings.Contains(e.Path, "/v3/conversations/19") && !strings.Contains(e.Path, "isTargetedActivity")
	}
	return false
}

// sentToTeams is what a person reads of a message for Teams, its notification
// first. A conversation may be made without one.
func sentToTeams(e emukit.Entry) (string, error) {
	type activity struct {
		Text        string `json:"text"`
		Summary     string `json:"summary"`
		Attachments []struct {
			Content json.RawMessage `json:"content"`
		} `json:"attachments"`
	}
	var in struct {
		activity
		First activity `json:"activity"`
	}
	if err := json.Unmarshal([]byte(e.Request), &in); err != nil {
		return "", err
	}
	var out []string
	for _, a := range []activity{in.activity, in.First} {
		out = append(out, a.Summary, untagged(a.Text))
		for _, x := range a.Attachments {
			out = append(out, CardText(x.Content))
		}
	}
	return strings.Join(out, "\n"), nil
}

// listings are the assignments that the bot has read.
type listings struct {
	newest map[config.Pair][]config.Assignment
	begun  map[string][]config.Assignment // by the token of the next page
}

type listIn struct {
	AccountID        string `json:"AccountId"`
	PermissionSetARN string `json:"PermissionSetArn"`
	NextToken        string
}

type listOut struct {
	AccountAssignments []struct {
		PrincipalID string `json:"PrincipalId"`
	}
	NextToken string
}

// take reads one page. A set that was never provisioned in an account is a
// resource that AWS does not find.
func (l *listings) take(c *checker, e emukit.Entry) error {
	var in listIn
	if err := json.Unmarshal([]byte(e.Request), &in); err != nil {
		return err
	}
	pair := config.Pair{Account: in.AccountID, PermissionSet: c.named("", in.AccountID, in.PermissionSetARN).PermissionSet}
	if e.Status != http.StatusOK {
		if strings.Contains(e.Response, "ResourceNotFoundException") && e.Fault == "" {
			l.newest[pair] = nil
		}
		return nil
	}
	var out listOut
	if err := json.Unmarshal([]byte(e.Response), &out); err != nil {
		return err
	}
	list := slices.Clone(l.begun[in.NextToken]) // nothing for the first page
	for _, a := range out.AccountAssignments {
		list = append(list, c.named(a.PrincipalID, in.AccountID, in.PermissionSetARN))
	}
	if out.NextToken != "" {
		l.begun[out.NextToken] = list
		return nil
	}
	l.newest[pair] = list
	return nil
}

// shows reports whether the newest complete listing has an assignment, and
// whether there was one.
func (l *listings) shows(a config.Assignment) (listed, read bool) {
	list, read := l.newest[config.Pair{Account: a.Account, PermissionSet: a.PermissionSet}]
	return slices.Contains(list, a), read
}

// claims judges one message.
func (c *checker) claims(text string, lists *listings) {
	id := requestID.FindString(text)
	if id == "" {
		return
	}
	live, gone := claimLive.MatchString(text), claimGone.MatchString(text)
	if !live && !gone {
		return
	}
	all := c.requested(id)
	if len(all) == 0 {
		c.add(RuleLive, "no good commit has a grant of %s, and people are told: %s", id, text)
	}
	for _, a := range all {
		listed, read := lists.shows(a)
		if live && !gone && !listed {
			c.add(RuleLive, "%s is not in the newest listing (one was read: %v), and people are told: %s", a, read, text)
		}
		if gone && (listed || !read) {
			c.add(RuleEnded, "%s is in the newest listing (one was read: %v), and people are told: %s", a, read, text)
		}
	}
}

// requested returns the assignments that a request is about: those of the
// grants that carry its id, or those that its pull request took out.
func (c *checker) requested(id string) []config.Assignment {
	var out []config.Assignment
	add := func(r *config.Repo, ref config.GrantRef) {
		for _, account := range r.Resolve(ref.Grant) {
			a := config.Assignment{Principal: ref.File.Principal, Account: account.ID, PermissionSet: ref.Grant.PermissionSet}
			if !slices.Contains(out, a) {
				out = append(out, a)
			}
		}
	}
	for i, e := range c.epochs {
		for _, ref := range e.repo.Grants() {
			if ref.Grant.Request == id {
				add(e.repo, ref)
			}
		}
		if i == 0 || !c.merged(e.sha, id) {
			continue
		}
		for _, ref := range c.epochs[i-1].repo.Grants() {
			still := slices.ContainsFunc(e.repo.Grants(), func(r config.GrantRef) bool { return r.Key == ref.Key })
			if !still {
				add(c.epochs[i-1].repo, ref)
			}
		}
	}
	return out
}

// merged reports whether a commit merged the pull request of a request.
func (c *checker) merged(sha, id string) bool {
	for _, p := range c.ev.State.GitHub.Repos[0].Pulls {
		if p.MergeSHA == sha && p.Head == "access/"+id {
			return true
		}
	}
	return false
}
