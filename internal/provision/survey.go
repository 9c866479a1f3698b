package provision

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision/fault"
)

// The codes of warnings about whom grants do not reach.
const (
	// CodeNested: groups are members of a group.
	CodeNested Code = "nested-groups"
	// CodeNameless: AWS refuses users for want of a name.
	CodeNameless Code = "nameless-users"
	// CodeUnsurveyed: Entra could not be asked.
	CodeUnsurveyed Code = "members-unread"
)

// Warning is something about a group or user that does not keep its grants from
// being made, and keeps people from having them; or why that is not known.
type Warning struct {
	// Principal is zero when it is about Entra at large.
	Principal config.Principal `json:"principal,omitzero"`
	Code      Code             `json:"code"`
	Sentence  string           `json:"sentence"`
}

// Survey asks Entra about every group and user that the config in force gives
// something, several at a time, and returns what people should know, sorted. A
// refusal ends it: then the warning says that of the rest nothing is known.
func (e *Engine) Survey(ctx context.Context) ([]Warning, error) {
	force, err := e.Commits.InForce(ctx)
	if err != nil {
		return nil, fmt.Errorf("config in force: %w", err)
	}
	names := names(force.Repo)
	all := map[config.Principal]bool{}
	for _, d := range force.Repo.Desired(force.Starts, e.now()) {
		all[d.Assignment.Principal] = true
	}
	s := survey{engine: e, total: len(all)}
	var g errgroup.Group
	g.SetLimit(parallelCalls)
	e.at(StageMembers, 0, s.total)
	for p := range all {
		g.Go(func() error {
			s.one(ctx, PrincipalRecord{Principal: p, Name: names.Principals[p]})
			return nil
		})
	}
	_ = g.Wait() // always nil
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("read groups and users in Entra: %w", err)
	}
	return s.result(), nil
}

// survey gathers warnings.
type survey struct {
	engine *Engine
	total  int

	mu     sync.Mutex // guards what follows
	done   int
	unread int
	// why is the last refusal or failure, and closed is set once Entra refuses
	// at all.
	why    string
	closed bool
	found  []Warning
}

// one asks about one group or user.
func (s *survey) one(ctx context.Context, g PrincipalRecord) {
	s.mu.Lock()
	closed := s.closed
	s.mu.Unlock()
	var found []Warning
	var err error
	if !closed && ctx.Err() == nil {
		found, err = s.engine.warnings(ctx, g)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.done++
	s.found = append(s.found, found...)
	if closed || err != nil {
		s.unread++
	}
	if err != nil {
		s.why = sentence(fault.Reason(err))
		s.closed = s.closed || errors.Is(err, fault.ErrDenied)
	}
	s.engine.at(StageMembers, s.done, s.total)
}

func (s *survey) result() []Warning {
	if s.unread > 0 {
		s.found = append(s.found, Warning{Code: CodeUnsurveyed, Sentence: fmt.Sprintf(
			"Of %d of %d groups and users it is not known whom their grants reach, since Entra could not be read: %s.", s.unread, s.total, s.why)})
	}
	slices.SortFunc(s.found, func(a, b Warning) int {
		return cmp.Or(comparePrincipals(a.Principal, b.Principal), cmp.Compare(a.Code, b.Code))
	})
	return s.found
}

// warnings asks Entra about one group or user.
func (e *Engine) warnings(ctx context.Context, g PrincipalRecord) ([]Warning, error) {
	callCtx, cancel := context.WithTimeout(ctx, 2*e.opts.CallTimeout) // it is a few calls
	defer cancel()
	var o objection
	var err error
	if g.isUser() {
		o, err = e.checkUser(callCtx, g)
	} else {
		o, err = e.checkGroup(callCtx, g)
	}
	if err != nil {
		return nil, err
	}
	if o.code != "" {
		return []Warning{{g.Principal, o.code, o.sentence}}, nil
	}
	if g.isUser() {
		u, err := e.Entra.UserByID(callCtx, g.Principal.ID)
		if err != nil {
			return nil, err
		}
		return namelessOf(g, []User{u}), nil
	}
	users, err := e.Entra.DirectUsers(callCtx, g.Principal.ID)
	if err != nil {
		return nil, err
	}
	nested, err := e.Entra.NestedGroups(callCtx, g.Principal.ID)
	if err != nil {
		return nil, err
	}
	out := namelessOf(g, users)
	if text := nestedText(nested); text != "" {
		out = append(out, Warning{g.Principal, CodeNested, g.Name + ": " + text})
	}
	return out, nil
}

// namelessOf warns of enabled users whom AWS refuses.
func namelessOf(g PrincipalRecord, users []User) []Warning {
	var list []string
	for _, u := range users {
		if u.Enabled && u.Lacks != "" {
			list = append(list, fmt.Sprintf("%s (without %s)", u.Name, u.Lacks))
		}
	}
	if len(list) == 0 {
		return nil
	}
	slices.Sort(list)
	return []Warning{{g.Principal, CodeNameless, fmt.Sprintf(
		"%s: AWS refuses %s, who get no access until Entra has their names or the attribute mapping a default.", g.Name, shown(list))}}
}
