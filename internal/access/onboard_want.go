package access

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"aws-access-bot/config"
)

// lookFor is how long AWS may take to answer about an account, where nobody waits
// for that, before it is given up or the last look at the organization is taken.
const lookFor = 15 * time.Second

// lookTime is lookFor, or most of the time that is left where somebody waits.
func lookTime(ctx context.Context) time.Duration {
	if end, ok := ctx.Deadline(); ok {
		return min(lookFor, time.Until(end)*2/3)
	}
	return lookFor
}

// maxOwners is how many owners an account may be asked for with.
const maxOwners = 10

// States of an account that can be used, and of one whose owner has to finish
// signing up first (AWS: AccountState).
const (
	stateActive  = "ACTIVE"
	statePending = "PENDING_ACTIVATION"
)

// wantAccount makes what is wanted of an account from what was typed, what AWS
// says and what stands in the config repo. The warning is said beside the
// acknowledgement.
func (s *Service) wantAccount(ctx context.Context, repo *config.Repo, id string, a OnboardAsk) (Want, string, error) {
	step := repo.OnboardStep(id)
	if step == config.OnboardNothing {
		file, _ := repo.AccountByID(id)
		return Want{}, "", &Refusal{
			Field:   "account",
			Message: fmt.Sprintf("%s is in the config repo as sso and with its baseline: %s.", file.Name, config.AccountPath(file.Slug)),
			Mend:    fmt.Sprintf("Nothing needs to be asked for. If its onboarding has stopped, `/aws-onboard %s again` takes it up.", id),
		}
	}
	found, err := s.lookUp(ctx, id)
	if err != nil && step != config.OnboardNew {
		found, err = s.lastSeen(ctx, id, err) // its file stands, and is not made from this
	}
	if err != nil {
		return Want{}, "", err
	}
	if err := s.mayComeIn(ctx, repo, found); err != nil {
		return Want{}, "", err
	}
	o := &Onboarding{Member: found.Member, From: found.OU}
	var warnings []string
	if file, had := repo.AccountByID(id); had {
		o.Slug, o.Name, o.OU, o.Owners, o.Tags = file.Slug, file.Name, file.OU, file.OwnerNames(), file.Tags
		if a.OU != "" && a.OU != file.OU || len(a.Owners) > 0 && !slices.Equal(a.Owners, o.Owners) {
			warnings = append(warnings, fmt.Sprintf("What stands in %s is kept, as it is; change its OU or owners by a pull request of your own.", config.AccountPath(file.Slug)))
		}
	} else if warnings, err = s.fill(ctx, repo, o, found, a); err != nil {
		return Want{}, "", err
	}
	return Want{AccountID: id, AccountSlug: o.Slug, AccountName: o.Name, OU: o.OU, Onboard: o}, strings.Join(warnings, " "), nil
}

// lookUp asks AWS about an account. An error is worth another try.
func (s *Service) lookUp(ctx context.Context, id string) (EstateAccount, error) {
	if s.Estate == nil {
		return EstateAccount{}, &Refusal{Field: "account", Message: "This bot does not read AWS Organizations, so it cannot onboard accounts.", Mend: "Add the account's file by a pull request of your own."}
	}
	soon, cancel := context.WithTimeout(ctx, lookTime(ctx))
	defer cancel()
	found, err := s.Estate.Account(soon, id)
	if err != nil {
		return EstateAccount{}, fmt.Errorf("look up the account %s: %w", id, err)
	}
	return found, nil
}

// lastSeen is an account as of the last look at the organization, cause where
// that does not have it. The look has no tags: a file made from it would lack
// those by which rules and lines of the config repo choose accounts.
func (s *Service) lastSeen(ctx context.Context, id string, cause error) (EstateAccount, error) {
	if view, ok := s.estateView(ctx); ok {
		if m, ok := view.members()[id]; ok {
			return m, nil
		}
	}
	return EstateAccount{}, cause
}

// AccountTitle is the name that AWS has of an account, "" where that cannot be
// found out at once. It is for showing.
func (s *Service) AccountTitle(ctx context.Context, typed string) string {
	force, err := s.inForce(ctx)
	if err != nil {
		return ""
	}
	id, err := s.accountNumber(ctx, force.Repo, typed)
	if err != nil {
		return ""
	}
	if a, ok := force.Repo.AccountByID(id); ok {
		return a.Name
	}
	a, err := s.lookUp(ctx, id)
	if err != nil {
		a, err = s.lastSeen(ctx, id, err)
	}
	if err != nil {
		return ""
	}
	return a.Name
}

// mayComeIn refuses an account that cannot be brought in as it is, in this phase
// or into this organization.
func (s *Service) mayComeIn(ctx context.Context, repo *config.Repo, found EstateAccount) error {
	if view, ok := s.estateView(ctx); ok && view.Features == ConsolidatedBilling {
		return &Refusal{
			Field:   "account",
			Message: "The Organization shares only its bill (consolidated billing), so no account can be brought in yet.",
			Mend:    "An administrator of the management account enables all features in AWS Organizations > Settings; `/aws-access phase` shows whose answer that waits for.",
		}
	}
	if !found.Member {
		if err := repo.Access.Phase.MayInvite(); err != nil {
			return refusal("account", err)
		}
		return nil
	}
	if found.Active() {
		return nil
	}
	no := &Refusal{Field: "account", Message: fmt.Sprintf("AWS says that the account is %s, and only an ACTIVE one can be onboarded.", shown(found.State))}
	switch found.State {
	case statePending:
		no.Mend = "Its owner has to finish signing up: verify the phone number and the payment method. Ask again then."
	case "SUSPENDED":
		no.Mend = "Its owner, signed in as root, finds the reason under Billing, or asks AWS Support. Ask again once it is ACTIVE."
	default:
		no.Mend = "AWS Support can reopen a closed account within 90 days. Ask again once it is ACTIVE."
	}
	return no
}

// fill sets what is to stand in a new file, and returns what the asker should
// know of it.
func (s *Service) fill(ctx context.Context, repo *config.Repo, o *Onboarding, found EstateAccount, a OnboardAsk) ([]string, error) {
	o.Name = strings.Join(strings.Fields(cmp.Or(a.Name, found.Name)), " ")
	if o.Name == "" {
		return nil, &Refusal{Field: FieldName, Message: "AWS does not tell the name of an account outside of the Organization.", Mend: "Write the name by which people know it."}
	}
	if err := config.CheckAccountName(o.Name); err != nil {
		return nil, refusal(FieldName, err)
	}
	o.Slug = config.SlugFor(o.Name, found.ID, func(s string) bool { return repo.Accounts[s] != nil })
	var err error
	if o.OU, err = s.checkOU(ctx, repo, a.OU); err != nil {
		return nil, err
	}
	var warnings []string
	if o.Owners, warnings, err = s.checkOwners(ctx, repo, a.Owners); err != nil {
		return nil, err
	}
	o.Tags = map[string]string{}
	var left []string
	for _, k := range slices.Sorted(maps.Keys(found.Tags)) {
		if config.CheckTag(k, found.Tags[k]) != nil {
			left = append(left, shown(k))
			continue
		}
		o.Tags[k] = found.Tags[k]
	}
	if len(left) > 0 {
		warnings = append(warnings, "These tags of AWS cannot stand in a file and are left out: "+strings.Join(left, ", ")+".")
	}
	return warnings, nil
}

// checkOU returns the OU that is asked for, the default if none is. What the
// last look at the organization does not have is refused.
func (s *Service) checkOU(ctx context.Context, repo *config.Repo, ou string) (string, error) {
	ou = cmp.Or(strings.TrimSpace(ou), repo.Access.Onboarding.OU)
	if ou == "" {
		return "", &Refusal{Field: FieldOU, Message: "Into which OU?", Mend: "Write its path, like /Workloads/Prod."}
	}
	if err := config.CheckOU(ou); err != nil {
		return "", refusal(FieldOU, err)
	}
	view, ok := s.estateView(ctx)
	if !ok || len(view.OUs) == 0 || slices.Contains(view.OUs, ou) {
		return ou, nil
	}
	mend := "The form lists those that exist; a new one is made in AWS Organizations first."
	if near := config.Nearest(ou, view.OUs); len(near) > 0 {
		mend = "Did you mean " + strings.Join(near, ", ") + "?"
	}
	return "", &Refusal{Field: FieldOU, Message: fmt.Sprintf("The Organization has no OU %q.", shown(ou)), Mend: mend}
}

// checkOwners reads the owners that are asked for: people by e-mail address,
// and teams of people.yaml.
func (s *Service) checkOwners(ctx context.Context, repo *config.Repo, typed []string) (owners, warnings []string, err error) {
	for _, t := range typed {
		if t = strings.TrimSpace(t); t == "" || slices.Contains(owners, t) {
			continue
		}
		ref, err := config.ParseApprover(t)
		if err != nil {
			return nil, nil, refusal(FieldOwners, err)
		}
		warning, err := s.checkOwner(ctx, repo, ref)
		if err != nil {
			return nil, nil, err
		}
		if warning != "" {
			warnings = append(warnings, warning)
		}
		owners = append(owners, ref.String())
	}
	switch n := len(owners); {
	case n == 0:
		return nil, nil, &Refusal{Field: FieldOwners, Message: "Who owns the account? Its owners approve access to it.", Mend: "Name at least one person by e-mail address, or a team: team:payments-leads."}
	case n > maxOwners:
		return nil, nil, &Refusal{Field: FieldOwners, Message: fmt.Sprintf("%d owners are named, and %d is the most.", n, maxOwners), Mend: "Name a team instead."}
	}
	return owners, warnings, nil
}

// checkOwner refuses who cannot be found, and warns of who cannot approve yet.
func (s *Service) checkOwner(ctx context.Context, repo *config.Repo, ref config.ApproverRef) (warning string, err error) {
	switch ref.Kind {
	case config.ApproverTeam:
		if _, ok := repo.People.Teams[ref.Name]; ok {
			return "", nil
		}
		return "", &Refusal{Field: FieldOwners, Message: fmt.Sprintf("people.yaml has no team %q.", shown(ref.Name)), Mend: didYouMean(ref.Name, slices.Collect(maps.Keys(repo.People.Teams)))}
	case config.ApproverEmail:
	default:
		return "", &Refusal{Field: FieldOwners, Message: fmt.Sprintf("%q cannot own an account.", shown(ref.String())), Mend: "Name people by e-mail address, or teams: team:payments-leads."}
	}
	person, ok := repo.PersonByEmail(ref.Name)
	switch {
	case ok && person.GitHub != nil:
		return "", nil
	case ok:
		return fmt.Sprintf("%s has no GitHub account in people.yaml, so cannot approve yet: `/aws-access link github <login>`.", ref.Name), nil
	}
	there, err := s.Directory.UsersByEmail(ctx, ref.Name)
	if err != nil {
		return "", fmt.Errorf("owner %s in Entra: %w", ref.Name, err)
	}
	if len(members(there)) != 1 {
		return "", &Refusal{Field: FieldOwners, Message: fmt.Sprintf("%q is the address of no enabled member of your company's Entra.", shown(ref.Name)), Mend: "Check how it is written; the form lists the people of people.yaml."}
	}
	return fmt.Sprintf("%s is not in people.yaml, so cannot approve yet: `/aws-access link github <login>` adds the entry.", ref.Name), nil
}
