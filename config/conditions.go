package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// CheckReason says whether the reason of a grant is what the rule wants, or as
// a [Refusal] why not.
func (rl *Rule) CheckReason(reason string) error {
	if rl.Reason == nil {
		return nil
	}
	if p := rl.Reason.Pattern; p != "" && !fitsPattern(whole(p), reason) {
		return &Refusal{fmt.Sprintf("the rule %q wants a reason of another form", rl.Name), fmt.Sprintf("write it so that the whole of it fits %s", p)}
	}
	if p := rl.Reason.Ticket; p != "" && !fitsPattern(p, reason) {
		return &Refusal{fmt.Sprintf("the rule %q wants a ticket in the reason", rl.Name), fmt.Sprintf("name one that fits %s", p)}
	}
	return nil
}

// whole has a pattern fit the whole of a text.
func whole(pattern string) string { return `\A(?:` + pattern + `)\z` }

// fitsPattern fits nothing if the pattern is bad, which no valid repo has.
func fitsPattern(pattern, s string) bool {
	re, err := regexp.Compile(pattern)
	return err == nil && re.MatchString(s)
}

// Rosters has who is in teams and groups, as far as that was read.
type Rosters struct {
	// Teams has the numeric GitHub ids of the active direct members by the
	// team's name in people.yaml.
	Teams map[string][]int64
	// Groups has the Entra ids of the direct members by Entra id.
	Groups map[string][]string
}

// MayAsk reports whether a person, by Entra object id, may ask under a rule of
// this repo. The answer is not known while a team or group that it depends on
// was not read. Everybody may ask under a rule without requesters.
func (r *Repo) MayAsk(rl *Rule, entra string, ro Rosters) (allowed, known bool) {
	if len(rl.Requesters) == 0 {
		return true, true
	}
	known = true
	person, linked := r.PersonByEntra(entra)
	for _, ref := range rl.Requesters {
		is, sure := false, true
		switch ref.Kind {
		case ApproverEmail:
			is = linked && person.Email == ref.Name
		case ApproverTeam:
			if linked && person.GitHub != nil {
				var ids []int64
				ids, sure = ro.Teams[ref.Name]
				is = slices.Contains(ids, person.GitHub.ID)
			}
		case RequesterGroup:
			if g, ok := r.Groups[ref.Name]; ok {
				var ids []string
				ids, sure = ro.Groups[g.Principal.ID]
				is = slices.ContainsFunc(ids, func(id string) bool { return strings.EqualFold(id, entra) })
			}
		}
		if is {
			return true, true
		}
		known = known && sure
	}
	return false, known
}

// RequesterGroups returns the Entra ids of the groups that a rule's requesters
// name.
func (r *Repo) RequesterGroups(rl *Rule) []string {
	var ids []string
	for _, ref := range rl.Requesters {
		if g, ok := r.Groups[ref.Name]; ok && ref.Kind == RequesterGroup {
			ids = append(ids, g.Principal.ID)
		}
	}
	return ids
}

// MayNotAsk is the refusal for a person who may not ask under the rule.
func (rl *Rule) MayNotAsk() *Refusal {
	return &Refusal{fmt.Sprintf("the rule %q lets only %s ask", rl.Name, ownersText(rl.Requesters)), "ask one of them to ask for it"}
}

// Grown returns who joined a group since its people were shown who decided about
// its access, and whether they are more than may: nobody may where the rule of the
// access has the people pinned.
func (l Limits) Grown(before, now []string, pinned bool) (came []string, tooMany bool) {
	may := l.mayJoin(len(before))
	if pinned {
		may = 0
	}
	came = joined(before, now)
	return came, len(came) > may
}

// joined returns who is in a group now and was not before.
func joined(before, now []string) []string {
	was := make(map[string]bool, len(before))
	for _, id := range before {
		was[id] = true
	}
	var out []string
	for _, id := range now {
		if !was[id] {
			out = append(out, id)
		}
	}
	return out
}

// freeGrowth is how many may always join a group.
const freeGrowth = 3

// mayJoin is how many people may join a group of a size between approval and
// merge.
func (l Limits) mayJoin(size int) int {
	return max(freeGrowth, int(float64(size)*l.PeopleGrowthPercent/100))
}
