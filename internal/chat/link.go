package chat

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"aws-access-bot/internal/access"
)

// LinkLine is what a "link" line says: an e-mail address, or the login of a
// GitHub account.
type LinkLine struct {
	Email  string
	GitHub string
}

// plainAddress is an e-mail address as it was typed: Slack may write it as
// <mailto:a@example.com|a@example.com>.
func plainAddress(s string) string {
	if inner, ok := strings.CutPrefix(s, "<mailto:"); ok {
		s, _, _ = strings.Cut(strings.TrimSuffix(inner, ">"), "|")
	}
	return s
}

// parseLink reads "<e-mail address>" or "github <login>".
func parseLink(words []string) (LinkLine, error) {
	switch {
	case len(words) == 1 && strings.Contains(words[0], "@"):
		return LinkLine{Email: plainAddress(words[0])}, nil
	case len(words) == 2 && strings.EqualFold(words[0], "github"):
		return LinkLine{GitHub: words[1]}, nil
	default:
		return LinkLine{}, &UsageError{
			"`link` takes your company's e-mail address, or `github` and your login there.",
			"Write `link you@company.com` to link your Slack user, or `link github your-login` so that your approvals count.",
		}
	}
}

// linkUsage is what is wrong with a "link" line for who wrote it on a chat service:
// where nobody is known by an address, none is asked for.
func linkUsage(here access.Platform, err error) error {
	var usage *UsageError
	if byAddress(here) || !errors.As(err, &usage) {
		return err
	}
	return &UsageError{"`link` takes `github` and your login there.", "Write `link github your-login` so that your approvals count."}
}

// linking works off what is served also to those who are not recognised: asking
// to be linked, and looking at and cancelling what this chat user sent. done is
// false for everything else.
func (d *Desk) linking(ctx context.Context, in access.Inbound) (m Message, done bool, err error) {
	c, err := Parse(in.Text, Zone(""), in.At)
	if strings.HasPrefix(in.Command, submission) || err != nil && c.Verb != "link" {
		return Message{}, false, nil // the usual way says what is wrong
	}
	if c.Verb == "link" && err == nil {
		m, err = d.link(ctx, c.Link, in)
	}
	if c.Verb == "link" {
		return m, true, linkUsage(in.User.Platform, err)
	}
	if c.ID == "" || c.Verb != "cancel" && c.Verb != "status" {
		return Message{}, false, nil
	}
	r, sent, err := d.Service.Sent(ctx, in.User, c.ID)
	if err != nil || !sent {
		return Message{}, err != nil, err
	}
	if p, err := d.profile(ctx, in.User); err != nil || p.Outsider != "" {
		return Message{}, err != nil, err // an outsider is refused in the usual way
	}
	if c.Verb == "status" {
		return Card(r, Place{}), true, nil
	}
	if r, err = d.Service.CancelSent(ctx, r); err != nil {
		return Message{}, true, err
	}
	return cancelled(r), true, nil
}

func (d *Desk) profile(ctx context.Context, u access.ChatUser) (access.ChatProfile, error) {
	p, ok := d.Profiles[u.Platform]
	if !ok {
		return access.ChatProfile{}, fmt.Errorf("no platform %q", u.Platform)
	}
	profile, err := p.Profile(ctx, u)
	if err != nil {
		return access.ChatProfile{}, fmt.Errorf("profile of %s: %w", u.User, err)
	}
	return profile, nil
}

func (d *Desk) link(ctx context.Context, l LinkLine, in access.Inbound) (Message, error) {
	profile, err := d.profile(ctx, in.User)
	if err != nil {
		return Message{}, err
	}
	known, err := d.Who.Resolve(ctx, profile)
	var no *access.Refusal
	if err != nil && !errors.As(err, &no) {
		return Message{}, err
	}
	a, err := d.Service.Link(ctx, access.LinkAsk{
		Key: in.Key, Profile: profile, Known: known, Email: l.Email, GitHub: l.GitHub,
		Channel: d.Channel[in.User.Platform], Origin: in.Channel,
	})
	if err != nil {
		return Message{}, err
	}
	what := fmt.Sprintf("%s: the pull request that links your %s to %s is being made.", a.Request.ID, accountWord(a.Request), a.Request.Want.PrincipalName)
	return Message{Summary: what, Blocks: []Block{
		append(plain(what+" "), follow(a.Request)...),
		Note{{Text: "The platform team approves it, and should ask you another way than " + in.User.Platform.Name() + " whether it is you. You are told when it is done."}},
	}}, nil
}

// accountWord names the account of a request to be linked.
func accountWord(r access.Request) string {
	if r.Want.Link.Account.GitHub.ID != 0 {
		return "GitHub account " + r.Want.Link.Account.GitHub.Login
	}
	return "Slack user"
}

// cancelled says that the pull request of a request is closed.
func cancelled(r access.Request) Message {
	return said(fmt.Sprintf("%s is cancelled: its pull request #%d is closed.", r.ID, r.Pull.Number))
}

// subject says in a few words what a request is about.
func subject(r access.Request) string {
	w := r.Want
	if r.Kind == access.KindLink {
		return fmt.Sprintf("link a %s to %s", accountWord(r), w.PrincipalName)
	}
	if r.Kind == access.KindOnboard {
		return fmt.Sprintf("onboard %s (…%s)", w.AccountName, access.LastFour(w.AccountID))
	}
	if r.Kind == access.KindPhase {
		return "go to " + w.Phase.String()
	}
	return fmt.Sprintf("%s in %s for %s", w.PermissionSet, w.AccountName, w.PrincipalName)
}

// linkFacts are the two-column part of a request to be linked. Who somebody
// claims to be is said to be a claim until it is linked.
func linkFacts(r access.Request) Fields {
	who := "Claims to be"
	if r.State == access.StateLinked {
		who = "Is"
	}
	account := r.Want.Link.Account
	return Fields{
		{"Asked by", Text{asker(r)}},
		{who, plain(r.Want.PrincipalName)},
		{"Adds to people.yaml", Text{{Text: account.Key() + ": " + account.String(), Code: true}}},
	}
}

// linkedSteps are the stages of a request to be linked.
func linkedSteps() []stageLabel {
	return []stageLabel{
		{access.StageAsked, "Asked"},
		{access.StageProposed, "Pull request opened"},
		{access.StageMerged, "Merged"},
		{access.StageVerified, "Verified and in force"},
	}
}

// linkedLine is the sentence of the notice that a link is in force.
func linkedLine(r access.Request) string {
	if r.Want.Link.Account.GitHub.ID != 0 {
		return fmt.Sprintf("The GitHub account %s is %s's now; its approvals count.", r.Want.Link.Account.GitHub.Login, r.Want.PrincipalName)
	}
	return fmt.Sprintf("You are linked now: the bot knows you as %s. `/aws-access request` asks for access.", r.Want.PrincipalName)
}

// tellLinked tells who asked to be linked, in private, that it is done. It is
// tried once, after the reply in the thread: a courtesy, as tellAsker is.
func (c *Courier) tellLinked(ctx context.Context, d access.Delivery) {
	if d.Kind != access.NoticeLinked {
		return
	}
	r, err := c.Requests.Get(ctx, d.Request)
	if err == nil {
		var p Platform
		if p, err = c.platform(r.Asker.Chat.Platform); err == nil {
			err = p.Whisper(ctx, Address{Team: r.Asker.Chat.Team, Channel: r.Origin}, r.Asker.Chat.User, said(linkedLine(r)))
		}
	}
	if err != nil {
		c.Log.Warn("somebody is not told in private that he is linked", "request", d.Request, "error", err)
	}
}
