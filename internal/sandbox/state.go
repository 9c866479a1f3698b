package sandbox

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"aws-access-bot/internal/sandbox/awsemu"
	"aws-access-bot/internal/sandbox/emukit"
	"aws-access-bot/internal/sandbox/githubemu"
	"aws-access-bot/internal/sandbox/graphemu"
	"aws-access-bot/internal/sandbox/slackemu"
)

// State is the whole world at one moment. It holds no secrets.
type State struct {
	Time       time.Time `json:"time"`
	URL        string    `json:"url"`
	TLSURL     string    `json:"tls_url"`
	BotURL     string    `json:"bot_url,omitempty"` // empty while no bot is known
	SeedCommit string    `json:"seed_commit"`
	Speed      float64   `json:"speed"`
	// ConfigRepo is the full name of the config repo.
	ConfigRepo string   `json:"config_repo"`
	People     []Person `json:"people"`
	// Journal is the number of the newest entry of the journal.
	Journal int64            `json:"journal"`
	Access  *AccessMap       `json:"access,omitempty"`
	Slack   *slackemu.State  `json:"slack,omitempty"`
	GitHub  *githubemu.State `json:"github,omitempty"`
	Graph   *graphemu.State  `json:"graph,omitempty"`
	AWS     *awsemu.State    `json:"aws,omitempty"`
}

// State returns a snapshot. With parts (access, slack, github, graph, aws) it
// has only these.
func (s *Sandbox) State(parts ...string) State {
	want := func(part string) bool {
		for _, p := range parts {
			if p == part {
				return true
			}
		}
		return len(parts) == 0
	}
	journal, _ := s.kit.Journal.Since(0)
	st := State{
		Time: s.kit.Now().UTC(), URL: s.url, TLSURL: s.tlsURL, SeedCommit: s.world.seedCommit, Speed: max(s.kit.Speed, 1),
		ConfigRepo: githubOrg + "/" + configRepo, People: s.world.people, Journal: int64(len(journal)),
	}
	if b := s.bot(); b != nil {
		st.BotURL = b.String()
	}
	if want("slack") {
		x := s.world.slack.State()
		st.Slack = &x
	}
	if want("graph") {
		x := s.world.graph.State()
		st.Graph = &x
	}
	if !want("github") && !want("aws") && !want("access") {
		return st
	}
	hub, aws := s.world.github.State(), s.world.aws.State()
	if want("github") {
		st.GitHub = &hub
	}
	if want("aws") {
		st.AWS = &aws
	}
	if want("access") {
		m := s.accessMap(s.history.at(hub.Repos[0].Commits), aws)
		st.Access = &m
	}
	return st
}

func (s *Sandbox) getState(w http.ResponseWriter, r *http.Request) {
	var parts []string
	if q := r.URL.Query().Get("part"); q != "" {
		parts = strings.Split(q, ",")
	}
	for _, p := range parts {
		switch p {
		case "access", "slack", "github", "graph", "aws", "none":
		default:
			writeError(w, http.StatusBadRequest, "there is no part "+strconv.Quote(p)+"; the parts are access, slack, github, graph, aws and none")
			return
		}
	}
	writeJSON(w, http.StatusOK, s.State(parts...))
}

// maxWait bounds how long a request for the journal may wait for an entry.
const maxWait = 30 * time.Second

// getJournal answers the entries after a number, at once or, with wait, as soon
// as there is one.
func (s *Sandbox) getJournal(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	after, wait := int64(0), time.Duration(0)
	var err error
	if v := q.Get("after"); v != "" {
		if after, err = strconv.ParseInt(v, 10, 64); err != nil {
			writeError(w, http.StatusBadRequest, "after is no number")
			return
		}
	}
	if v := q.Get("wait"); v != "" {
		if wait, err = time.ParseDuration(v); err != nil || wait < 0 {
			writeError(w, http.StatusBadRequest, "wait is no duration such as 10s")
			return
		}
	}
	entries, changed := s.kit.Journal.Since(after)
	if len(entries) == 0 && wait > 0 {
		timer := time.NewTimer(min(wait, maxWait))
		defer timer.Stop()
		select {
		case <-r.Context().Done():
			return
		case <-changed:
			entries, _ = s.kit.Journal.Since(after)
		case <-timer.C:
		}
	}
	writeJSON(w, http.StatusOK, map[string]any{"entries": selected(entries, q.Get("service"), q.Get("bodies") == "false")})
}

// selected keeps the entries of a service (all, if it is empty), without their
// bodies if bare.
func selected(entries []emukit.Entry, service string, bare bool) []emukit.Entry {
	out := []emukit.Entry{}
	for _, e := range entries {
		if service != "" && e.Service != service {
			continue
		}
		if bare {
			e.Request, e.Response = "", ""
		}
		out = append(out, e)
	}
	return out
}
