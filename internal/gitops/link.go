package gitops

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops/review"
)

// kindOf returns the kind of a request's pull request.
func kindOf(k access.Kind) review.Kind {
	switch k {
	case access.KindRevoke:
		return review.Revoke
	case access.KindLink:
		return review.Link
	case access.KindOnboard:
		return review.Onboard
	case access.KindPhase:
		return review.Phase
	default:
		return review.Grant
	}
}

// requester returns, by Entra id, who may not approve a request as the one who
// asked. For a link that is who would be linked: whoever sent it claims to be
// that person, and is nobody else that is known.
func requester(r access.Request) string {
	if r.Kind == access.KindLink {
		return r.Want.Principal.ID
	}
	return r.Asker.Entra
}

// link writes the account to the person's entry.
func (p *proposal) link() error {
	w := p.request.Want
	const path = config.PeoplePath
	content, err := w.Link.Account.Apply(p.base.fsys[path], w.Principal.ID, w.Link.Email)
	switch {
	case errors.Is(err, config.ErrLinked):
		return &access.Refusal{Message: "people.yaml has that link already.", Mend: "There is nothing to add."}
	case errors.Is(err, config.ErrLinkTaken):
		return &access.Refusal{Message: "people.yaml gives that account to another person.", Mend: "Ask the platform team to correct people.yaml; an account belongs to one person only."}
	case err != nil:
		return &access.Refusal{Message: fmt.Sprintf("The link cannot be written to %s: %v.", path, err), Mend: "Ask the platform team to add it to people.yaml."}
	}
	p.put(path, content)
	return nil
}

// linkable refuses a link to who is no enabled member of the tenant now.
func (g *Gitops) linkable(ctx context.Context, p *proposal) error {
	u, err := g.dir.User(ctx, p.request.Want.Principal.ID)
	if err != nil && !errors.Is(err, access.ErrNotFound) {
		return fmt.Errorf("read the person to be linked: %w", err)
	}
	if err != nil || !u.Enabled || u.Guest {
		return &access.Refusal{Message: "The person to be linked is no enabled member of Entra any more.", Mend: "Ask your identity team."}
	}
	return nil
}

// linkBody returns what the body of a link's pull request says: what is claimed and by
// whom, and that nothing of it is proved.
func linkBody(r access.Request, base *config.Repo) string {
	w := r.Want
	account, service := w.Link.Account, r.Asker.Chat.Platform.Name()
	var b strings.Builder
	b.WriteString("**This is a claim, and nothing of it is proved.** Somebody in " + service + " asks that people.yaml say who he is. " +
		"Before you approve, ask the person another way than " + service + ": by phone, in person, or through the manager. ")
	if account.Key() == "github" {
		b.WriteString("Once merged, whoever has that GitHub account approves as this person.\n\n")
	} else {
		b.WriteString("Once merged, whoever has that Slack user asks for access as this person.\n\n")
	}
	b.WriteString("| | |\n|---|---|\n")
	row := func(name, value string) { fmt.Fprintf(&b, "| %s | %s |\n", name, value) }
	row("Request", code(string(r.ID)))
	row("Claimed by", fmt.Sprintf("%s user %s of the %s %s", service, code(r.Asker.Chat.User), r.Asker.Chat.Platform.Community(), code(r.Asker.Chat.Team)))
	row("Name in "+service, code(w.Link.ChatName)+" (as "+service+" says)")
	row("E-mail in "+service, code(w.Link.ChatEmail)+" (as "+service+" says)")
	row("Recognised as", recognised(r))
	row("Claims to be", code(w.PrincipalName)+", an enabled member of Entra")
	row("User principal name", code(w.Link.UPN))
	row("E-mail in Entra", code(w.Link.Email))
	row("Entra object", code(w.Principal.ID))
	row("Adds", code(account.Key()+": "+account.String()))
	person, known := base.PersonByEntra(w.Principal.ID)
	if !known {
		row("Entry", "new: people.yaml does not name this person yet")
	}
	if old, ok := account.Of(person); ok {
		row("**Replaces**", "**"+code(account.Key()+": "+old.String())+"**, which is this person no more")
	}
	b.WriteString("\nThe check `" + CheckName + "` says who may approve: the control plane, and never the person who would be linked. " +
		"If the claim is false, close this pull request.\n")
	return b.String()
}

// recognised says who the bot takes the asker of a link for.
func recognised(r access.Request) string {
	if r.Asker.Entra == "" {
		return "nobody: the bot does not know this " + r.Asker.Chat.Platform.Name() + " user"
	}
	service := r.Asker.Chat.Platform.Name()
	if r.Asker.Chat.Platform.Vouches() {
		return "that person, by the company account that " + service + " vouches for"
	}
	return "that person, by people.yaml or by the e-mail address in " + service
}

// replayLink makes the link of a request again on another base, if the entry is
// there what it was when the link was made: what it replaces is part of what is
// approved.
func replayLink(old, made, base *snapshot, who config.Principal) (path string, content []byte, err error) {
	was, _ := old.repo.PersonByEntra(who.ID)
	is, ok := made.repo.PersonByEntra(who.ID)
	if !ok {
		return "", nil, &access.Refusal{Message: "The entry of " + who.ID + " is not in the change."}
	}
	now, _ := base.repo.PersonByEntra(who.ID)
	for _, of := range links(is) {
		before, had := of.Of(was)
		if had && before == of {
			continue
		}
		if today, has := of.Of(now); has != had || today != before {
			return "", nil, &access.Refusal{Message: "The entry of " + who.ID + " was changed meanwhile."}
		}
		content, err = of.Apply(base.fsys[config.PeoplePath], who.ID, is.Email)
		return config.PeoplePath, content, err
	}
	return "", nil, &access.Refusal{Message: "The change links nothing."}
}

// links returns the accounts that a person has.
func links(p *config.Person) []config.PersonLink {
	var out []config.PersonLink
	if p.Slack != nil {
		out = append(out, config.PersonLink{Slack: *p.Slack})
	}
	if p.GitHub != nil {
		out = append(out, config.PersonLink{GitHub: *p.GitHub})
	}
	return out
}

// linkStands answers for a link that was never judged, because an operator
// trusted a commit past it: whether the config in force has all that the
// request's commit made of the entry.
func (g *Gitops) linkStands(ctx context.Context, rec PullRecord, force *config.Repo) (bool, error) {
	made, err := g.reader.read(ctx, rec.Head)
	if err != nil {
		return false, err
	}
	if made.repo == nil {
		return false, nil
	}
	want, ok := made.repo.PersonByEntra(rec.Principal.ID)
	has, there := force.PersonByEntra(rec.Principal.ID)
	if !ok || !there {
		return false, nil
	}
	for _, l := range links(want) {
		if got, ok := l.Of(has); !ok || !l.Same(got) {
			return false, nil
		}
	}
	return true, nil
}
