package access

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"aws-access-bot/config"
)

// Limits on asking (DESIGN: Commands).
const (
	maxOpen   = 5                       // open requests of one person
	maxPerDay = 20                      // requests of one person in 24 hours
	maxReason = 500                     // characters
	memberFor = 1500 * time.Millisecond // time to find out who is in the group
)

// Service is what people can ask for. Every answer to a person that is not an
// access failure is a *Refusal.
type Service struct {
	Requests  Requests
	Commits   Commits
	Directory Directory
	Pulls     Pulls
	// Stored is called after a request was stored, for the workers.
	Stored func()
	Now    func() time.Time

	asking sync.Mutex // one request at a time is checked against the limits and stored
}

// Ask is a request as it came from chat, before anything was looked up.
type Ask struct {
	// Key is the natural key of the delivery.
	Key           string
	Asker         Asker
	Channel       string
	Group         string // slug or "me"
	Account       string // slug, name or id
	PermissionSet string
	// Term is nil when none was given; the rule's default is taken then.
	Term   *config.Term
	Reason string
}

// Asked is the answer to an accepted ask.
type Asked struct {
	Request Request
	// Repeated is true when the same delivery was stored before.
	Repeated bool
	// Warning is said beside the acknowledgement, e.g. that the asker is not a
	// member of the group.
	Warning string
}

// Ask checks what is known at once, stores the request, and returns it. The
// pull request is made afterwards by the workers.
func (s *Service) Ask(ctx context.Context, a Ask) (Asked, error) {
	force, err := s.inForce(ctx)
	if err != nil {
		return Asked{}, err
	}
	want, err := resolve(force.Repo, a, s.Now())
	if err != nil {
		return Asked{}, err
	}
	s.asking.Lock()
	defer s.asking.Unlock()
	all, err := s.Requests.All(ctx)
	if err != nil {
		return Asked{}, fmt.Errorf("list requests: %w", err)
	}
	for _, r := range all {
		if r.Key == a.Key {
			return Asked{Request: r, Repeated: true}, nil
		}
	}
	if err := s.withinLimits(all, a.Asker.Entra, want); err != nil {
		return Asked{}, err
	}
	r := Request{Key: a.Key, Kind: KindGrant, State: StateAsked, Version: 1, Asker: a.Asker, Want: want, Channel: a.Channel}
	if r, err = s.create(ctx, r); err != nil {
		return Asked{}, err
	}
	return Asked{Request: r, Warning: s.membership(ctx, want, a.Asker.Entra)}, nil
}

// create stores r under the first free id of its key.
func (s *Service) create(ctx context.Context, r Request) (Request, error) {
	r.Times = map[Stage]time.Time{StageAsked: s.Now().UTC()}
	for attempt := range 16 {
		r.ID = newID(r.Key, attempt)
		err := s.Requests.Create(ctx, r)
		if errors.Is(err, ErrConflict) {
			continue
		}
		if err != nil {
			return Request{}, fmt.Errorf("store request %s: %w", r.ID, err)
		}
		s.Stored()
		return r, nil
	}
	return Request{}, fmt.Errorf("store request: no free id after 16 attempts")
}

// inForce returns the config in force, or the refusal that there is none.
func (s *Service) inForce(ctx context.Context) (InForce, error) {
	force, err := s.Commits.InForce(ctx)
	if errors.Is(err, ErrNotFound) {
		return InForce{}, notTrustedYet()
	}
	if err != nil {
		return InForce{}, fmt.Errorf("config in force: %w", err)
	}
	return force, nil
}

// withinLimits refuses what the asker may not ask now. Limits are counted
// from the stored requests, so a restart does not reset them.
func (s *Service) withinLimits(all []Request, entra string, w Want) error {
	open, day := 0, 0
	for _, r := range all {
		waiting := !r.State.Final() && r.State != StateLive && r.State != StateEnding
		if waiting && r.Kind == KindGrant && r.Want.Assignment() == w.Assignment() {
			return &Refusal{
				Field:   "group",
				Message: fmt.Sprintf("%s asked for the same access in %s, which is still open.", r.Asker.Name, r.ID),
				Mend:    "Follow it there; a second request would not make it faster.",
			}
		}
		if r.Asker.Entra != entra {
			continue
		}
		if waiting {
			open++
		}
		if s.Now().Sub(r.Times[StageAsked]) < 24*time.Hour {
			day++
		}
	}
	switch {
	case open >= maxOpen:
		return &Refusal{Message: fmt.Sprintf("You have %d open requests, and %d is the most.", open, maxOpen), Mend: "Cancel one with `/aws-access cancel REQ-…` or wait until one is decided."}
	case day >= maxPerDay:
		return &Refusal{Message: fmt.Sprintf("You have made %d requests in 24 hours, and %d is the most.", day, maxPerDay), Mend: "Ask again tomorrow, or ask the platform team for a standing grant."}
	default:
		return nil
	}
}

// membership says that the asker is not in the group. It is a courtesy: it
// never holds up or refuses a request.
func (s *Service) membership(ctx context.Context, w Want, entra string) string {
	ctx, cancel := context.WithTimeout(ctx, memberFor)
	defer cancel()
	members, err := s.Directory.DirectMembers(ctx, w.Principal.ID)
	if err != nil {
		return ""
	}
	if slices.ContainsFunc(members, func(e Entrant) bool { return e.Entra == entra }) {
		return ""
	}
	return fmt.Sprintf("You are not a direct member of %s in Entra, so you will not get this access yourself.", w.PrincipalName)
}

// Resolve checks an ask against a repo without storing anything: what a form
// can say while it is still open. It returns what would be asked for.
func (s *Service) Resolve(ctx context.Context, a Ask) (Want, error) {
	force, err := s.inForce(ctx)
	if err != nil {
		return Want{}, err
	}
	return resolve(force.Repo, a, s.Now())
}

// resolve is the pure part: from names to ids, with every rule that needs
// nothing but the repo.
func resolve(repo *config.Repo, a Ask, now time.Time) (Want, error) {
	account, err := findAccount(repo, a.Account)
	if err != nil {
		return Want{}, err
	}
	set, err := findSet(repo, a.PermissionSet)
	if err != nil {
		return Want{}, err
	}
	group, err := findGroup(repo, a.Group)
	if err != nil {
		return Want{}, err
	}
	reason, err := checkReason(a.Reason)
	if err != nil {
		return Want{}, err
	}
	w := Want{
		Principal: group.Principal, PrincipalSlug: group.Slug, PrincipalName: group.Name,
		AccountSlug: account.Slug, AccountID: account.ID, AccountName: account.Name, OU: account.OU,
		PermissionSet: set, Reason: reason,
	}
	w.Term, err = checkTerm(repo, w, a.Term, now)
	return w, err
}

// checkTerm applies the rule the assignment falls under.
func checkTerm(repo *config.Repo, w Want, given *config.Term, now time.Time) (config.Term, error) {
	rule, ok := repo.RuleFor(w.Assignment())
	if !ok {
		return config.Term{}, &Refusal{Field: "permission_set", Message: "No approval rule covers this, so nobody could approve it.", Mend: "Ask the platform team to add a rule to aws-access.yaml."}
	}
	if given == nil {
		if rule.DefaultDuration == 0 {
			return config.Term{}, &Refusal{Field: "duration", Message: fmt.Sprintf("The rule %q has no default duration.", rule.Name), Mend: "Say how long, e.g. 4h, 7d or until 2026-12-24."}
		}
		given = &config.Term{For: rule.DefaultDuration}
	}
	if !given.End.IsZero() && !given.End.After(now) {
		return config.Term{}, &Refusal{Field: "duration", Message: "That end has passed.", Mend: "Give a time in the future."}
	}
	if err := rule.Allows(*given, now); err != nil {
		return config.Term{}, &Refusal{Field: "duration", Message: fmt.Sprintf("The rule %q does not allow this: %v.", rule.Name, err), Mend: "Ask for less."}
	}
	return *given, nil
}

// checkReason trims the reason and holds it to its length.
func checkReason(s string) (string, error) {
	s = strings.TrimSpace(s)
	switch n := utf8.RuneCountInString(s); {
	case n == 0:
		return "", &Refusal{Field: "reason", Message: "A reason is missing.", Mend: "Say in a few words what the access is for; approvers read it."}
	case n > maxReason:
		return "", &Refusal{Field: "reason", Message: fmt.Sprintf("The reason has %d characters, and %d is the most.", n, maxReason), Mend: "Shorten it."}
	default:
		return strings.Join(strings.Fields(s), " "), nil
	}
}
