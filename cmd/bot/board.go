package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
)

// boards gathers how far the migration is.
func (b *bot) boards() *access.Boards {
	return &access.Boards{Commits: b.git, Estate: b.accounts, Onboarded: b.accounts, Drifts: b.engine, Now: time.Now}
}

// ahead lists what stands before a phase.
func (b *bot) ahead(ctx context.Context, repo *config.Repo, to config.Phase) (access.Preflight, error) {
	return b.boards().Ahead(ctx, repo, to)
}

// board is how far the migration is, nil before a first commit is trusted.
func (b *bot) board(ctx context.Context) (*access.Board, error) {
	board, err := b.boards().Board(ctx)
	var no *access.Refusal
	if errors.As(err, &no) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("how far the migration is: %w", err)
	}
	return &board, nil
}

// boardText is the board as a table, an account a line.
func boardText(b *access.Board) string {
	if b == nil {
		return ""
	}
	var out strings.Builder
	fmt.Fprintf(&out, "\nmigration: %s, %d of %d accounts are run from the config repo\n", b.Phase, b.In, b.Total)
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "  STEP\tACCOUNT\tNAME\tDAYS\tIAM USERS\tOWNERS\tWAITS FOR")
	for _, a := range b.Accounts {
		fmt.Fprintf(w, "  %s\t%s\t%s\t%s\t%s\t%s\t%s\n", a.Step, a.ID, a.Name, orDash(a.Days >= 0, fmt.Sprint(a.Days)), iamCell(a.IAMUsers),
			orDash(len(a.Owners) > 0, strings.Join(a.Owners, " ")), strings.Join(strings.Fields(a.Blocker), " "))
	}
	_ = w.Flush() // a strings.Builder takes everything
	for _, h := range b.Handshakes {
		fmt.Fprintf(&out, "  %s %s to %s, open until %s\n", h.Action, h.ID, h.Account, h.Expires.Format(time.RFC3339))
	}
	if b.Next != 0 {
		fmt.Fprintf(&out, "before %s:\n", b.Next)
	}
	for _, l := range b.Ahead {
		fmt.Fprintf(&out, "  %s (%s): %s\n", l.Result, l.Code, strings.TrimSpace(l.Sentence+" "+l.Mend))
	}
	return out.String()
}

func orDash(ok bool, s string) string {
	if !ok {
		return "-"
	}
	return s
}

func iamCell(u *access.BoardIAM) string {
	if u == nil || u.Trouble != "" {
		return "-"
	}
	return fmt.Sprintf("%d (%d used)", u.Total, u.UsedThisWeek)
}
