package access

import (
	"context"
	"errors"
	"fmt"

	"aws-access-bot/config"
)

// PhaseAsk is a wish to go to another phase of the migration, as it came from
// chat.
type PhaseAsk struct {
	Key   string // natural key of the delivery
	Asker Asker
	To    config.Phase
	// Channel is where the root message goes, Origin where it was asked.
	Channel string
	Origin  string
}

// Phase stores a request for the pull request that takes the config repo to the
// next phase. Only the control plane may, and one is open at a time. What stands
// before the phase keeps nobody from asking: the pull request lists it.
func (s *Service) Phase(ctx context.Context, a PhaseAsk) (Asked, error) {
	if r, ok, err := s.made(ctx, a.Key); err != nil || ok {
		return Asked{Request: r, Repeated: ok}, err
	}
	force, err := s.controlPlane(ctx, a.Asker.Person)
	if err != nil {
		return Asked{}, err
	}
	if no := refusePhase(force.Repo.Access.Phase, a.To); no != nil {
		return Asked{}, no
	}
	s.asking.Lock()
	defer s.asking.Unlock()
	if r, ok, err := s.made(ctx, a.Key); err != nil || ok {
		return Asked{Request: r, Repeated: ok}, err
	}
	if err := s.noOtherPhase(ctx); err != nil {
		return Asked{}, err
	}
	if err := s.withinLimits(ctx, a.Asker.Entra, KindPhase); err != nil {
		return Asked{}, err
	}
	r, err := s.create(ctx, Request{Key: a.Key, Kind: KindPhase, Asker: a.Asker, Want: Want{Phase: a.To}, Channel: a.Channel, Origin: a.Origin})
	return Asked{Request: r}, err
}

// controlPlane refuses who does not stand under control_plane.
func (s *Service) controlPlane(ctx context.Context, by Person) (InForce, error) {
	force, err := s.inForce(ctx)
	if err != nil {
		return InForce{}, err
	}
	if !s.controls(ctx, force.Repo, by) {
		return InForce{}, &Refusal{Message: "Only the people of the control plane may do that.", Mend: "They stand under control_plane in aws-access.yaml."}
	}
	return force, nil
}

// refusePhase refuses a step that chat does not open. A step back is written by
// hand, so that nobody loosens the rules by a slip of a command.
func refusePhase(now, to config.Phase) *Refusal {
	switch {
	case to == now:
		return &Refusal{Message: fmt.Sprintf("The config repo is in %s already.", now), Mend: "`/aws-access phase` shows the board."}
	case now.Loosens(to):
		return &Refusal{
			Message: fmt.Sprintf("Going back from %s to %s is not opened from chat: it allows again what was not allowed any more, such as legacy accounts, and so must be meant.", now, to),
			Mend:    fmt.Sprintf("Open a pull request of your own that writes `phase: %d` and `phase_back: true` into aws-access.yaml; the control plane approves it. Take `phase_back` out again afterwards.", to),
		}
	}
	var no *config.Refusal
	if errors.As(now.Step(to, false), &no) {
		return refusal("", no)
	}
	return nil
}

// noOtherPhase refuses a second request while one is open, and says where the
// first is.
func (s *Service) noOtherPhase(ctx context.Context) error {
	open, err := s.Requests.Open(ctx)
	if err != nil {
		return fmt.Errorf("open requests: %w", err)
	}
	for _, r := range open {
		if r.Kind != KindPhase || r.GivenUp() {
			continue
		}
		mend := "Its pull request is being made; `/aws-access phase` shows the board."
		if r.Pull.URL != "" {
			mend = "Approve it there: " + r.Pull.URL + " – or close it, if another step is meant."
		}
		return &Refusal{Message: fmt.Sprintf("%s asked for %s in %s, which is still open.", r.Asker.Name, r.Want.Phase, r.ID), Mend: mend}
	}
	return nil
}

// PhaseFacts is what the config in force says of a step.
type PhaseFacts struct {
	Now config.Phase
}

// phaseFacts reads the phase in force.
func (o *Observer) phaseFacts(ctx context.Context) (*PhaseFacts, error) {
	force, err := o.Commits.InForce(ctx)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &PhaseFacts{Now: force.Repo.Access.Phase}, nil
}

// fromVerifiedPhase ends a request for a phase: nothing is provisioned for it.
// Who is in a later phase by now has been in this one.
func (m *mover) fromVerifiedPhase() bool {
	switch p := m.f.Phase; {
	case p == nil:
		return false
	case p.Now.Loosens(m.r.Want.Phase) || p.Now == m.r.Want.Phase:
		return m.end(StateDone, NoticeDone, "")
	default:
		return m.end(StateUndone, NoticeUndone, fmt.Sprintf("The config repo is in %s by now.", p.Now))
	}
}
