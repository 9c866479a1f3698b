package onboard

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
)

// maxLines is how many findings one notice names.
const maxLines = 20

// tell tells the operations channel what differs between the organization and
// the config in force, each thing once while it lasts.
func (e *Engine) tell(ctx context.Context, t *turn, v access.EstateView) error {
	now := findings(t.force.Repo, t.book.Records, v)
	keys := slices.Sorted(maps.Keys(now))
	var fresh []string
	for _, k := range keys {
		if !slices.Contains(t.book.Told, k) {
			fresh = append(fresh, now[k])
		}
	}
	if len(fresh) > 0 {
		more := ""
		if n := len(fresh) - maxLines; n > 0 {
			more = fmt.Sprintf("\n… and %d more; `/aws-access phase` shows all.", n)
		}
		text := strings.Join(fresh[:min(len(fresh), maxLines)], "\n") + more
		if err := e.notify(ctx, "findings/"+e.now().Format(time.RFC3339Nano), text); err != nil {
			return err
		}
	}
	if slices.Equal(keys, t.book.Told) {
		return nil
	}
	t.book.Told = keys
	return e.Store.SaveTold(ctx, keys)
}

// findings are what people should know of the organization, by a key that stays
// while it is so.
func findings(repo *config.Repo, records []Record, v access.EstateView) map[string]string {
	out := map[string]string{}
	byID := map[string]access.EstateAccount{}
	for _, m := range v.Members {
		byID[m.ID] = m
		unfiled(out, repo, m)
	}
	for _, r := range records {
		m, member := byID[r.Account]
		file, ok := repo.AccountByID(r.Account)
		if !ok {
			continue
		}
		switch {
		case r.State == Standing && !member && !r.Member:
			out["absent/"+r.Account] = fmt.Sprintf("Account %s (%s) has a file with stage sso and is not a member of the organization. The bot does not invite what was in the config repo before it: invite it by hand, and the bot follows the invitation; or take its file out, and ask for it with `/aws-onboard %s`.", file.Name, file.ID, file.ID)
		case member && r.settled() && m.OU != "" && file.OU != "" && m.OU != file.OU:
			out["ou/"+r.Account+file.OU+":"+m.OU] = fmt.Sprintf("Account %s (%s) is in %s in AWS and its file says %s. The file decides who gets access; the bot moves nothing. Move the account, or change `ou` in its file.", file.Name, file.ID, m.OU, file.OU)
		}
	}
	return out
}

// unfiled is about a member that has no account file.
func unfiled(out map[string]string, repo *config.Repo, m access.EstateAccount) {
	if _, ok := repo.AccountByID(m.ID); ok || m.State == accountClosed {
		return
	}
	switch what := repo.Access.Phase.Unfiled(); what {
	case config.UnfiledWaiting:
		out["unfiled/"+string(what)+"/"+m.ID] = fmt.Sprintf("Account %s (%s, in %s) is a member of the organization and has no file: it waits for onboarding. `/aws-onboard %s` asks for it.", shown(m.Name), m.ID, shown(m.OU), m.ID)
	case config.UnfiledError:
		out["unfiled/"+string(what)+"/"+m.ID] = fmt.Sprintf("Account %s (%s, in %s) is a member of the organization and has no file, which %s does not allow: nobody gets access to it through the bot. `/aws-onboard %s` asks for it.", shown(m.Name), m.ID, shown(m.OU), repo.Access.Phase, m.ID)
	}
}
