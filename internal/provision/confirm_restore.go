package provision

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/provision/fault"
	"aws-access-bot/internal/provision/permset"
)

// restoreCheck is what was last found out of who is to get something back: why he
// does not, "" when he does, and whether that is because of who joined a group.
type restoreCheck struct {
	at   time.Time
	left string
	grew bool
}

// rollCutoverBack puts back what a cutover took away, item by item, and ends the
// roll-back once each is live again or left.
func (e *Engine) rollCutoverBack(ctx context.Context, v *view, c Cutover) error {
	items, changed := slices.Clone(c.Items), false
	for n, i := range items {
		if i.over() {
			continue
		}
		next, err := e.putItemBack(ctx, v, c, i)
		if err != nil {
			return err
		}
		items[n], changed = next, changed || next != i
	}
	if changed {
		c.Items = items
		if err := e.saveCutovers(ctx, v, []Cutover{c}, nil); err != nil {
			return err
		}
	}
	if slices.ContainsFunc(items, func(i CutoverItem) bool { return !i.over() }) {
		v.alarm.set(v.now.Add(e.pace(readFirst)))
		return nil
	}
	c.State, c.People = access.CutoverRolledBack, nil
	if err := e.saveCutovers(ctx, v, []Cutover{c}, nil); err != nil {
		return err
	}
	e.auditCutover(ctx, c, fmt.Sprintf("%d of %d put back", c.restored(), len(c.Items)))
	v.alarm.set(v.now)
	return e.tellCutover(ctx, v, &c)
}

// restored is how many items are live again.
func (c Cutover) restored() int {
	n := 0
	for _, i := range c.Items {
		if !i.Restored.IsZero() {
			n++
		}
	}
	return n
}

// putItemBack returns an item as far as it is by now. What may be put back, and
// is not under way yet, is begun.
func (e *Engine) putItemBack(ctx context.Context, v *view, c Cutover, i CutoverItem) (CutoverItem, error) {
	r := e.book.record(i.Assignment)
	switch {
	case r.rollsBack() && r.State == Live:
		i.Restored = r.ReadBack
		return i, nil
	case r.rollsBack() && r.Op != nil:
		return i, nil // its end decides
	case r.looksAgain() && !e.isLate(v, c):
		return i, nil // whether it is there decides
	}
	if !i.fromEntra() {
		i.Left = "it is not from Entra, so nobody can tell who would get it"
		return i, nil
	}
	if r.State == Removing {
		i.Left = "somebody made it again, and that is being taken away"
		return i, nil
	}
	if i.Left = v.declares(i.Assignment); i.Left != "" {
		return i, nil
	}
	if i.permitsOther(v.force.Repo) {
		i.Left = fmt.Sprintf("the permission set %s permits something else by now; `/aws-access request` asks for it", i.Assignment.PermissionSet)
		return i, nil
	}
	if !r.rollsBack() && !i.asItWas(r) {
		i.Left = "it was granted again since, and taken away again"
		return i, nil
	}
	revoked, err := e.Origins.Revoked(ctx, i.Assignment)
	if err != nil {
		return i, fmt.Errorf("whether somebody asked for the removal of %s: %w", i.Assignment, err)
	}
	if revoked {
		i.Left = "somebody asked in chat that it be taken away"
		return i, nil
	}
	found, err := e.stillTheSame(ctx, v, c, i)
	late := e.isLate(v, c)
	switch {
	case found.left != "":
		i.Left, i.Grew = found.left, found.grew
		return i, nil
	case late && r.rollsBack() && r.Trouble != "":
		i.Left = "it could not be put back within an hour. " + r.Trouble
		return i, nil
	case late:
		i.Left = "it could not be put back within an hour"
		return i, nil
	case !i.End.IsZero() && v.doubtful:
		return i, nil // whether it has ended is told later
	case i.ended(v.now):
		i.Left = "its grant was to end at " + i.End.Format(time.RFC3339) + " anyway"
		return i, nil
	case err != nil:
		e.opts.Log.Warn("look up who is to get access back", "assignment", i.Assignment.String(), "error", err)
		return i, nil // asked again
	}
	v.restorable[i.Assignment] = i.PrincipalID
	if r.rollsBack() && r.State == Adding {
		return i, nil
	}
	v.alarm.set(v.now) // its pair is read next
	return i, e.book.save(ctx, StepNoted, Record{Assignment: i.Assignment, State: Adding, Since: v.now, PrincipalID: i.PrincipalID,
		Cause: Cause{Kind: CauseRollBack, Commit: c.Commit, End: i.End}})
}

// noFile stands for what a permission set without a file permits: only AWS knows.
const noFile = "no file"

// permits names what the file of a permission set has it permit.
func permits(repo *config.Repo, set string) string {
	file, ok := repo.PermissionSets[set]
	if !ok {
		return noFile
	}
	d := permset.Of(file)
	digest, err := permset.Definition{Managed: d.Managed, Customer: d.Customer, Inline: d.Inline, Boundary: d.Boundary}.Digest()
	if err != nil {
		return "" // unreachable: there is nothing in it that JSON has not
	}
	return digest
}

// permitsOther reports whether the config repo has a permission set permit something
// else than when the access was taken away: who approved that was not shown those who
// had it before, for they had it no more. A file that went changes nothing in AWS.
func (i CutoverItem) permitsOther(repo *config.Repo) bool {
	now := permits(repo, i.Assignment.PermissionSet)
	return i.Permits != "" && now != noFile && now != i.Permits
}

// asItWas reports whether nothing was undertaken for an item since it was read
// back as gone. Whatever was, by a commit or by somebody's word in chat, came
// after the removal that is asked about, and so did its end: to put the item back
// would undo that one.
func (i CutoverItem) asItWas(r Record) bool { return r.State == Gone && r.Removed.Equal(i.Removed) }

// declares says why the config in force itself settles an assignment, or that it
// has no place for it; "" when it does not.
func (v *view) declares(a config.Assignment) string {
	if _, desired := v.wants[a]; desired {
		return "the config repo grants it by now"
	}
	account, ok := v.force.Repo.AccountByID(a.Account)
	if !ok || account.Stage != config.StageSSO {
		return "the config repo does not have the account as sso any more"
	}
	file, ok := v.force.Repo.PrincipalFile(a.Principal)
	if !ok {
		return ""
	}
	for _, g := range file.Access {
		names := func(x *config.Account) bool { return x.ID == a.Account }
		if g.PermissionSet == a.PermissionSet && slices.ContainsFunc(v.force.Repo.Resolve(g), names) {
			return "a line of the config repo is about it, and does not grant it now"
		}
	}
	return ""
}

// stillTheSame finds out whether somebody is still who had it: there in Entra,
// under the very id in Identity Center that had it, and no more people than had
// it. An error is worth another look. What was found out holds for a moment.
func (e *Engine) stillTheSame(ctx context.Context, v *view, c Cutover, i CutoverItem) (restoreCheck, error) {
	if had, ok := e.desk.restoring[i.Assignment]; ok && v.now.Sub(had.at) < e.pace(checkedFor) {
		return had, nil
	}
	callCtx, cancel := e.call(ctx)
	defer cancel()
	look := e.groupTheSame
	if i.Assignment.Principal.Kind == config.UserPrincipal {
		look = e.userTheSame
	}
	found := restoreCheck{at: v.now}
	var err error
	if found.left, err = look(callCtx, i); err != nil {
		return restoreCheck{}, err
	}
	if found.left == "" && i.hasPeople() {
		users, err := e.membersOf(ctx, PrincipalRecord{Principal: i.Assignment.Principal})
		if err != nil {
			return restoreCheck{}, fmt.Errorf("who is in group %s: %w", i.Assignment.Principal.ID, err)
		}
		found.left, found.grew = v.grown(c, i, users)
	}
	e.desk.restoring[i.Assignment] = found
	return found, nil
}

func (e *Engine) groupTheSame(ctx context.Context, i CutoverItem) (string, error) {
	id := i.Assignment.Principal.ID
	g, err := e.Entra.Group(ctx, id)
	switch {
	case errors.Is(err, fault.ErrNotFound):
		return "Entra has no such group any more", nil
	case err != nil:
		return "", fmt.Errorf("group %s: %w", id, err)
	case i.renamed(g.Name):
		return fmt.Sprintf("the group is named %q in Entra by now", g.Name), nil
	}
	found, ok, err := e.Center.FindGroup(ctx, id, i.PrincipalID, cmp.Or(g.Name, i.Who))
	if err != nil {
		return "", fmt.Errorf("group %s in the identity store: %w", id, err)
	}
	return i.underItsID(found.ID, ok), nil
}

func (e *Engine) userTheSame(ctx context.Context, i CutoverItem) (string, error) {
	id := i.Assignment.Principal.ID
	u, err := e.Entra.UserByID(ctx, id)
	switch {
	case errors.Is(err, fault.ErrNotFound):
		return "Entra has no such user any more", nil
	case err != nil:
		return "", fmt.Errorf("user %s: %w", id, err)
	case !u.Enabled:
		return "the user's account in Entra is switched off", nil
	case u.Guest:
		return "the user is a guest of the tenant", nil
	case i.renamed(strings.ToLower(u.Name)):
		return fmt.Sprintf("the user is named %q in Entra by now", u.Name), nil
	}
	found, ok, err := e.Center.FindUser(ctx, id, i.PrincipalID, cmp.Or(u.Name, i.Who))
	if err != nil {
		return "", fmt.Errorf("user %s in the identity store: %w", id, err)
	}
	if ok && !found.Enabled {
		return "the user is switched off in Identity Center", nil
	}
	return i.underItsID(found.ID, ok), nil
}

// renamed reports whether Entra has an item's principal under another name than
// it had: what it is for, or who is in it, may be another thing by now, and what
// the config repo grants is not set up then either.
func (i CutoverItem) renamed(name string) bool {
	who := i.Who
	if i.Assignment.Principal.Kind == config.UserPrincipal {
		who = strings.ToLower(who)
	}
	return name != who && i.Who != i.Assignment.Principal.String()
}

// underItsID says why an item is left when its principal is not found under the
// id that had it.
func (i CutoverItem) underItsID(id string, found bool) string {
	switch {
	case !found:
		return "Identity Center does not have it any more"
	case id != i.PrincipalID:
		return "it was made again in Identity Center since, under another id"
	}
	return ""
}

// rollBack plans to put back what nobody confirmed.
func (p *planner) rollBack(a config.Assignment, id string) {
	if p.claimed(a) || p.listed(a, id) == Listed {
		return
	}
	rec := p.in.Records[a]
	c := Change{Kind: Add, Assignment: a, PrincipalID: id, Cause: Cause{Kind: CauseRollBack, Commit: p.in.Commit}}
	if rec.RollBack != nil {
		c.Cause, c.End = *rec.RollBack, rec.RollBack.End
	}
	if code, why := p.obstacle(&Desire{Desired: config.Desired{Assignment: a, Named: true}}, &PrincipalState{}); code != "" {
		p.block(a, code, why)
		return
	}
	if p.listed(a, id) == NotKnown {
		p.wait(c, CodeUnread)
		return
	}
	p.add(c)
}
