package chat

import (
	"context"
	"fmt"

	"aws-access-bot/internal/access"
)

// shown is how many requests a list shows.
const shown = 10

// Do carries out a command that needs no form and returns the answer.
func (d *Desk) Do(ctx context.Context, c Command, by access.Asker, in access.Inbound) (Message, error) {
	switch c.Verb {
	case "request":
		return d.request(ctx, c.Request, by, in)
	case "cancel":
		r, err := d.Service.Cancel(ctx, by.Person, c.ID)
		if err != nil {
			return Message{}, err
		}
		return said(fmt.Sprintf("%s is being cancelled; its pull request #%d will be closed.", r.ID, r.Pull.Number)), nil
	case "revoke":
		a, err := d.Service.Revoke(ctx, by, in.Key, c.ID, d.Channel[in.User.Platform])
		if err != nil {
			return Message{}, err
		}
		return said(fmt.Sprintf("%s asks for the removal of what %s granted. Follow it in the channel.", a.Request.ID, c.ID)), nil
	case "status", "list":
		return d.status(ctx, c, by)
	case "whoami":
		return whoami(by), nil
	default:
		return Help(), nil
	}
}

// said is an answer of one sentence.
func said(s string) Message { return Message{Summary: s, Blocks: []Block{plain(s)}} }

func (d *Desk) request(ctx context.Context, l RequestLine, by access.Asker, in access.Inbound) (Message, error) {
	a, err := d.Service.Ask(ctx, access.Ask{
		Key: in.Key, Asker: by, Channel: d.Channel[in.User.Platform],
		Group: l.Group, Account: l.Account, PermissionSet: l.PermissionSet, Term: l.Term, Reason: l.Reason,
	})
	if err != nil {
		return Message{}, err
	}
	return Accepted(a), nil
}

// Accepted is the private answer to an accepted request.
func Accepted(a access.Asked) Message {
	w := a.Request.Want
	s := fmt.Sprintf("%s: %s in %s for %s. The pull request is being made; follow it in the channel.", a.Request.ID, w.PermissionSet, w.AccountName, w.PrincipalName)
	m := said(s)
	if !w.Term.End.IsZero() {
		m.Blocks = append(m.Blocks, Note{{Text: "It will end at "}, {At: w.Term.End}, {Text: "."}})
	}
	if a.Warning != "" {
		m.Blocks = append(m.Blocks, Text{{Text: "⚠️ "}, {Text: a.Warning}})
	}
	return m
}

func (d *Desk) status(ctx context.Context, c Command, by access.Asker) (Message, error) {
	if c.ID != "" {
		r, err := d.Service.Show(ctx, by.Person, c.ID)
		if err != nil {
			return Message{}, err
		}
		force, err := d.Service.Commits.InForce(ctx)
		if err != nil {
			return Message{}, err
		}
		return Card(r, PlaceOf(force.Repo, r.Want)), nil
	}
	mine, err := d.Service.Mine(ctx, by.Person, shown)
	if err != nil {
		return Message{}, err
	}
	if len(mine) == 0 {
		return said("You have no requests. `/aws-access request` opens the form."), nil
	}
	m := Message{Summary: fmt.Sprintf("Your last %d requests", len(mine)), Blocks: []Block{Heading("Your requests")}}
	for _, r := range mine {
		m.Blocks = append(m.Blocks, listed(r))
	}
	return m, nil
}

// listed is one request in a list.
func listed(r access.Request) Text {
	t := Text{{Text: icon(r) + " "}, {Text: string(r.ID), Bold: true}, {Text: fmt.Sprintf(" %s in %s for %s: %s", r.Want.PermissionSet, r.Want.AccountName, r.Want.PrincipalName, headline(r))}}
	if r.Pull.URL != "" {
		t = append(t, Span{Text: " "}, Span{Text: fmt.Sprintf("#%d", r.Pull.Number), URL: r.Pull.URL})
	}
	return t
}

func whoami(by access.Asker) Message {
	return Message{Summary: "You are " + by.Name, Blocks: []Block{Fields{
		{"Name", plain(by.Name)}, {"E-mail", plain(by.Email)},
		{"Entra object id", Text{{Text: by.Entra, Code: true}}}, {"Time zone", plain(Zone(by.Zone).String())},
	}}}
}

// Help lists the commands.
func Help() Message {
	line := func(usage, does string) Text { return Text{{Text: usage, Code: true}, {Text: "\n" + does}} }
	return Message{Summary: "What /aws-access understands", Blocks: []Block{
		Heading("AWS access"),
		line("/aws-access request", "opens the form"),
		line("/aws-access request <account> <permission-set> for <group> [4h|7d|until 2026-12-24|standing] <reason>", "asks in one line"),
		line("/aws-access status [REQ-…]", "your requests, or one of them"),
		line("/aws-access cancel REQ-…", "closes the pull request of a request of yours"),
		line("/aws-access revoke REQ-…", "asks for the removal of what a request granted"),
		line("/aws-access whoami", "who the bot takes you for"),
	}}
}
