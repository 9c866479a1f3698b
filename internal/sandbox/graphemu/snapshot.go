package graphemu

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// State is a copy of everything the tenant holds, for pages and checkers. Lists
// are sorted by id.
type State struct {
	TenantID    string       `json:"tenant_id"`
	App         string       `json:"app"`
	AppName     string       `json:"app_name"`
	Users       []User       `json:"users"`
	Groups      []Group      `json:"groups"` // with their members
	Assignments []Assignment `json:"assignments"`
	Job         JobState     `json:"job"`
}

// JobState is the provisioning job at a glance.
type JobState struct {
	ID       string `json:"id"`
	Status   string `json:"status"`   // NotRun, Active, Paused or Quarantine
	Schedule string `json:"schedule"` // Active, Paused or Disabled
	// NextCycle is when the next cycle or retry is due; zero if there is none.
	NextCycle time.Time `json:"next_cycle"`
	// NeverHonour is [Options.NeverHonour] as it is now.
	NeverHonour bool `json:"never_honour"`
	// Quarantine says why the job is in quarantine; empty means it is not.
	Quarantine string `json:"quarantine,omitempty"`
	// Failures counts complete failures in a row.
	Failures int `json:"failures"`
	// LastCycle is nil before the first one.
	LastCycle *Cycle `json:"last_cycle,omitempty"`
	// Users and Groups are the object ids that the job has in the target, with
	// whether a user is active there and who is in a group.
	Users  map[string]bool     `json:"users"`
	Groups map[string][]string `json:"groups"`
	// Log holds the newest 100 lines of the provisioning log, newest first.
	Log []LogLine `json:"log"`
}

// shownLog is how many log lines a State holds.
const shownLog = 100

// State returns a snapshot as of now.
func (s *Server) State() State {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := State{
		TenantID: s.opts.TenantID, App: s.opts.App, AppName: s.opts.AppName,
		Users: []User{}, Groups: []Group{}, Assignments: []Assignment{}, Job: s.jobState(),
	}
	for _, u := range s.dir.users {
		st.Users = append(st.Users, copyUser(u))
	}
	for _, g := range s.dir.groups {
		st.Groups = append(st.Groups, copyGroup(g))
	}
	for _, a := range s.dir.assignments {
		st.Assignments = append(st.Assignments, *a)
	}
	slices.SortFunc(st.Users, func(a, b User) int { return strings.Compare(a.ID, b.ID) })
	slices.SortFunc(st.Groups, func(a, b Group) int { return strings.Compare(a.ID, b.ID) })
	slices.SortFunc(st.Assignments, func(a, b Assignment) int { return strings.Compare(a.ID, b.ID) })
	return st
}

func (s *Server) jobState() JobState {
	j := &s.job
	st := JobState{
		ID: j.id, Status: j.code(), Schedule: j.schedule, NeverHonour: s.never, Failures: j.failures,
		Users: map[string]bool{}, Groups: map[string][]string{}, Log: []LogLine{},
	}
	if j.schedule == scheduleActive {
		st.NextCycle = j.next
	}
	if j.quarantine != nil {
		st.Quarantine = j.quarantine.message
	}
	if j.last != nil {
		last := *j.last
		st.LastCycle = &last
	}
	for id, u := range s.synced.users {
		st.Users[id] = u.Active
	}
	for id, g := range maps.All(s.synced.groups) {
		st.Groups[id] = append([]string{}, g.members...)
	}
	for _, l := range slices.Backward(s.log[max(0, len(s.log)-shownLog):]) {
		st.Log = append(st.Log, l)
	}
	return st
}
