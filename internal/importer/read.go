package importer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision/fault"
	"aws-access-bot/internal/provision/permset"

	"golang.org/x/sync/errgroup"
)

// Members reads AWS Organizations.
type Members interface {
	// Organization returns the ids of the organization and its management
	// account.
	Organization(ctx context.Context) (Organization, error)
	// Members lists all accounts; active ones with OU and tags.
	Members(ctx context.Context) ([]Account, error)
}

// Catalog reads what Identity Center has, assignments apart.
type Catalog interface {
	Place(ctx context.Context) (Place, error)
	// SetNames lists the permission sets.
	SetNames(ctx context.Context) ([]string, error)
	// ReadSet reads all of one permission set.
	ReadSet(ctx context.Context, name string) (permset.Live, error)
}

// People reads the identity store.
type People interface {
	StoreGroups(ctx context.Context) ([]Group, error)
	StoreUsers(ctx context.Context) ([]User, error)
	// StoreUser returns one user; found is false for one that was deleted.
	StoreUser(ctx context.Context, id string) (u User, found bool, err error)
}

// Assigned reads account assignments.
type Assigned interface {
	// AccountsWith lists the accounts in which a permission set is provisioned.
	AccountsWith(ctx context.Context, set string) ([]string, error)
	AssignmentsIn(ctx context.Context, p config.Pair) ([]Assignment, error)
	// HeldBy lists what a principal has, for a user with what the
	// user's groups have. Only the management account may ask: for others it
	// is fault.ErrDenied.
	HeldBy(ctx context.Context, kind config.PrincipalKind, id string) ([]Assignment, error)
}

// Entra reads groups and users by object id.
type Entra interface {
	DirectoryGroup(ctx context.Context, id string) (g DirectoryGroup, found bool, err error)
	DirectoryUser(ctx context.Context, id string) (u DirectoryUser, found bool, err error)
}

// Ports are the outside that is read.
type Ports struct {
	Members  Members
	Catalog  Catalog
	People   People
	Assigned Assigned
	Entra    Entra // nil is not asked
	// Progress is told what is being read, for people; nil for nobody.
	Progress func(string)
}

// parallel is how many calls are under way at a time. The clients pace them.
const parallel = 8

// Read reads all that [Build] needs, to the end, or fails: a part of it would
// look like the whole. contents says whether permission sets are described too.
func Read(ctx context.Context, p Ports, contents bool) (Snapshot, error) {
	r := reader{Ports: p}
	if r.Progress == nil {
		r.Progress = func(string) {}
	}
	for _, step := range []func(context.Context) error{r.organization, r.catalog, r.assignments, r.directory} {
		if err := step(ctx); err != nil {
			return Snapshot{}, err
		}
	}
	if contents {
		if err := r.contents(ctx); err != nil {
			return Snapshot{}, err
		}
	}
	return r.out, nil
}

// reader gathers a snapshot.
type reader struct {
	Ports
	out Snapshot
}

func (r *reader) organization(ctx context.Context) (err error) {
	r.Progress("reading the organization")
	if r.out.Organization, err = r.Members.Organization(ctx); err != nil {
		return err
	}
	r.out.Accounts, err = r.Members.Members(ctx)
	return err
}

func (r *reader) catalog(ctx context.Context) (err error) {
	r.Progress("reading permission sets and groups")
	if r.out.Place, err = r.Catalog.Place(ctx); err != nil {
		return err
	}
	names, err := r.Catalog.SetNames(ctx)
	if err != nil {
		return err
	}
	slices.Sort(names)
	for _, n := range names {
		r.out.Sets = append(r.out.Sets, Set{Name: n})
	}
	r.out.Groups, err = r.People.StoreGroups(ctx)
	return err
}

// each runs f for many items, several at a time, until one fails.
func each[T any](ctx context.Context, items []T, f func(ctx context.Context, i int, item T) error) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(parallel)
	for i, item := range items {
		g.Go(func() error { return f(ctx, i, item) })
	}
	return g.Wait()
}

// assignments reads every assignment in the way that takes fewer calls.
func (r *reader) assignments(ctx context.Context) error {
	pairs, err := r.pairs(ctx)
	if err != nil {
		return err
	}
	byPrincipal, err := r.worthwhile(ctx, len(pairs))
	if err != nil {
		return err
	}
	if !byPrincipal {
		return r.sweep(ctx, pairs)
	}
	return r.byPrincipal(ctx, pairs)
}

// pairs lists where anything can be assigned.
func (r *reader) pairs(ctx context.Context) ([]config.Pair, error) {
	found := make([][]config.Pair, len(r.out.Sets))
	err := each(ctx, r.out.Sets, func(ctx context.Context, i int, s Set) error {
		accounts, err := r.Assigned.AccountsWith(ctx, s.Name)
		for _, a := range accounts {
			found[i] = append(found[i], config.Pair{Account: a, PermissionSet: s.Name})
		}
		return err
	})
	return slices.Concat(found...), err
}

// worthwhile reports whether asking for each principal is allowed and takes
// fewer calls than listing each pair. Users are listed only if it may be.
func (r *reader) worthwhile(ctx context.Context, pairs int) (bool, error) {
	if len(r.out.Groups) == 0 || len(r.out.Groups) >= pairs {
		return false, nil
	}
	_, err := r.Assigned.HeldBy(ctx, config.GroupPrincipal, r.out.Groups[0].ID)
	switch {
	case errors.Is(err, fault.ErrDenied):
		return false, nil
	case err != nil:
		return false, err
	}
	if r.out.Users, err = r.People.StoreUsers(ctx); err != nil {
		return false, err
	}
	return len(r.out.Groups)+len(r.out.Users) < pairs, nil
}

// gathered collects assignments from several calls, each once.
type gathered struct {
	mu   sync.Mutex // guards the fields below
	seen map[Assignment]bool
	used map[config.Pair]bool
}

func (g *gathered) add(list []Assignment) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, a := range list {
		g.seen[a], g.used[a.Pair] = true, true
	}
}

func newGathered() *gathered {
	return &gathered{seen: map[Assignment]bool{}, used: map[config.Pair]bool{}}
}

// byPrincipal asks for each group and user. What principals that were deleted
// still have shows nowhere but in pairs, so pairs of which nobody is known are
// listed.
func (r *reader) byPrincipal(ctx context.Context, pairs []config.Pair) error {
	r.Progress(fmt.Sprintf("reading the assignments of %d groups and %d users", len(r.out.Groups), len(r.out.Users)))
	type one struct {
		kind config.PrincipalKind
		id   string
	}
	var all []one
	for _, g := range r.out.Groups {
		all = append(all, one{config.GroupPrincipal, g.ID})
	}
	for _, u := range r.out.Users {
		all = append(all, one{config.UserPrincipal, u.ID})
	}
	found := newGathered()
	err := each(ctx, all, func(ctx context.Context, _ int, p one) error {
		list, err := r.Assigned.HeldBy(ctx, p.kind, p.id)
		found.add(list)
		return err
	})
	if err != nil {
		return err
	}
	var rest []config.Pair
	for _, p := range pairs {
		if !found.used[p] {
			rest = append(rest, p)
		}
	}
	return r.list(ctx, rest, found)
}

// sweep lists every pair.
func (r *reader) sweep(ctx context.Context, pairs []config.Pair) error {
	r.Progress(fmt.Sprintf("reading %d pairs of account and permission set", len(pairs)))
	return r.list(ctx, pairs, newGathered())
}

// list lists pairs, puts what was found into the snapshot and looks up the
// users in it.
func (r *reader) list(ctx context.Context, pairs []config.Pair, found *gathered) error {
	err := each(ctx, pairs, func(ctx context.Context, _ int, p config.Pair) error {
		list, err := r.Assigned.AssignmentsIn(ctx, p)
		found.add(list)
		return err
	})
	if err != nil {
		return err
	}
	r.out.Assignments = sortedKeys(found.seen, compareAssignments)
	return r.users(ctx)
}

// users reads the users that have assignments, where not all were read.
func (r *reader) users(ctx context.Context) error {
	if r.out.Users != nil {
		return nil
	}
	wanted := map[string]bool{}
	for _, a := range r.out.Assignments {
		if a.Kind == config.UserPrincipal {
			wanted[a.PrincipalID] = true
		}
	}
	var mu sync.Mutex // guards out within this call
	err := each(ctx, sortedKeys(wanted, strings.Compare), func(ctx context.Context, _ int, id string) error {
		u, found, err := r.People.StoreUser(ctx, id)
		mu.Lock()
		defer mu.Unlock()
		if found {
			r.out.Users = append(r.out.Users, u)
		}
		return err
	})
	slices.SortFunc(r.out.Users, func(a, b User) int { return cmp.Compare(a.ID, b.ID) })
	return err
}

// directory asks Entra for those who have assignments.
func (r *reader) directory(ctx context.Context) error {
	if r.Entra == nil {
		return nil
	}
	r.Progress("comparing with Entra")
	granted := map[string]bool{}
	for _, a := range r.out.Assignments {
		granted[a.PrincipalID] = true
	}
	d := &Directory{Groups: map[string]DirectoryGroup{}, Users: map[string]DirectoryUser{}}
	var groups, users []string
	for _, g := range r.out.Groups {
		if id, ok := entraID(g.ExternalIDs); ok && granted[g.ID] {
			groups = append(groups, id)
		}
	}
	for _, u := range r.out.Users {
		if id, ok := entraID(u.ExternalIDs); ok && granted[u.ID] {
			users = append(users, id)
		}
	}
	var mu sync.Mutex // guards d
	err := each(ctx, groups, func(ctx context.Context, _ int, id string) error {
		return keep(ctx, &mu, d.Groups, id, r.Entra.DirectoryGroup)
	})
	if err == nil {
		err = each(ctx, users, func(ctx context.Context, _ int, id string) error {
			return keep(ctx, &mu, d.Users, id, r.Entra.DirectoryUser)
		})
	}
	r.out.Directory = d
	return err
}

// keep stores what was found under its id.
func keep[T any](ctx context.Context, mu *sync.Mutex, into map[string]T, id string, get func(context.Context, string) (T, bool, error)) error {
	v, found, err := get(ctx, id)
	mu.Lock()
	defer mu.Unlock()
	if found {
		into[id] = v
	}
	return err
}

// contents describes the permission sets.
func (r *reader) contents(ctx context.Context) error {
	r.Progress("reading the contents of permission sets")
	return each(ctx, r.out.Sets, func(ctx context.Context, i int, s Set) error {
		live, err := r.Catalog.ReadSet(ctx, s.Name)
		r.out.Sets[i].Live = &live
		return err
	})
}
