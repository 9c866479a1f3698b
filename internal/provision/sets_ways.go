package provision

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision/permset"
)

// CodeSetWay: the change takes away from a set that a protected grant is made
// with, or that is the last way to administer an account.
const CodeSetWay Code = "permission-set-way-in"

// SetWays is what hangs on a permission set.
type SetWays struct {
	// Known is false when it could not be found out.
	Known bool
	// Protected are the names of the groups that have it by a protected grant,
	// and Last the accounts that nothing else can be administered by, both sorted.
	Protected, Last []string
}

// way keeps a set that is a way in from permitting less, as the guards for
// assignments keep the last way and what is protected: a later change of the
// control plane allows it, which names the set; mend says how.
func (s SetSurroundings) way(r permset.Result) (o objection, mend string) {
	narrows := permset.Narrows(r.Steps, s.Live, s.Pending)
	name := s.Want.Name
	switch {
	case len(narrows) == 0:
		return objection{}, ""
	case !s.Ways.Known:
		return objection{CodeIncomplete, fmt.Sprintf("%s would permit less, and is not changed while it is not known what hangs on it.", name)}, ""
	case len(s.Ways.Protected)+len(s.Ways.Last) == 0:
		return objection{}, ""
	}
	if a := s.Allow; a != nil && s.Commit != "" && a.Commit == s.Commit && slices.Contains(a.PermissionSets, name) {
		return objection{}, ""
	}
	var why []string
	if len(s.Ways.Protected) > 0 {
		why = append(why, "the protected grant of "+strings.Join(s.Ways.Protected, ", ")+" is made with it")
	}
	if len(s.Ways.Last) > 0 {
		var accounts []string
		for _, a := range s.Ways.Last {
			accounts = append(accounts, s.Names.account(a))
		}
		why = append(why, "nothing else that is live and standing can administer "+strings.Join(accounts, ", "))
	}
	commit := fmt.Sprintf("%q", s.Commit)
	if len(s.Commit) != len("0123456789012345678901234567890123456789") {
		commit = "<full id of the commit that brings this>"
	}
	o = objection{CodeSetWay, fmt.Sprintf("%s would permit less (%s), and %s. Put the file back as it was, or give another way first; what is protected, take off \"protected\" in a change of its own before.",
		name, strings.TrimSuffix(sentences(narrows), "."), strings.Join(why, ", and "))}
	return o, fmt.Sprintf(" Else, to allow it, add to aws-access.yaml, by a pull request of its own: limits: {allow: %s}.", config.RemovalAllowance{Commit: commit, PermissionSets: []string{name}})
}

// setWays finds out what hangs on a set.
func (e *Engine) setWays(ctx context.Context, p *setPass, r SetRecord, live *permset.Live) SetWays {
	if err := e.book.load(ctx); err != nil {
		e.opts.Log.Warn("look up what hangs on a permission set", "permission_set", r.Name, "error", err)
		return SetWays{}
	}
	repo := p.force.Repo
	standing := map[config.Assignment]bool{}
	for _, d := range repo.Desired(p.force.Starts, p.now) {
		standing[d.Assignment] = d.End.IsZero()
	}
	return waysOf(repo, r.Name, r.Protected, live, doorsOf(e.book.all(), r.Name, standing, opens(repo, e.setIs), e.empty()))
}

// waysOf says what hangs on a set: was is whether a protected grant was made with
// it until now.
func waysOf(repo *config.Repo, set string, was bool, live *permset.Live, ways doors) SetWays {
	out := SetWays{Known: true, Protected: protectedBy(repo, set)}
	if was && len(out.Protected) == 0 {
		// Taking it off "protected" is a change of its own, before this one.
		out.Protected = []string{"a group that this commit takes off \"protected\""}
	}
	administered := administers(repo)
	if len(administered) > 0 && !administered[set] && !(live != nil && slices.ContainsFunc(live.Managed, permset.AllowsAll)) {
		return out
	}
	accounts := maps.Clone(ways.standing)
	if live != nil {
		for _, a := range live.Accounts {
			if !ways.explained[a] { // somebody has it there, and how is not known
				accounts[a] = true
			}
		}
	}
	for _, a := range slices.Sorted(maps.Keys(accounts)) {
		if !ways.others[a] {
			out.Last = append(out.Last, a)
		}
	}
	return out
}

// protectedBy returns the names of the groups that have a set by a protected
// grant, sorted.
func protectedBy(repo *config.Repo, set string) []string {
	var out []string
	for _, p := range repo.Access.Protected {
		if p.PermissionSet == set {
			out = append(out, p.Group)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// doors are the ways into accounts, by account: whether a set is assigned there
// without an end, or at all as far as the records say, and whether there is a
// live and standing assignment of another that can administer it.
type doors struct {
	standing, explained, others map[string]bool
}

// doorsOf finds them by the records. standing says of what is desired whether it has
// no end, opens has the sets that can administer for sure, and empty the groups that
// nobody is in.
func doorsOf(records []*Record, set string, standing map[config.Assignment]bool, opens map[string]bool, empty map[config.Principal]bool) doors {
	out := doors{map[string]bool{}, map[string]bool{}, map[string]bool{}}
	for _, r := range records {
		a := r.Assignment
		switch {
		case r.State == Gone:
		case a.PermissionSet == set:
			out.explained[a.Account] = true
			if ended, known := hadEnd(*r); !known || !ended || r.stood() {
				out.standing[a.Account] = true
			}
		case opens[a.PermissionSet] && standing[a] && r.State == Live && r.Missing.IsZero() && !empty[a.Principal]:
			out.others[a.Account] = true
		}
	}
	return out
}

// opens names the sets that can administer an account for sure, and go on doing
// so: one with a file has to leave nothing of AdministratorAccess out and to be as
// its file says. Of those without a file only the usual one is taken for it, by its
// name.
func opens(repo *config.Repo, is func(permset.Definition) bool) map[string]bool {
	out := map[string]bool{}
	if _, declared := repo.PermissionSets[administratorSet]; !declared {
		out[administratorSet] = true
	}
	for name, file := range repo.PermissionSets {
		if want := permset.Of(file); want.Administers() && is(want) {
			out[name] = true
		}
	}
	return out
}

// setIs reports whether a set is as a definition says, where the bot writes sets.
func (e *Engine) setIs(want permset.Definition) bool {
	return !e.Sets.present() || e.setRecord(want.Name).is(want)
}

// is reports whether a set was read back as a definition says, and not only as
// one said that was in force before.
func (r SetRecord) is(want permset.Definition) bool {
	digest, err := want.Digest()
	return err == nil && r.State == SetApplied && r.Digest == digest
}
