package github

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	gh "github.com/google/go-github/v60/github"

	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/gitops/guard"
)

var _ guard.Reader = (*Client)(nil)

// Guards implements [guard.Reader]. It asks for the rules in force on both
// branches, which come from rulesets of the repository and of those above it,
// for each ruleset's bypass list, and for classic protection of the branch.
func (c *Client) Guards(ctx context.Context, branch, request string) (guard.Seen, error) {
	var repo struct {
		ID      int64  `json:"id"`
		Default string `json:"default_branch"`
	}
	if _, err := c.get(ctx, strings.TrimSuffix(c.path(""), "/"), &repo); err != nil {
		return guard.Seen{}, c.wrap("read the repository", err)
	}
	if repo.ID != c.id {
		return guard.Seen{}, fmt.Errorf("repository %s/%s has the number %d, not %d: it is another repository", c.owner, c.name, repo.ID, c.id)
	}
	seen := guard.Seen{Default: repo.Default}
	sources := map[int64]guard.Source{}
	var err error
	if seen.Main, seen.MainHidden, err = c.branchRules(ctx, branch, sources); err != nil {
		return guard.Seen{}, err
	}
	if seen.Requests, seen.RequestsHidden, err = c.branchRules(ctx, request, sources); err != nil {
		return guard.Seen{}, err
	}
	classic, hidden, err := c.classic(ctx, branch)
	if err != nil {
		return guard.Seen{}, err
	}
	seen.Main, seen.ClassicHidden = append(seen.Main, classic...), hidden
	return seen, nil
}

// hidden reports whether an error says that the credential may not see
// something, which asking again does not change.
func (c *Client) hidden(err error) bool {
	kind := c.kind(err)
	return errors.Is(kind, gitops.ErrDenied) || errors.Is(kind, gitops.ErrNotFound)
}

// wireRule is a rule on a branch. go-github v60 refuses the whole answer when
// one type is unknown to it.
type wireRule struct {
	Type       string          `json:"type"`
	SourceType string          `json:"ruleset_source_type"`
	Ruleset    int64           `json:"ruleset_id"`
	Parameters json.RawMessage `json:"parameters"`
}

// branchRules reads the rules of active rulesets on a branch.
func (c *Client) branchRules(ctx context.Context, branch string, sources map[int64]guard.Source) (rules []guard.Rule, hidden bool, err error) {
	list, err := rawPages[wireRule](ctx, c, c.path("rules/branches/%s?per_page=100", url.PathEscape(branch)))
	if err != nil {
		if c.hidden(err) {
			return nil, true, nil
		}
		return nil, false, c.wrap("list rules of "+branch, err)
	}
	for _, w := range list {
		source, known := sources[w.Ruleset]
		if !known {
			if source, err = c.ruleset(ctx, w); err != nil {
				return nil, false, err
			}
			sources[w.Ruleset] = source
		}
		rules = append(rules, ruleOf(w, source))
	}
	return rules, false, nil
}

// wireActor is an entry of a bypass list. The number is null for kinds that
// have none.
type wireActor struct {
	ID   int64  `json:"actor_id"`
	Kind string `json:"actor_type"`
	Mode string `json:"bypass_mode"`
}

// ruleset reads whom a ruleset does not bind. bypass_actors is there for those
// only who may change the ruleset.
func (c *Client) ruleset(ctx context.Context, w wireRule) (guard.Source, error) {
	var got struct {
		Name   string       `json:"name"`
		Actors *[]wireActor `json:"bypass_actors"`
	}
	_, err := c.get(ctx, c.path("rulesets/%d?includes_parents=true", w.Ruleset), &got)
	if err != nil && c.hidden(err) {
		return guard.Source{Name: fmt.Sprintf("ruleset %d (%s)", w.Ruleset, strings.ToLower(w.SourceType)), Hidden: true}, nil
	}
	if err != nil {
		return guard.Source{}, c.wrap(fmt.Sprintf("read ruleset %d", w.Ruleset), err)
	}
	out := guard.Source{Name: fmt.Sprintf("ruleset %q (%d)", got.Name, w.Ruleset), Hidden: got.Actors == nil}
	if got.Actors != nil {
		for _, a := range *got.Actors {
			out.Actors = append(out.Actors, guard.Actor{Kind: a.Kind, ID: a.ID, Mode: a.Mode})
		}
	}
	return out, nil
}

// ruleOf reads the parameters of the types that have any here.
func ruleOf(w wireRule, s guard.Source) guard.Rule {
	out := guard.Rule{Type: w.Type, Source: s}
	switch w.Type {
	case guard.TypePullRequest:
		var p struct {
			Approvals    int  `json:"required_approving_review_count"`
			DismissStale bool `json:"dismiss_stale_reviews_on_push"`
			CodeOwners   bool `json:"require_code_owner_review"`
			LastPush     bool `json:"require_last_push_approval"`
		}
		out.Unclear = json.Unmarshal(w.Parameters, &p) != nil
		out.Approvals, out.DismissStale, out.CodeOwners, out.LastPush = p.Approvals, p.DismissStale, p.CodeOwners, p.LastPush
	case guard.TypeChecks:
		var p struct {
			Strict bool `json:"strict_required_status_checks_policy"`
			Checks []struct {
				Name string `json:"context"`
				App  int64  `json:"integration_id"`
			} `json:"required_status_checks"`
		}
		out.Unclear = json.Unmarshal(w.Parameters, &p) != nil
		out.Strict = p.Strict
		for _, k := range p.Checks {
			out.Checks = append(out.Checks, guard.Check{Name: k.Name, App: max(k.App, 0)})
		}
	}
	return out
}

type wireSwitch struct {
	Enabled bool `json:"enabled"`
}

type wireID struct {
	ID int64 `json:"id"`
}

// wireProtection is classic branch protection.
type wireProtection struct {
	Admins     wireSwitch `json:"enforce_admins"`
	ForcePush  wireSwitch `json:"allow_force_pushes"`
	Deletions  wireSwitch `json:"allow_deletions"`
	PullReview *struct {
		Approvals    int  `json:"required_approving_review_count"`
		DismissStale bool `json:"dismiss_stale_reviews"`
		CodeOwners   bool `json:"require_code_owner_reviews"`
		LastPush     bool `json:"require_last_push_approval"`
		Bypass       struct {
			Users []wireID `json:"users"`
			Teams []wireID `json:"teams"`
			Apps  []wireID `json:"apps"`
		} `json:"bypass_pull_request_allowances"`
	} `json:"required_pull_request_reviews"`
	Checks *struct {
		Strict bool `json:"strict"`
		Checks []struct {
			Name string `json:"context"`
			App  int64  `json:"app_id"` // null, or -1, for any source
		} `json:"checks"`
	} `json:"required_status_checks"`
}

// classic reads classic protection, in the words of rulesets. It needs the
// permission Administration: read; without it GitHub answers 403.
func (c *Client) classic(ctx context.Context, branch string) (rules []guard.Rule, hidden bool, err error) {
	var p wireProtection
	_, err = c.get(ctx, c.path("branches/%s/protection", url.PathEscape(branch)), &p)
	var refused *gh.ErrorResponse
	switch {
	case err == nil:
		return p.rules(), false, nil
	case errors.As(err, &refused) && refused.Response != nil && refused.Response.StatusCode == http.StatusNotFound && strings.EqualFold(refused.Message, "Branch not protected"):
		return nil, false, nil
	case c.hidden(err):
		return nil, true, nil
	}
	return nil, false, c.wrap("read protection of "+branch, err)
}

func (p *wireProtection) rules() []guard.Rule {
	source := guard.Source{Name: "branch protection"}
	if !p.Admins.Enabled {
		source.Actors = []guard.Actor{{Kind: "RepositoryRole", ID: 5, Mode: "always"}}
	}
	var out []guard.Rule
	if r := p.PullReview; r != nil {
		own := source
		own.Actors = append([]guard.Actor(nil), source.Actors...)
		for _, part := range []struct {
			kind string
			list []wireID
		}{{"User", r.Bypass.Users}, {"Team", r.Bypass.Teams}, {"Integration", r.Bypass.Apps}} {
			for _, a := range part.list {
				own.Actors = append(own.Actors, guard.Actor{Kind: part.kind, ID: a.ID, Mode: "always"})
			}
		}
		out = append(out, guard.Rule{
			Type: guard.TypePullRequest, Source: own, Approvals: r.Approvals, DismissStale: r.DismissStale, CodeOwners: r.CodeOwners, LastPush: r.LastPush,
		})
	}
	if k := p.Checks; k != nil {
		rule := guard.Rule{Type: guard.TypeChecks, Source: source, Strict: k.Strict}
		for _, chk := range k.Checks {
			rule.Checks = append(rule.Checks, guard.Check{Name: chk.Name, App: max(chk.App, 0)})
		}
		out = append(out, rule)
	}
	if !p.ForcePush.Enabled {
		out = append(out, guard.Rule{Type: guard.TypeForcePush, Source: source})
	}
	if !p.Deletions.Enabled {
		out = append(out, guard.Rule{Type: guard.TypeDeletion, Source: source})
	}
	return out
}
