package chat

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
)

// listedAtMost is how many requests a list shows.
const listedAtMost = 10

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
		return cancelled(r), nil
	case "extend":
		return d.extend(ctx, c, by, in)
	case "revoke":
		return d.revoke(ctx, c.ID, by, in)
	case "status", "list":
		return d.status(ctx, c, by)
	case "onboard":
		return d.onboard(ctx, c.Onboard, by, in)
	case "confirm":
		return d.confirm(ctx, c, by)
	case "phase":
		return d.phase(ctx, c.Phase, by, in)
	case "drift":
		return d.drift(ctx, c.Drift, by, in)
	case "sync":
		return d.sync(ctx, by)
	case "whoami":
		return d.whoami(ctx, by)
	case "cli":
		return d.cli(ctx, c.Account, by, in.User.Platform)
	default:
		return Help(in.User.Platform, slices.Sorted(maps.Keys(d.Whispers))...), nil
	}
}

// said is an answer of one sentence.
func said(s string) Message { return Message{Summary: s, Blocks: []Block{plain(s)}} }

func (d *Desk) request(ctx context.Context, l RequestLine, by access.Asker, in access.Inbound) (Message, error) {
	a, err := d.Service.Ask(ctx, access.Ask{
		Key: in.Key, Asker: by, Channel: d.Channel[in.User.Platform], Origin: in.Channel,
		Group: l.Group, Account: l.Account, PermissionSet: l.PermissionSet, Term: l.Term, Reason: l.Reason,
	})
	if err != nil {
		return Message{}, err
	}
	return Accepted(a), nil
}

func (d *Desk) revoke(ctx context.Context, id access.ID, by access.Asker, in access.Inbound) (Message, error) {
	a, err := d.Service.Revoke(ctx, access.Removal{
		Key: in.Key, Asker: by, Request: id, Channel: d.Channel[in.User.Platform], Origin: in.Channel,
	})
	if err != nil {
		return Message{}, err
	}
	what := fmt.Sprintf("%s asks for the removal of what %s granted.", a.Request.ID, id)
	return Message{Summary: what, Blocks: []Block{append(plain(what+" "), follow(a.Request)...)}}, nil
}

// Accepted is the private answer to an accepted request.
func Accepted(a access.Asked) Message {
	switch onboards := a.Request.Kind == access.KindOnboard; {
	case onboards && a.Joined:
		return onboardJoined(a)
	case onboards:
		return onboardAccepted(a)
	case a.Joined:
		return joined(a)
	}
	w := a.Request.Want
	what := fmt.Sprintf("%s: %s in %s for %s.", a.Request.ID, w.PermissionSet, w.AccountName, w.PrincipalName)
	m := Message{Summary: what, Blocks: []Block{append(plain(what+" The pull request is being made. "), follow(a.Request)...)}}
	if !w.Term.End.IsZero() {
		m.Blocks = append(m.Blocks, Note{{Text: "It will end at "}, {At: w.Term.End}, {Text: "."}})
	}
	m.Blocks = append(m.Blocks, extends(a.Request)...)
	if a.Warning != "" {
		m.Blocks = append(m.Blocks, Text{{Text: "⚠️ "}, {Text: a.Warning}})
	}
	return m
}

// joined is the private answer to who asked for what is asked for already.
func joined(a access.Asked) Message {
	r := a.Request
	what := fmt.Sprintf("%s asked for the same access in %s: %s in %s for %s, ", r.Asker.Name, r.ID, r.Want.PermissionSet, r.Want.AccountName, r.Want.PrincipalName)
	m := Message{Summary: what + "and you have joined that request.", Blocks: []Block{
		append(append(plain(what), length(r)...), append(plain(". You have joined that request: one is enough for both of you. "), followThere(r)...)...),
		Note{{Text: "Since you want it too, your approval of it does not count, also if you own the account or the group, and that cannot be taken back. If nobody else can approve it, who asked first can cancel it ("}, {Text: "/aws-access cancel " + string(r.ID), Code: true}, {Text: ") and ask again. If you need it longer, ask again once it is live."}},
	}}
	if a.Warning != "" {
		m.Blocks = append(m.Blocks, Text{{Text: "⚠️ "}, {Text: a.Warning}})
	}
	return m
}

// follow says where a request can be followed.
func follow(r access.Request) Text {
	if r.Channel == "" {
		return plain("Follow it in the channel.")
	}
	return Text{{Text: "Follow it in "}, {Channel: r.Channel, Text: "the channel"}, {Text: "."}}
}

// followThere is follow for who asked after somebody else, maybe on another service
// than the request is on.
func followThere(r access.Request) Text {
	there := "its channel in " + r.Asker.Chat.Platform.Name()
	if r.Channel == "" {
		return plain("Follow it in " + there + ".")
	}
	return Text{{Text: "Follow it in "}, {Channel: r.Channel, Text: there}, {Text: "."}}
}

func (d *Desk) status(ctx context.Context, c Command, by access.Asker) (Message, error) {
	if c.ID != "" {
		r, err := d.Service.Show(ctx, by.Person, c.ID)
		if err != nil {
			return Message{}, err
		}
		return Card(r, d.place(ctx, r.Want)), nil
	}
	mine, err := d.Service.Mine(ctx, by.Person, listedAtMost)
	if err != nil {
		return Message{}, err
	}
	health, err := d.health(ctx, by)
	if err != nil {
		return Message{}, err
	}
	if len(mine) == 0 {
		m := said("You have no requests. `/aws-access request` opens the form.")
		m.Blocks = append(health, m.Blocks...)
		return m, nil
	}
	m := Message{Summary: "Your requests, newest first", Blocks: append(health, Heading("Your requests"))}
	for _, r := range mine {
		m.Blocks = append(m.Blocks, listed(r))
	}
	return m, nil
}

// place gathers what a card shows of the config in force, or nothing when
// there is none to be had.
func (d *Desk) place(ctx context.Context, w access.Want) Place {
	force, err := d.Service.Commits.InForce(ctx)
	if err != nil {
		return Place{}
	}
	return PlaceOf(force.Repo, w, nil)
}

// listed is one request in a list.
func listed(r access.Request) Text {
	t := Text{{Text: icon(r) + " "}, {Text: string(r.ID), Bold: true}, {Text: fmt.Sprintf(" %s: %s", subject(r), headline(r))}}
	if r.Pull.URL != "" {
		t = append(t, Span{Text: " "}, Span{Text: fmt.Sprintf("#%d", r.Pull.Number), URL: r.Pull.URL})
	}
	return t
}

func (d *Desk) whoami(ctx context.Context, by access.Asker) (Message, error) {
	force, err := d.Service.Commits.InForce(ctx)
	if err != nil {
		return Message{}, fmt.Errorf("config in force: %w", err)
	}
	return Message{Summary: "You are " + by.Name, Blocks: []Block{Fields{
		{"Name", plain(by.Name)}, {"E-mail", plain(by.Email)},
		{"Entra object id", Text{{Text: by.Entra, Code: true}}}, {"Time zone", plain(Zone(by.Zone).String())},
		{"GitHub", gitHubOf(force.Repo, by.Entra)},
	}}}, nil
}

// gitHubOf says which GitHub account is linked to a person, and what that means
// for his approvals.
func gitHubOf(repo *config.Repo, entra string) Text {
	if p, ok := repo.PersonByEntra(entra); ok && p.GitHub != nil {
		return Text{{Text: p.GitHub.Login, Code: true}, {Text: ": your approvals count where a rule names you"}}
	}
	return Text{{Text: "not linked, so your approvals do not count: "}, {Text: "/aws-access link github <login>", Code: true}}
}
