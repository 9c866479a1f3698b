package access

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// noteCutovers says on a board which accounts wait for somebody to say that
// people are still in, or for a decision on what was put back.
func (b *Boards) noteCutovers(ctx context.Context, board *Board) error {
	if b.Cutovers == nil {
		return nil
	}
	list, err := b.Cutovers.KnownCutovers(ctx)
	if err != nil {
		return fmt.Errorf("questions whether people are still in: %w", err)
	}
	for _, c := range list {
		i := slices.IndexFunc(board.Accounts, func(a BoardAccount) bool { return a.ID == c.Account })
		if i < 0 {
			continue
		}
		a := &board.Accounts[i]
		a.Cutover = strings.TrimSpace(a.Cutover + " " + c.waits())
		if c.State == CutoverAsked && (a.ConfirmBy.IsZero() || c.Until.Before(a.ConfirmBy)) {
			a.ConfirmBy = c.Until.UTC()
		}
	}
	return nil
}

// waits says what a cutover waits for, "" for nothing.
func (c Cutover) waits() string {
	switch {
	case c.State == CutoverAsked:
		return fmt.Sprintf("Waiting for confirmation until %s that people are still in (%s).", c.Until.UTC().Format(clockText), c.ID)
	case c.State == CutoverRollingBack:
		return fmt.Sprintf("Nobody confirmed that people are still in; what was taken away is being put back (%s).", c.ID)
	case c.Undecided > 0:
		return fmt.Sprintf("%d of what was taken away was put back, since nobody confirmed, and waits for a decision: `/aws-access drift`.", c.Undecided)
	}
	return ""
}
