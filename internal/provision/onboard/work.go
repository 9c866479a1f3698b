package onboard

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/provision/fault"
)

// work looks at one account, makes the step and its write, and returns the
// record and when to look again.
func (e *Engine) work(ctx context.Context, t *turn, r Record) (Record, time.Time, error) {
	file, ok := t.force.Repo.AccountByID(r.Account)
	if !ok {
		return r, time.Time{}, nil
	}
	s, err := e.look(ctx, t, r, file)
	if err != nil {
		if ctx.Err() != nil {
			return r, time.Time{}, ctx.Err()
		}
		return e.unread(ctx, r, err)
	}
	e.sees(s.Account)
	after, act := step(r, s)
	if err := e.tellBack(ctx, t, r, after); err != nil {
		return r, time.Time{}, err
	}
	if act == nothing {
		if !reflect.DeepEqual(after, r) {
			if err := e.save(ctx, StepNoted, after); err != nil {
				return r, time.Time{}, err
			}
			e.noteDiffering(t.force.Repo)
			if r.Placed.IsZero() && !after.Placed.IsZero() && e.opts.OnPlaced != nil {
				e.opts.OnPlaced(r.Account)
			}
			if after.State == Done && r.State != Done {
				poke(e.wakeIAM) // its thread ends with the count
			}
		}
		return after, s.Now.Add(e.pace(rest(after))), nil
	}
	if err := e.save(ctx, StepIntent, after); err != nil {
		return r, time.Time{}, err
	}
	if act == invite {
		after, err = e.invite(ctx, t, after, file)
	} else {
		after, err = e.move(ctx, t, after)
	}
	return after, e.now().Add(e.pace(soon)), err
}

// rest is how long a record may be left alone.
func rest(r Record) time.Duration {
	switch {
	case r.stopped():
		return stoppedEvery
	case r.State == New && r.Trouble.Code == "":
		return soon
	case r.State == Moving && r.Trouble.Code == "":
		return 2 * soon
	default:
		return lookEvery
	}
}

// unread notes that an account could not be looked up.
func (e *Engine) unread(ctx context.Context, r Record, cause error) (Record, time.Time, error) {
	e.opts.Log.Warn("look at an account", "account", r.Account, "error", cause)
	next := e.now().Add(e.pace(lookEvery))
	if r.stopped() || r.settled() {
		return r, next, nil
	}
	after := r.hold(e.now(), sayLook(fault.Reason(cause)))
	if reflect.DeepEqual(after, r) {
		return r, next, nil
	}
	return after, next, e.save(ctx, StepNoted, after)
}

// look gathers what step wants to know.
func (e *Engine) look(ctx context.Context, t *turn, r Record, file *config.Account) (Sight, error) {
	ask, asked := t.ask(r.Account)
	s := Sight{Now: e.now(), Pace: e.opts.Pace, Phase: t.force.Repo.Access.Phase, EnableChanges: e.opts.EnableChanges, HasRole: e.Management != nil, OU: file.OU, From: ask.From, Asked: asked}
	_, open := t.asks[r.Account]
	s.Pending = open && !asked
	if s.OU == "" {
		s.OU = root
	}
	cctx, cancel := e.call(ctx)
	defer cancel()
	management, err := e.Organization.ManagementAccount(cctx)
	if err != nil {
		return s, err
	}
	s.IsManagement = management == r.Account || t.force.Repo.Access.ManagementAccount == r.Account
	id, err := e.Organization.OrganizationID(cctx)
	if err != nil {
		return s, err
	}
	s.Elsewhere = cmp.Or(otherOrganization(t.force.Repo.Access, id, management), otherRole(e.opts.RoleAccount, management))
	if s.Features, err = t.features(); err != nil {
		return s, err
	}
	if s.Account, err = e.Organization.Account(cctx, r.Account); err != nil {
		return s, err
	}
	if !s.Account.Member {
		list, err := t.handshakes()
		if err != nil {
			s.Unread = fault.Reason(err)
		}
		s.Invitations = invitationsTo(r.Account, list)
		return s, nil
	}
	if wantsPlace(r, s) {
		if s.Unit, _, err = e.Organization.Unit(cctx, s.OU); err != nil {
			return s, err
		}
	}
	wanted := t.baseline(s.Now)
	b, err := e.baseline(ctx, baselineOf(t.force.Repo, wanted, r.Account))
	if err != nil {
		return s, fmt.Errorf("baseline of %s: %w", r.Account, err)
	}
	s.Live, s.Total, s.LiveAt = b.live, b.total, b.at
	return s, nil
}

// wantsPlace reports whether step may move a member, or say that it is in its OU.
func wantsPlace(r Record, s Sight) bool {
	switch r.State {
	case Standing, Done:
		return s.Asked
	case Left:
		return true
	default:
		return r.Placed.IsZero()
	}
}

// features are those of the last look at the organization, or are asked for.
func (e *Engine) features(ctx context.Context) (access.FeatureSet, error) {
	if v, ok := e.lastView(); ok && v.Features == access.AllFeatures {
		return v.Features, nil
	}
	return e.Organization.Features(ctx)
}

// baselineCount is how many assignments of an account's baseline there are, and
// of them are live, the last one since a time; gone were live, and are drift.
type baselineCount struct {
	live, gone, total int
	at                time.Time
}

func (e *Engine) baseline(ctx context.Context, of []config.Assignment) (baselineCount, error) {
	b := baselineCount{total: len(of)}
	for _, a := range of {
		f, err := e.Grants.GrantFacts(ctx, a)
		switch {
		case err != nil:
			return baselineCount{}, err
		case f == nil || f.ReadBack.IsZero():
		case f.TroubleCode == string(provision.CodeMissing):
			b.gone++
		default:
			b.live++
			if f.ReadBack.After(b.at) {
				b.at = f.ReadBack
			}
		}
	}
	return b, nil
}

// baselineGroups returns what the groups of the baseline are to have.
func baselineGroups(force access.InForce, now time.Time) map[config.Assignment]bool {
	out, done := map[config.Assignment]bool{}, map[string]bool{}
	for _, b := range force.Repo.Access.Onboarding.Baseline {
		g, ok := force.Repo.Groups[b.Group]
		if !ok || done[b.Group] {
			continue
		}
		done[b.Group] = true
		for _, d := range force.Repo.DesiredOf(g.Principal, force.Starts, now) {
			out[d.Assignment] = true
		}
	}
	return out
}

// baselineOf returns the baseline assignments of an account that are desired.
func baselineOf(repo *config.Repo, wanted map[config.Assignment]bool, account string) []config.Assignment {
	return slices.DeleteFunc(repo.Baseline(account), func(a config.Assignment) bool { return !wanted[a] })
}

// invite makes the invitation whose intent is stored, and stores what came of it.
func (e *Engine) invite(ctx context.Context, t *turn, r Record, file *config.Account) (Record, error) {
	wctx, cancel := e.write(ctx)
	defer cancel()
	ask, _ := t.ask(r.Account)
	h, err := e.Management.Invite(wctx, r.Account, notes(file, ask, t.force.Commit))
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		return r, ctx.Err()
	}
	e.audit(wctx, "account.invite", r.Account, cause(t, r.Account), err)
	r = afterInvite(r, h, err, e.now())
	return r, e.save(wctx, StepInvited, r)
}

// move makes the move whose intent is stored, and stores what came of it.
func (e *Engine) move(ctx context.Context, t *turn, r Record) (Record, error) {
	wctx, cancel := e.write(ctx)
	defer cancel()
	err := e.Management.Move(wctx, r.Account, r.Move.From, r.Move.To)
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		return r, ctx.Err()
	}
	e.audit(wctx, "account.move", fmt.Sprintf("%s from %s to %s", r.Account, r.Move.From, r.Move.To), cause(t, r.Account), err)
	r = afterMove(r, err, e.now())
	return r, e.save(wctx, StepMoved, r)
}

// cause is why a write is made: the request, or the commit.
func cause(t *turn, account string) string {
	if a, ok := t.ask(account); ok {
		return string(a.Request)
	}
	return t.force.Commit
}

// maxNotes is the longest note of an invitation in characters.
const maxNotes = 1024

// notes stand in the e-mail that AWS sends to the owner of the account.
func notes(file *config.Account, a Ask, commit string) string {
	by := "commit " + commit
	if a.Request != "" {
		by = "request " + string(a.Request)
	}
	text := []rune(fmt.Sprintf("aws-access-bot, %s: account %s (%s) is to join this organization in %s.", by, file.ID, file.Name, file.OU))
	return string(text[:min(len(text), maxNotes)])
}
