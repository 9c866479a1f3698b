package provision

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision/fault"
)

// A roll-back may not give access to more people than had it: who is in a group
// is decided in Entra, where somebody may join it because it is known that its
// access comes back. So who is in each group is read before its access is taken
// away, and what grew since by more than a grant may between its approval and its
// merge is held.

// readPeople notes in a cutover who is in the groups of its items, as far as that
// was not read yet, and reports whether all were. It holds nothing up: what Entra
// does not tell now is asked again in a later pass, while nobody was asked yet
// whether people are still in.
func (e *Engine) readPeople(ctx context.Context, v *view, c Cutover, items []CutoverItem) (_ Cutover, all bool) {
	people := maps.Clone(c.People)
	for _, i := range items {
		group := i.Assignment.Principal
		if _, read := people[group.ID]; read || !i.hasPeople() {
			continue
		}
		look := "who is in the group " + group.ID
		if next := e.desk.lookFails[look].next; next.After(v.now) {
			v.alarm.set(next)
			return c, false
		}
		users, err := e.membersOf(ctx, PrincipalRecord{Principal: group})
		if err != nil && !errors.Is(err, fault.ErrNotFound) { // one that is gone has nobody
			e.opts.Log.Warn("who is in a group whose access goes", "group", group.ID, "error", err)
			next, _ := e.lookAgain(look, err)
			v.alarm.set(next)
			c.People = people
			return c, false // the others would fail alike
		}
		delete(e.desk.lookFails, look)
		if people == nil {
			people = map[string][]string{}
		}
		people[group.ID] = userIDs(users)
	}
	c.People = people
	return c, true
}

// hasPeople reports whether an item is of a group of Entra.
func (i CutoverItem) hasPeople() bool {
	return i.Assignment.Principal.Kind == config.GroupPrincipal && i.fromEntra()
}

// userIDs are the object ids of users, sorted; not nil.
func userIDs(users []User) []string {
	ids := make([]string, len(users))
	for n, u := range users {
		ids[n] = u.ID
	}
	slices.Sort(ids)
	return ids
}

// grown says why an item of a group is left: more people would get it than had it,
// by what the config in force lets a group grow, or that is not known. It is ""
// when it may come back.
func (v *view) grown(c Cutover, i CutoverItem, now []User) (left string, grew bool) {
	had, read := c.People[i.Assignment.Principal.ID]
	if !read {
		return "who was in the group when it was taken away could not be read from Entra, so it is not known who would get it anew; `/aws-access request` asks for it", false
	}
	term := config.Term{Standing: i.End.IsZero(), End: i.End}
	rule, ok := v.force.Repo.RuleFor(i.Assignment, term, v.now)
	came, tooMany := v.force.Repo.Access.Limits.Grown(had, userIDs(now), ok && rule.PinnedPeople)
	if !tooMany {
		return "", false
	}
	var names []string
	for _, u := range now {
		if slices.Contains(came, u.ID) {
			names = append(names, u.called())
		}
	}
	slices.Sort(names)
	return fmt.Sprintf("%s joined the group meanwhile (%s); %s in it when the access was taken away", numbered(len(came), "person has", "people have"), shown(names), numbered(len(had), "was", "were")), true
}

// numbered says a number with the word for it.
func numbered(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprint(n, " ", more)
}

// whomToAsk says what to do about what was held because of who joined; "" when
// nothing was.
func (c Cutover) whomToAsk(repo *config.Repo) string {
	var owners []string
	held := false
	for _, i := range c.Items {
		if !i.Grew {
			continue
		}
		held = true
		for _, name := range repo.OwnersOf(i.Assignment) {
			if !slices.Contains(owners, name) {
				owners = append(owners, name)
			}
		}
	}
	if !held {
		return ""
	}
	if len(owners) == 0 {
		owners = []string{"the people of the control plane"}
	}
	return fmt.Sprintf("\nTo put back what is left because of who joined would give it to people who did not have it. Ask %s who of them should: take out of the group in Entra who should not, and ask for the access with `/aws-access request`, whose approvers are shown who is in the group.", strings.Join(owners, ", "))
}
