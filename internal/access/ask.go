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
	maxPerDay = 20                      // requests of one person in 24 hours, removals counted apart
	memberFor = 1500 * time.Millisecond // time to find out who is in the group
)

// Service is what people can ask for. Every answer to a person that is not an
// access failure is a *Refusal.
type Service struct {
	Requests  Requests
	Commits   Commits
	Directory Directory
	Pulls     Pulls
	// Teams reads GitHub teams: for rules with requesters, owners and the control
	// plane. If it is nil, those rules are applied only when the pull request is
	// made, and no team owns anything here.
	Teams TeamReader
	// Links and Accounts serve requests to be linked.
	Links    Links
	Accounts Accounts
	// Drifts finds and undoes drift; nil where that is not to be had in chat.
	Drifts Drifts
	// Cutovers may be nil: then nobody is asked whether people are still in.
	Cutovers Cutovers
	// Boards tells how far the migration is; nil where that is not to be had.
	Boards *Boards
	// Estate looks AWS accounts up, and Onboarder takes one up again that has
	// stopped; nil where none is onboarded.
	Estate    Estate
	Onboarder Onboarder
	// Memberships and Grants tell what somebody can use; nil where that is not to
	// be had.
	Memberships Memberships
	Grants      GrantEvidence
	// IsChannel reports whether a name of the config is a channel on a chat
	// service; nil lets the config name none.
	IsChannel func(p Platform, name string) bool
	// Stored is called after a request was stored, for the workers.
	Stored func()
	Now    func() time.Time

	asking sync.Mutex // one request at a time is checked against the limits and stored
}

// Ask is a request as it came from chat, before anything was looked up.
type Ask struct {
	// Key is the natural key of the delivery.
	Key   string
	Asker Asker
	// Channel is where the root message goes, Origin where it was asked.
	Channel       string
	Origin        string
	Group         string // slug, or [Me]
	Account       string // slug, name or id
	PermissionSet string
	// Term is nil when none was given; the rule's default is taken then.
	Term   *config.Term
	Reason string
	// Extends is the request whose grant is asked for once more, "" for none.
	Extends ID

	// file is that of the group, if it is known already: one that the request
	// makes is found by nobody.
	file *config.PrincipalFile
	// upn is the asker's user principal name, if he asks for himself.
	upn string
}

// Asked is the answer to an accepted ask.
type Asked struct {
	Request Request
	// Repeated is true when the same delivery was stored before.
	Repeated bool
	// Joined is true when Request is somebody else's, who asked for the same
	// before.
	Joined bool
	// Warning is said beside the acknowledgement, e.g. that the asker is not a
	// member of the group.
	Warning string
}

// Ask checks what is known at once, stores the request, and returns it. The
// pull request is made afterwards by the workers. A delivery that made a
// request before gets that request, whatever the config says today.
func (s *Service) Ask(ctx context.Context, a Ask) (Asked, error) {
	a, err := s.withUPN(ctx, a)
	if err != nil {
		return Asked{}, err
	}
	if err := s.askable(ctx, a); err != nil {
		return Asked{}, err
	}
	done, err := s.ask(ctx, a)
	if err != nil {
		return Asked{}, err
	}
	done.Warning = s.membership(ctx, done.Request.Want, a.Asker.Entra)
	return done, nil
}

// ask is the part of Ask that goes one at a time; it calls nothing outside.
func (s *Service) ask(ctx context.Context, a Ask) (Asked, error) {
	s.asking.Lock()
	defer s.asking.Unlock()
	if r, ok, err := s.made(ctx, a.Key); err != nil || ok {
		return Asked{Request: r, Repeated: ok, Joined: ok && r.Key != a.Key}, err
	}
	force, err := s.inForce(ctx)
	if err != nil {
		return Asked{}, err
	}
	want, _, err := resolve(force.Repo, a, s.Now())
	if err != nil {
		return Asked{}, err
	}
	if err := grantable(force, want, s.Now()); err != nil {
		return Asked{}, err
	}
	same, found, err := s.waiting(ctx, want)
	if err != nil {
		return Asked{}, err
	}
	if found {
		r, err := s.join(ctx, same, Joiner{Asker: a.Asker, Key: a.Key})
		return Asked{Request: r, Joined: true}, err
	}
	if err := s.withinLimits(ctx, a.Asker.Entra, KindGrant); err != nil {
		return Asked{}, err
	}
	r, err := s.create(ctx, Request{Key: a.Key, Kind: KindGrant, Asker: a.Asker, Want: want, Channel: a.Channel, Origin: a.Origin})
	return Asked{Request: r}, err
}

// made returns the request that a delivery made before, if it did.
func (s *Service) made(ctx context.Context, key string) (Request, bool, error) {
	r, err := s.Requests.ByKey(ctx, key)
	if errors.Is(err, ErrNotFound) {
		return Request{}, false, nil
	}
	if err != nil {
		return Request{}, false, fmt.Errorf("request of delivery %q: %w", key, err)
	}
	return r, true, nil
}

// create stores r, as just asked, under the first free id of its key.
func (s *Service) create(ctx context.Context, r Request) (Request, error) {
	r.State, r.Version, r.Channel = StateAsked, 1, s.notified(ctx, r)
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
	return Request{}, errors.New("store request: no free id after 16 attempts")
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

// waits reports whether a request is open in the sense of the limits: it may
// still need somebody to decide or something to be set up. An account may wait
// for its owner for two weeks; nobody here can hasten that.
func waits(r Request) bool {
	if r.GivenUp() || r.Kind == KindOnboard && (r.State == StateVerified || r.State == StateStopped) {
		return false
	}
	return !r.State.Final() && r.State != StateLive && r.State != StateEnding
}

// withinLimits refuses what the person may not ask now. Limits are counted
// from the stored requests, so a restart does not reset them. Removals have a
// daily number of their own and no other limit: nobody is kept from giving
// access up by what he asked for.
func (s *Service) withinLimits(ctx context.Context, entra string, kind Kind) error {
	own, err := s.Requests.By(ctx, entra)
	if err != nil {
		return fmt.Errorf("requests of %s: %w", entra, err)
	}
	open, day := 0, 0
	for _, r := range own {
		if r.Kind != kind || r.Asker.Entra != entra {
			continue // joining is not asking for one more
		}
		if waits(r) {
			open++
		}
		if s.Now().Sub(r.Times[StageAsked]) < 24*time.Hour {
			day++
		}
	}
	switch {
	case kind != KindRevoke && open >= maxOpen:
		return &Refusal{Message: fmt.Sprintf("You have %d open requests, and %d is the most.", open, maxOpen), Mend: "Cancel one with `/aws-access cancel REQ-…` or wait until one is decided."}
	case day >= maxPerDay:
		return &Refusal{Message: fmt.Sprintf("You have made %d requests in 24 hours, and %d is the most.", day, maxPerDay), Mend: "Ask again tomorrow, or open a pull request on the config repo yourself."}
	default:
		return nil
	}
}

// membership says that the asker is not in the group. It is a courtesy: it
// never holds up or refuses a request, and is silent when the directory does
// not answer in time.
func (s *Service) membership(ctx context.Context, w Want, entra string) string {
	if w.Principal.Kind == config.UserPrincipal {
		return ""
	}
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

// Resolve checks an ask against the config in force without storing anything:
// what a form can say while it is still open. It returns what would be asked
// for.
func (s *Service) Resolve(ctx context.Context, a Ask) (Want, error) {
	force, err := s.inForce(ctx)
	if err != nil {
		return Want{}, err
	}
	w, rule, err := resolve(force.Repo, a, s.Now())
	if err != nil {
		return w, err
	}
	if err := grantable(force, w, s.Now()); err != nil {
		return w, err
	}
	return w, s.requester(ctx, force.Repo, rule, a.Asker.Entra)
}

// askable refuses whoever the rule does not let ask, unless the delivery made
// a request before.
func (s *Service) askable(ctx context.Context, a Ask) error {
	if _, ok, err := s.made(ctx, a.Key); err != nil || ok {
		return err
	}
	force, err := s.inForce(ctx)
	if err != nil {
		return err
	}
	_, rule, err := resolve(force.Repo, a, s.Now())
	if err != nil {
		return err
	}
	return s.requester(ctx, force.Repo, rule, a.Asker.Entra)
}

// requester refuses whoever may not ask under a rule. Teams and groups that do
// not answer in time refuse nobody here: they are asked again when the pull
// request is made, and on it.
func (s *Service) requester(ctx context.Context, repo *config.Repo, rule *config.Rule, entra string) error {
	if len(rule.Requesters) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, memberFor)
	defer cancel()
	ro := config.Rosters{Teams: map[string][]int64{}, Groups: map[string][]string{}}
	for _, ref := range rule.Requesters {
		team, ok := repo.People.Teams[ref.Name]
		if ref.Kind != config.ApproverTeam || !ok || s.Teams == nil {
			continue
		}
		if ids, err := s.Teams.TeamMembers(ctx, team.ID); err == nil {
			ro.Teams[ref.Name] = ids
		}
	}
	for _, id := range repo.RequesterGroups(rule) {
		if members, err := s.Directory.DirectMembers(ctx, id); err == nil {
			ro.Groups[id] = []string{} // read, and maybe empty
			for _, m := range members {
				ro.Groups[id] = append(ro.Groups[id], m.Entra)
			}
		}
	}
	if allowed, known := repo.MayAsk(rule, entra, ro); allowed || !known {
		return nil
	}
	return refusal("", rule.MayNotAsk())
}

// resolve is the pure part: from names to ids, with every rule that needs
// nothing but the repo.
func resolve(repo *config.Repo, a Ask, now time.Time) (Want, *config.Rule, error) {
	account, err := findAccount(repo, strings.TrimSpace(a.Account))
	if err != nil {
		return Want{}, nil, err
	}
	set, err := findSet(repo, strings.TrimSpace(a.PermissionSet))
	if err != nil {
		return Want{}, nil, err
	}
	who, err := findPrincipal(repo, a)
	if err != nil {
		return Want{}, nil, err
	}
	reason, err := checkReason(a.Reason)
	if err != nil {
		return Want{}, nil, err
	}
	w := Want{
		Principal: who.Principal, PrincipalSlug: who.Slug, PrincipalName: who.Name,
		AccountSlug: account.Slug, AccountID: account.ID, AccountName: account.Name, OU: account.OU,
		PermissionSet: set, Reason: reason, Extends: a.Extends,
	}
	rule, err := checkTerm(repo, &w, a.Term, now)
	if err != nil {
		return w, nil, err
	}
	if err := rule.CheckReason(reason); err != nil {
		return w, nil, refusal("reason", err)
	}
	return w, rule, nil
}

// checkTerm sets the term, the default if none is given, and returns the rule
// that the assignment falls under with it.
func checkTerm(repo *config.Repo, w *Want, given *config.Term, now time.Time) (*config.Rule, error) {
	none := &Refusal{Field: "permission_set", Message: "No approval rule covers this, so nobody could approve it.", Mend: "Ask the platform team to add a rule to aws-access.yaml."}
	if given == nil {
		rule, ok := repo.DefaultRule(w.Assignment(), now)
		switch {
		case !ok:
			return nil, none
		case rule.DefaultDuration == 0:
			return nil, &Refusal{Field: "duration", Message: fmt.Sprintf("The rule %q has no default duration.", rule.Name), Mend: "Say how long, e.g. 4h, 7d or until 2026-12-24."}
		}
		given = &config.Term{For: rule.DefaultDuration}
	}
	switch {
	case !given.Standing && given.End.IsZero() && given.For <= 0:
		return nil, &Refusal{Field: "duration", Message: "That length is nothing.", Mend: "Say how long, e.g. 4h, 7d or until 2026-12-24."}
	case !given.End.IsZero() && !given.End.After(now):
		return nil, &Refusal{Field: "duration", Message: "That end has passed.", Mend: "Give a time in the future."}
	}
	rule, ok := repo.RuleFor(w.Assignment(), *given, now)
	if !ok {
		return nil, none
	}
	if err := rule.Allows(*given, now); err != nil {
		return nil, refusal("duration", err)
	}
	w.Term = *given
	return rule, nil
}

// refusal makes what config refuses an answer beside a field.
func refusal(field string, err error) *Refusal {
	var no *config.Refusal
	if !errors.As(err, &no) {
		return &Refusal{Field: field, Message: sentence(err.Error())}
	}
	return &Refusal{Field: field, Message: sentence(no.Reason), Mend: sentence(no.Mend)}
}

// sentence writes a clause as a sentence.
func sentence(s string) string {
	if s == "" {
		return ""
	}
	first, n := utf8.DecodeRuneInString(s)
	return strings.ToUpper(string(first)) + s[n:] + "."
}

// checkReason makes the reason one line and holds it to what the config repo
// takes, so that a request is not refused for it after it was accepted.
func checkReason(s string) (string, error) {
	s = strings.Join(strings.Fields(s), " ")
	if s == "" {
		return "", &Refusal{Field: "reason", Message: "A reason is missing.", Mend: "Say in a few words what the access is for; approvers read it."}
	}
	if err := config.CheckText(s, config.MaxReason); err != nil {
		return "", refusal("reason", err)
	}
	return s, nil
}
