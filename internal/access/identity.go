package access

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"aws-access-bot/config"
)

// ChatProfile is a chat user as the chat service describes him now.
type ChatProfile struct {
	User  ChatUser
	Name  string
	Email string
	Zone  string
	// Entra is the object id of the person where the service vouches for it, by
	// signed word; "" where it only knows an e-mail address.
	Entra string
	// Outsider says why the service itself marks the user as none of ours: a
	// bot, a guest, deactivated, of another workspace. Empty otherwise.
	Outsider string
}

// Identity finds the Entra person behind a chat user (DESIGN: Slack user to
// person): people.yaml first; else, on first use, the one enabled, non-guest
// Entra member with the user's e-mail address who is not in people.yaml with
// a Slack or GitHub identity, and to whom no other user of that workspace was
// bound before. That binding is stored, and suspended when the address changes.
// Where the service itself vouches for the Entra object id, that is the person,
// and addresses say nothing.
type Identity struct {
	Commits   Commits
	Directory Directory
	Bindings  Bindings
}

// Resolve returns the person, or a *Refusal that says why there is none.
func (d *Identity) Resolve(ctx context.Context, p ChatProfile) (Person, error) {
	if p.Outsider != "" {
		return Person{}, outsider(p)
	}
	force, err := d.Commits.InForce(ctx)
	if errors.Is(err, ErrNotFound) {
		return Person{}, notTrustedYet()
	}
	if err != nil {
		return Person{}, fmt.Errorf("config in force: %w", err)
	}
	if p.Entra != "" {
		return d.member(ctx, p.Entra, &Refusal{Message: "Your company account is not among the users of Entra that the bot sees.", Mend: "Ask your identity team."})
	}
	repo := force.Repo
	if linked, ok := repo.PersonBySlack(p.User.Team, p.User.User); ok && p.User.Platform == Slack {
		return d.member(ctx, linked.Entra, &Refusal{Message: "Your entry in people.yaml names an Entra user that does not exist.", Mend: "Ask the platform team to correct people.yaml."})
	}
	if !ascii(p.Email) {
		// Letters that look or fold alike (K and the Kelvin sign) would make
		// somebody else's address out of this one.
		return Person{}, &Refusal{Message: "Your e-mail address in chat has characters other than ASCII, by which nobody is recognised.", Mend: toPeople(p.User)}
	}
	b, err := d.Bindings.Binding(ctx, p.User)
	switch {
	case err == nil:
		return d.bound(ctx, repo, b, p)
	case errors.Is(err, ErrNotFound):
		return d.bind(ctx, repo, p)
	default:
		return Person{}, fmt.Errorf("binding of %s %s: %w", p.User.Platform, p.User.User, err)
	}
}

// toPeople is the mend for whoever is not recognised by e-mail: how to get the
// pull request that links the chat user.
func toPeople(u ChatUser) string {
	if u.Platform != Slack {
		return "Ask the platform team to add you to people.yaml."
	}
	return "Send `/aws-access link you@company.com` with your company's address, and the bot prepares the pull request that links you; the platform team approves it."
}

// outsider refuses whom the chat service marks as none of ours.
func outsider(p ChatProfile) *Refusal {
	return &Refusal{Message: "You cannot use this here: " + p.Outsider + ".", Mend: "Ask from your own account in your company's " + p.User.Platform.Name() + "."}
}

func ascii(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > unicode.MaxASCII })
}

// notTrustedYet is the answer until a first commit is trusted.
func notTrustedYet() *Refusal {
	return &Refusal{
		Message: "The bot has no config in force yet, so it can do nothing.",
		Mend:    "A platform admin names the first commit with `bot trust SHA`.",
	}
}

// member returns the enabled, non-guest Entra user with that id; gone is said
// when there is none.
func (d *Identity) member(ctx context.Context, entra string, gone *Refusal) (Person, error) {
	u, err := d.Directory.User(ctx, entra)
	if errors.Is(err, ErrNotFound) {
		return Person{}, gone
	}
	if err != nil {
		return Person{}, fmt.Errorf("entra user %s: %w", entra, err)
	}
	if !u.Enabled || u.Guest {
		return Person{}, &Refusal{Message: "Your Entra account is disabled or a guest; only enabled members may ask for access.", Mend: "Ask your identity team."}
	}
	return u.Person, nil
}

// bound checks a binding made earlier against the address of today.
func (d *Identity) bound(ctx context.Context, repo *config.Repo, b Binding, p ChatProfile) (Person, error) {
	if !strings.EqualFold(b.Email, p.Email) {
		return Person{}, &Refusal{
			Message: "Your e-mail address in chat is not the one you were first seen with, so your link to Entra is suspended.",
			Mend:    toPeople(p.User),
		}
	}
	if linked, ok := repo.PersonByEntra(b.Entra); ok && (linked.Slack != nil || linked.GitHub != nil) {
		return Person{}, elsewhere(p.User)
	}
	return d.member(ctx, b.Entra, &Refusal{Message: "The Entra user that you were linked to on first use does not exist any more.", Mend: toPeople(p.User)})
}

// elsewhere is the answer when people.yaml gives the person to somebody else.
func elsewhere(u ChatUser) *Refusal {
	return &Refusal{
		Message: "The Entra user with your e-mail address is linked to another chat user or to GitHub in people.yaml, and yours is not.",
		Mend:    toPeople(u),
	}
}

// members returns the enabled users that are no guests.
func members(found []Entrant) []Entrant {
	var fit []Entrant
	for _, u := range found {
		if u.Enabled && !u.Guest {
			fit = append(fit, u)
		}
	}
	return fit
}

// bind finds the person on first use.
func (d *Identity) bind(ctx context.Context, repo *config.Repo, p ChatProfile) (Person, error) {
	if p.Email == "" {
		return Person{}, &Refusal{Message: "Your chat profile shows no e-mail address, so the bot cannot tell who you are.", Mend: toPeople(p.User)}
	}
	found, err := d.Directory.UsersByEmail(ctx, p.Email)
	if err != nil {
		return Person{}, fmt.Errorf("entra users with address of %s: %w", p.User.User, err)
	}
	fit := members(found)
	if len(fit) != 1 {
		return Person{}, &Refusal{
			Message: fmt.Sprintf("%d enabled Entra members have your e-mail address; exactly one is needed.", len(fit)),
			Mend:    toPeople(p.User),
		}
	}
	if linked, ok := repo.PersonByEntra(fit[0].Entra); ok && (linked.Slack != nil || linked.GitHub != nil) {
		return Person{}, elsewhere(p.User)
	}
	err = d.Bindings.Bind(ctx, p.User, Binding{Entra: fit[0].Entra, Email: strings.ToLower(p.Email)})
	if errors.Is(err, ErrConflict) {
		return d.lost(ctx, repo, p)
	}
	if err != nil {
		return Person{}, fmt.Errorf("bind %s: %w", p.User.User, err)
	}
	return fit[0].Person, nil
}

// lost answers whoever could not be bound: another first use of the same chat
// user came before, and its binding counts, or one of another chat user with
// the same address did.
func (d *Identity) lost(ctx context.Context, repo *config.Repo, p ChatProfile) (Person, error) {
	b, err := d.Bindings.Binding(ctx, p.User)
	switch {
	case err == nil:
		return d.bound(ctx, repo, b, p)
	case errors.Is(err, ErrNotFound):
		// One person, one chat user: else whoever gets hold of an address
		// would be its owner.
		return Person{}, &Refusal{Message: "Another chat user was linked to the Entra user with your e-mail address before.", Mend: toPeople(p.User)}
	default:
		return Person{}, fmt.Errorf("binding of %s %s: %w", p.User.Platform, p.User.User, err)
	}
}
