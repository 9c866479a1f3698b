package access

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// CutoverState says how far old access to one account is that one commit takes
// away, and the question whether people are still in. The words are stored.
type CutoverState string

// The states of a cutover. The first leads to the second, and that to one of the
// others; what is put back is rolling-back first.
const (
	CutoverRemoving    CutoverState = "removing"
	CutoverAsked       CutoverState = "asked"
	CutoverConfirmed   CutoverState = "confirmed"
	CutoverRollingBack CutoverState = "rolling-back"
	CutoverRolledBack  CutoverState = "rolled-back"
	// CutoverWithdrawn: the config does not have it asked any more.
	CutoverWithdrawn CutoverState = "withdrawn"
)

// Cutover is a question whether people are still in.
type Cutover struct {
	ID          string // "CUT-0a1b2c3d"
	Account     string // 12 digits
	AccountName string // as people know it
	// Request brought the account in, "" where nobody asked for it in chat.
	Request ID
	State   CutoverState
	// Until is when the time to confirm is over, zero before it is asked.
	Until time.Time
	// Undecided is how much of it is live again and waits for a decision.
	Undecided int
}

// Cutovers keeps the questions, and puts back what nobody confirmed. Package
// provision implements it. What is not known is ErrNotFound.
type Cutovers interface {
	// KnownCutovers returns all, those that are over too.
	KnownCutovers(ctx context.Context) ([]Cutover, error)
	// ConfirmCutover ends a question by somebody's word; one that is confirmed
	// already stays as it is. ErrConflict: it is not open any more.
	ConfirmCutover(ctx context.Context, id string, by Person) error
	// RemoveDrift has a drift taken away again that the bot itself put back, by
	// somebody's word.
	RemoveDrift(ctx context.Context, id, by string) error
}

var cutoverID = regexp.MustCompile(`^CUT-[0-9a-f]{8}$`)

// ParseCutover reads how a question is named, however it is written.
func ParseCutover(s string) (string, bool) {
	id := "CUT-" + strings.TrimPrefix(strings.ToLower(s), "cut-")
	return id, cutoverID.MatchString(id) && len(s) == len(id)
}

// Confirm says that people are still in after old access was taken away: for one
// question, or for all that are open in the thread of a request. It returns what
// was confirmed. The owners of the account, who asked for it, and the people of
// the control plane may, as of now.
func (s *Service) Confirm(ctx context.Context, by Person, question string, request ID) ([]Cutover, error) {
	force, err := s.inForce(ctx)
	if err != nil {
		return nil, err
	}
	if s.Cutovers == nil {
		return nil, notAsked("This bot does not ask whether people are still in.")
	}
	list, err := s.Cutovers.KnownCutovers(ctx)
	if err != nil {
		return nil, fmt.Errorf("questions whether people are still in: %w", err)
	}
	list = slices.DeleteFunc(slices.Clone(list), func(c Cutover) bool {
		meant := question != "" && c.ID == question ||
			request != "" && c.Request == request && (c.State == CutoverAsked || c.State == CutoverConfirmed) // it may have been said before
		return !meant || c.State == CutoverRemoving
	})
	if len(list) == 0 {
		return nil, notAsked("Nothing is asked there.")
	}
	for _, c := range list {
		if err := s.mayConfirm(ctx, force, by, c); err != nil {
			return nil, err
		}
	}
	for i, c := range list {
		err := s.Cutovers.ConfirmCutover(ctx, c.ID, by)
		switch {
		case errors.Is(err, ErrConflict), errors.Is(err, ErrNotFound):
			return list[:i], tooLate(c)
		case err != nil:
			return list[:i], fmt.Errorf("confirm %s: %w", c.ID, err)
		}
	}
	return list, nil
}

// mayConfirm refuses who neither owns the account nor asked for it nor stands
// under control_plane.
func (s *Service) mayConfirm(ctx context.Context, force InForce, by Person, c Cutover) error {
	var owners []string
	if file, ok := force.Repo.AccountByID(c.Account); ok {
		if s.named(ctx, force.Repo, by, file.Owners) {
			return nil
		}
		owners = file.OwnerNames()
	}
	if s.controls(ctx, force.Repo, by) {
		return nil
	}
	if c.Request != "" {
		r, err := s.Requests.Get(ctx, c.Request)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return fmt.Errorf("who asked for %s: %w", c.AccountName, err)
		}
		if err == nil && r.askedBy(by) {
			return nil
		}
	}
	no := &Refusal{
		Message: fmt.Sprintf("Only the owners of %s, who asked for it, and the people of the control plane can say that people are still in.", c.AccountName),
		Mend:    "Ask one of them.",
	}
	if len(owners) > 0 {
		no.Mend = "Ask one of them: " + strings.Join(owners, ", ") + "."
	}
	return no
}

func notAsked(why string) *Refusal {
	return &Refusal{Message: why, Mend: "`/aws-access phase` shows which accounts wait for that."}
}

// tooLate refuses a word that comes after the decision.
func tooLate(c Cutover) *Refusal {
	no := &Refusal{Message: fmt.Sprintf("That is too late for %s: nobody had confirmed in time, so what was taken away is put back.", c.ID), Mend: "If it is not needed any more, the control plane has it removed: `/aws-access drift` lists it."}
	if c.State == CutoverWithdrawn {
		no.Message, no.Mend = "The question was withdrawn: the config repo does not have it asked any more.", "Nothing needs to be done, and nothing is put back."
	}
	return no
}

// RemoveDrift has what the bot put back taken away again. The control plane may.
func (s *Service) RemoveDrift(ctx context.Context, by Person, id string) (Drift, error) {
	if _, err := s.controller(ctx, by); err != nil {
		return Drift{}, err
	}
	d, err := s.drift(ctx, id)
	if err != nil {
		return Drift{}, err
	}
	if !d.RolledBack || s.Cutovers == nil {
		return Drift{}, &Refusal{Message: "The bot takes away by this only what it put back itself, since nobody confirmed that people are still in.", Mend: "Adopt it, or remove it in AWS."}
	}
	if err := s.Cutovers.RemoveDrift(ctx, id, by.Entra); err != nil {
		return Drift{}, fmt.Errorf("remove %s: %w", id, err)
	}
	return d, nil
}
