package review

import (
	"fmt"
	"slices"
	"strings"

	"aws-access-bot/config"
)

// maxClauses is how many of those who may not approve one sentence names.
const maxClauses = 8

// Stuck is why a step cannot get the approvals it lacks from those who are
// named for it.
type Stuck struct {
	// Not are those who are named and may not, a clause each: "ken-platform
	// asked for this change".
	Not []string
	// Mends say who could make it possible, a sentence each.
	Mends []string
}

// stuckSteps marks the open steps that too few people are left for. Somebody
// who is the only one left for two steps is enough for one.
func (e *evaluation) stuckSteps(n *Need, by sides) {
	open := make([]StepState, len(n.Steps))
	var free []Person
	for i, s := range n.Steps {
		open[i] = StepState{Count: s.Missing, Could: s.Could}
		for _, p := range s.Could {
			if !slices.Contains(free, p) {
				free = append(free, p)
			}
		}
	}
	chosen := assign(open, free, func(s StepState, p Person) bool { return slices.Contains(s.Could, p) })
	for i := range n.Steps {
		s := &n.Steps[i]
		if len(chosen[i]) >= s.Missing {
			continue
		}
		k := stuckStep{evaluation: e, need: n, by: by}
		k.people(s)
		k.refs(s.Approvers)
		s.Stuck = &Stuck{Not: k.not, Mends: k.mends()}
	}
}

// stuckStep gathers why a step is stuck.
type stuckStep struct {
	*evaluation
	need *Need
	by   sides
	not  []string
	// unlinked could link themselves. What follows says what could be mended:
	// files with owners, teams, the manager in Entra.
	unlinked, files, teams []string
	manager                bool
	// anew is set when somebody may not who pushed to what a person wrote.
	anew  bool
	depth int
}

func (k *stuckStep) say(clause string) {
	if !slices.Contains(k.not, clause) {
		k.not = append(k.not, clause)
	}
}

// people says why linked people who are named may not, or count elsewhere.
func (k *stuckStep) people(s *StepState) {
	for _, p := range k.evaluation.people {
		if !k.named(s.Approvers, p, k.by) || slices.Contains(s.Approved, p) {
			continue
		}
		if code, why, out := k.excluded(p, k.need); out {
			k.say(p.User.Login + " " + why)
			k.anew = k.anew || k.in.Request == nil && Excluded{p.User, code, why}.Pushed()
			continue
		}
		for _, other := range k.need.Steps {
			if slices.Contains(other.Approved, p) {
				k.say(p.User.Login + " counts for another step already")
			}
		}
	}
}

// refs says which references lead to nobody who could approve.
func (k *stuckStep) refs(list []config.ApproverRef) {
	for _, r := range list {
		switch r.Kind {
		case config.ApproverAccountOwners:
			k.accountOwners()
		case config.ApproverGroupOwners:
			k.groupOwners()
		case config.ApproverManager:
			k.ofManager()
		case config.ApproverControlPlane:
			if k.depth == 0 {
				k.depth++
				k.refs(k.controlPlane())
				k.depth--
			}
		case config.ApproverTeam:
			k.team(r.Name)
		case config.ApproverEmail:
			k.address(r.Name)
		}
	}
}

func (k *stuckStep) accountOwners() {
	if len(k.by.account) == 0 {
		k.say("the account names no owners")
	}
	if c := k.need.Change; c != nil {
		if a, ok := k.in.Base.AccountByID(c.Assignment.Account); ok {
			k.files = append(k.files, "accounts/"+a.Slug+".yaml")
		}
	}
	k.refs(k.by.account)
}

func (k *stuckStep) groupOwners() {
	c := k.need.Change
	if c != nil && c.Assignment.Principal.Kind == config.UserPrincipal && len(k.by.group) == 0 {
		k.say("access for one person has no group, so nobody owns it")
		return
	}
	if len(k.by.group) == 0 {
		k.say("the group names no owners")
	}
	if c != nil {
		if f, ok := k.in.Base.PrincipalFile(c.Assignment.Principal); ok {
			k.files = append(k.files, f.Path())
		}
	}
	k.refs(k.by.group)
}

func (k *stuckStep) ofManager() {
	if k.in.Manager == "" {
		k.manager = true
		k.say("Entra knows no manager of the requester who is enabled and no guest")
		return
	}
	p, ok := k.in.Base.PersonByEntra(k.in.Manager)
	if !ok {
		k.say("the requester's manager (Entra id " + k.in.Manager + ") is not linked in people.yaml")
		k.unlinked = append(k.unlinked, "The requester's manager")
		return
	}
	k.address(p.Email)
}

func (k *stuckStep) team(name string) {
	ids := k.in.Teams[name]
	missing := 0
	for _, id := range ids {
		if _, linked := k.byID[id]; !linked {
			missing++
		}
	}
	switch {
	case len(ids) == 0:
		k.say("team:" + name + " has no member that is known")
	case missing == 1:
		k.say("1 member of team:" + name + " is not linked in people.yaml")
	case missing > 1:
		k.say(fmt.Sprintf("%d members of team:%s are not linked in people.yaml", missing, name))
	}
	if missing > 0 {
		k.unlinked = append(k.unlinked, "Members of team:"+name)
	}
	k.teams = append(k.teams, "team:"+name)
}

func (k *stuckStep) address(email string) {
	p, ok := k.in.Base.PersonByEmail(email)
	switch {
	case !ok:
		k.say(email + " is not linked in people.yaml")
	case p.GitHub == nil:
		k.say(email + " has no GitHub account in people.yaml")
	default:
		return
	}
	k.unlinked = append(k.unlinked, email)
}

// mends says who could make it possible.
func (k *stuckStep) mends() []string {
	var out []string
	if k.anew {
		out = append(out, login(k.in.Author)+" can open the same change anew from a new branch: whoever only brought this one up to date may approve there.")
	}
	if names := distinct(k.unlinked); len(names) > 0 {
		out = append(out, some(names, "and")+" can link a GitHub account with `/aws-access link github your-login` in chat.")
	}
	if k.manager {
		out = append(out, "Whoever keeps Entra can set the manager there.")
	}
	if names := distinct(k.teams); len(names) > 0 {
		out = append(out, "On GitHub somebody else who is linked can be added to "+some(names, "or")+".")
	}
	what := "names other approvers in aws-access.yaml"
	if files := distinct(k.files); len(files) > 0 {
		what = "names another owner in " + some(files, "or")
	}
	who, people := "The control plane", k.keepers()
	if n := len(people); n > 0 && n < k.wanted() {
		// Every other pull request that could mend it is stuck in the same way.
		return append(out, fmt.Sprintf("The control plane is stuck too: %d people are needed to name others, and only %s could approve. Where nothing of this helps, an administrator of the config repo can put a mended commit in force with `bot trust SHA`.", k.wanted(), Logins(people)))
	} else if n > 0 {
		who = fmt.Sprintf("%s (control plane, %d needed)", Logins(people), k.wanted())
	}
	return append(out, who+" can approve a pull request that "+what+".")
}

// keepers are the control plane's people who could approve another pull
// request.
func (k *stuckStep) keepers() []Person {
	var out []Person
	for _, p := range k.evaluation.people {
		away := slices.Contains(k.in.Inactive, p.Entra) || slices.Contains(k.in.Outside, p.User.ID)
		if !away && k.namedDirectly(k.controlPlane(), p) {
			out = append(out, p)
		}
	}
	return out
}

// wanted is how many people the control plane needs.
func (k *stuckStep) wanted() int {
	n := 0
	for _, s := range k.in.Base.Access.ControlPlane {
		n += max(1, s.Count)
	}
	return n
}

func distinct(list []string) []string {
	var out []string
	for _, s := range list {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// some joins names and counts those beyond a few.
func some(names []string, word string) string {
	if len(names) > maxClauses {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:maxClauses], ", "), len(names)-maxClauses)
	}
	if n := len(names); n > 1 {
		return strings.Join(names[:n-1], ", ") + " " + word + " " + names[n-1]
	}
	return strings.Join(names, "")
}

// text is why in words, to stand after a semicolon.
func (s *Stuck) text(could []Person) string {
	text := "nobody who may give it is linked and free to"
	if len(could) > 0 {
		text = "only " + some(loginsOf(could), "and") + " could give one"
	}
	if len(s.Not) > 0 {
		text += ": " + some(s.Not, "and")
	}
	return text + ". " + strings.Join(s.Mends, " ")
}

func loginsOf(people []Person) []string {
	out := make([]string, len(people))
	for i, p := range people {
		out[i] = p.User.Login
	}
	return out
}

// StuckSentences says of each step that too few people are left for what
// [Sentences] says of it.
func StuckSentences(v Verdict, base, head *config.Repo) []string {
	var out []string
	for _, n := range v.Needs {
		for _, s := range n.Steps {
			if n.Exempt == "" && s.Missing > 0 && s.Stuck != nil {
				out = append(out, stepSentence(n, s, base, head))
			}
		}
	}
	return out
}
