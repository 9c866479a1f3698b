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
	var fresh []finding
	for _, k := range keys {
		if !slices.Contains(t.book.Told, k) {
			fresh = append(fresh, now[k])
		}
	}
	if len(fresh) > 0 {
		if err := e.put(ctx, noticeOf(fresh, "findings/"+e.now().Format(time.RFC3339Nano))); err != nil {
			return err
		}
	}
	if slices.Equal(keys, t.book.Told) {
		return nil
	}
	t.book.Told = keys
	return e.Store.SaveTold(ctx, keys)
}

// noticeOf says what is new, with the accounts that can be onboarded at once.
func noticeOf(fresh []finding, key string) access.Notice {
	n := access.Notice{Key: key}
	var lines []string
	for _, f := range fresh {
		lines = append(lines, f.text)
		if f.waits.ID != "" {
			n.Waiting = append(n.Waiting, f.waits)
		}
	}
	if more := len(lines) - maxLines; more > 0 {
		lines = append(lines[:maxLines], fmt.Sprintf("… and %d more; `/aws-access phase` shows all.", more))
	}
	n.Text = strings.Join(lines, "\n")
	return n
}

// finding is one thing that people should know.
type finding struct {
	text string
	// waits is the account that can be onboarded, zero for none.
	waits access.NoticeAccount
}

// findings are what people should know of the organization, by a key that stays
// while it is so.
func findings(repo *config.Repo, records []Record, v access.EstateView) map[string]finding {
	out := map[string]finding{}
	byID, chosen := map[string]access.EstateAccount{}, chosenTags(repo)
	for _, m := range v.Members {
		byID[m.ID] = m
		unfiled(out, repo, m, v.Features)
	}
	for _, r := range records {
		m, member := byID[r.Account]
		file, ok := repo.AccountByID(r.Account)
		if !ok {
			continue
		}
		switch {
		case r.State == Standing && !member && !r.Member:
			out["absent/"+r.Account] = finding{text: fmt.Sprintf("Account %s (%s) has a file with stage sso and is not a member of the organization. The bot does not invite what was in the config repo before it: invite it by hand, and the bot follows the invitation; or take its file out, and ask for it with `/aws-onboard %s`.", file.Name, file.ID, file.ID)}
		case member && r.settled() && r.State != Left: // who came back is moved in a moment
			if differ := placementOf(file, m, chosen, "").Differences; len(differ) > 0 {
				what := strings.Join(differ, "; ")
				out["differs/"+r.Account+what] = finding{text: fmt.Sprintf("Account %s (%s): %s. The file decides who gets access; the bot moves nothing and tags nothing, and until they agree a line that chooses accounts by OU or tags gives nothing new there. Mend the account in AWS, or its file.", file.Name, file.ID, what)}
			}
		}
	}
	return out
}

// unfiled is about a member that has no account file. One that cannot be
// onboarded as it is waits for nothing: it is told of once it is ACTIVE, but for
// a suspended one where none may be without a file.
func unfiled(out map[string]finding, repo *config.Repo, m access.EstateAccount, features access.FeatureSet) {
	if _, ok := repo.AccountByID(m.ID); ok {
		return
	}
	what := repo.Access.Phase.Unfiled()
	key, text := "unfiled/"+string(what)+"/"+m.ID, fmt.Sprintf("Account %s (%s, in %s) is a member of the organization and has no file", shown(m.Name), m.ID, shown(m.OU))
	f := finding{waits: access.NoticeAccount{ID: m.ID, Name: m.Name}}
	if features == access.ConsolidatedBilling {
		f.waits = access.NoticeAccount{} // it can be asked for once there are all features
	}
	switch {
	case what == config.UnfiledError && m.Suspended():
		key, f = "suspended/"+m.ID, finding{text: fmt.Sprintf("%s, which %s does not allow, and AWS has suspended it, so it cannot be onboarded. %s Otherwise close it.", text, repo.Access.Phase, access.WhenSuspended)}
	case !m.Active():
		return
	case what == config.UnfiledWaiting:
		f.text = fmt.Sprintf("%s: it waits for onboarding. `/aws-onboard %s` asks for it.", text, m.ID)
	case what == config.UnfiledError:
		f.text = fmt.Sprintf("%s, which %s does not allow: nobody gets access to it through the bot. `/aws-onboard %s` asks for it.", text, repo.Access.Phase, m.ID)
	default:
		return
	}
	out[key] = f
}
