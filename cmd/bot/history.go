package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/gitops/whatif"
	"aws-access-bot/internal/store"
)

// history is what was asked for, with the config in force.
type history struct {
	Commit   string        `json:"commit"`
	Repo     *config.Repo  `json:"repo"`
	Requests []whatif.Past `json:"requests"`
}

// History implements operations: the requests for access that were asked since
// a time.
func (b *bot) History(ctx context.Context, since time.Time) (history, error) {
	force, err := b.git.InForce(ctx)
	if errors.Is(err, access.ErrNotFound) {
		return history{}, untrusted(err, "compare with")
	}
	if err != nil {
		return history{}, fmt.Errorf("config in force: %w", err)
	}
	all, err := b.requests.All(ctx)
	if err != nil {
		return history{}, fmt.Errorf("requests: %w", err)
	}
	h := history{Commit: force.Commit, Repo: force.Repo, Requests: []whatif.Past{}}
	records := store.NewGitops(b.db)
	for _, r := range all {
		if asked, ok := r.At(access.StageAsked); r.Kind != access.KindGrant || !ok || asked.Before(since) {
			continue
		}
		past, err := pastOf(ctx, records, r)
		if err != nil {
			return history{}, fmt.Errorf("request %s: %w", r.ID, err)
		}
		h.Requests = append(h.Requests, past)
	}
	return h, nil
}

// pastOf gathers what was recorded of a request.
func pastOf(ctx context.Context, records *store.Gitops, r access.Request) (whatif.Past, error) {
	asked, _ := r.At(access.StageAsked)
	past := whatif.Past{
		ID: string(r.ID), Asker: r.Asker.Entra, AskerName: r.Asker.Name, Assignment: r.Want.Assignment(),
		Account: r.Want.AccountSlug, Principal: r.Want.PrincipalSlug, Term: r.Want.Term, Reason: r.Want.Reason,
		AskedAt: asked, State: string(r.State),
	}
	pull, ok, err := records.Pull(ctx, r.ID)
	if err != nil || !ok {
		return past, err
	}
	past.Joined, past.MergedAt = pull.JoinedIDs(), pull.MergedAt
	check, ok, err := records.Check(ctx, pull.Number)
	if err != nil {
		return past, err
	}
	if ok {
		past.Teams, past.Manager, past.Members = check.Teams, check.Manager, map[string][]string{}
		for id, s := range check.Shown {
			past.Members[id] = s.Members
		}
	}
	verdict, ok, err := records.CommitVerdict(ctx, pull.Commit)
	if err != nil || !ok {
		return past, err
	}
	past.Rules, past.Approvers = verdict.Rules, approversOf(verdict)
	return past, nil
}

// approversOf keeps unknown and nobody apart.
func approversOf(v gitops.Verdict) []whatif.Approver {
	if v.Approvers == nil {
		return nil
	}
	out := []whatif.Approver{}
	for _, u := range v.Approvers {
		out = append(out, whatif.Approver{ID: u.ID, Login: u.Login})
	}
	return out
}

// History implements operations.
func (r remote) History(ctx context.Context, since time.Time) (h history, err error) {
	at := url.Values{"since": {since.UTC().Format(time.RFC3339Nano)}}
	err = r.call(ctx, http.MethodGet, "/history?"+at.Encode(), nil, &h)
	return h, err
}

// historyHandler serves History on the control socket.
func historyHandler(b *bot) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		since, err := time.Parse(time.RFC3339, r.URL.Query().Get("since"))
		if err != nil {
			reply(w, nil, fmt.Errorf("since: %w", err))
			return
		}
		h, err := b.History(r.Context(), since)
		reply(w, h, err)
	}
}
