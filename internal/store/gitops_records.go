package store

import (
	"context"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/gitops/review"
)

// viewJSON returns one record in a View of its own.
func viewJSON[T any](ctx context.Context, db DB, bucket, key string) (v T, ok bool, err error) {
	err = db.View(ctx, func(tx Tx) error {
		v, ok, err = getJSON[T](tx, bucket, key)
		return err
	})
	return v, ok, err
}

type userRecord struct {
	ID    int64  `json:"id"`
	Login string `json:"login"`
	Bot   bool   `json:"bot,omitempty"`
}

func newUserRecords(users []review.User) []userRecord {
	var out []userRecord
	for _, u := range users {
		out = append(out, userRecord{u.ID, u.Login, u.Bot})
	}
	return out
}

func users(records []userRecord) []review.User {
	var out []review.User
	for _, u := range records {
		out = append(out, review.User{ID: u.ID, Login: u.Login, Bot: u.Bot})
	}
	return out
}

type startRecord struct {
	MergedAt time.Time `json:"merged_at"`
	AskedAt  time.Time `json:"asked_at"`
}

type walkRecord struct {
	Commit       string                 `json:"commit,omitempty"`
	Tree         string                 `json:"tree,omitempty"`
	At           time.Time              `json:"at,omitzero"`
	Pull         int                    `json:"pull,omitempty"`
	Starts       map[string]startRecord `json:"starts,omitempty"`
	Files        map[string]string      `json:"files,omitempty"`
	Position     string                 `json:"position,omitempty"`
	Halt         *haltRecord            `json:"halt,omitempty"`
	Passed       []string               `json:"passed,omitempty"`
	Carried      []userRecord           `json:"carried,omitempty"`
	CarriedEntra []string               `json:"carried_entra,omitempty"`
	Auto         []autoRecord           `json:"auto,omitempty"`
}

type autoRecord struct {
	Entra string    `json:"entra"`
	At    time.Time `json:"at"`
	Count int       `json:"count"`
}

func newWalkRecord(w gitops.Walk) walkRecord {
	f := w.InForce
	r := walkRecord{
		Commit: f.Commit, Tree: f.Tree, At: f.At, Pull: f.Pull, Files: f.Files, Position: w.Position,
		Halt: newHaltRecord(w.Halt), Passed: w.Passed, Carried: newUserRecords(w.Carried), CarriedEntra: w.CarriedEntra,
	}
	for _, a := range w.Auto {
		r.Auto = append(r.Auto, autoRecord(a))
	}
	if f.Starts != nil {
		r.Starts = make(map[string]startRecord, len(f.Starts))
		for k, s := range f.Starts {
			r.Starts[string(k)] = startRecord{s.MergedAt, s.AskedAt}
		}
	}
	return r
}

func (r walkRecord) domain() gitops.Walk {
	w := gitops.Walk{
		InForce:  gitops.InForce{Commit: r.Commit, Tree: r.Tree, At: r.At, Pull: r.Pull, Files: r.Files},
		Position: r.Position, Halt: r.Halt.domain(), Passed: r.Passed, Carried: users(r.Carried), CarriedEntra: r.CarriedEntra,
	}
	for _, a := range r.Auto {
		w.Auto = append(w.Auto, gitops.AutoUse(a))
	}
	if r.Commit != "" {
		w.InForce.Starts = make(config.Starts, len(r.Starts))
		for k, s := range r.Starts {
			w.InForce.Starts[config.GrantKey(k)] = config.Start{MergedAt: s.MergedAt, AskedAt: s.AskedAt}
		}
	}
	return w
}

type haltRecord struct {
	Commit  string    `json:"commit"`
	Code    string    `json:"code"`
	Text    string    `json:"text"`
	Ways    []string  `json:"ways,omitempty"`
	Pull    int       `json:"pull,omitempty"`
	Request string    `json:"request,omitempty"`
	At      time.Time `json:"at"`
}

func newHaltRecord(h *gitops.Halt) *haltRecord {
	if h == nil {
		return nil
	}
	return &haltRecord{h.Commit, string(h.Code), h.Text, h.Ways, h.Pull, string(h.Request), h.At}
}

func (r *haltRecord) domain() *gitops.Halt {
	if r == nil {
		return nil
	}
	return &gitops.Halt{
		Commit: r.Commit, Code: gitops.HaltCode(r.Code), Text: r.Text, Ways: r.Ways, Pull: r.Pull,
		Request: access.ID(r.Request), At: r.At,
	}
}

type verdictRecord struct {
	Commit  string    `json:"commit"`
	Outcome string    `json:"outcome"`
	At      time.Time `json:"at"`
	Pull    int       `json:"pull,omitempty"`
	Request string    `json:"request,omitempty"`
	Void    string    `json:"void,omitempty"`
	Text    string    `json:"text,omitempty"`
	// Approvers is absent where nothing is known of them, and empty for nobody.
	Approvers *[]userRecord `json:"approvers,omitempty"`
	Rules     []string      `json:"rules,omitempty"`
}

func newVerdictRecord(v gitops.Verdict) verdictRecord {
	r := verdictRecord{
		Commit: v.Commit, Outcome: string(v.Outcome), At: v.At, Pull: v.Pull, Request: string(v.Request),
		Void: v.Void, Text: v.Text, Rules: v.Rules,
	}
	if v.Approvers != nil {
		approvers := append([]userRecord{}, newUserRecords(v.Approvers)...)
		r.Approvers = &approvers
	}
	return r
}

func (r verdictRecord) domain() gitops.Verdict {
	v := gitops.Verdict{
		Commit: r.Commit, Outcome: gitops.Outcome(r.Outcome), At: r.At, Pull: r.Pull, Request: access.ID(r.Request),
		Void: r.Void, Text: r.Text, Rules: r.Rules,
	}
	if r.Approvers != nil {
		v.Approvers = append([]review.User{}, users(*r.Approvers)...)
	}
	return v
}

type pullRecord struct {
	Request       string            `json:"request"`
	Kind          string            `json:"kind"`
	Branch        string            `json:"branch"`
	Base          string            `json:"base,omitempty"`
	Head          string            `json:"head,omitempty"`
	NextBase      string            `json:"next_base,omitempty"`
	NextHead      string            `json:"next_head,omitempty"`
	Number        int               `json:"number,omitempty"`
	URL           string            `json:"url,omitempty"`
	Requester     string            `json:"requester"`
	PrincipalKind string            `json:"principal_kind"`
	PrincipalID   string            `json:"principal_id"`
	Account       string            `json:"account,omitempty"`
	PermissionSet string            `json:"permission_set,omitempty"`
	Fingerprint   string            `json:"fingerprint,omitempty"`
	AskedAt       time.Time         `json:"asked_at"`
	Title         string            `json:"title,omitempty"`
	Text          string            `json:"text,omitempty"`
	Refused       string            `json:"refused,omitempty"`
	TakenBack     bool              `json:"taken_back,omitempty"`
	State         string            `json:"state"`
	Missing       []string          `json:"missing,omitempty"`
	ApprovedBy    []string          `json:"approved_by,omitempty"`
	Passes        bool              `json:"passes,omitempty"`
	BotMerges     bool              `json:"bot_merges,omitempty"`
	Reopened      bool              `json:"reopened,omitempty"`
	ClosedAt      time.Time         `json:"closed_at,omitzero"`
	Objections    []objectionRecord `json:"objections,omitempty"`
	MergedAt      time.Time         `json:"merged_at,omitzero"`
	MergedBy      string            `json:"merged_by,omitempty"`
	Commit        string            `json:"commit,omitempty"`
}

func newPullRecord(p gitops.PullRecord) pullRecord {
	return pullRecord{
		Request: string(p.Request), Kind: string(p.Kind), Branch: p.Branch, Base: p.Base, Head: p.Head,
		NextBase: p.NextBase, NextHead: p.NextHead, Number: p.Number,
		URL: p.URL, Requester: p.Requester, PrincipalKind: string(p.Principal.Kind),
		PrincipalID: p.Principal.ID, Account: p.Account, PermissionSet: p.PermissionSet, Fingerprint: p.Fingerprint, AskedAt: p.AskedAt, Title: p.Title, Text: p.Text, Refused: p.Refused, TakenBack: p.TakenBack,
		State: string(p.State), Missing: p.Missing,
		ApprovedBy: p.ApprovedBy, Passes: p.Passes, BotMerges: p.BotMerges, Reopened: p.Reopened, ClosedAt: p.ClosedAt, Objections: newObjectionRecords(p.Objections), MergedAt: p.MergedAt, MergedBy: p.MergedBy, Commit: p.Commit,
	}
}

func (r pullRecord) domain() gitops.PullRecord {
	return gitops.PullRecord{
		Request: access.ID(r.Request), Kind: review.Kind(r.Kind), Branch: r.Branch, Base: r.Base, Head: r.Head,
		NextBase: r.NextBase, NextHead: r.NextHead, Number: r.Number, URL: r.URL, Requester: r.Requester,
		Principal: config.Principal{Kind: config.PrincipalKind(r.PrincipalKind), ID: r.PrincipalID},
		Account:   r.Account, PermissionSet: r.PermissionSet,
		Fingerprint: r.Fingerprint, AskedAt: r.AskedAt, Title: r.Title, Text: r.Text, Refused: r.Refused, TakenBack: r.TakenBack, State: access.PullState(r.State),
		Missing: r.Missing, ApprovedBy: r.ApprovedBy, Passes: r.Passes, BotMerges: r.BotMerges, Reopened: r.Reopened, ClosedAt: r.ClosedAt, Objections: objections(r.Objections), MergedAt: r.MergedAt, MergedBy: r.MergedBy, Commit: r.Commit,
	}
}

type joinedRecord struct {
	Entra string    `json:"entra"`
	Name  string    `json:"name,omitempty"`
	At    time.Time `json:"at,omitzero"`
}

type checkRecord struct {
	Number int `json:"number"`
	headRecord
	Late map[string]shownRecord `json:"late,omitempty"`
	// Before has heads before, the oldest first.
	Before []headRecord `json:"before,omitempty"`
	Forgot bool         `json:"forgot,omitempty"`
}

// headRecord is a stored [gitops.ShownHead]; that of a check stands among its members.
type headRecord struct {
	Head    string             `json:"head"`
	RunID   int64              `json:"run"`
	Digest  string             `json:"digest"`
	ShownAt time.Time          `json:"shown_at,omitzero"`
	Teams   map[string][]int64 `json:"teams,omitempty"`
	Manager string             `json:"manager,omitempty"`
	Outside []int64            `json:"outside,omitempty"`
	// Shown has the people of groups, by Entra id.
	Shown map[string]shownRecord `json:"shown,omitempty"`
}

func newHeadRecord(h gitops.ShownHead) headRecord {
	return headRecord{h.Head, h.RunID, h.Digest, h.ShownAt, h.Teams, h.Manager, h.Outside, newShownRecords(h.Shown)}
}

func (r headRecord) head() gitops.ShownHead {
	return gitops.ShownHead{
		Head: r.Head, RunID: r.RunID, Digest: r.Digest, ShownAt: r.ShownAt,
		Teams: r.Teams, Manager: r.Manager, Outside: r.Outside, Shown: shownDomain(r.Shown),
	}
}

type shownRecord struct {
	Members []string  `json:"members"`
	Since   time.Time `json:"since,omitzero"`
	Joined  []string  `json:"joined,omitempty"`
}

func newShownRecords(m map[string]review.Shown) map[string]shownRecord {
	if m == nil {
		return nil
	}
	out := make(map[string]shownRecord, len(m))
	for id, s := range m {
		out[id] = shownRecord(s)
	}
	return out
}

func shownDomain(m map[string]shownRecord) map[string]review.Shown {
	if m == nil {
		return nil
	}
	out := make(map[string]review.Shown, len(m))
	for id, s := range m {
		out[id] = review.Shown(s)
	}
	return out
}

func newCheckRecord(c gitops.CheckRecord) checkRecord {
	r := checkRecord{Number: c.Number, headRecord: newHeadRecord(c.ShownHead), Late: newShownRecords(c.Late), Forgot: c.Forgot}
	for _, h := range c.Before {
		r.Before = append(r.Before, newHeadRecord(h))
	}
	return r
}

func (r checkRecord) domain() gitops.CheckRecord {
	c := gitops.CheckRecord{Number: r.Number, ShownHead: r.head(), Late: shownDomain(r.Late), Forgot: r.Forgot}
	for _, h := range r.Before {
		c.Before = append(c.Before, h.head())
	}
	return c
}

type commentRecord struct {
	Number int    `json:"number"`
	ID     int64  `json:"id"`
	URL    string `json:"url,omitempty"`
	Digest string `json:"digest"`
}

func newCommentRecord(c gitops.CommentRecord) commentRecord {
	return commentRecord{c.Number, c.ID, c.URL, c.Digest}
}

func (r commentRecord) domain() gitops.CommentRecord {
	return gitops.CommentRecord{Number: r.Number, ID: r.ID, URL: r.URL, Digest: r.Digest}
}
