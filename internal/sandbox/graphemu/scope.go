package graphemu

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"time"
)

// account is a user as the job writes it to the target.
type account struct {
	ID, UserName, DisplayName, GivenName, FamilyName string
	Active                                           bool
}

// complete reports whether the target will take the account: AWS needs all of
// userName, displayName, givenName and familyName.
func (a account) complete() bool {
	return a.UserName != "" && a.DisplayName != "" && a.GivenName != "" && a.FamilyName != ""
}

// accountOf maps a user's attributes. A guest's user principal name flows
// without its #EXT# mark (Entra: how provisioning works).
func accountOf(u *User) account {
	return account{
		ID: u.ID, UserName: strings.Replace(u.UserPrincipalName, "#EXT#", "", 1), DisplayName: u.DisplayName,
		GivenName: u.GivenName, FamilyName: u.Surname, Active: !u.Disabled,
	}
}

// scope is what provisioning should see in the target: assigned users, assigned
// groups, and the direct members of those.
type scope struct {
	users  map[string]account
	groups map[string]scopeGroup
}

type scopeGroup struct {
	name    string
	members []string // ids of direct user members, sorted
}

// scope returns what the assignments honoured by now put in scope. The caller
// holds mu.
func (s *Server) scope(now time.Time) scope {
	sc := scope{users: map[string]account{}, groups: map[string]scopeGroup{}}
	for _, a := range s.dir.assignments {
		if a.RoleID == roleDefault || now.Before(a.Honoured) {
			continue
		}
		if u := s.dir.users[a.PrincipalID]; u != nil {
			sc.users[u.ID] = accountOf(u)
		}
		if g := s.dir.groups[a.PrincipalID]; g != nil {
			sc.groups[g.ID] = s.scopeGroup(g, sc.users)
		}
	}
	return sc
}

// scopeGroup returns a group with its direct user members, and adds those to
// users. Nested groups are passed over.
func (s *Server) scopeGroup(g *Group, users map[string]account) scopeGroup {
	out := scopeGroup{name: g.DisplayName}
	for _, id := range g.Members {
		if u := s.dir.users[id]; u != nil {
			out.members = append(out.members, id)
			users[id] = accountOf(u)
		}
	}
	return out
}

// synced is the watermark of the job: what it has exported so far, by object id.
type synced struct {
	users  map[string]syncedUser
	groups map[string]syncedGroup
}

type syncedUser struct {
	account
	targetID string
}

type syncedGroup struct {
	name     string
	targetID string
	members  []string // sorted
}

func newSynced() synced {
	return synced{users: map[string]syncedUser{}, groups: map[string]syncedGroup{}}
}

func (x synced) clone() synced {
	c := synced{users: maps.Clone(x.users), groups: maps.Clone(x.groups)}
	for id, g := range c.groups {
		g.members = slices.Clone(g.members)
		c.groups[id] = g
	}
	return c
}

// errIncomplete is the escrow of a user without a name.
var errIncomplete = errors.New("missing required attributes")

// exporter writes differences to the target and keeps the watermark. Its
// methods stop at a bad token, which they return; every other refusal becomes a
// log entry and is tried again later.
type exporter struct {
	target  Target
	synced  synced
	initial bool // read the target instead of trusting the watermark
	now     func() time.Time
	// nameDefault is the default value of both parts of the name, "" for none.
	nameDefault string
	log         []LogLine
	// exported and escrowed count objects; updated counts those that a call of
	// provisionOnDemand has changed.
	exported, escrowed int
}

// note logs the outcome for one object. A bad token is returned.
func (e *exporter) note(action, kind, id, name, targetID string, err error) error {
	if badToken(err) {
		return err
	}
	entry := LogLine{ID: newGUID(), Time: e.now().UTC(), Action: action, Kind: kind, SourceID: id, SourceName: name, TargetID: targetID, Status: "success"}
	if err != nil {
		entry.Status, entry.Code, entry.Reason = "failure", errorCode(err), err.Error()
		e.escrowed++
	} else {
		e.exported++
	}
	e.log = append(e.log, entry)
	return nil
}

// errorCode is the provisioning log's word for a failed export.
func errorCode(err error) string {
	if errors.Is(err, errIncomplete) {
		return "AttributeValidationFailed"
	}
	return "SystemForCrossDomainIdentityManagementBadResponse"
}

// named fills what a user has no name for with the default of the mapping, which
// the job writes when it creates a user and never when it updates him (Entra:
// customize application attributes, "Default value if null"). So somebody whom
// it created with the default goes on having it.
func (e *exporter) named(a account) account {
	had, known := e.synced.users[a.ID]
	if a.GivenName == "" && (!known || had.GivenName == "") {
		a.GivenName = e.nameDefault
	}
	if a.FamilyName == "" && (!known || had.FamilyName == "") {
		a.FamilyName = e.nameDefault
	}
	return a
}

// user exports one account if it differs; ok means that it is in the target
// afterwards. A disabled user who was never there stays away.
func (e *exporter) user(a account) (ok bool, err error) {
	had, known := e.synced.users[a.ID]
	if known && had.account == a && !e.initial {
		return true, nil
	}
	if !known && !a.Active {
		return false, nil
	}
	full := e.named(a)
	if !full.complete() {
		return known, e.note("create", "User", a.ID, a.DisplayName, "", missing(full))
	}
	id, err := e.target.UpsertUser(a.ID, a.UserName, a.DisplayName, full.GivenName, full.FamilyName, a.Active)
	if err == nil {
		e.synced.users[a.ID] = syncedUser{account: a, targetID: id}
		if known && had.account == a {
			return true, nil
		}
	}
	return err == nil || known, e.note(userAction(known, had.Active, a.Active), "User", a.ID, a.DisplayName, id, err)
}

func userAction(known, was, is bool) string {
	switch {
	case !known:
		return "create"
	case was && !is:
		return "disable"
	}
	return "update"
}

// missing says which names a has not.
func missing(a account) error {
	var names []string
	for _, p := range [][2]string{{"userName", a.UserName}, {"displayName", a.DisplayName}, {"name.givenName", a.GivenName}, {"name.familyName", a.FamilyName}} {
		if p[1] == "" {
			names = append(names, p[0])
		}
	}
	return &incompleteError{names}
}

// incompleteError names the attributes that a user lacks.
type incompleteError struct{ names []string }

func (e *incompleteError) Error() string {
	return "The user could not be created because required attributes are missing: " + strings.Join(e.names, ", ") + "."
}

func (e *incompleteError) Unwrap() error { return errIncomplete }

// group exports a group by name; ok means that it is in the target afterwards.
func (e *exporter) group(id, name string) (ok bool, err error) {
	had, known := e.synced.groups[id]
	if known && had.name == name && !e.initial {
		return true, nil
	}
	targetID, err := e.target.UpsertGroup(id, name)
	if err == nil {
		members := had.members
		e.synced.groups[id] = syncedGroup{name: name, targetID: targetID, members: members}
		if known && had.name == name {
			return true, nil
		}
	}
	action := "create"
	if known {
		action = "update"
	}
	return err == nil || known, e.note(action, "Group", id, name, targetID, err)
}

// members makes want the members of a group that is in the target.
func (e *exporter) members(id string, want []string) error {
	g := e.synced.groups[id]
	have := g.members
	if e.initial {
		read, err := e.target.GroupMembers(id)
		if err != nil {
			return e.note("update", "Group", id, g.name, g.targetID, err)
		}
		have = slices.Sorted(slices.Values(read))
	}
	add, drop := without(want, have), without(have, want)
	err := inBatches(add, func(ids []string) error { return e.target.AddMembers(id, ids) })
	if err == nil {
		err = inBatches(drop, func(ids []string) error { return e.target.RemoveMembers(id, ids) })
	}
	if err == nil {
		g.members = slices.Clone(want)
		e.synced.groups[id] = g
		if len(add)+len(drop) == 0 {
			return nil
		}
	}
	return e.note("update", "Group", id, g.name, g.targetID, err)
}

// without returns what of a is not in b; both are sorted.
func without(a, b []string) []string {
	var out []string
	for _, x := range a {
		if _, in := slices.BinarySearch(b, x); !in {
			out = append(out, x)
		}
	}
	return out
}

// all exports a whole scope. Groups that have left it go first, since a group
// that was made again needs the name of the old one; then users, then groups
// with their members; users who have left come last.
func (e *exporter) all(sc scope) error {
	if err := e.deletions(sc); err != nil {
		return err
	}
	present := map[string]bool{}
	for _, id := range slices.Sorted(maps.Keys(sc.users)) {
		ok, err := e.user(sc.users[id])
		if err != nil {
			return err
		}
		present[id] = ok
	}
	for _, id := range slices.Sorted(maps.Keys(sc.groups)) {
		g := sc.groups[id]
		ok, err := e.group(id, g.name)
		if err == nil && ok {
			err = e.members(id, slices.DeleteFunc(slices.Clone(g.members), func(u string) bool { return !present[u] }))
		}
		if err != nil {
			return err
		}
	}
	return e.leavers(sc)
}

// deletions deletes groups that are out of scope.
func (e *exporter) deletions(sc scope) error {
	for _, id := range slices.Sorted(maps.Keys(e.synced.groups)) {
		if _, in := sc.groups[id]; in {
			continue
		}
		g := e.synced.groups[id]
		err := e.target.DeleteGroup(id)
		if err == nil {
			delete(e.synced.groups, id)
		}
		if err := e.note("delete", "Group", id, g.name, g.targetID, err); err != nil {
			return err
		}
	}
	return nil
}

// leavers deactivates users who are out of scope.
func (e *exporter) leavers(sc scope) error {
	for _, id := range slices.Sorted(maps.Keys(e.synced.users)) {
		u := e.synced.users[id]
		if _, in := sc.users[id]; in || !u.Active {
			continue
		}
		gone := u.account
		gone.Active = false
		if _, err := e.user(gone); err != nil {
			return err
		}
	}
	return nil
}
