package access

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"aws-access-bot/config"
)

// Limits on asking to be linked. Whoever is in the workspace may ask, so they
// are tighter than those on access, and there is one for all together.
const (
	maxLinksPerDay    = 3  // of one chat user in 24 hours
	maxAllLinksPerDay = 30 // of everybody in 24 hours
	// maxLinkTriesPerDay counts what came to nothing too: each answer says
	// whether GitHub has a login, or Entra an address.
	maxLinkTriesPerDay = 10 // of one chat user in 24 hours
)

// address is an e-mail address as people type it: RFC 5322's dot-atom in ASCII,
// at most maxAddress bytes (RFC 5321, a path without its brackets).
var address = regexp.MustCompile("^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+([.][A-Za-z0-9-]+)+$")

const maxAddress = 254

// Link is what a KindLink request claims and wants to stand in people.yaml: that
// an account belongs to the person who is its principal. It proves nothing.
type Link struct {
	Account config.PersonLink `json:"account"`
	// Email is the person's address in Entra, for a new entry; UPN the user
	// principal name.
	Email string `json:"email"`
	UPN   string `json:"upn"`
	// ChatName and ChatEmail are what the chat service shows of who asked.
	ChatName  string `json:"chat_name"`
	ChatEmail string `json:"chat_email"`
}

// Links lists requests to be linked.
type Links interface {
	// LinksSince returns those asked at or after a time, oldest first.
	LinksSince(ctx context.Context, since time.Time) ([]Request, error)
	// TryLink notes a try of a chat user by the natural key of its delivery,
	// unless he made that many in the 24 hours before, and reports whether it
	// may go on. The same delivery again is the same try.
	TryLink(ctx context.Context, u ChatUser, key string, at time.Time, most int) (bool, error)
}

// Accounts looks up GitHub accounts.
type Accounts interface {
	// Account returns the person's account with a login, or ErrNotFound where
	// there is none or it is none of a person.
	Account(ctx context.Context, login string) (config.GitHubUser, error)
}

// LinkAsk is a wish to be linked as it came from chat.
type LinkAsk struct {
	Key     string // natural key of the delivery
	Profile ChatProfile
	// Known is who the sender was recognised as; it is zero for somebody who
	// was not.
	Known Person
	// Email is whom the sender claims to be. It is empty where GitHub has the
	// login of an account to be linked.
	Email  string
	GitHub string
	// Channel is where the root message goes, Origin where it was asked.
	Channel string
	Origin  string
}

// Link stores a request for a pull request that links a chat user, or the
// GitHub account of somebody who is recognised, to a person. What is claimed
// gives nothing: the Asker of a request by somebody who is not recognised has no
// Entra id, and the claimed person is its principal.
func (s *Service) Link(ctx context.Context, a LinkAsk) (Asked, error) {
	if r, ok, err := s.made(ctx, a.Key); err != nil || ok {
		return Asked{Request: r, Repeated: ok}, err
	}
	if no := a.refused(); no != nil {
		return Asked{}, no
	}
	force, err := s.inForce(ctx)
	if err != nil {
		return Asked{}, err
	}
	// Before anything is looked up: what is found or not says who exists.
	if err := s.mayLink(ctx, a.Profile.User); err != nil {
		return Asked{}, err
	}
	if err := s.mayTry(ctx, a); err != nil {
		return Asked{}, err
	}
	want, err := s.claim(ctx, a)
	if err != nil {
		return Asked{}, err
	}
	if no := refuseLink(force.Repo, want); no != nil {
		return Asked{}, no
	}
	r, repeated, err := s.link(ctx, a, want)
	return Asked{Request: r, Repeated: repeated}, err
}

// link is the part of Link that goes one at a time; it calls nothing outside.
func (s *Service) link(ctx context.Context, a LinkAsk, want Want) (Request, bool, error) {
	s.asking.Lock()
	defer s.asking.Unlock()
	if r, ok, err := s.made(ctx, a.Key); err != nil || ok {
		return r, ok, err
	}
	if err := s.mayLink(ctx, a.Profile.User); err != nil {
		return Request{}, false, err
	}
	same, err := s.standing(ctx, want.Assignment())
	if err != nil {
		return Request{}, false, err
	}
	if len(same) > 0 {
		return Request{}, false, &Refusal{
			Message: fmt.Sprintf("%s, which is still open, links an account to that person.", same[0].ID),
			Mend:    "Ask the platform team to approve it, or to close its pull request if it is not yours.",
		}
	}
	p := a.Profile
	asker := Asker{Person: a.Known, Chat: p.User, Zone: p.Zone}
	if a.Known.Entra == "" {
		asker.Person = Person{Name: p.Name, Email: p.Email}
	}
	r, err := s.create(ctx, Request{Key: a.Key, Kind: KindLink, Asker: asker, Want: want, Channel: a.Channel, Origin: a.Origin})
	return r, false, err
}

// refused refuses whom and what needs no look-up to be refused.
func (a *LinkAsk) refused() *Refusal {
	switch {
	case a.Profile.Outsider != "":
		return outsider(a.Profile)
	case a.GitHub == "" && a.Profile.Entra != "":
		return &Refusal{Message: "Here the bot knows you by your company account, so there is nothing to link.", Mend: "`/aws-access whoami` says who it takes you for; `/aws-access link github <login>` links your GitHub account."}
	case a.GitHub == "" && a.Profile.User.Platform != Slack:
		return &Refusal{Message: "Only Slack users are linked in people.yaml.", Mend: "Ask the platform team."}
	case a.GitHub != "" && a.Known.Entra == "":
		return &Refusal{Message: "The bot does not know yet who you are, so it cannot link a GitHub account to you.", Mend: toPeople(a.Profile.User)}
	default:
		return nil
	}
}

// claim looks up whom and what the request would link.
func (s *Service) claim(ctx context.Context, a LinkAsk) (Want, error) {
	link := Link{ChatName: a.Profile.Name, ChatEmail: a.Profile.Email}
	var who Entrant
	var err error
	if a.GitHub != "" {
		if link.Account.GitHub, err = s.account(ctx, a.GitHub); err != nil {
			return Want{}, err
		}
		who, err = s.Directory.User(ctx, a.Known.Entra)
	} else {
		link.Account.Slack = config.SlackUser{Team: a.Profile.User.Team, User: a.Profile.User.User}
		who, err = s.claimed(ctx, a.Email)
	}
	switch {
	case errors.Is(err, ErrNotFound), err == nil && (!who.Enabled || who.Guest):
		return Want{}, nobody()
	case err != nil:
		return Want{}, fmt.Errorf("person to be linked: %w", err)
	case a.Known.Entra != "" && a.Known.Entra != who.Entra:
		return Want{}, nobody() // and not that somebody else has the address
	}
	link.Email, link.UPN = who.Email, who.UPN
	return Want{
		Principal: config.Principal{Kind: config.UserPrincipal, ID: who.Entra}, PrincipalName: who.Name, Link: link,
	}, nil
}

// claimed returns the one enabled member with an address, or ErrNotFound.
func (s *Service) claimed(ctx context.Context, email string) (Entrant, error) {
	if len(email) > maxAddress || !address.MatchString(email) {
		return Entrant{}, ErrNotFound // and Entra is not asked
	}
	found, err := s.Directory.UsersByEmail(ctx, email)
	if err != nil {
		return Entrant{}, err
	}
	if fit := members(found); len(fit) == 1 {
		return fit[0], nil
	}
	return Entrant{}, ErrNotFound
}

// nobody is the one answer to an address of nobody, of a guest, of somebody
// disabled, of several, and of another than who asks is known as.
func nobody() *Refusal {
	return &Refusal{
		Message: "The bot cannot prepare a link with that address: it must be the address of one enabled member of your company's Entra, and yours.",
		Mend:    "Check how it is written, or ask the platform team to add you to people.yaml.",
	}
}

// account looks up a GitHub account of a person.
func (s *Service) account(ctx context.Context, login string) (config.GitHubUser, error) {
	if s.Accounts == nil {
		return config.GitHubUser{}, errors.New("no GitHub to look up accounts")
	}
	u, err := s.Accounts.Account(ctx, strings.TrimPrefix(login, "@"))
	if errors.Is(err, ErrNotFound) {
		return config.GitHubUser{}, &Refusal{
			Message: fmt.Sprintf("GitHub has no account of a person with the login %q.", shown(login)),
			Mend:    "Write the login as your GitHub profile shows it: `/aws-access link github hana-dev`.",
		}
	}
	if err != nil {
		return config.GitHubUser{}, fmt.Errorf("GitHub account %q: %w", shown(login), err)
	}
	return u, nil
}

// refuseLink refuses what people.yaml says already, and what it says of
// somebody else.
func refuseLink(repo *config.Repo, w Want) *Refusal {
	account := w.Link.Account
	holder, taken := repo.PersonBySlack(account.Slack.Team, account.Slack.User)
	if account.GitHub.ID != 0 {
		holder, taken = repo.PersonByGitHub(account.GitHub.ID)
	}
	switch {
	case !taken:
		return nil
	case strings.EqualFold(holder.Entra, w.Principal.ID):
		return &Refusal{Message: "people.yaml has that link already.", Mend: "`/aws-access whoami` says who the bot takes you for."}
	default:
		return &Refusal{Message: "people.yaml gives that account to another person.", Mend: "Ask the platform team to correct people.yaml; an account belongs to one person only."}
	}
}

// mayLink refuses a chat user who asked too often, and everybody when too much
// was asked by all.
func (s *Service) mayLink(ctx context.Context, u ChatUser) error {
	open, err := s.Requests.Open(ctx)
	if err != nil {
		return fmt.Errorf("open requests: %w", err)
	}
	for _, r := range open {
		if r.Kind == KindLink && r.Asker.Chat == u && !r.GivenUp() {
			return &Refusal{
				Message: fmt.Sprintf("Your request %s to be linked is still open.", r.ID),
				Mend:    "Wait until the platform team has decided, or send `/aws-access cancel " + string(r.ID) + "` and ask again.",
			}
		}
	}
	day, err := s.Links.LinksSince(ctx, s.Now().Add(-24*time.Hour))
	if err != nil {
		return fmt.Errorf("requests to be linked: %w", err)
	}
	own := 0
	for _, r := range day {
		if r.Asker.Chat == u {
			own++
		}
	}
	if own >= maxLinksPerDay || len(day) >= maxAllLinksPerDay {
		return &Refusal{Message: "Too many requests to be linked were made in the last 24 hours.", Mend: "Ask again tomorrow, or ask the platform team to add you to people.yaml."}
	}
	return nil
}

// mayTry notes a try, and refuses one too many before anything is looked up.
func (s *Service) mayTry(ctx context.Context, a LinkAsk) error {
	may, err := s.Links.TryLink(ctx, a.Profile.User, a.Key, s.Now(), maxLinkTriesPerDay)
	if err != nil {
		return fmt.Errorf("note a try to be linked: %w", err)
	}
	if may {
		return nil
	}
	return &Refusal{
		Message: fmt.Sprintf("You have tried %d times in 24 hours to be linked, and that is the most, so nothing was looked up.", maxLinkTriesPerDay),
		Mend:    "Try again tomorrow with the address or login as your profile shows it, or ask the platform team to add you to people.yaml.",
	}
}

// Sent returns a request to be linked that a chat user sent, whoever he is
// recognised as; ok is false for every other request. Only these are known by
// the chat user: who sent them may have no Entra id.
func (s *Service) Sent(ctx context.Context, u ChatUser, id ID) (r Request, ok bool, err error) {
	r, err = s.Requests.Get(ctx, id)
	switch {
	case errors.Is(err, ErrNotFound):
		return Request{}, false, nil
	case err != nil:
		return Request{}, false, fmt.Errorf("request %s: %w", id, err)
	case r.Kind != KindLink || r.Asker.Chat != u || u == (ChatUser{}):
		return Request{}, false, nil
	}
	return r, true, nil
}

// CancelSent closes the pull request of a request that [Service.Sent] returned,
// as Cancel does.
func (s *Service) CancelSent(ctx context.Context, r Request) (Request, error) {
	return s.withdraw(ctx, r)
}

// LinkFacts is what the config in force says of a link.
type LinkFacts struct {
	// Stands is true when the account is the person's.
	Stands bool
}

// linkFacts reads whether the link of a request is in force.
func (o *Observer) linkFacts(ctx context.Context, r Request) (*LinkFacts, error) {
	force, err := o.Commits.InForce(ctx)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	p, _ := force.Repo.PersonByEntra(r.Want.Principal.ID)
	has, ok := r.Want.Link.Account.Of(p)
	return &LinkFacts{Stands: ok && r.Want.Link.Account.Same(has)}, nil
}

// fromVerifiedLink ends a request to be linked: nothing is provisioned for it.
func (m *mover) fromVerifiedLink() bool {
	switch l := m.f.Link; {
	case l == nil:
		return false
	case l.Stands:
		return m.end(StateLinked, NoticeLinked, "")
	default:
		return m.end(StateUndone, NoticeUndone, "people.yaml has another link for this person by now.")
	}
}
