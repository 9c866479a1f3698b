package access

import (
	"context"
	"errors"
	"fmt"
	"time"

	"aws-access-bot/config"
)

// DriftAct is what somebody can do about a drift.
type DriftAct string

// What can be done about a drift.
const (
	DriftAdopt  DriftAct = "adopt"  // a pull request that makes the config say what is live
	DriftRevert DriftAct = "revert" // what is missing is put back
	DriftSnooze DriftAct = "snooze" // not told again for a day
	DriftRemove DriftAct = "remove" // what the bot put back is taken away again
)

// SnoozeFor is how long a drift that is snoozed is not told again.
const SnoozeFor = 24 * time.Hour

// Drift is a difference between AWS and the config in force that the bot did not
// make.
type Drift struct {
	ID string
	// Missing: the config grants it, it was live, and is gone. Else it is live,
	// and no commit in force grants it.
	Missing bool
	// Assignment is meaningful if Known: it was found out who has it. Group is the
	// display name in Entra of a group that a file can be written for, else "".
	Assignment config.Assignment
	Known      bool
	Group      string
	Sentence   string
	Since      time.Time // first seen
	Snoozed    time.Time // until then
	// RolledBack: the bot itself put it back, see [Cutovers].
	RolledBack bool
	// Account is set where the file of that account, by id, and AWS Organizations
	// differ; then only Sentence is set besides.
	Account string
	Acts    []DriftAct
}

// Synced is what a full look at AWS came to, in numbers of assignments.
type Synced struct {
	Commit                      string
	Live, Due, Waiting, Started int
	FailedReads                 int
	// Held are the changes that a guard holds back, in sentences.
	Held []string
}

// Drifts finds drift and undoes it. Package provision implements it. What is
// not known is ErrNotFound.
type Drifts interface {
	// SyncNow reads everything, and begins what may begin; ErrNotFound until a
	// commit is trusted.
	SyncNow(ctx context.Context) (Synced, error)
	KnownDrift(ctx context.Context) ([]Drift, error)
	// StillDrift holds a drift against AWS and the config of this moment; one
	// that is over is ErrNotFound.
	StillDrift(ctx context.Context, id string) (Drift, error)
	// PutBackDrift has what is missing put back, by somebody's word.
	PutBackDrift(ctx context.Context, id, by string) error
	SnoozeDrift(ctx context.Context, id string, until time.Time) error
}

// Sync looks at everything in AWS now and returns what that came to, with the
// drift there is. The control plane may.
func (s *Service) Sync(ctx context.Context, by Person) (Synced, []Drift, error) {
	if _, err := s.controller(ctx, by); err != nil {
		return Synced{}, nil, err
	}
	done, err := s.Drifts.SyncNow(ctx)
	if errors.Is(err, ErrNotFound) {
		return Synced{}, nil, notTrustedYet()
	}
	if err != nil {
		return Synced{}, nil, fmt.Errorf("sync: %w", err)
	}
	list, err := s.Drifts.KnownDrift(ctx)
	if err != nil {
		return Synced{}, nil, fmt.Errorf("known drift: %w", err)
	}
	return done, list, nil
}

// controller refuses who does not stand under control_plane. What he does here
// he answers for, so his GitHub account must be linked too.
func (s *Service) controller(ctx context.Context, by Person) (InForce, error) {
	force, err := s.controlPlane(ctx, by)
	if err != nil {
		return InForce{}, err
	}
	if s.Drifts == nil {
		return InForce{}, noDrift()
	}
	if p, ok := force.Repo.PersonByEntra(by.Entra); !ok || p.GitHub == nil {
		return InForce{}, &Refusal{Message: "Your GitHub account is not linked, so you cannot answer for this.", Mend: "`/aws-access link github <login>` prepares it."}
	}
	return force, nil
}

func noDrift() *Refusal {
	return &Refusal{Message: "This bot keeps no drift.", Mend: "Open a pull request on the config repo."}
}

// drift returns a drift that is one in this moment.
func (s *Service) drift(ctx context.Context, id string) (Drift, error) {
	d, err := s.Drifts.StillDrift(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return Drift{}, &Refusal{Message: fmt.Sprintf("%s is no drift any more: AWS and the config repo agree about it by now.", shown(id)), Mend: "Nothing needs to be done; `/aws-access drift` lists what there is."}
	}
	if err != nil {
		return Drift{}, fmt.Errorf("look at %s: %w", shown(id), err)
	}
	return d, nil
}

// RevertDrift has what is missing put back. What no commit declared the bot does
// not own, and touches only where the phase has it removed: then it is not quiet
// any more.
func (s *Service) RevertDrift(ctx context.Context, by Person, id string) (Drift, error) {
	force, err := s.controller(ctx, by)
	if err != nil {
		return Drift{}, err
	}
	d, err := s.drift(ctx, id)
	if err != nil {
		return Drift{}, err
	}
	if d.RolledBack {
		return Drift{}, &Refusal{
			Message: "The bot put that back itself, since nobody confirmed that people are still in, and holds it until somebody decides.",
			Mend:    fmt.Sprintf("Adopt it, or have it removed for good: `/aws-access drift remove %s`.", d.ID),
		}
	}
	if clears := force.Repo.Access.Phase.RemovesUndeclared(force.Repo.Access.Drift); !d.Missing && !(clears && d.Known) {
		return Drift{}, &Refusal{
			Message: "The bot does not own that assignment: no commit ever declared it.",
			Mend:    "Adopt it, or remove it in AWS. In phase 3 with `drift: revert` the bot removes such assignments once it has found out who has them.",
		}
	}
	if err := s.Drifts.PutBackDrift(ctx, id, by.Entra); err != nil {
		return Drift{}, fmt.Errorf("put back %s: %w", id, err)
	}
	return d, nil
}

// SnoozeDrift has a drift not told again for a day.
func (s *Service) SnoozeDrift(ctx context.Context, by Person, id string) (Drift, error) {
	if _, err := s.controller(ctx, by); err != nil {
		return Drift{}, err
	}
	d, err := s.drift(ctx, id)
	if err != nil {
		return Drift{}, err
	}
	d.Snoozed = s.Now().Add(SnoozeFor).UTC()
	if err := s.Drifts.SnoozeDrift(ctx, id, d.Snoozed); err != nil {
		return Drift{}, fmt.Errorf("snooze %s: %w", id, err)
	}
	return d, nil
}

// Adoption is a wish to have the config repo say what is live, as it came from
// chat.
type Adoption struct {
	Key   string // natural key of the delivery
	Asker Asker
	Drift string
	// Channel is where the root message goes, Origin where it was asked.
	Channel string
	Origin  string
}

// AdoptDrift asks for a pull request that makes the config say what is live: a
// line for what no commit grants, or without the lines for what is gone. It goes
// the way of any request; who adopts is its asker.
func (s *Service) AdoptDrift(ctx context.Context, a Adoption) (Asked, error) {
	if r, ok, err := s.made(ctx, a.Key); err != nil || ok {
		return Asked{Request: r, Repeated: ok, Joined: ok && r.Key != a.Key}, err
	}
	force, err := s.inForce(ctx)
	if err != nil {
		return Asked{}, err
	}
	if s.Drifts == nil {
		return Asked{}, noDrift()
	}
	d, err := s.drift(ctx, a.Drift)
	if err != nil {
		return Asked{}, err
	}
	file, ok := force.Repo.PrincipalFile(d.Assignment.Principal)
	account, found := force.Repo.AccountByID(d.Assignment.Account)
	if !d.Known || !found || !ok && (d.Group == "" || d.Missing) || d.Assignment.Principal.Kind != config.GroupPrincipal {
		return Asked{}, &Refusal{Message: "The account has no file in the config repo, or who has this is no group of Entra that a file could be written for, so there is no line to write.", Mend: "Add the file by a pull request, or remove the assignment in AWS."}
	}
	if !ok {
		file = &config.PrincipalFile{Principal: d.Assignment.Principal, Name: d.Group} // the request makes it
	}
	if d.Missing {
		return s.adoptMissing(ctx, a, d, file, account)
	}
	term, err := adoptTerm(force.Repo, d.Assignment, s.Now())
	if err != nil {
		return Asked{}, err
	}
	// The reason stays in the thread and in the config repo, so it says what was:
	// what it is about may be gone before anybody approves.
	return s.Ask(ctx, Ask{
		Key: a.Key, Asker: a.Asker, Channel: a.Channel, Origin: a.Origin, Group: file.Slug, file: file, Account: account.ID,
		PermissionSet: d.Assignment.PermissionSet, Term: &term, Reason: "adopts what was found in AWS (" + d.ID + ")",
	})
}

// adoptTerm is how long an adopted line lasts: for good where a rule allows it,
// else as long as the rule lets.
func adoptTerm(repo *config.Repo, a config.Assignment, now time.Time) (config.Term, error) {
	standing := config.Term{Standing: true}
	if rule, ok := repo.RuleFor(a, standing, now); ok {
		if rule.Allows(standing, now) == nil {
			return standing, nil
		}
		if length := max(rule.MaxDuration, rule.DefaultDuration); length > 0 {
			return config.Term{For: length}, nil
		}
	}
	return config.Term{}, &Refusal{Message: "No approval rule allows a line for this.", Mend: "Ask the platform team to add a rule to aws-access.yaml, or remove the assignment in AWS."}
}

// adoptMissing asks for the lines of what is gone to be taken out.
func (s *Service) adoptMissing(ctx context.Context, a Adoption, d Drift, file *config.PrincipalFile, account *config.Account) (Asked, error) {
	s.asking.Lock()
	defer s.asking.Unlock()
	same, err := s.standing(ctx, d.Assignment)
	if err != nil {
		return Asked{}, err
	}
	for _, r := range same {
		switch {
		case r.Key == a.Key:
			return Asked{Request: r, Repeated: true}, nil
		case r.Kind == KindRevoke && r.Want.Revokes == "":
			return Asked{}, &Refusal{Message: fmt.Sprintf("%s takes it out of the config repo already.", r.ID), Mend: "Follow it there."}
		}
	}
	if err := s.withinLimits(ctx, a.Asker.Entra, KindRevoke); err != nil {
		return Asked{}, err
	}
	r, err := s.create(ctx, Request{Key: a.Key, Kind: KindRevoke, Asker: a.Asker, Channel: a.Channel, Origin: a.Origin, Want: Want{
		Principal: file.Principal, PrincipalSlug: file.Slug, PrincipalName: file.Name,
		AccountSlug: account.Slug, AccountID: account.ID, AccountName: account.Name, OU: account.OU,
		PermissionSet: d.Assignment.PermissionSet, Term: config.Term{Standing: true}, Reason: "adopts that it is gone from AWS (" + d.ID + ")",
	}})
	return Asked{Request: r}, err
}
