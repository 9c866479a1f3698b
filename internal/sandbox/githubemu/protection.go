package githubemu

import (
	"net/http"
	"strings"
)

// Protection is classic branch protection, the older of the two ways to
// guard a branch.
type Protection struct {
	// Approvals is the number of required reviews; negative means that pull
	// requests are not required.
	Approvals     int
	DismissStale  bool
	Checks        []RequiredCheck
	Strict        bool
	EnforceAdmins bool
	ForcePushes   bool // allowed
	Deletions     bool // allowed
}

// Protect sets classic protection of a branch, or removes it with nil.
func (r *Repo) Protect(branch string, p *Protection) {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	if p == nil {
		delete(r.protections, branch)
		return
	}
	kept := *p
	r.protections[branch] = &kept
}

// rules says the same in the words of rulesets.
func (p *Protection) rules() []Rule {
	var out []Rule
	if p.Approvals >= 0 {
		out = append(out, Rule{Type: "pull_request", Parameters: &RuleParams{Approvals: &p.Approvals, DismissStale: &p.DismissStale}})
	}
	if len(p.Checks) > 0 {
		out = append(out, Rule{Type: "required_status_checks", Parameters: &RuleParams{Checks: p.Checks, Strict: &p.Strict}})
	}
	if !p.ForcePushes {
		out = append(out, Rule{Type: "non_fast_forward"})
	}
	if !p.Deletions {
		out = append(out, Rule{Type: "deletion"})
	}
	return out
}

func (c *call) branchProtection() (reply, error) {
	branch := c.path["branch"]
	if _, found := c.repo.refs["refs/heads/"+branch]; !found {
		return reply{}, refuse(http.StatusNotFound, "Branch not found")
	}
	p := c.repo.protections[branch]
	if p == nil {
		return reply{}, refuse(http.StatusNotFound, "Branch not protected")
	}
	url := c.repo.api("/branches/%s/protection", branch)
	enabled := func(on bool) obj { return obj{"enabled": on} }
	out := obj{
		"url": url, "enforce_admins": obj{"url": url + "/enforce_admins", "enabled": p.EnforceAdmins},
		"allow_force_pushes": enabled(p.ForcePushes), "allow_deletions": enabled(p.Deletions),
		"required_linear_history": enabled(false), "block_creations": enabled(false), "lock_branch": enabled(false),
		"required_conversation_resolution": enabled(false), "allow_fork_syncing": enabled(false),
	}
	if p.Approvals >= 0 {
		out["required_pull_request_reviews"] = obj{
			"url": url + "/required_pull_request_reviews", "dismiss_stale_reviews": p.DismissStale,
			"require_code_owner_reviews": false, "required_approving_review_count": p.Approvals, "require_last_push_approval": false,
		}
	}
	if len(p.Checks) > 0 {
		contexts, checks := []string{}, []obj{}
		for _, chk := range p.Checks {
			contexts = append(contexts, chk.Context)
			o := obj{"context": chk.Context, "app_id": nil}
			if chk.AppID != 0 {
				o["app_id"] = chk.AppID
			}
			checks = append(checks, o)
		}
		out["required_status_checks"] = obj{
			"url": url + "/required_status_checks", "strict": p.Strict, "contexts": contexts, "checks": checks,
			"contexts_url": url + "/required_status_checks/contexts",
		}
	}
	return ok(out)
}

// branchJSON is GitHub's "branch-with-protection", or "short-branch".
func (r *Repo) branchJSON(name string, full bool) obj {
	id := r.refs["refs/heads/"+name]
	protected := r.protections[name] != nil
	for _, rs := range r.rulesets {
		protected = protected || (rs.Enforcement == "active" && rs.matches(r, "refs/heads/"+name))
	}
	out := obj{
		"name": name, "protected": protected, "protection_url": r.api("/branches/%s/protection", name),
		"commit":     obj{"sha": id, "url": r.api("/commits/%s", id)},
		"protection": obj{"enabled": r.protections[name] != nil},
	}
	if full {
		out["commit"] = r.commitJSON(id)
		out["_links"] = obj{"self": r.api("/branches/%s", name), "html": r.web("/tree/%s", name)}
	}
	return out
}

func (c *call) getBranch() (reply, error) {
	if _, found := c.repo.refs["refs/heads/"+c.path["branch"]]; !found {
		return reply{}, refuse(http.StatusNotFound, "Branch not found")
	}
	return ok(c.repo.branchJSON(c.path["branch"], true))
}

func (c *call) listBranches() (reply, error) {
	out := []obj{}
	for _, ref := range sortedKeys(c.repo.refs) {
		if name, is := strings.CutPrefix(ref, "refs/heads/"); is {
			out = append(out, c.repo.branchJSON(name, false))
		}
	}
	return page(c, out)
}
