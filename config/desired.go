package config

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Key returns the identity of a grant in this file. Equal grants of one
// principal have equal keys however they are written; the reason is no part.
func (f *PrincipalFile) Key(g Grant) GrantKey {
	return GrantKey(string(f.Principal.Kind) + "/" + f.Principal.ID + " " + g.canonical(g.Account))
}

// canonical writes a grant without reason, with the account under a name that
// the caller chooses. The form is durable: it is part of stored keys.
func (g Grant) canonical(account string) string {
	var b strings.Builder
	b.Grow(128)
	if g.Accounts != nil {
		b.WriteString("accounts=")
		b.WriteString(g.Accounts.canonical())
	} else {
		b.WriteString("account=")
		b.WriteString(account)
	}
	b.WriteString(" permission_set=")
	b.WriteString(g.PermissionSet)
	switch {
	case !g.Expires.IsZero():
		b.WriteString(" expires=")
		b.WriteString(formatTime(g.Expires))
	case g.Duration != 0:
		b.WriteString(" duration=")
		b.WriteString(FormatDuration(g.Duration))
	}
	if g.Request != "" {
		b.WriteString(" request=")
		b.WriteString(g.Request)
	}
	return b.String()
}

func (s *Selector) canonical() string {
	parts := []string{}
	if s.OU != "" {
		parts = append(parts, "ou:"+strconv.Quote(s.OU))
	}
	for _, key := range slices.Sorted(maps.Keys(s.Tags)) {
		parts = append(parts, strconv.Quote(key)+":"+strconv.Quote(s.Tags[key]))
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// Term returns how long the grant lasts as it is declared.
func (g Grant) Term() Term {
	switch {
	case !g.Expires.IsZero():
		return Term{End: g.Expires}
	case g.Duration != 0:
		return Term{For: g.Duration}
	default:
		return Term{Standing: true}
	}
}

// End returns when a grant that came into force with s ends, or that it is
// standing and end is zero.
func (g Grant) End(s Start) (end time.Time, standing bool) {
	switch {
	case !g.Expires.IsZero():
		return g.Expires, false
	case g.Duration != 0:
		return s.MergedAt.Add(g.Duration), false
	default:
		return time.Time{}, true
	}
}

// String returns the term for people: "standing", "4h", or the time of its end.
func (t Term) String() string {
	switch {
	case t.Standing:
		return "standing"
	case t.For != 0:
		return FormatDuration(t.For)
	default:
		return "until " + formatTime(t.End)
	}
}

// GrantRef is a grant with its file.
type GrantRef struct {
	Key   GrantKey
	File  *PrincipalFile
	Grant Grant
}

// Grants returns all grants of the repo, sorted by key.
func (r *Repo) Grants() []GrantRef {
	var refs []GrantRef
	for _, f := range r.principals() {
		for _, g := range f.Access {
			refs = append(refs, GrantRef{f.Key(g), f, g})
		}
	}
	slices.SortFunc(refs, func(a, b GrantRef) int { return cmp.Compare(a.Key, b.Key) })
	return refs
}

// Resolve returns the accounts of a grant, sorted by id. A selector chooses
// among the account files; nothing ever resolves to a legacy account or to the
// management account.
func (r *Repo) Resolve(g Grant) []*Account {
	return newResolver(r).accounts(g)
}

// resolver resolves many grants of one repo; equal selectors are resolved
// once.
type resolver struct {
	repo      *Repo
	open      []*Account // accounts that may be granted, by id; nil until needed
	selectors map[string][]*Account
}

func newResolver(r *Repo) *resolver {
	return &resolver{repo: r, selectors: map[string][]*Account{}}
}

func (rs *resolver) accounts(g Grant) []*Account {
	if g.Accounts == nil {
		a, ok := rs.repo.Accounts[g.Account]
		if !ok || rs.repo.refusal(a) != nil {
			return nil
		}
		return []*Account{a}
	}
	key := g.Accounts.canonical()
	found, known := rs.selectors[key]
	if !known {
		found = rs.selected(g.Accounts)
		rs.selectors[key] = found
	}
	return found
}

func (rs *resolver) selected(s *Selector) []*Account {
	if rs.open == nil {
		rs.open = []*Account{}
		for _, a := range rs.repo.Accounts {
			if rs.repo.refusal(a) == nil {
				rs.open = append(rs.open, a)
			}
		}
		slices.SortFunc(rs.open, func(a, b *Account) int { return cmp.Compare(a.ID, b.ID) })
	}
	var found []*Account
	for _, a := range rs.open {
		if s.selects(a) {
			found = append(found, a)
		}
	}
	return found
}

// selects reports whether the selector fits an account. A selector without
// members, which no valid file has, fits none.
func (s *Selector) selects(a *Account) bool {
	if s.OU == "" && len(s.Tags) == 0 {
		return false
	}
	return (s.OU == "" || OUContains(s.OU, a.OU)) && hasTags(a, s.Tags)
}

// late reports a grant that was merged so long after it was asked that it
// grants nothing. A grant that nobody asked for in chat has no AskedAt and is
// never late.
func (l Limits) late(s Start) bool {
	return l.StartBy > 0 && !s.AskedAt.IsZero() && s.MergedAt.Sub(s.AskedAt) > l.StartBy
}

// Desired returns the assignments that should exist at now, sorted. A grant
// that starts does not know is not in force yet. Where several grants make one
// assignment the latest end wins, and standing beats any end.
func (r *Repo) Desired(starts Starts, now time.Time) []Desired {
	return listDesired(r.desired(starts, now, r.principals()))
}

// DesiredOf returns the assignments of one principal that should exist at now,
// sorted: what [Repo.Desired] has of it, without looking at the grants of
// others. It is empty for a principal without a file.
func (r *Repo) DesiredOf(p Principal, starts Starts, now time.Time) []Desired {
	f, ok := r.PrincipalFile(p)
	if !ok {
		return nil
	}
	return listDesired(r.desired(starts, now, []*PrincipalFile{f}))
}

func listDesired(made map[Assignment]*wanted) []Desired {
	out := make([]Desired, 0, len(made))
	for _, key := range sortedAssignments(made) {
		d := made[key]
		slices.Sort(d.grants)
		out = append(out, Desired{Assignment: key, End: d.end, Grants: d.grants, Named: d.named})
	}
	return out
}

// wanted is an assignment in the making.
type wanted struct {
	end    time.Time // zero means standing
	term   Term      // of the grant that decides end
	winner GrantKey
	grants []GrantKey
	named  bool
}

func (r *Repo) desired(starts Starts, now time.Time, files []*PrincipalFile) map[Assignment]*wanted {
	made := map[Assignment]*wanted{}
	rs := newResolver(r)
	for _, f := range files {
		for _, g := range f.Access {
			key := f.Key(g)
			start, known := starts[key]
			if !known || r.Access.Limits.late(start) {
				continue
			}
			end, standing := g.End(start)
			if !standing && !end.After(now) {
				continue
			}
			for _, a := range rs.accounts(g) {
				assignment := Assignment{f.Principal, a.ID, g.PermissionSet}
				w, ok := made[assignment]
				if !ok {
					w = &wanted{}
					made[assignment] = w
				}
				w.add(key, g, end)
			}
		}
	}
	return made
}

// add counts a grant in. Of two with the same end the one with the smaller key
// decides the declared term, so that the order of lines is no matter.
func (w *wanted) add(key GrantKey, g Grant, end time.Time) {
	first := len(w.grants) == 0
	w.grants = append(w.grants, key)
	w.named = w.named || g.Accounts == nil
	later := compareEnds(end, w.end)
	if first || later > 0 || later == 0 && key < w.winner {
		w.end, w.term, w.winner = end, g.Term(), key
	}
}

// compareEnds orders ends; zero means never and is the latest.
func compareEnds(a, b time.Time) int {
	switch {
	case a.IsZero() && b.IsZero():
		return 0
	case a.IsZero():
		return 1
	case b.IsZero():
		return -1
	}
	return a.Compare(b)
}

// Ends returns the next time strictly after a time at which a grant in force
// ends, and false if none does.
func (r *Repo) Ends(starts Starts, after time.Time) (time.Time, bool) {
	var next time.Time
	for _, f := range r.principals() {
		for _, g := range f.Access {
			start, known := starts[f.Key(g)]
			if !known || r.Access.Limits.late(start) {
				continue
			}
			end, standing := g.End(start)
			if !standing && end.After(after) && (next.IsZero() || end.Before(next)) {
				next = end
			}
		}
	}
	return next, !next.IsZero()
}

func sortedAssignments[V any](m map[Assignment]V) []Assignment {
	return slices.SortedFunc(maps.Keys(m), Assignment.Compare)
}

// describe writes an access entry in one line, with its reason, for people and
// for comparing.
func (g Grant) describe(account string) string {
	if g.Reason == "" {
		return g.canonical(account)
	}
	return fmt.Sprintf("%s reason=%q", g.canonical(account), g.Reason)
}
