package chat

import (
	"context"
	"fmt"
	"strconv"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
)

// parsePhase reads nothing, for the board, or the number of a phase.
func parsePhase(words []string) (config.Phase, error) {
	if len(words) == 0 {
		return 0, nil
	}
	n, err := strconv.Atoi(words[0])
	if err != nil || len(words) > 1 || n < 1 || n > len(config.Phases()) {
		return 0, &UsageError{"`phase` takes nothing, or the phase to go to: 1, 2 or 3.", "`phase` alone shows how far the migration is."}
	}
	return config.Phase(n), nil
}

// phase shows the board, or opens the pull request of a step.
func (d *Desk) phase(ctx context.Context, to config.Phase, by access.Asker, in access.Inbound) (Message, error) {
	if to == 0 {
		return d.board(ctx, by)
	}
	a, err := d.Service.Phase(ctx, access.PhaseAsk{Key: in.Key, Asker: by, To: to, Channel: d.Channel[in.User.Platform], Origin: in.Channel})
	if err != nil {
		return Message{}, err
	}
	what := fmt.Sprintf("%s: the pull request that goes to %s is being made.", a.Request.ID, to)
	return Message{Summary: what, Blocks: []Block{
		append(plain(what+" "), follow(a.Request)...),
		Note{{Text: "It lists what stands before that phase. The control plane approves it; since you asked, your own approval does not count."}},
	}}, nil
}

func (d *Desk) board(ctx context.Context, by access.Asker) (Message, error) {
	if d.Service.Boards == nil {
		return said("This bot keeps no board."), nil
	}
	b, err := d.Service.Boards.Board(ctx)
	if err != nil {
		return Message{}, err
	}
	return BoardMessage(b, d.Service.Controls(ctx, by.Person)), nil
}

// phaseFacts are the two-column part of a request for a phase.
func phaseFacts(r access.Request) Fields {
	return Fields{{"Asked by", Text{asker(r)}}, {"Goes to", plain(r.Want.Phase.String())}}
}

// phaseSteps are the stages of a request for a phase.
func phaseSteps() []stageLabel { return linkedSteps() }

// phaseRules says what holds in a phase from now on.
func phaseRules(p config.Phase) []Block {
	var t Text
	for i, rule := range p.Rules() {
		if i > 0 {
			t = append(t, Span{Text: "\n"})
		}
		t = append(t, Span{Text: "• " + rule})
	}
	return []Block{t}
}
