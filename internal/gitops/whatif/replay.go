package whatif

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"aws-access-bot/config"
)

// Past is a request that was made, with what was recorded of how it was
// decided.
type Past struct {
	ID string `json:"id"`
	// Asker and Joined are Entra ids; AskerName is for showing.
	Asker     string   `json:"asker"`
	AskerName string   `json:"asker_name,omitempty"`
	Joined    []string `json:"joined,omitempty"`

	Assignment config.Assignment `json:"assignment"`
	// Account and Principal are the names they had.
	Account   string      `json:"account"`
	Principal string      `json:"principal"`
	Term      config.Term `json:"term"`
	Reason    string      `json:"reason,omitempty"`

	AskedAt time.Time `json:"asked_at"`
	// MergedAt is zero for a request that was never merged.
	MergedAt time.Time `json:"merged_at,omitzero"`
	State    string    `json:"state"`

	// Approvers are the GitHub accounts that had approved in time; nil when
	// that was not recorded.
	Approvers []Approver `json:"approvers"`
	// Rules are the names of the rules that decided, as far as is known.
	Rules []string `json:"rules,omitempty"`
	// Teams has who was in the teams that were read then, by the team's name;
	// Members who was in the group that gains, by Entra id; Manager is the
	// asker's manager then.
	Teams   map[string][]int64  `json:"teams,omitempty"`
	Members map[string][]string `json:"members,omitempty"`
	Manager string              `json:"manager,omitempty"`
}

// Approver is a GitHub account.
type Approver struct {
	ID    int64  `json:"id"`
	Login string `json:"login"`
}

// start is when the grant began, or would have.
func (p Past) start() time.Time {
	if p.MergedAt.IsZero() {
		return p.AskedAt
	}
	return p.MergedAt
}

// Enough says whether the approvals that were given suffice.
type Enough string

// Whether approvals suffice, beside the answers yes, no and unknown.
const (
	EnoughYes     Enough = "yes"
	EnoughNo      Enough = "no"
	EnoughUnknown Enough = "unknown"
	// NobodyNeeded is a grant that the rule's auto lets pass.
	NobodyNeeded Enough = "nobody needed"
	// NotMerged is a request that was never decided by approvals.
	NotMerged Enough = "not merged"
)

// Decision is what a repo's rules say to a past request.
type Decision struct {
	// Rule is "" when none fits; Steps is its steps in words.
	Rule  string `json:"rule,omitempty"`
	Steps string `json:"steps,omitempty"`
	// Refused is why it would be refused whoever approves, "" when it would
	// not.
	Refused   string `json:"refused,omitempty"`
	MayAsk    Answer `json:"may_ask"`
	Approvals Enough `json:"approvals"`
}

// differences says in words where two decisions differ, then and now.
func (d Decision) differences(now Decision) []string {
	var out []string
	note := func(what, was, is string) {
		if was != is {
			out = append(out, fmt.Sprintf("%s: %s -> %s", what, cmp.Or(was, "none"), cmp.Or(is, "none")))
		}
	}
	note("rule", d.Rule, now.Rule)
	note("steps", d.Steps, now.Steps)
	note("refused", d.Refused, now.Refused)
	note("asker may ask", string(d.MayAsk), string(now.MayAsk))
	note("approvals given suffice", string(d.Approvals), string(now.Approvals))
	return out
}

// Compared is one request under both rule books.
type Compared struct {
	Past Past     `json:"request"`
	Then Decision `json:"in_force"`
	Now  Decision `json:"changed"`
	// Differences is empty when both decide alike.
	Differences []string `json:"differences,omitempty"`
}

// Replayed is the outcome of [Replay].
type Replayed struct {
	Requests []Compared `json:"requests"`
	// Different is how many would be decided differently; of those, Refused
	// would be refused whoever approves, and were not; Unapproved would want
	// other or more approvals than were given; Unknown depend on what only live
	// systems know.
	Different  int `json:"different"`
	Refused    int `json:"refused"`
	Unapproved int `json:"unapproved"`
	Unknown    int `json:"unknown"`
}

// Replay compares how requests are decided by the repo in force with how a
// changed one would decide them, oldest first.
func Replay(inForce, changed *config.Repo, history []Past) Replayed {
	history = slices.Clone(history)
	slices.SortStableFunc(history, func(a, b Past) int { return cmp.Or(a.start().Compare(b.start()), strings.Compare(a.ID, b.ID)) })
	before, after := newJudge(inForce, inForce), newJudge(changed, inForce)
	out := Replayed{Requests: []Compared{}}
	for _, p := range history {
		c := Compared{Past: p, Then: before.decide(p), Now: after.decide(p)}
		c.Differences = c.Then.differences(c.Now)
		out.Requests = append(out.Requests, c)
		if len(c.Differences) == 0 {
			continue
		}
		out.Different++
		switch {
		case c.Now.refuses():
			if !c.Then.refuses() {
				out.Refused++
			}
		case c.Now.Approvals == EnoughNo:
			if c.Then.Approvals != EnoughNo {
				out.Unapproved++
			}
		case c.Now.open():
			out.Unknown++
		}
	}
	return out
}

func (d Decision) refuses() bool {
	return d.Refused != "" || d.MayAsk == No
}

func (d Decision) open() bool {
	return !d.refuses() && (d.MayAsk == Unknown || d.Approvals == EnoughUnknown)
}

// judge applies one repo's rules to requests in their order.
type judge struct {
	repo *config.Repo
	// read is the repo by whose names teams were read.
	read *config.Repo
	// auto has when grants passed without an approval, by asker.
	auto map[string][]time.Time
}

func newJudge(repo, read *config.Repo) *judge { return &judge{repo, read, map[string][]time.Time{}} }

// teams returns what was read of the teams that have their number still: under
// another number a name is another team, of which nothing is known.
func (j *judge) teams(all map[string][]int64) map[string][]int64 {
	out := map[string][]int64{}
	for name, ids := range all {
		if now, ok := j.repo.People.Teams[name]; ok && now.ID == j.read.People.Teams[name].ID {
			out[name] = ids
		}
	}
	return out
}

func (j *judge) decide(p Past) Decision {
	d := Decision{MayAsk: Unknown, Approvals: EnoughUnknown}
	p.Teams = j.teams(p.Teams)
	account, ok := j.repo.AccountByID(p.Assignment.Account)
	if !ok {
		d.Refused = "the account has no file"
		return d
	}
	if err := j.repo.Requestable(account); err != nil {
		d.Refused = words(err)
		return d
	}
	rule, ok := j.repo.RuleFor(p.Assignment, p.Term, p.start())
	if !ok {
		d.Refused = "no rule fits"
		return d
	}
	d.Rule, d.Steps = rule.Name, stepsText(rule.Steps)
	d.Refused = refusal(rule, p)
	d.MayAsk = j.mayAsk(rule, p)
	d.Approvals = j.approvals(rule, account, p, d.refuses())
	return d
}

// words is a refusal without its mend: it is about the past.
func words(err error) string {
	var r *config.Refusal
	if errors.As(err, &r) {
		return r.Reason
	}
	return err.Error()
}

func refusal(rule *config.Rule, p Past) string {
	if err := rule.Allows(p.Term, p.start()); err != nil {
		return words(err)
	}
	if err := rule.CheckReason(p.Reason); err != nil {
		return words(err)
	}
	return ""
}

func (j *judge) mayAsk(rule *config.Rule, p Past) Answer {
	switch allowed, known := j.repo.MayAsk(rule, p.Asker, config.Rosters{Teams: p.Teams, Groups: p.Members}); {
	case allowed:
		return Yes
	case known:
		return No
	}
	return Unknown
}

func stepsText(list config.Steps) string {
	texts := make([]string, len(list))
	for i, s := range list {
		texts[i] = s.Text()
	}
	return strings.Join(texts, ", and ")
}

const autoDay = 24 * time.Hour

// approvals says whether those who approved then would be enough.
func (j *judge) approvals(rule *config.Rule, account *config.Account, p Past, refused bool) Enough {
	if p.MergedAt.IsZero() {
		return NotMerged
	}
	if rule.Auto != nil && !refused {
		used := slices.DeleteFunc(j.auto[p.Asker], func(at time.Time) bool { return p.MergedAt.Sub(at) >= autoDay })
		j.auto[p.Asker] = used
		if len(used) < rule.Auto.PerDay {
			j.auto[p.Asker] = append(used, p.MergedAt)
			return NobodyNeeded
		}
	}
	if p.Approvers == nil {
		return EnoughUnknown
	}
	seats := j.seats(rule, account, p)
	switch {
	case seats.filled(func(a Answer) bool { return a == Yes }):
		return EnoughYes
	case seats.filled(func(a Answer) bool { return a != No }):
		return EnoughUnknown
	}
	return EnoughNo
}
