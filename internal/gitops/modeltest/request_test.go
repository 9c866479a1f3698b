package modeltest_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
)

func (w *world) opRequest(o op) string {
	w.serial++
	r := &ask{id: fmt.Sprintf("REQ-%06d", w.serial), requester: pick(askers, o.n[0]), group: pick(groups, o.n[1])}
	e := entry{account: pick(accounts, o.n[2]), set: pick(sets, o.n[3]), reason: w.word(), request: r.id}
	if o.n[4]%2 == 0 {
		r.requester = pick(named(e), o.n[0]) // somebody who approves such things
	}
	want := config.Term{Standing: true}
	if e.set == "AdministratorAccess" || e.set == "Billing" {
		e.hours = 4
		want = config.Term{For: 4 * time.Hour}
	}
	r.adds = []entry{e}
	return w.propose(r, access.Request{
		Kind: access.KindGrant,
		Want: access.Want{AccountSlug: e.account, AccountID: accountIDs[e.account], AccountName: e.account, OU: "/Workloads", PermissionSet: e.set, Term: want, Reason: e.reason},
	})
}

// named are people who may approve an entry when they did not ask for it.
func named(e entry) []string {
	switch {
	case e.set == "PowerUserAccess":
		return []string{"mio", "sam"}
	case e.set == "AdministratorAccess" && e.account != "beta":
		return []string{"sam", "mio", "yuki"}
	case e.set == "ReadOnlyAccess":
		return map[string][]string{"alpha": {"yuki", "sam"}, "beta": {"taro"}, "gamma": {"yuki", "taro"}}[e.account]
	}
	return []string{"yuki", "taro", "ken", "lena"}
}

// propose has the bot make the pull request of a request.
func (w *world) propose(r *ask, q access.Request) string {
	c := cast[r.requester]
	q.ID, q.State = access.ID(r.id), access.StateAsked
	q.Asker = access.Asker{Person: access.Person{Entra: c.entra, Name: c.name, Email: c.email()}}
	q.Want.Principal = config.Principal{Kind: config.GroupPrincipal, ID: groupIDs[r.group]}
	q.Want.PrincipalSlug, q.Want.PrincipalName = r.group, r.group
	q.Times = map[access.Stage]time.Time{access.StageAsked: w.now}
	base := w.main()
	if err := w.bot.Propose(w.ctx, q); err != nil {
		var no *access.Refusal
		if errors.As(err, &no) || !w.commits[base].state.valid() || !w.commits[base].state.follows(w.model.state) {
			return fmt.Sprintf("%s is refused %s", r.requester, r.id)
		}
		w.failf("propose: %v", err)
	}
	for _, p := range w.emu.State().Repos[0].Pulls {
		if p.Head == "access/"+r.id {
			r.pull, r.base, r.head = p.Number, base, p.HeadSHA
		}
	}
	w.know(r.head, r.apply(w.commits[base].state), base)
	w.asks = append(w.asks, r)
	return fmt.Sprintf("%s asks %s: %+v for %s, #%d", r.requester, r.id, r.adds, r.group, r.pull)
}

func (w *world) opRevoke(o op) string {
	var of []grantKey
	all := w.commits[w.main()].state.grants()
	for k, e := range all {
		if e.request != "" {
			of = append(of, k)
		}
	}
	if len(of) == 0 {
		return ""
	}
	slices.SortFunc(of, func(a, b grantKey) int { return strings.Compare(a.key, b.key) })
	k := pick(of, o.n[0])
	e := all[k]
	w.serial++
	r := &ask{id: fmt.Sprintf("REQ-%06d", w.serial), requester: pick(askers, o.n[1]), group: k.group, revokes: e.request}
	return w.propose(r, access.Request{
		Kind: access.KindRevoke,
		Want: access.Want{AccountSlug: e.account, AccountID: accountIDs[e.account], PermissionSet: e.set, Revokes: access.ID(e.request)},
	})
}

// compareTold holds what a request is told of its merge against the verdicts.
func (w *world) compareTold() {
	for _, r := range w.asks {
		p := w.pulls[r.pull]
		if p.mergeCommit == "" {
			continue
		}
		v, err := w.bot.Verdict(w.ctx, access.ID(r.id))
		w.must(err)
		var got, want string
		switch {
		case v == nil:
		case v.InForce:
			got = "in force"
		case v.Undone:
			got = "undone"
		case v.Halt != "":
			got = "halt"
		}
		switch w.model.outcomes[p.mergeCommit] {
		case "verified", "trusted":
			want = "in force"
		case "undone":
			want = "undone"
		case "invalid":
			want = "halt"
		case "":
			if w.model.halt != p.mergeCommit {
				continue // not judged, or past a trusted commit
			}
			want = "halt"
		}
		if r.ended && got != "in force" {
			continue // it ended when it was closed, and nothing more is told
		}
		if got != want {
			w.failf("%s is told %q of its merge %.7s, the model wants %q", r.id, got, p.mergeCommit, want)
		}
	}
}
