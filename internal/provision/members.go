package provision

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// namesShown is how many members or groups a sentence names.
const namesShown = 3

// lookInside notes the groups that are members of a group. What cannot be read
// is only not known.
func (e *Engine) lookInside(ctx context.Context, g PrincipalRecord) PrincipalRecord {
	if g.isUser() {
		return g
	}
	callCtx, cancel := e.call(ctx)
	defer cancel()
	nested, err := e.Entra.NestedGroups(callCtx, g.Principal.ID)
	if err != nil {
		e.opts.Log.Warn("groups in a group", "group", g.Principal.ID, "error", err)
		return g
	}
	g.Nested = nestedText(nested)
	return g
}

// nestedText says what it means that groups are members of a group, "" when none
// is.
func nestedText(groups []string) string {
	if len(groups) == 0 {
		return ""
	}
	return fmt.Sprintf("The group has groups as members (%s). Entra provisions direct members only, so whoever is in those alone gets no access: add them to the group themselves.", shown(groups))
}

// called is how people know a user.
func (u User) called() string { return cmp.Or(u.Name, u.ID) }

// shown joins the first of some names, and says how many there are more.
func shown(names []string) string {
	if n := len(names) - namesShown; n > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:namesShown], ", "), n)
	}
	return strings.Join(names, ", ")
}

// countMembers counts how many of the group's enabled direct members are
// members of it in the identity store too, and names some who are not. A user
// is found or not, which find has seen.
func (e *Engine) countMembers(ctx context.Context, g PrincipalRecord) (PrincipalRecord, error) {
	if g.isUser() {
		g.MembersTotal, g.MembersSeen = 1, 1
		if g.Asleep {
			g.MembersSeen = 0
		}
		g.MembersRead, g.MemberLooks, g.Attempts, g.NextTry = e.now(), g.MemberLooks+1, 0, time.Time{}
		return g, nil
	}
	users, err := e.membersOf(ctx, g)
	if err != nil {
		return g, fmt.Errorf("members of group %s in Entra: %w", g.Principal.ID, err)
	}
	if g.MemberLooks == 0 {
		g = e.lookInside(ctx, g)
	}
	callCtx, cancel := context.WithTimeout(ctx, 4*e.opts.CallTimeout) // it is many calls where many are new
	defer cancel()
	there, err := e.Center.Members(callCtx, g.StoreID)
	if err != nil {
		return g, fmt.Errorf("members of group %s in the identity store: %w", g.Principal.ID, err)
	}
	g = g.counted(users, there)
	g.MembersRead, g.MemberLooks = e.now(), g.MemberLooks+1
	g.Attempts, g.NextTry = 0, time.Time{}
	return g, nil
}

// counted holds the direct members of a group in Entra against the external ids
// of those in the identity store. Disabled users are provisioned nowhere and do
// not count.
func (g PrincipalRecord) counted(users []User, there []string) PrincipalRecord {
	in := make(map[string]bool, len(there))
	for _, id := range there {
		in[strings.ToLower(id)] = true
	}
	g.MembersTotal, g.MembersSeen = 0, 0
	var absent []User
	for _, u := range users {
		switch {
		case !u.Enabled:
			continue
		case in[strings.ToLower(u.ID)]:
			g.MembersSeen++
		default:
			absent = append(absent, u)
		}
		g.MembersTotal++
	}
	if len(absent) == 0 {
		g.Refused = ""
	}
	g.Absent = absentText(absent, g.Refused)
	return g
}

// absentText names members who are not in the identity store, those first of
// whom it is known why. refused is what on-demand provisioning said. It is ""
// for nobody.
func absentText(absent []User, refused string) string {
	if len(absent) == 0 {
		return ""
	}
	why := func(u User) string {
		switch {
		case u.Lacks != "":
			return fmt.Sprintf(" (without %s in Entra, which AWS wants)", u.Lacks)
		case u.Name != "" && strings.Contains(refused, u.Name):
			return " (refused by on-demand provisioning)"
		}
		return ""
	}
	slices.SortStableFunc(absent, func(a, b User) int { return min(len(why(b)), 1) - min(len(why(a)), 1) })
	names := make([]string, len(absent))
	for i, u := range absent {
		names[i] = u.called() + why(u)
	}
	return "Not there yet: " + shown(names) + "."
}
