package config

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// Compare returns what head changes against base. A nil base is an empty repo.
// Assignments are compared as they are desired at a time, with the starts of
// the grants of base; a grant that is new in head, or that starts does not
// know, is taken to start at that time. Both repos must be valid.
func Compare(base, head *Repo, starts Starts, at time.Time) Change {
	c := newComparison(base, head)
	c.files()
	c.access()
	c.assignments(starts, at)
	c.control()
	c.sort()
	return c.change
}

// NextStarts returns the starts of all grants of head, which follows base:
// grants that base has keep what known says, and all others start with at. A
// grant stays the same through a rename of its account's file. A nil base is an
// empty repo.
func NextStarts(base, head *Repo, known Starts, at Start) Starts {
	c := newComparison(base, head)
	_, next := c.starts(c.pairs, known, at)
	return next
}

// comparison holds two repos side by side while their change is put together.
type comparison struct {
	base, head *Repo
	// accounts has, by the slug in head, the slug in base of the account
	// file that it continues.
	accounts map[string]string
	// sameAccounts is true when the account files are the very same ones, as
	// they are when both repos come from one [Cache] and none was touched.
	sameAccounts bool
	pairs        []pair
	removed      []line // lines of base that head does not have
	added        []line
	change       Change
}

// pair is a principal file in both repos. Either may be nil.
type pair struct {
	base, head *PrincipalFile
}

// line is an access entry that differs.
type line struct {
	file  *PrincipalFile
	grant Grant
	entry FieldChange
}

func newComparison(base, head *Repo) *comparison {
	if base == nil {
		base = &Repo{}
	}
	c := &comparison{base: base, head: head, accounts: map[string]string{}}
	c.sameAccounts = base.Access.ManagementAccount == head.Access.ManagementAccount &&
		maps.Equal(base.Accounts, head.Accounts)
	c.matchAccounts()
	c.matchPrincipals()
	return c
}

// matchAccounts finds for each account file of head the one of base that it
// continues: the one with its id, otherwise the one at its path, unless that
// one went on elsewhere.
func (c *comparison) matchAccounts() {
	byID := make(map[string]string, len(c.base.Accounts))
	for slug, a := range c.base.Accounts {
		byID[a.ID] = slug
	}
	continued := make(map[string]bool, len(c.base.Accounts))
	for slug, a := range c.head.Accounts {
		if old, ok := byID[a.ID]; ok {
			c.accounts[slug], continued[old] = old, true
		}
	}
	for slug := range c.head.Accounts {
		_, matched := c.accounts[slug]
		if _, ok := c.base.Accounts[slug]; ok && !matched && !continued[slug] {
			c.accounts[slug] = slug
		}
	}
}

// matchPrincipals does the same for group and user files.
func (c *comparison) matchPrincipals() {
	old := map[Principal]*PrincipalFile{}
	atPath := map[string]*PrincipalFile{}
	for _, f := range c.base.principals() {
		old[f.Principal], atPath[f.Path()] = f, f
	}
	heads := c.head.principals()
	partner := make(map[*PrincipalFile]*PrincipalFile, len(heads))
	for _, f := range heads {
		if b := old[f.Principal]; b != nil {
			partner[f] = b
			delete(atPath, b.Path())
		}
	}
	for _, f := range heads {
		if b := atPath[f.Path()]; b != nil && partner[f] == nil {
			partner[f] = b
			delete(atPath, f.Path())
		}
		c.pairs = append(c.pairs, pair{partner[f], f})
	}
	for _, path := range slices.Sorted(maps.Keys(atPath)) {
		c.pairs = append(c.pairs, pair{base: atPath[path]})
	}
}

// handle names an account of head so that the same account of base has the
// same name. The sign before a new account's slug is in no slug.
func (c *comparison) handle(slug string) string {
	if old, ok := c.accounts[slug]; ok {
		return old
	}
	return "+" + slug
}

// starts returns the starts of the grants of some files in base and in head. A
// grant of base that known does not have starts with at.
func (c *comparison) starts(pairs []pair, known Starts, at Start) (base, head Starts) {
	base, head = Starts{}, Starts{}
	for _, p := range pairs {
		kept := map[string]Start{}
		if p.base != nil {
			for _, g := range p.base.Access {
				key := p.base.Key(g)
				start, ok := known[key]
				if !ok {
					start = at
				}
				base[key] = start
				kept[g.canonical(g.Account)] = start
			}
		}
		if p.head == nil {
			continue
		}
		for _, g := range p.head.Access {
			start, ok := kept[g.canonical(c.handle(g.Account))]
			if !ok || p.base.Principal != p.head.Principal || !c.sameAccount(g) {
				start = at
			}
			head[p.head.Key(g)] = start
		}
	}
	return base, head
}

// sameAccount reports whether the account that a grant of head names has kept
// its id.
func (c *comparison) sameAccount(g Grant) bool {
	if g.Accounts != nil {
		return true
	}
	now, then := c.head.Accounts[g.Account], c.base.Accounts[c.accounts[g.Account]]
	return now != nil && then != nil && now.ID == then.ID
}

// files lists new files and removed principals, with what they say.
func (c *comparison) files() {
	for slug, a := range c.head.Accounts {
		if _, known := c.accounts[slug]; known {
			continue
		}
		path := accountPath(slug)
		c.change.NewAccounts = append(c.change.NewAccounts, path)
		c.content(path, nil, accountFields(a))
	}
	for _, p := range c.pairs {
		if p.base == nil {
			c.change.NewPrincipals = append(c.change.NewPrincipals, p.head.Path())
			c.content(p.head.Path(), nil, principalFields(p.head))
		}
	}
}

func (c *comparison) content(path string, old, now []field) {
	c.change.Content = append(c.change.Content, fieldChanges(path, old, now)...)
}

// access finds the access entries that differ.
func (c *comparison) access() {
	for _, p := range c.pairs {
		if p.base == p.head && c.sameAccounts {
			continue
		}
		c.accessOf(p)
	}
}

func (c *comparison) accessOf(p pair) {
	old := map[string]Grant{}
	if p.base != nil {
		for _, g := range p.base.Access {
			old[g.canonical(g.Account)] = g
		}
	}
	if p.head != nil {
		for _, g := range p.head.Access {
			key := g.canonical(c.handle(g.Account))
			was, kept := old[key]
			delete(old, key)
			switch entry := (FieldChange{Path: p.head.Path(), Field: accessField, New: g.describe(g.Account)}); {
			case !kept:
				c.added = append(c.added, line{p.head, g, entry})
			case was.Reason != g.Reason:
				entry.Old = was.describe(was.Account)
				c.change.Content = append(c.change.Content, entry)
				c.change.Entries = append(c.change.Entries, entry)
			}
		}
	}
	for _, g := range old {
		entry := FieldChange{Path: p.base.Path(), Field: accessField, Old: g.describe(g.Account)}
		c.removed = append(c.removed, line{p.base, g, entry})
	}
}

// accessField is the field of a change of an access entry.
const accessField = "access"

// assignments fills the lists of assignments, and puts those changed entries
// that made no difference under Entries.
func (c *comparison) assignments(starts Starts, at time.Time) {
	pairs := c.differing()
	baseStarts, headStarts := c.starts(pairs, starts, Start{MergedAt: at})
	var baseFiles, headFiles []*PrincipalFile
	for _, p := range pairs {
		if p.base != nil {
			baseFiles = append(baseFiles, p.base)
		}
		if p.head != nil {
			headFiles = append(headFiles, p.head)
		}
	}
	old := c.base.desired(baseStarts, at, baseFiles)
	now := c.head.desired(headStarts, at, headFiles)
	touched := map[Assignment]bool{}
	oldRules, newRules := newResolver(c.base), newResolver(c.head)
	reach := make([][]Assignment, 0, len(c.removed)+len(c.added))
	for _, l := range c.removed {
		reach = append(reach, l.assignments(oldRules, touched))
	}
	for _, l := range c.added {
		reach = append(reach, l.assignments(newRules, touched))
	}
	changed := c.changedAssignments(old, now, touched)
	c.removedFiles(changed)
	for i, l := range slices.Concat(c.removed, c.added) {
		c.change.Content = append(c.change.Content, l.entry)
		if !anyOf(reach[i], changed) {
			c.change.Entries = append(c.change.Entries, l.entry)
		}
	}
	c.idle(reach, changed, c.given(reach, baseStarts, at), headStarts)
}

// gift is what a removed line gave: an assignment, and by which selector.
type gift struct {
	assignment Assignment
	selector   string
}

// given returns until when the removed lines that are in force at a time give
// what they reach. What has ended gives nothing: the same line under another
// key would begin anew.
func (c *comparison) given(reach [][]Assignment, starts Starts, at time.Time) map[gift]ending {
	out := map[gift]ending{}
	for i, l := range c.removed {
		start := starts[l.file.Key(l.grant)]
		end := endingOf(l.grant, start)
		if c.base.Access.Limits.late(start) || !end.after(ending{end: at}) {
			continue
		}
		for _, a := range reach[i] {
			for _, by := range []string{l.selector(), ""} {
				k := gift{a, by}
				if had, ok := out[k]; !ok || end.after(had) {
					out[k] = end
				}
			}
		}
	}
	return out
}

// selector is how a line selects accounts, "" where it names one.
func (l line) selector() string {
	if l.grant.Accounts == nil {
		return ""
	}
	return l.grant.Accounts.canonical()
}

// ending is when something ends; standing things end after all others.
type ending struct {
	end      time.Time
	standing bool
}

func endingOf(g Grant, s Start) ending {
	end, standing := g.End(s)
	return ending{end, standing}
}

// after reports whether e ends later than f.
func (e ending) after(f ending) bool {
	return !f.standing && (e.standing || e.end.After(f.end))
}

// idle fills the list of what entries that came in do not give now. reach has
// the assignments of each removed and then of each added entry. What a removed
// line gave for as long is nothing new; a selector gives more than the accounts
// that it selects today, and only the same one gave that too.
func (c *comparison) idle(reach [][]Assignment, changed map[Assignment]bool, given map[gift]ending, starts Starts) {
	for i, l := range c.added {
		term := l.grant.Term()
		end := endingOf(l.grant, starts[l.file.Key(l.grant)])
		all := reach[len(c.removed)+i]
		if len(all) == 0 {
			c.change.Idle = append(c.change.Idle, AssignmentChange{Assignment: Assignment{l.file.Principal, "", l.grant.PermissionSet}, New: &term})
		}
		for _, a := range all {
			had, gave := given[gift{a, l.selector()}]
			if !changed[a] && (!gave || end.after(had)) {
				c.change.Idle = append(c.change.Idle, AssignmentChange{Assignment: a, New: &term})
			}
		}
	}
}

// removedFiles records principal files that are gone: as an entry of their own
// where no assignment goes with them, and as the control plane's where its field
// owners goes, or where another file has the slug now.
func (c *comparison) removedFiles(changed map[Assignment]bool) {
	gone := map[Principal]bool{}
	for a := range changed {
		gone[a.Principal] = true
	}
	for _, p := range c.pairs {
		if p.head != nil {
			continue
		}
		entry := FieldChange{Path: p.base.Path(), Old: fieldsText(principalFields(p.base))}
		c.change.Content = append(c.change.Content, entry)
		if len(p.base.Owners) > 0 || c.headHas(p.base) {
			c.change.Control = append(c.change.Control, entry)
		}
		if !gone[p.base.Principal] {
			c.change.Entries = append(c.change.Entries, entry)
		}
	}
}

// headHas reports whether head has a file at the path of one of base.
func (c *comparison) headHas(f *PrincipalFile) bool {
	files := c.head.Groups
	if f.Principal.Kind == UserPrincipal {
		files = c.head.Users
	}
	_, has := files[f.Slug]
	return has
}

func (l line) assignments(rs *resolver, touched map[Assignment]bool) []Assignment {
	var out []Assignment
	for _, a := range rs.accounts(l.grant) {
		assignment := Assignment{l.file.Principal, a.ID, l.grant.PermissionSet}
		touched[assignment] = true
		out = append(out, assignment)
	}
	return out
}

func anyOf(list []Assignment, in map[Assignment]bool) bool {
	return slices.ContainsFunc(list, func(a Assignment) bool { return in[a] })
}

// changedAssignments compares by resolved end and returns what it listed.
func (c *comparison) changedAssignments(old, now map[Assignment]*wanted, touched map[Assignment]bool) map[Assignment]bool {
	changed := map[Assignment]bool{}
	note := func(list *[]AssignmentChange, a Assignment, before, after *wanted) {
		changed[a] = true
		ac := AssignmentChange{Assignment: a, FromControl: !touched[a]}
		if before != nil {
			ac.Old = &before.term
		}
		if after != nil {
			ac.New = &after.term
		}
		*list = append(*list, ac)
	}
	for a, w := range now {
		was := old[a]
		switch {
		case was == nil:
			note(&c.change.Added, a, nil, w)
		case compareEnds(w.end, was.end) > 0:
			note(&c.change.Lengthened, a, was, w)
		case compareEnds(w.end, was.end) < 0:
			note(&c.change.Shortened, a, was, w)
		}
	}
	for a, was := range old {
		if now[a] == nil {
			note(&c.change.Removed, a, was, nil)
		}
	}
	return changed
}

// differing returns the principal files that can make a difference: a
// principal's assignments depend on its own file and on the account files
// only.
func (c *comparison) differing() []pair {
	if !c.sameAccounts || c.base.Access.Limits.StartBy != c.head.Access.Limits.StartBy {
		return c.pairs
	}
	var pairs []pair
	for _, p := range c.pairs {
		if p.base != p.head {
			pairs = append(pairs, p)
		}
	}
	return pairs
}

// sort puts every list in its order, which is part of the fingerprint.
func (c *comparison) sort() {
	for _, list := range [][]AssignmentChange{c.change.Added, c.change.Lengthened, c.change.Shortened, c.change.Removed, c.change.Idle} {
		slices.SortStableFunc(list, func(a, b AssignmentChange) int { return a.Assignment.Compare(b.Assignment) })
	}
	for _, list := range [][]FieldChange{c.change.Control, c.change.Entries, c.change.Content} {
		slices.SortFunc(list, func(a, b FieldChange) int {
			return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Field, b.Field), cmp.Compare(a.Old, b.Old), cmp.Compare(a.New, b.New))
		})
	}
	slices.Sort(c.change.NewAccounts)
	slices.Sort(c.change.NewPrincipals)
}
