package modeltest_test

import (
	"slices"
	"strings"
	"time"
)

// step is how many of whom must approve.
type step struct {
	refs  []string
	count int
}

// approvalRule is the rule for a set in an account with a tag env.
func (s state) approvalRule(set, env string) (name string, steps []step, maxHours int, standing bool) {
	switch {
	case set == "AdministratorAccess" && env == "prod":
		return "admin", []step{{[]string{"account-owners"}, 1}, {[]string{"team:security"}, s.count("admin")}}, 8, false
	case set == "PowerUserAccess":
		return "power", []step{{[]string{"team:security"}, s.count("power")}}, 1 << 20, true
	case set == "ReadOnlyAccess":
		return "read", []step{{[]string{"account-owners"}, s.count("read")}}, 1 << 20, true
	}
	if set == "Billing" {
		return "bill", []step{{[]string{"requester-manager", "team:leads"}, s.count("bill")}}, 24, false
	}
	return "rest", []step{{[]string{"team:platform"}, s.count("rest")}}, 24, false
}

// mayAsk reports whether somebody may ask for a set: the rule of one names who.
func (f *facts) mayAsk(base state, set, who string) bool {
	if set != "Billing" {
		return true
	}
	inTeam := slices.Contains(f.teams["platform"], who) || slices.Contains(f.teams["security"], who)
	return base.linked(who) && inTeam || slices.Contains(f.members["aws-dev"], who)
}

// mayAll reports whether everybody may ask whose wish a change is.
func (f *facts) mayAll(base state, set string) bool {
	who := append([]string{f.author}, f.pushers...)
	if f.requester != "" {
		who = []string{f.requester}
	}
	return !slices.ContainsFunc(slices.Concat(who, f.carried), func(n string) bool { return !f.mayAsk(base, set, n) })
}

// need is something that must be approved.
type need struct {
	steps  []step
	owners []string // of the account
	gains  string   // the group that gains, "" for none
	exempt bool
	of     assignment // what it is about, of one that is in force or to be
	idle   bool       // of an entry that comes in and gives nothing now
}

// opinion is a review.
type opinion struct {
	who, state, commit string
	at                 time.Time
	gone               dismissal // of a dismissed one
}

// facts are who stands behind a change and who said what to it.
type facts struct {
	requester string // of a bot pull request
	request   string // its id
	author    string // of one written by hand
	pushers   []string
	opinions  []opinion
	head      string
	since     time.Time // approvals up to then do not count
	mergedAt  time.Time
	late      bool
	teams     roster
	members   roster // of groups
	were      roster // of groups when the head was first shown, nil if it was not
	manager   string // of who asked, or of the author
	askedFor  map[string]asked
	// carried are people, and requests, behind commits that were passed over
	// and whose content the change takes in.
	carried  []string
	requests []string
}

// asked is who asked for what group.
type asked struct{ who, group string }

// roster has the members of teams or groups.
type roster map[string][]string

func (r roster) clone() roster {
	out := roster{}
	for k, v := range r {
		out[k] = slices.Clone(v)
	}
	return out
}

// both has who is in two rosters, or in this one and among those named.
func (r roster) both(o roster, named ...string) roster {
	out := r.clone()
	for k := range out {
		out[k] = slices.DeleteFunc(out[k], func(n string) bool { return !slices.Contains(o[k], n) && !slices.Contains(named, n) })
	}
	return out
}

// approvedLate are those who approved after the merge, where that counts.
func (f *facts) approvedLate() []string {
	var out []string
	for _, o := range f.opinions {
		if f.late && o.state == "APPROVED" && o.at.After(f.mergedAt) {
			out = append(out, o.who)
		}
	}
	return out
}

func (f *facts) named(refs []string, owners []string, who string) bool {
	for _, r := range refs {
		team, isTeam := strings.CutPrefix(r, "team:")
		switch {
		case r == "account-owners":
			if f.named(owners, nil, who) {
				return true
			}
		case isTeam:
			if slices.Contains(f.teams[team], who) {
				return true
			}
		case r == "requester-manager" && f.manager == who, r == cast[who].email():
			return true
		}
	}
	return false
}

func (f *facts) namedIn(n *need, who string) bool {
	return slices.ContainsFunc(n.steps, func(s step) bool { return f.named(s.refs, n.owners, who) })
}

// excluded reports whether somebody may not approve a need: who leaves a group
// that gains since the change was shown gains by it like who stays.
func (f *facts) excluded(n *need, who string) bool {
	return who == f.requester || f.requester == "" && who == f.author || slices.Contains(f.pushers, who) ||
		slices.Contains(f.carried, who) || n.gains != "" && (slices.Contains(f.members[n.gains], who) || slices.Contains(f.were[n.gains], who))
}

// latest returns those whose last opinion approves the head, and those whose
// last opinion asks for changes or did before it was dismissed. Only linked
// people have one.
func (f *facts) latest(base state) (approvers []string, objectors []opinion) {
	last := map[string]opinion{}
	for _, o := range f.opinions {
		if f.stayed(o) {
			o.state = "APPROVED"
		}
		if o.state == "COMMENTED" || !f.late && o.at.After(f.mergedAt) || !base.linked(o.who) {
			continue
		}
		if old, ok := last[o.who]; !ok || !o.at.Before(old.at) {
			last[o.who] = o
		}
	}
	for who, o := range last {
		switch {
		case o.state == "CHANGES_REQUESTED" || o.state == "DISMISSED" && o.gone.was == "changes_requested":
			objectors = append(objectors, o)
		case o.state == "APPROVED" && o.commit == f.head && o.at.After(f.since):
			approvers = append(approvers, who)
		}
	}
	slices.Sort(approvers)
	return approvers, objectors
}

// fill tries every way to give each place of the steps another person.
func (f *facts) fill(steps []step, owners, people []string) bool {
	for i, s := range steps {
		if s.count == 0 {
			continue
		}
		for j, who := range people {
			if !f.named(s.refs, owners, who) {
				continue
			}
			rest := slices.Clone(steps)
			rest[i].count--
			if f.fill(rest, owners, slices.Delete(slices.Clone(people), j, j+1)) {
				return true
			}
		}
		return false
	}
	return true
}
