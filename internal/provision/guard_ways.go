package provision

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision/permset"
)

// CodeLastWay: a removal that would leave an account without any standing
// assignment, of those the config repo desires and the bot has read back, of a
// set that can administer it.
const CodeLastWay Code = "last-way"

// administratorSet is what the usual permission set with the AWS managed policy
// that allows everything is called, as the policy itself.
const administratorSet = "AdministratorAccess"

// administers names the permission sets that may be a way to administer an
// account, so that the last of them stays: those whose file has the AWS managed policy
// AdministratorAccess, those of protected grants and of the onboarding baseline,
// and AdministratorAccess itself. What else a set allows only AWS knows.
// Which of them is another way for sure says opens.
func administers(repo *config.Repo) map[string]bool {
	out := map[string]bool{administratorSet: true}
	for _, name := range administerByFile(repo) {
		out[name] = true
	}
	for _, p := range repo.Access.Protected {
		out[p.PermissionSet] = true
	}
	for _, g := range repo.Access.Onboarding.Baseline {
		out[g.PermissionSet] = true
	}
	return out
}

// administerByFile names the permission sets whose file has the AWS managed policy
// AdministratorAccess.
func administerByFile(repo *config.Repo) []string {
	var out []string
	for name, set := range repo.PermissionSets {
		if slices.ContainsFunc(set.ManagedPolicies, permset.AllowsAll) {
			out = append(out, name)
		}
	}
	return out
}

// stillAdminister names the permission sets that had the AWS managed policy
// AdministratorAccess by a file once, and were not seen without it since: what a file
// takes away may be held, and a set whose file is gone stays in AWS as it is. With
// them are those to which somebody added it in AWS.
func (e *Engine) stillAdminister() []string {
	var out []string
	for _, r := range e.setRecords() {
		if permset.HaveAll(r.Owned) || permset.HaveAll(r.Spread) {
			out = append(out, r.Name)
		}
	}
	return out
}

// administering adds permission sets that may be a way into an account.
func (s *Surroundings) administering(sets []string) {
	for _, name := range sets {
		s.Administers[name] = true
	}
}

// canAdminister reports whether a set is a way into an account. If no set is
// known to be one, each may be.
func (s Surroundings) canAdminister(set string) bool {
	return len(s.Administers) == 0 || s.Administers[set]
}

// stood reports whether an assignment that goes had no end. What is not known
// had none, nor has what no commit declares: a grant that the same once had, and that
// ended, says nothing of what somebody made since.
func (s Surroundings) stood(a config.Assignment) bool {
	_, stray := s.Undeclared[a]
	ended, known := s.HadEnd[a]
	return stray || !known || !ended
}

// lastWay refuses the removal of the last way into an account, unless a later
// change of the control plane allows it by limits.allow. A grant with an end is
// no lasting way, so that it can always be taken back, and goes at its end.
func (b *budget) lastWay(c Change) objection {
	a := c.Assignment
	asked, _ := b.asksForWay(c)
	if !asked || !b.s.canAdminister(a.PermissionSet) || !b.s.stood(a) {
		return objection{}
	}
	waits, empty := "", ""
	for other := range b.s.ReadBack {
		end, desired := b.s.Desired[other]
		if !b.s.ReadBack[other] || !desired || !end.IsZero() || other.Account != a.Account || !b.s.Opens[other.PermissionSet] {
			continue
		}
		switch name := b.s.Names.principal(other.Principal); {
		case b.s.Empty[other.Principal]:
			empty = min(cmp.Or(empty, name), name)
		case b.s.Uncounted[other.Principal]:
			waits = min(cmp.Or(waits, name), name)
		default:
			return objection{}
		}
	}
	said := fmt.Sprintf("This is the last way to administer %s: no other standing assignment of a set that can for sure is live there", b.s.Names.account(a.Account))
	switch {
	case waits != "":
		return objection{CodeIncomplete, fmt.Sprintf("Who is in %s, which is to be the other way into %s, is about to be counted; the removal waits for that.", waits, b.s.Names.account(a.Account))}
	case empty != "":
		return objection{CodeLastWay, fmt.Sprintf("%s but that of %s, which nobody is in by its direct members.", said, empty)}
	}
	return objection{CodeLastWay, said + "."}
}

// countedWithin is how long what was just read back may wait for its members to be
// counted. Longer is no reason to hold anything: they may not be readable.
const countedWithin = 2 * time.Minute

// empty are the groups and users that nobody was in when they were counted last.
func (e *Engine) empty() map[config.Principal]bool {
	out := map[config.Principal]bool{}
	for p, g := range e.book.allPrincipals() {
		if !g.MembersRead.IsZero() && g.MembersSeen == 0 {
			out[p] = true
		}
	}
	return out
}

// countInside takes in which groups are known to be empty, and which of what was read
// back lately are not counted yet.
func (e *Engine) countInside(s *Surroundings, records []*Record) {
	s.Empty, s.Uncounted = e.empty(), map[config.Principal]bool{}
	if e.opts.Sketch {
		return // nobody counts
	}
	people := e.book.allPrincipals()
	for _, r := range records {
		if r.State == Live && s.Now.Sub(r.ReadBack) < e.pace(countedWithin) && people[r.Assignment.Principal].MembersRead.IsZero() {
			s.Uncounted[r.Assignment.Principal] = true
		}
	}
}

// asksForWay reports whether a removal has to leave a way into its account: one
// that counts, and one that was begun and is to be sent again, as nothing was
// taken away yet; and whether it is of what no commit ever declared.
func (b *budget) asksForWay(c Change) (asks, stray bool) {
	counts, stray := b.counts(c)
	if counts || c.Kind != Remove || !c.Begun || b.s.UnderWay[c.Assignment] {
		return counts, stray
	}
	stray = c.Cause.Kind == CauseDrift
	ended := c.Cause.Kind == CauseExpiry || c.Cause.Kind == CauseRecreated
	return !ended && !b.allowed(c.Cause.Commit, stray), stray
}

// hadEnd reports whether every line that made a record had an end, as their keys
// say, and false for known when nothing is recorded.
func hadEnd(r Record) (ended, known bool) {
	for _, key := range r.Grants {
		// Tags and OUs, which may have any of these words, stand before the set.
		text := string(key)
		text = text[max(0, strings.LastIndex(text, " permission_set=")):]
		if !strings.Contains(text, " expires=") && !strings.Contains(text, " duration=") {
			return false, true
		}
	}
	return len(r.Grants) > 0, len(r.Grants) > 0
}
