package gitops

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"aws-access-bot/config"
)

// Adoption is what an operator takes over of an older commit.
type Adoption struct {
	// Since is the full id of the older commit, "" for no adoption.
	Since string `json:"since,omitempty"`
	// Mark is that of the list he saw, [Adoptable.Mark]. Another list is refused.
	Mark string `json:"mark,omitempty"`
}

// Adoptable lists what would be adopted.
type Adoptable struct {
	List []Adoptee `json:"list"`
	// Mark names exactly this list for these two commits.
	Mark string `json:"mark"`
	// Note is that of [Gitops.Vouch]: lines of the trusted commit that grant nothing,
	// so that what they are about may be in the list.
	Note string `json:"note,omitempty"`
}

// Adoptee is an assignment that an older commit granted and the trusted one does
// not, with the names that the older one has for it.
type Adoptee struct {
	Assignment config.Assignment `json:"assignment"`
	Account    string            `json:"account"`
	Principal  string            `json:"principal"`
}

// Adoptable lists, for somebody who may give his word, what trusting sha takes over
// of the commit since. It changes nothing. The commit since must be an older first
// parent of sha, and its config valid.
func (g *Gitops) Adoptable(ctx context.Context, sha, since string, w Word) (Adoptable, error) {
	v, err := g.voucher(ctx, w)
	if err != nil {
		g.opt.Log.WarnContext(ctx, "list of an adoption refused", "commit", sha, "since", since, "account", v.user.Login, "id", v.user.ID, "system", w.System, "error", err)
		return Adoptable{}, fmt.Errorf("adopt since %s: %w", short(since), err)
	}
	g.opt.Log.InfoContext(ctx, "adoption listed", "commit", sha, "since", since, "account", v.user.Login, "id", v.user.ID)
	g.looking.Lock()
	defer g.looking.Unlock()
	_, s, starts, note, err := g.candidate(ctx, sha)
	if err != nil {
		return Adoptable{}, fmt.Errorf("trust %s: %w", short(sha), err)
	}
	list, err := g.adoptable(ctx, sha, since, desired(s.repo, starts, g.opt.Now()))
	if err != nil {
		return Adoptable{}, fmt.Errorf("adopt since %s: %w", short(since), err)
	}
	list.Note = note
	return list, nil
}

// accepted returns what becomes owned by an adoption, whose list must be the one
// that was seen.
func (g *Gitops) accepted(ctx context.Context, sha string, a Adoption, owns []config.Assignment) ([]config.Assignment, error) {
	if a.Since == "" {
		return nil, nil
	}
	now, err := g.adoptable(ctx, sha, a.Since, owns)
	if err != nil {
		return nil, fmt.Errorf("adopt since %s: %w", short(a.Since), err)
	}
	if a.Mark != now.Mark {
		return nil, errors.New("what would be adopted is not what was listed any more: nothing was changed; run it again and look at the list")
	}
	out := make([]config.Assignment, 0, len(now.List))
	for _, x := range now.List {
		out = append(out, x.Assignment)
	}
	return out, nil
}

func (g *Gitops) adoptable(ctx context.Context, sha, since string, owns []config.Assignment) (Adoptable, error) {
	if err := g.older(ctx, since, sha); err != nil {
		return Adoptable{}, err
	}
	s, err := g.reader.read(ctx, since)
	if err != nil {
		return Adoptable{}, err
	}
	if s.invalid != nil {
		return Adoptable{}, s.invalid
	}
	list := adoptees(s.repo, owns)
	return Adoptable{List: list, Mark: adoptionMark(sha, since, list)}, nil
}

// older refuses a commit that is not an older first parent of another one.
func (g *Gitops) older(ctx context.Context, since, sha string) error {
	switch {
	case !commitForm.MatchString(since):
		return fmt.Errorf("%q is not the full id of a commit", since)
	case since == sha:
		return errors.New("it is the commit to trust itself, and what that grants is owned anyway: name an older one")
	}
	at := sha
	for range trustDepth {
		c, err := g.reader.commit(ctx, at)
		if err != nil {
			return err
		}
		if len(c.Parents) == 0 {
			break
		}
		if at = c.Parents[0]; at == since {
			return nil
		}
	}
	return fmt.Errorf("it is not among the %d first parents before %s: `git log --first-parent %s` lists them", trustDepth, short(sha), short(sha))
}

// adoptees returns what the lines of a repo grant, whether they have ended or were
// merged too late or not, and owns does not have; sorted.
func adoptees(repo *config.Repo, owns []config.Assignment) []Adoptee {
	// At the beginning of time, where every grant begins, none has ended.
	starts := config.Starts{}
	for _, ref := range repo.Grants() {
		starts[ref.Key] = config.Start{}
	}
	kept := make(map[config.Assignment]bool, len(owns))
	for _, a := range owns {
		kept[a] = true
	}
	names := make(map[string]string, len(repo.Accounts))
	for _, a := range repo.Accounts {
		names[a.ID] = a.Name
	}
	var out []Adoptee
	for _, a := range desired(repo, starts, time.Time{}) {
		if kept[a] {
			continue
		}
		x := Adoptee{Assignment: a, Account: names[a.Account]}
		if f, ok := repo.PrincipalFile(a.Principal); ok {
			x.Principal = f.Name
		}
		out = append(out, x)
	}
	return out
}

func adoptionMark(sha, since string, list []Adoptee) string {
	h := sha256.New()
	_, _ = fmt.Fprintln(h, sha, since) // a hash takes everything
	for _, x := range list {
		_, _ = fmt.Fprintln(h, x.Assignment)
	}
	return hex.EncodeToString(h.Sum(nil))
}
