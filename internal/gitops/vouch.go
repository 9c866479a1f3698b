package gitops

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops/review"
	"aws-access-bot/internal/secret"
)

// roleAdmin is the role that may name commits, as GitHub's REST API writes it.
const roleAdmin = "admin"

// Operators finds out who somebody is who gives his word.
type Operators interface {
	// TokenOwner returns whose token it is. One that GitHub does not accept, or
	// that is no person's, is ErrDenied. The token is kept nowhere.
	TokenOwner(ctx context.Context, token secret.Value) (review.User, error)
	// RoleOf returns the account that a login names and its role in the
	// repository, read with the App's credential: admin, write, read or none.
	RoleOf(ctx context.Context, login string) (review.User, string, error)
}

// Word is what somebody shows who puts a commit in force by his word.
type Word struct {
	// Token is the person's own GitHub token. It is asked whose it is, once.
	Token secret.Value
	// System is the system user who runs the command, as the command says: it
	// is recorded and decides nothing.
	System string
	// Adopt is what he takes over with it of an older commit; zero for nothing.
	Adopt Adoption
}

// voucher is who gave his word, found out from GitHub.
type voucher struct {
	user   review.User
	system string
	adopt  Adoption
}

// Vouch puts a commit in force by a person's word: it names the first one, and
// ends a halt. The person shows his own GitHub token, and must have the admin
// role on the config repo and be a member of its organization, which is read
// with the App's credential. The commit must be the branch head or a first
// parent on the way to it, and its config valid. Who, when, and what was in
// force before is recorded with it and told in the operations channel. The
// note, "" for none, is what he has to know besides: what grants nothing, since
// it was not found when it began.
func (g *Gitops) Vouch(ctx context.Context, sha string, w Word) (note string, err error) {
	v, err := g.voucher(ctx, w)
	if err != nil {
		g.opt.Log.WarnContext(ctx, "trust refused", "commit", sha, "account", v.user.Login, "id", v.user.ID, "system", w.System, "error", err)
		return "", fmt.Errorf("trust %s: %w", short(sha), err)
	}
	return g.trustBy(ctx, sha, v)
}

// trustBy puts a commit in force by the word of somebody who may give it.
func (g *Gitops) trustBy(ctx context.Context, sha string, v voucher) (note string, err error) {
	if !commitForm.MatchString(sha) {
		return "", fmt.Errorf("trust %q: a commit is named by its 40 hex digits", sha)
	}
	g.looking.Lock()
	defer g.looking.Unlock()
	if note, err = g.trust(ctx, sha, v); err != nil {
		return "", fmt.Errorf("trust %s: %w", short(sha), err)
	}
	g.opt.OnInForce()
	g.opt.OnChange()
	g.Hint(0)
	return note, nil
}

// voucher finds out who shows a token and whether he may name commits.
func (g *Gitops) voucher(ctx context.Context, w Word) (voucher, error) {
	v := voucher{system: strings.TrimSpace(w.System), adopt: w.Adopt}
	if w.Token.Empty() {
		return v, fmt.Errorf("nobody gives his word: a GitHub token of your own is needed: %w", ErrDenied)
	}
	user, err := g.host.TokenOwner(ctx, w.Token)
	if err != nil {
		return v, err
	}
	v.user = user
	if user.Bot || user.ID <= 0 {
		return v, fmt.Errorf("the token is that of %s, which is no person; only a person gives his word: %w", user.Login, ErrDenied)
	}
	named, role, err := g.host.RoleOf(ctx, user.Login)
	if err != nil {
		return v, fmt.Errorf("read the role of %s: %w", user.Login, err)
	}
	repo := g.opt.Owner + "/" + g.opt.Name
	switch {
	case named.ID != user.ID || named.Bot:
		return v, fmt.Errorf("the login %s names account %d and the token is that of account %d; try again: %w", user.Login, named.ID, user.ID, ErrDenied)
	case role != roleAdmin:
		return v, fmt.Errorf("%s has the role %q on %s; only somebody with the admin role there may name a commit: %w", user.Login, role, repo, ErrDenied)
	}
	inside, err := g.host.Insiders(ctx)
	if err != nil {
		return v, fmt.Errorf("read the members of the organization: %w", err)
	}
	if !slices.Contains(inside, user.ID) {
		return v, fmt.Errorf("%s is not a member of the organization that has %s: nobody from outside names a commit: %w", user.Login, repo, ErrDenied)
	}
	return v, nil
}

// words says who gave his word, as the config in force knows him.
func (v *voucher) words(repo *config.Repo) string {
	text := fmt.Sprintf("%s (GitHub account %d", v.user.Login, v.user.ID)
	if p, ok := repo.PersonByGitHub(v.user.ID); ok {
		text += fmt.Sprintf("; %s, %s in Entra", p.Email, p.Entra)
	}
	return text + ")"
}

// Audited is what the audit log takes with an [Advance].
type Audited struct {
	At                           time.Time
	Actor, Target, Cause, Result string
}

// record puts into an advance who gave his word for it.
func (g *Gitops) record(a *Advance, walk Walk, v *voucher, who string) {
	before := "nothing"
	if walk.InForce.Commit != "" {
		before = walk.InForce.Commit
	}
	cause := "in force before: " + before
	if walk.Halt != nil {
		cause += fmt.Sprintf("; halted at %s by rule %s", walk.Halt.Commit, walk.Halt.Code)
	}
	if v.adopt.Since != "" {
		cause += fmt.Sprintf("; adopted since %s, listed: %d", v.adopt.Since, len(a.Adopted))
	}
	at := a.InForce.At
	a.Audit = &Audited{
		At: at, Actor: who, Target: a.To, Cause: cause,
		Result: fmt.Sprintf("in force by his word, with the admin role on %s/%s; the command was run by %s", g.opt.Owner, g.opt.Name, orNobody(v.system)),
	}
	a.Tell = &access.Notice{
		Key: fmt.Sprintf("trusted/%s/%s", a.To, at.UTC().Format(time.RFC3339Nano)), Kind: access.NoticeOps, At: at,
		Text: fmt.Sprintf("%s put commit %s in force by his word (`bot trust`, run by %s). %s. If that was not meant, revert it on %s: it is enforced from now on.",
			who, short(a.To), orNobody(v.system), strings.ToUpper(cause[:1])+cause[1:], g.opt.Branch),
	}
}

func orNobody(system string) string {
	if system == "" {
		return "a system user who is not known"
	}
	return system
}
