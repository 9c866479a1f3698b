package store

import (
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision"
)

// removalRecord is a stored [provision.Removal].
type removalRecord struct {
	At         time.Time         `json:"at"`
	Assignment config.Assignment `json:"assignment"`
	Expiry     bool              `json:"expiry,omitempty"`
	Commit     string            `json:"commit,omitempty"`
	Doubtful   bool              `json:"doubtful,omitempty"`
}

// causeRecord is a stored [provision.Cause].
type causeRecord struct {
	Kind     string    `json:"kind"`
	Commit   string    `json:"commit,omitempty"`
	Requests []string  `json:"requests,omitempty"`
	End      time.Time `json:"end,omitzero"`
}

func newCauseRecord(c provision.Cause) causeRecord {
	return causeRecord{string(c.Kind), c.Commit, c.Requests, c.End}
}

func (r causeRecord) domain() provision.Cause {
	return provision.Cause{Kind: provision.CauseKind(r.Kind), Commit: r.Commit, Requests: r.Requests, End: r.End}
}

// operationRecord is a stored [provision.Operation].
type operationRecord struct {
	Action      string    `json:"action"`
	PrincipalID string    `json:"principal_id"`
	Intent      time.Time `json:"intent"`
	RequestID   string    `json:"request_id,omitempty"`
	Requested   time.Time `json:"requested,omitzero"`
	Ended       time.Time `json:"ended,omitzero"`
}

// cutRecord is a stored [provision.Cut].
type cutRecord struct {
	Commit string    `json:"commit"`
	At     time.Time `json:"at"`
	From   time.Time `json:"from,omitzero"`
}

// goingRecord is a stored [provision.Going].
type goingRecord struct {
	Cause       causeRecord `json:"cause"`
	RemoveAsked time.Time   `json:"remove_asked,omitzero"`
	Removed     time.Time   `json:"removed"`
}

// provisionRecord is a stored [provision.Record].
type provisionRecord struct {
	Assignment  config.Assignment `json:"assignment"`
	State       string            `json:"state"`
	Cause       causeRecord       `json:"cause"`
	Since       time.Time         `json:"since"`
	Grants      []config.GrantKey `json:"grants,omitempty"`
	End         time.Time         `json:"end,omitzero"`
	Cut         *cutRecord        `json:"cut,omitempty"`
	Used        string            `json:"used,omitempty"`
	MadeAt      time.Time         `json:"made_at,omitzero"`
	MadeBy      string            `json:"made_by,omitempty"`
	LastsSince  time.Time         `json:"lasts_since,omitzero"`
	LastsBy     string            `json:"lasts_by,omitempty"`
	PrincipalID string            `json:"principal_id,omitempty"`
	Op          *operationRecord  `json:"op,omitempty"`
	MayExist    bool              `json:"may_exist,omitempty"`

	Origin      string    `json:"origin,omitempty"`
	Anew        bool      `json:"anew,omitempty"`
	AppAssigned time.Time `json:"app_assigned,omitzero"`
	Seen        time.Time `json:"seen,omitzero"`
	Created     time.Time `json:"created,omitzero"`
	ReadBack    time.Time `json:"read_back,omitzero"`
	RemoveAsked time.Time `json:"remove_asked,omitzero"`
	Removed     time.Time `json:"removed,omitzero"`
	Missing     time.Time `json:"missing,omitzero"`

	Before *goingRecord `json:"before,omitempty"`

	Attempts int       `json:"attempts,omitempty"`
	NextTry  time.Time `json:"next_try,omitzero"`
	Code     string    `json:"code,omitempty"`
	Trouble  string    `json:"trouble,omitempty"`
}

func newProvisionRecord(r provision.Record) provisionRecord {
	out := provisionRecord{
		Assignment: r.Assignment, State: string(r.State), Since: r.Since, Grants: r.Grants,
		Cause: newCauseRecord(r.Cause),
		End:   r.End, Cut: (*cutRecord)(r.Cut), Used: r.Used, MadeAt: r.Made.At, MadeBy: r.Made.Commit, LastsSince: r.Lasts.At, LastsBy: r.Lasts.Commit, PrincipalID: r.PrincipalID, MayExist: r.MayExist,
		Origin: string(r.Origin), Anew: r.Anew, AppAssigned: r.AppAssigned, Seen: r.Seen, Created: r.Created, ReadBack: r.ReadBack,
		RemoveAsked: r.RemoveAsked, Removed: r.Removed, Missing: r.Missing,
		Attempts: r.Attempts, NextTry: r.NextTry, Code: string(r.Code), Trouble: r.Trouble,
	}
	if o := r.Op; o != nil {
		out.Op = &operationRecord{string(o.Action), o.PrincipalID, o.Intent, o.RequestID, o.Requested, o.Ended}
	}
	if b := r.Before; b != nil {
		out.Before = &goingRecord{newCauseRecord(b.Cause), b.RemoveAsked, b.Removed}
	}
	return out
}

func (r provisionRecord) domain() provision.Record {
	out := provision.Record{
		Assignment: r.Assignment, State: provision.State(r.State), Since: r.Since, Grants: r.Grants,
		Cause: r.Cause.domain(),
		End:   r.End, Cut: (*provision.Cut)(r.Cut), Used: r.Used, Made: provision.Making{At: r.MadeAt, Commit: r.MadeBy}, Lasts: provision.Making{At: r.LastsSince, Commit: r.LastsBy}, PrincipalID: r.PrincipalID, MayExist: r.MayExist,
		Origin: provision.Origin(r.Origin), Anew: r.Anew, AppAssigned: r.AppAssigned, Seen: r.Seen, Created: r.Created, ReadBack: r.ReadBack,
		RemoveAsked: r.RemoveAsked, Removed: r.Removed, Missing: r.Missing,
		Attempts: r.Attempts, NextTry: r.NextTry, Code: provision.Code(r.Code), Trouble: r.Trouble,
	}
	if o := r.Op; o != nil {
		out.Op = &provision.Operation{Action: provision.Action(o.Action), PrincipalID: o.PrincipalID, Intent: o.Intent,
			RequestID: o.RequestID, Requested: o.Requested, Ended: o.Ended}
	}
	if b := r.Before; b != nil {
		out.Before = &provision.Going{Cause: b.Cause.domain(), RemoveAsked: b.RemoveAsked, Removed: b.Removed}
	}
	return out
}

// principalRecord is a stored [provision.PrincipalRecord].
type principalRecord struct {
	ID string `json:"id"`
	// Kind is absent in records of groups from before there were users.
	Kind config.PrincipalKind `json:"kind,omitempty"`
	Name string               `json:"name,omitempty"`

	AssignIntent  time.Time `json:"assign_intent,omitzero"`
	AppAssignment string    `json:"app_assignment,omitempty"`
	AppAssigned   time.Time `json:"app_assigned,omitzero"`
	Ensured       time.Time `json:"ensured,omitzero"`
	AssignedByBot bool      `json:"assigned_by_bot,omitempty"`
	Left          time.Time `json:"left,omitzero"`

	DemandTries int       `json:"demand_tries,omitempty"`
	FirstDemand time.Time `json:"first_demand,omitzero"`
	Demanded    time.Time `json:"demanded,omitzero"`
	LeftToCycle time.Time `json:"left_to_cycle,omitzero"`

	Offered []string `json:"offered,omitempty"`
	More    bool     `json:"more,omitempty"`
	Refused string   `json:"refused,omitempty"`

	StoreID    string    `json:"store_id,omitempty"`
	EarlierIDs []string  `json:"earlier_ids,omitempty"`
	GoneIDs    []string  `json:"gone_ids,omitempty"`
	Asleep     bool      `json:"asleep,omitempty"`
	Seen       time.Time `json:"seen,omitzero"`
	Looked     time.Time `json:"looked,omitzero"`
	Waiting    time.Time `json:"waiting,omitzero"`
	Looks      int       `json:"looks,omitempty"`

	MembersSeen  int       `json:"members_seen,omitempty"`
	MembersTotal int       `json:"members_total,omitempty"`
	Absent       string    `json:"absent,omitempty"`
	Nested       string    `json:"nested,omitempty"`
	MembersRead  time.Time `json:"members_read,omitzero"`
	MemberLooks  int       `json:"member_looks,omitempty"`

	Attempts int       `json:"attempts,omitempty"`
	NextTry  time.Time `json:"next_try,omitzero"`
	Code     string    `json:"code,omitempty"`
	Trouble  string    `json:"trouble,omitempty"`
}

func newPrincipalRecord(g provision.PrincipalRecord) principalRecord {
	return principalRecord{
		ID: g.Principal.ID, Kind: g.Principal.Kind, Name: g.Name,
		AssignIntent: g.AssignIntent, AppAssignment: g.AppAssignment, AppAssigned: g.AppAssigned, Ensured: g.Ensured, AssignedByBot: g.AssignedByBot, Left: g.Left,
		DemandTries: g.DemandTries, FirstDemand: g.FirstDemand, Demanded: g.Demanded, LeftToCycle: g.LeftToCycle,
		Offered: g.Offered, More: g.More, Refused: g.Refused,
		StoreID: g.StoreID, EarlierIDs: g.EarlierIDs, GoneIDs: g.GoneIDs, Asleep: g.Asleep, Seen: g.Seen, Looked: g.Looked, Waiting: g.Waiting, Looks: g.Looks,
		MembersSeen: g.MembersSeen, MembersTotal: g.MembersTotal, Absent: g.Absent, Nested: g.Nested, MembersRead: g.MembersRead, MemberLooks: g.MemberLooks,
		Attempts: g.Attempts, NextTry: g.NextTry, Code: string(g.Code), Trouble: g.Trouble,
	}
}

func (g principalRecord) domain() provision.PrincipalRecord {
	kind := g.Kind
	if kind == "" {
		kind = config.GroupPrincipal
	}
	return provision.PrincipalRecord{
		Principal: config.Principal{Kind: kind, ID: g.ID}, Name: g.Name,
		AssignIntent: g.AssignIntent, AppAssignment: g.AppAssignment, AppAssigned: g.AppAssigned, Ensured: g.Ensured, AssignedByBot: g.AssignedByBot, Left: g.Left,
		DemandTries: g.DemandTries, FirstDemand: g.FirstDemand, Demanded: g.Demanded, LeftToCycle: g.LeftToCycle,
		Offered: g.Offered, More: g.More, Refused: g.Refused,
		StoreID: g.StoreID, EarlierIDs: g.EarlierIDs, GoneIDs: g.GoneIDs, Asleep: g.Asleep, Seen: g.Seen, Looked: g.Looked, Waiting: g.Waiting, Looks: g.Looks,
		MembersSeen: g.MembersSeen, MembersTotal: g.MembersTotal, Absent: g.Absent, Nested: g.Nested, MembersRead: g.MembersRead, MemberLooks: g.MemberLooks,
		Attempts: g.Attempts, NextTry: g.NextTry, Code: provision.Code(g.Code), Trouble: g.Trouble,
	}
}
