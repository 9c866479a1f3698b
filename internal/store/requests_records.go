package store

import (
	"maps"
	"slices"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
)

// requestRecord is an access.Request as it is kept.
type requestRecord struct {
	// Seq orders requests as they were created.
	Seq          uint64                     `json:"seq"`
	ID           access.ID                  `json:"id"`
	Key          string                     `json:"key"`
	Kind         access.Kind                `json:"kind"`
	State        access.State               `json:"state"`
	Version      int                        `json:"version"`
	Asker        askerRecord                `json:"asker"`
	Want         wantRecord                 `json:"want"`
	Channel      string                     `json:"channel,omitempty"`
	Origin       string                     `json:"origin,omitempty"`
	Times        map[access.Stage]time.Time `json:"times,omitempty"`
	PullNumber   int                        `json:"pull_number,omitempty"`
	PullURL      string                     `json:"pull_url,omitempty"`
	PullHead     string                     `json:"pull_head,omitempty"`
	Missing      []string                   `json:"missing,omitempty"`
	MergedBy     string                     `json:"merged_by,omitempty"`
	Objections   []objectionRecord          `json:"objections,omitempty"`
	ApprovedBy   []string                   `json:"approved_by,omitempty"`
	Approved     bool                       `json:"approved,omitempty"`
	BotMerges    bool                       `json:"bot_merges,omitempty"`
	Commit       string                     `json:"commit,omitempty"`
	End          time.Time                  `json:"end,omitzero"`
	Trouble      string                     `json:"trouble,omitempty"`
	Expect       string                     `json:"expect,omitempty"`
	MembersSeen  int                        `json:"members_seen,omitempty"`
	MembersTotal int                        `json:"members_total,omitempty"`
	Absent       string                     `json:"absent,omitempty"`
	Warning      string                     `json:"warning,omitempty"`
	Outcome      string                     `json:"outcome,omitempty"`
	Warned       bool                       `json:"warned,omitempty"`
	GoesOn       access.ID                  `json:"goes_on,omitempty"`
	Occasion     string                     `json:"occasion,omitempty"`
	Withdrawn    bool                       `json:"withdrawn,omitempty"`
	Retry        bool                       `json:"retry,omitempty"`
	StaysIn      string                     `json:"stays_in,omitempty"`
	Lacks        bool                       `json:"lacks,omitempty"`
	Joined       []joinerRecord             `json:"joined,omitempty"`
}

// joinerRecord is an access.Joiner as it is kept.
type joinerRecord struct {
	askerRecord
	Key string    `json:"key"`
	At  time.Time `json:"at"`
}

// askerRecord is an access.Asker as it is kept.
type askerRecord struct {
	Entra    string          `json:"entra"`
	Name     string          `json:"name,omitempty"`
	Email    string          `json:"email,omitempty"`
	Platform access.Platform `json:"platform"`
	Team     string          `json:"team"`
	User     string          `json:"user"`
	Zone     string          `json:"zone,omitempty"`
}

// wantRecord is an access.Want as it is kept.
type wantRecord struct {
	PrincipalKind config.PrincipalKind `json:"principal_kind"`
	PrincipalID   string               `json:"principal_id"`
	PrincipalSlug string               `json:"principal_slug"`
	PrincipalName string               `json:"principal_name"`
	AccountSlug   string               `json:"account_slug"`
	AccountID     string               `json:"account_id"`
	AccountName   string               `json:"account_name"`
	OU            string               `json:"ou"`
	PermissionSet string               `json:"permission_set"`
	Standing      bool                 `json:"standing,omitempty"`
	Until         time.Time            `json:"until,omitzero"`
	ForNanos      int64                `json:"for_ns,omitempty"`
	Reason        string               `json:"reason"`
	Revokes       access.ID            `json:"revokes,omitempty"`
	Extends       access.ID            `json:"extends,omitempty"`
	Link          *linkRecord          `json:"link,omitempty"`
	Onboard       *onboardRecord       `json:"onboard,omitempty"`
	Phase         config.Phase         `json:"phase,omitempty"`
}

// linkRecord is an access.Link as it is kept.
type linkRecord struct {
	SlackTeam   string `json:"slack_team,omitempty"`
	SlackUser   string `json:"slack_user,omitempty"`
	GitHubLogin string `json:"github_login,omitempty"`
	GitHubID    int64  `json:"github_id,omitempty"`
	Email       string `json:"email"`
	UPN         string `json:"upn"`
	ChatName    string `json:"chat_name"`
	ChatEmail   string `json:"chat_email"`
}

func newLinkRecord(l access.Link) *linkRecord {
	if l == (access.Link{}) {
		return nil
	}
	a := l.Account
	return &linkRecord{a.Slack.Team, a.Slack.User, a.GitHub.Login, a.GitHub.ID, l.Email, l.UPN, l.ChatName, l.ChatEmail}
}

func (r *linkRecord) link() access.Link {
	if r == nil {
		return access.Link{}
	}
	return access.Link{
		Account: config.PersonLink{
			Slack:  config.SlackUser{Team: r.SlackTeam, User: r.SlackUser},
			GitHub: config.GitHubUser{Login: r.GitHubLogin, ID: r.GitHubID},
		},
		Email: r.Email, UPN: r.UPN, ChatName: r.ChatName, ChatEmail: r.ChatEmail,
	}
}

func newRequestRecord(seq uint64, r access.Request) requestRecord {
	return requestRecord{
		Seq: seq, ID: r.ID, Key: r.Key, Kind: r.Kind, State: r.State, Version: r.Version,
		Asker: newAskerRecord(r.Asker), Want: newWantRecord(r.Want), Channel: r.Channel, Origin: r.Origin,
		Times:      utcTimes(r.Times),
		PullNumber: r.Pull.Number, PullURL: r.Pull.URL, PullHead: r.Pull.Head,
		Missing: r.Missing, MergedBy: r.MergedBy, Objections: newObjectionRecords(r.Objections), ApprovedBy: r.ApprovedBy, Approved: r.Approved, BotMerges: r.BotMerges, Commit: r.Commit, End: r.End.UTC(), Trouble: r.Trouble, Expect: r.Expect,
		MembersSeen: r.MembersSeen, MembersTotal: r.MembersTotal, Absent: r.Absent, Warning: r.Warning, Outcome: r.Outcome, Warned: r.Warned, GoesOn: r.GoesOn, Occasion: r.Occasion,
		Withdrawn: r.Withdrawn, Retry: r.Retry, StaysIn: r.StaysIn, Lacks: r.Lacks, Joined: newJoinerRecords(r.Joined),
	}
}

func newJoinerRecords(list []access.Joiner) []joinerRecord {
	var out []joinerRecord
	for _, j := range list {
		out = append(out, joinerRecord{newAskerRecord(j.Asker), j.Key, j.At.UTC()})
	}
	return out
}

func joiners(list []joinerRecord) []access.Joiner {
	var out []access.Joiner
	for _, j := range list {
		out = append(out, access.Joiner{Asker: j.asker(), Key: j.Key, At: j.At})
	}
	return out
}

// request returns the request, which shares nothing with the record.
func (r requestRecord) request() access.Request {
	return access.Request{
		ID: r.ID, Key: r.Key, Kind: r.Kind, State: r.State, Version: r.Version,
		Asker: r.Asker.asker(), Want: r.Want.want(), Channel: r.Channel, Origin: r.Origin, Times: maps.Clone(r.Times),
		Pull:    access.PullRef{Number: r.PullNumber, URL: r.PullURL, Head: r.PullHead},
		Missing: slices.Clone(r.Missing), MergedBy: r.MergedBy, Objections: objections(r.Objections), ApprovedBy: slices.Clone(r.ApprovedBy), Approved: r.Approved, BotMerges: r.BotMerges, Commit: r.Commit, End: r.End, Trouble: r.Trouble, Expect: r.Expect,
		MembersSeen: r.MembersSeen, MembersTotal: r.MembersTotal, Absent: r.Absent, Warning: r.Warning, Outcome: r.Outcome, Warned: r.Warned, GoesOn: r.GoesOn, Occasion: r.Occasion,
		Withdrawn: r.Withdrawn, Retry: r.Retry, StaysIn: r.StaysIn, Lacks: r.Lacks, Joined: joiners(r.Joined),
	}
}

func newAskerRecord(a access.Asker) askerRecord {
	return askerRecord{
		Entra: a.Entra, Name: a.Name, Email: a.Email,
		Platform: a.Chat.Platform, Team: a.Chat.Team, User: a.Chat.User, Zone: a.Zone,
	}
}

func (r askerRecord) asker() access.Asker {
	return access.Asker{
		Person: access.Person{Entra: r.Entra, Name: r.Name, Email: r.Email},
		Chat:   access.ChatUser{Platform: r.Platform, Team: r.Team, User: r.User},
		Zone:   r.Zone,
	}
}

func newWantRecord(w access.Want) wantRecord {
	return wantRecord{
		PrincipalKind: w.Principal.Kind, PrincipalID: w.Principal.ID,
		PrincipalSlug: w.PrincipalSlug, PrincipalName: w.PrincipalName,
		AccountSlug: w.AccountSlug, AccountID: w.AccountID, AccountName: w.AccountName, OU: w.OU,
		PermissionSet: w.PermissionSet,
		Standing:      w.Term.Standing, Until: w.Term.End.UTC(), ForNanos: int64(w.Term.For),
		Reason: w.Reason, Revokes: w.Revokes, Extends: w.Extends, Link: newLinkRecord(w.Link), Onboard: newOnboardRecord(w.Onboard), Phase: w.Phase,
	}
}

func (r wantRecord) want() access.Want {
	return access.Want{
		Principal:     config.Principal{Kind: r.PrincipalKind, ID: r.PrincipalID},
		PrincipalSlug: r.PrincipalSlug, PrincipalName: r.PrincipalName,
		AccountSlug: r.AccountSlug, AccountID: r.AccountID, AccountName: r.AccountName, OU: r.OU,
		PermissionSet: r.PermissionSet,
		Term:          config.Term{Standing: r.Standing, End: r.Until, For: time.Duration(r.ForNanos)},
		Reason:        r.Reason, Revokes: r.Revokes, Extends: r.Extends, Link: r.Link.link(), Onboard: r.Onboard.onboarding(), Phase: r.Phase,
	}
}

// utcTimes returns a copy with every time in UTC, nil for none.
func utcTimes(times map[access.Stage]time.Time) map[access.Stage]time.Time {
	if len(times) == 0 {
		return nil
	}
	out := make(map[access.Stage]time.Time, len(times))
	for s, t := range times {
		out[s] = t.UTC()
	}
	return out
}
