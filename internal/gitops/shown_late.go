package gitops

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/gitops/review"
)

// maxJoined is how many of those who joined a group a halt names.
const maxJoined = 5

// nextLate returns the people of the groups that gain as a halt shows them from
// at on: as the check or the halt showed them while no more joined than may,
// else as they are now, and approvals up to then count no more.
func nextLate(in *review.Input, v *review.Verdict, at time.Time) map[string]review.Shown {
	out := map[string]review.Shown{}
	for id, s := range nextShown(in, v) {
		was, held := in.ShownLate[id]
		came := v.GrownLate[id]
		if !held {
			was, held = in.Shown[id]
			came = v.Grown[id]
		}
		switch {
		case !held: // as they are now
		case len(came) == 0:
			s = was
		default:
			s = review.Shown{Members: in.Members[id], Since: at, Joined: union(was.Joined, came)}
		}
		out[id] = s
	}
	return out
}

func union(a, b []string) []string {
	out := slices.Clone(a)
	for _, x := range b {
		if !slices.Contains(out, x) {
			out = append(out, x)
		}
	}
	return out
}

// showLate records the people that a halt shows to those who may mend it, and
// has the halt name who joined. It is durable before the halt is, so that no
// approval counts for people it does not name.
func (g *Gitops) showLate(ctx context.Context, u *unit, j *judged, repo *config.Repo) error {
	if j.late == nil {
		return nil
	}
	rec, _, err := g.state.Check(ctx, u.pull.Number)
	if err != nil {
		return fmt.Errorf("look up the check of pull request %d: %w", u.pull.Number, err)
	}
	_, shown := rec.of(u.pull.HeadSHA)
	rec = rec.turned(u.pull.Number, u.pull.HeadSHA)
	if !shown { // no check did that is known: the halt is what shows it first
		rec.ShownAt, rec.Teams, rec.Manager, rec.Outside = j.halted.ShownAt, j.halted.Teams, j.halted.Manager, j.halted.Outside
	}
	if !sameShown(rec.Late, j.late) {
		rec.Late = j.late
		if err := g.state.SaveCheck(ctx, rec); err != nil {
			return fmt.Errorf("record who is in the groups of pull request %d: %w", u.pull.Number, err)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(j.late)) {
		s := j.late[id]
		if len(s.Joined) == 0 {
			continue
		}
		who, err := g.namesOf(ctx, id, s.Joined)
		if err != nil {
			return err
		}
		group := review.PrincipalName(config.Principal{Kind: config.GroupPrincipal, ID: id}, repo, repo)
		j.bad.text += fmt.Sprintf(" Since it was shown, %d joined %s: %s. Only approvals given after this was said count.",
			len(s.Joined), clip(oneLine(group), maxTitle), who)
		// The operations channel hears of each growth once.
		j.bad.again += fmt.Sprintf("/%s-%d", id, len(s.Joined))
	}
	return nil
}

func sameShown(a, b map[string]review.Shown) bool {
	return maps.EqualFunc(a, b, func(x, y review.Shown) bool {
		return slices.Equal(x.Members, y.Members) && x.Since.Equal(y.Since) && slices.Equal(x.Joined, y.Joined)
	})
}

// namesOf names members of a group, the first few of them.
func (g *Gitops) namesOf(ctx context.Context, group string, ids []string) (string, error) {
	people, err := g.dir.DirectMembers(ctx, group)
	if err != nil {
		return "", fmt.Errorf("read members of group/%s: %w", group, err)
	}
	var names []string
	for _, id := range ids[:min(len(ids), maxJoined)] {
		name := id
		for _, p := range people {
			if p.Entra == id && p.Email != "" {
				name = p.Email
			}
		}
		names = append(names, clip(oneLine(name), maxTitle))
	}
	if more := len(ids) - len(names); more > 0 {
		names = append(names, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(names, ", "), nil
}
