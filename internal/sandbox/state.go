package sandbox

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"aws-access-bot/internal/sandbox/awsemu"
	"aws-access-bot/internal/sandbox/emukit"
	"aws-access-bot/internal/sandbox/githubemu"
	"aws-access-bot/internal/sandbox/graphemu"
	"aws-access-bot/internal/sandbox/slackemu"
	"aws-access-bot/internal/sandbox/teamsemu"
)

// State is the whole world at one moment. It holds no secrets.
type State struct {
	// Time is when all of it had been read: nothing in it is younger.
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
	Teams   *teamsemu.State  `json:"teams,omitempty"`
	GitHub  *githubemu.State `json:"github,omitempty"`
	Graph   *graphemu.State  `json:"graph,omitempty"`
	AWS     *awsemu.State    `json:"aws,omitempty"`
}

// State returns a snapshot. With parts (access, slack, teams, github, graph, aws) it
// has only these.
func (s *Sandbox) State(parts ...string) State {
	st := s.read(parts)
	st.Time = s.kit.Now().UTC()
	return st
}

// read reads the parts, one after the other.
func (s *Sandbox) read(parts []string) State {
	want := func(part string) bool {
		for _, p := range parts {
			if p == part {
				return true
			}
		}
		return len(parts) == 0
	}
	st := State{
		URL: s.url, TLSURL: s.tlsURL, SeedCommit: s.world.seedCommit, Speed: max(s.kit.Speed, 1),
		ConfigRepo: s.world.config.FullName(), People: s.world.people, Journal: s.kit.Journal.Last(),
	}
	if b := s.bot(); b != nil {
		st.BotURL = b.String()
	}
	if want("slack") {
		x := s.world.slack.State()
		st.Slack = &x
	}
	if want("teams") {
		x := s.world.teams.State()
		st.Teams = &x
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
		case "access", "slack", "teams", "github", "graph", "aws", "none":
		default:
			writeError(w, http.StatusBadRequest, "there is no part "+strconv.Quote(p)+"; the parts are access, slack, teams, github, graph, aws and none")
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
	after, err1 := number(q, "after")
	limit, err2 := number(q, "limit")
	wait, err3 := duration(q, "wait")
	if err := cmp.Or(err1, err2, err3); err != nil {
		writeError(w, http.StatusBadRequest, err.Error())
		return
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
	out := selected(entries, q.Get("service"), q.Get("bodies") == "false")
	if limit > 0 {
		out = out[:min(int64(len(out)), limit)]
	}
	writeJSON(w, http.StatusOK, map[string]any{"entries": out})
}

// number reads a count from a query, zero if it is not there.
func number(q url.Values, name string) (int64, error) {
	v := q.Get(name)
	if v == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%s is %q, not a number from 0", name, v)
	}
	return n, nil
}

// duration reads a duration from a query, zero if it is not there.
func duration(q url.Values, name string) (time.Duration, error) {
	v := q.Get(name)
	if v == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(v)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%s is %q, not a duration such as 10s", name, v)
	}
	return d, nil
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
