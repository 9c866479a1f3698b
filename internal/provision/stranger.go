package provision

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision/fault"
)

// Who has an assignment and is not in the config repo is only an id to a listing.
// So it is looked up who that is: by the identity store, and for a group by Entra,
// which alone can tell whether a file can be written for it. Who cannot be named
// by an Entra id (a group made by hand, or one that is gone) stands under a
// principal of its own, whose id is [strangerMark] and that of the identity store:
// it can be removed, and not be adopted.

// strangerMark begins the id of a principal that stands for an id of the identity
// store. No Entra id has a colon.
const strangerMark = "store:"

const (
	// strangerFor is how long what was found out of a stranger holds.
	strangerFor = 6 * time.Hour
	// strangersAtOnce are looked up in one pass.
	strangersAtOnce = 20
)

// Identity is what the identity store knows of a group or user.
type Identity struct {
	// ExternalID is the Entra object id, "" where it has none.
	ExternalID string
	// Name is the display name of a group, the user name of a user.
	Name string
}

// stranger is who has an assignment and is not in the config repo.
type stranger struct {
	principal config.Principal
	name      string // for sentences
	at        time.Time
}

// standsForID reports whether a principal is not one of Entra, but stands for an
// id of the identity store.
func standsForID(p config.Principal) bool { return strings.Contains(p.ID, ":") }

// anonymous is the principal that stands for somebody of whom only the id is known.
func anonymous(who LiveAssignment) config.Principal {
	return config.Principal{Kind: who.Kind, ID: strangerMark + who.PrincipalID}
}

// lookUpStrangers finds out who has what a plan shows of nobody, some in a pass,
// and has another pass plan with it.
func (e *Engine) lookUpStrangers(ctx context.Context, v *view, plan Result) error {
	if e.Drifts == nil {
		return nil // nobody keeps what is found, so the id will do
	}
	list, more := e.strangersDue(v, plan)
	if more {
		v.alarm.set(v.now)
	}
	var mu sync.Mutex // guards the desk and v within this call
	var g errgroup.Group
	g.SetLimit(parallelCalls)
	for _, who := range list {
		g.Go(func() error {
			found, err := e.identify(ctx, who)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				e.opts.Log.Warn("look up who has an assignment", "kind", who.Kind, "id", who.PrincipalID, "error", err)
				next, n := e.lookAgain(strangerLook(who), err)
				v.alarm.set(next)
				if step := (*stepError)(nil); n >= deniedTold && !errors.As(err, &step) { // else it is Entra that refuses
					e.tellDenied(ctx, "who has access and no file in the config repo", err)
				}
				return nil // one of many: the others are looked up all the same
			}
			delete(e.desk.lookFails, strangerLook(who))
			found.at = v.now
			e.desk.named[who] = found
			v.alarm.set(v.now)
			return nil
		})
	}
	_ = g.Wait() // always nil
	return ctx.Err()
}

func strangerLook(who LiveAssignment) string {
	return fmt.Sprintf("who the %s %s is", who.Kind, who.PrincipalID)
}

// strangersDue returns who is to be looked up now, sorted, and whether there are
// more.
func (e *Engine) strangersDue(v *view, plan Result) (list []LiveAssignment, more bool) {
	met := map[LiveAssignment]bool{}
	for _, x := range plan.Extra {
		if _, known := e.desk.named[x.Live]; known || met[x.Live] {
			continue
		}
		met[x.Live] = true
		if x.Principal == nil && !v.tells(plan, x) || x.Principal != nil && v.filed(*x.Principal) {
			continue
		}
		if next := e.desk.lookFails[strangerLook(x.Live)].next; next.After(v.now) {
			v.alarm.set(next)
			continue
		}
		list = append(list, x.Live)
	}
	slices.SortFunc(list, compareLive)
	if len(list) > strangersAtOnce {
		return list[:strangersAtOnce], true
	}
	return list, false
}

// identify asks who an id of the identity store is.
func (e *Engine) identify(ctx context.Context, who LiveAssignment) (stranger, error) {
	callCtx, cancel := context.WithTimeout(ctx, 2*e.opts.CallTimeout) // it is two calls
	defer cancel()
	s := stranger{principal: anonymous(who)}
	known, found, err := e.Center.Describe(callCtx, who.Kind, who.PrincipalID)
	if err != nil {
		return s, err
	}
	entra := config.Principal{Kind: who.Kind, ID: strings.ToLower(known.ExternalID)}
	switch {
	case !found:
		s.name = fmt.Sprintf("what is left of a %s that is gone from Identity Center (%s)", who.Kind, who.PrincipalID)
		return s, nil
	case entra.ID == "" || standsForID(entra):
		s.name = fmt.Sprintf("the %s %s (%s in Identity Center, and not from Entra)", who.Kind, shortName(known.Name), who.PrincipalID)
		return s, nil
	case who.Kind == config.UserPrincipal:
		s.principal, s.name = entra, shortName(known.Name)
		return s, nil
	}
	g, err := e.Entra.Group(callCtx, entra.ID)
	if errors.Is(err, fault.ErrNotFound) {
		s.name = fmt.Sprintf("the group %s (%s in Identity Center, and gone from Entra)", shortName(known.Name), who.PrincipalID)
		return s, nil
	}
	if err != nil {
		return s, &stepError{CodeEntra, "The group could not be read in Entra", err}
	}
	if shortName(g.Name) != g.Name || g.Name == "" {
		s.name = fmt.Sprintf("the group %s (%s in Identity Center; its name cannot stand in a file)", shortName(g.Name), who.PrincipalID)
		return s, nil
	}
	s.principal, s.name = entra, g.Name
	return s, nil
}

// nameMost is how long a name of others may be in a sentence.
const nameMost = 100

func shortName(name string) string { return fault.Name(name, nameMost) }

// capital begins a sentence with what stands for somebody; names stay as they are.
func capital(who string, p config.Principal) string {
	if who == "" || !standsForID(p) {
		return who
	}
	return strings.ToUpper(who[:1]) + who[1:]
}

// nameExtras puts the names of who has no file into a plan, for people.
func (v *view) nameExtras(plan Result) {
	for i := range plan.Extra {
		if x := &plan.Extra[i]; x.Principal != nil && !v.filed(*x.Principal) {
			x.Name = v.names.Principals[*x.Principal]
		}
	}
}

// strangerStates tells the planner of who was found out. Who is to have something, or
// is known by another id, is left to the search by his Entra id: SCIM may have made
// him anew. Who has a file and nothing granted is not searched for, and who is to lose
// what the bot owns is searched for first: without that nobody reads what he has.
func (e *Engine) strangerStates(v *view, out map[config.Principal]PrincipalState) {
	if len(e.desk.named) == 0 {
		return
	}
	wanted := map[config.Principal]bool{}
	for i := range v.desired {
		if who := v.desired[i].Assignment.Principal; i == 0 || v.desired[i-1].Assignment.Principal != who {
			wanted[who] = true
		}
	}
	for who, s := range e.desk.named {
		if v.now.Sub(s.at) >= strangerFor {
			delete(e.desk.named, who) // is looked up again when it is seen again
			continue
		}
		if v.names.Principals[s.principal] == "" {
			v.names.Principals[s.principal] = s.name
		}
		known := out[s.principal]
		if !known.Looked && e.loses(v, s.principal) {
			continue
		}
		if known.ID == "" && !wanted[s.principal] && !(known.Looked && v.filed(s.principal)) {
			out[s.principal] = PrincipalState{Looked: true, ID: who.PrincipalID, Earlier: out[s.principal].Earlier}
		}
	}
}

// loses reports whether something that the bot owns is to be taken from somebody.
func (e *Engine) loses(v *view, p config.Principal) bool {
	return slices.ContainsFunc(e.book.of(p), func(r *Record) bool { return r.State == Removing && v.owned[r.Assignment] })
}

// filed reports whether the config repo knows somebody.
func (v *view) filed(p config.Principal) bool {
	if v.files == nil {
		v.files = map[config.Principal]bool{}
		for _, files := range []map[string]*config.PrincipalFile{v.force.Repo.Groups, v.force.Repo.Users} {
			for _, f := range files {
				v.files[f.Principal] = true
			}
		}
	}
	return v.files[p]
}

// strayNeeds are the readings that show once more what no commit ever declared,
// where that is to go: no reading of the declared alone would.
func (e *Engine) strayNeeds(ctx context.Context, v *view) []need {
	if !v.clears() {
		return nil
	}
	list, err := e.findings(ctx)
	if err != nil {
		e.opts.Log.Error("what is known of drift", "error", err) // nothing is removed that is not seen twice
		return nil
	}
	var out []need
	for _, f := range list {
		if !f.Missing {
			out = append(out, need{pair: f.Pair, ids: []LiveAssignment{f.Live}})
		}
	}
	return out
}
