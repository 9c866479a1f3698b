package access

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"aws-access-bot/config"
)

// Fields of the onboarding form besides "account"; [Refusal.Field] uses them.
const (
	FieldName   = "name"
	FieldOU     = "ou"
	FieldOwners = "owners"
)

// OnboardAsk is a wish to bring an AWS account in, as it came from chat.
type OnboardAsk struct {
	Key   string // natural key of the delivery
	Asker Asker
	// Channel is where the root message goes, Origin where it was asked.
	Channel string
	Origin  string
	// Account is its number as it was typed. An empty Name is that in AWS, an
	// empty OU that of onboarding.ou.
	Account, Name, OU string
	// Owners are e-mail addresses and "team:" handles.
	Owners []string
}

// Onboard stores a request for the pull request that brings an account in. It
// looks the account up in AWS; an error that is no *Refusal is worth another
// try. Who asks for an account that is asked for already joins that request.
func (s *Service) Onboard(ctx context.Context, a OnboardAsk) (Asked, error) {
	if r, ok, err := s.made(ctx, a.Key); err != nil || ok {
		return Asked{Request: r, Repeated: ok, Joined: ok && r.Key != a.Key}, err
	}
	force, err := s.inForce(ctx)
	if err != nil {
		return Asked{}, err
	}
	id, err := s.accountNumber(ctx, force.Repo, a.Account)
	if err != nil {
		return Asked{}, err
	}
	if err := s.requester(ctx, force.Repo, force.Repo.Access.Onboarding.Asking(), a.Asker.Entra); err != nil {
		return Asked{}, err
	}
	open, found, err := s.onboarding(ctx, id)
	if err != nil {
		return Asked{}, err
	}
	if found && !joinsOnboarding(open) {
		return Asked{}, underWay(open, a.Asker.Entra)
	}
	var want Want
	var warning string
	if !found {
		if want, warning, err = s.wantAccount(ctx, force.Repo, id, a); err != nil {
			return Asked{}, err
		}
	}
	done, err := s.onboard(ctx, id, a, want)
	if !done.Joined && !done.Repeated {
		done.Warning = warning
	}
	return done, err
}

// onboard is the part of Onboard that goes one at a time; it calls nothing
// outside.
func (s *Service) onboard(ctx context.Context, id string, a OnboardAsk, want Want) (Asked, error) {
	s.asking.Lock()
	defer s.asking.Unlock()
	if r, ok, err := s.made(ctx, a.Key); err != nil || ok {
		return Asked{Request: r, Repeated: ok, Joined: ok && r.Key != a.Key}, err
	}
	open, found, err := s.onboarding(ctx, id)
	switch {
	case err != nil:
		return Asked{}, err
	case found:
		r, err := s.join(ctx, open, Joiner{Asker: a.Asker, Key: a.Key})
		return Asked{Request: r, Joined: err == nil}, err
	case want.Onboard == nil:
		return Asked{}, errors.New("the request for the account ended a moment ago") // another try looks it up
	}
	if err := s.withinLimits(ctx, a.Asker.Entra, KindOnboard); err != nil {
		return Asked{}, err
	}
	r, err := s.create(ctx, Request{Key: a.Key, Kind: KindOnboard, Asker: a.Asker, Want: want, Channel: a.Channel, Origin: a.Origin})
	return Asked{Request: r}, err
}

// onboarding returns the request for an account that is open.
func (s *Service) onboarding(ctx context.Context, id string) (Request, bool, error) {
	same, err := s.standing(ctx, config.Assignment{Account: id})
	if err != nil {
		return Request{}, false, err
	}
	i := slices.IndexFunc(same, func(r Request) bool { return r.Kind == KindOnboard })
	if i < 0 {
		return Request{}, false, nil
	}
	return same[i], true, nil
}

// joinsOnboarding reports whether a request for an account can still be joined:
// nobody has decided it.
func joinsOnboarding(r Request) bool { return r.State == StateAsked || r.State == StateProposed }

// underWay refuses who asks for, or cannot join, an account that is brought in
// already.
func underWay(r Request, entra string) *Refusal {
	who := r.Asker.Name
	if r.Asker.Entra == entra && entra != "" {
		who = "You"
	}
	no := &Refusal{Field: "account", Message: fmt.Sprintf("%s asked for this account in %s, which is still open.", who, r.ID), Mend: "Follow it there: `/aws-access status " + string(r.ID) + "`."}
	switch {
	case r.State == StateStopped:
		no.Message = fmt.Sprintf("%s asked for this account in %s, which has stopped: %s", who, r.ID, r.Outcome)
		no.Mend = "It goes on by itself once that is mended."
		if r.Retry {
			no.Mend = takenUpBy(r)
		}
	case joinsOnboarding(r):
	default:
		no.Message = fmt.Sprintf("%s asked for this account in %s, which is merged and on its way.", who, r.ID)
	}
	return no
}

// takenUpBy says who takes a stopped onboarding up again, and how.
func takenUpBy(r Request) string {
	return fmt.Sprintf("Once that is mended, an owner of the account or the control plane takes it up again: `/aws-onboard %s again`.", r.Want.AccountID)
}

var accountNumber = regexp.MustCompile(`^[0-9]{12}$`)

// accountNumber reads the number of an account as people type it: with spaces
// or hyphens between the digits, or the name of one that is known.
func (s *Service) accountNumber(ctx context.Context, repo *config.Repo, typed string) (string, error) {
	id := strings.NewReplacer("-", "", " ", "", "\u00a0", "").Replace(strings.TrimSpace(typed))
	names := s.accountNames(ctx, repo)
	if !accountNumber.MatchString(id) {
		if known, ok := names[strings.ToLower(strings.TrimSpace(typed))]; ok && known != "" {
			id = known
		}
	}
	switch {
	case typed == "":
		return "", &Refusal{Field: "account", Message: "For which account?", Mend: "Write its number of 12 digits."}
	case id == repo.Access.ManagementAccount:
		return "", &Refusal{Field: "account", Message: "That is the management account of the organization; the bot never touches it.", Mend: "Ask the platform team how its access is handled."}
	case !accountNumber.MatchString(id):
		return "", &Refusal{Field: "account", Message: fmt.Sprintf("%q is no AWS account number; that has 12 digits.", shown(typed)), Mend: nearAccounts(id, typed, names)}
	}
	return id, nil
}

// nearAccounts suggests the accounts whose number or name is spelled most like
// what was typed.
func nearAccounts(id, typed string, names map[string]string) string {
	var numbers, words []string
	for name, number := range names {
		words, numbers = append(words, name), append(numbers, number)
	}
	near := config.Nearest(id, numbers)
	for _, name := range config.Nearest(typed, words) {
		near = append(near, names[name]+" ("+name+")")
	}
	if len(near) == 0 {
		return "It stands in the AWS console at the top right, and in AWS Organizations."
	}
	return "Did you mean " + strings.Join(near[:min(3, len(near))], ", ") + "?"
}

// accountNames are the numbers of the accounts of the config repo and of the
// organization, as of the last look, by name in lower case; "" for a name that
// several have.
func (s *Service) accountNames(ctx context.Context, repo *config.Repo) map[string]string {
	out := map[string]string{}
	add := func(name, id string) {
		name = strings.ToLower(name)
		if had, ok := out[name]; ok && had != id {
			id = ""
		}
		out[name] = id
	}
	for slug, a := range repo.Accounts {
		add(a.Name, a.ID)
		if !strings.EqualFold(slug, a.Name) {
			add(slug, a.ID)
		}
	}
	if view, ok := s.estateView(ctx); ok {
		for _, m := range view.Members {
			add(m.Name, m.ID)
		}
	}
	return out
}

// estateView is the last look at the organization; false where there is none.
func (s *Service) estateView(ctx context.Context) (EstateView, bool) {
	if s.Estate == nil {
		return EstateView{}, false
	}
	view, err := s.Estate.View(ctx)
	return view, err == nil
}

// OnboardAgain takes the onboarding of an account up again that has stopped. The
// people of the control plane and the owners in its file may.
func (s *Service) OnboardAgain(ctx context.Context, by Person, account string) (Request, error) {
	force, err := s.inForce(ctx)
	if err != nil {
		return Request{}, err
	}
	id, err := s.accountNumber(ctx, force.Repo, account)
	if err != nil {
		return Request{}, err
	}
	file, ok := force.Repo.AccountByID(id)
	if !ok || file.Stage != config.StageSSO {
		return Request{}, &Refusal{Field: "account", Message: fmt.Sprintf("The config repo in force does not have the account %s as sso, so there is nothing to take up.", id), Mend: "`/aws-onboard " + id + "` asks for it."}
	}
	if !s.named(ctx, force.Repo, by, file.Owners) && !s.controls(ctx, force.Repo, by) {
		return Request{}, &Refusal{Message: "Only the owners in the account's file and the people of the control plane may take it up again.", Mend: "Ask one of them: " + strings.Join(file.OwnerNames(), ", ") + "."}
	}
	nothing := &Refusal{Field: "account", Message: fmt.Sprintf("The onboarding of %s has not stopped, so there is nothing to take up.", file.Name), Mend: "`/aws-access phase` shows how far it is."}
	if s.Onboarder == nil {
		return Request{}, nothing
	}
	err = s.Onboarder.OnboardAgain(ctx, id, by.Entra)
	if errors.Is(err, ErrNotFound) {
		return Request{}, nothing
	}
	if err != nil {
		return Request{}, fmt.Errorf("take up the account %s again: %w", id, err)
	}
	s.Stored()
	r, _, err := s.onboarding(ctx, id)
	return r, err
}
