package provision_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/provision/fault"
)

func (w *world) Group(_ context.Context, id string) (provision.Group, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, err := w.enter("Group", id); err != nil {
		return provision.Group{}, err
	}
	g, ok := w.groups[id]
	if !ok {
		return g, fault.New(fault.ErrNotFound, "group "+id, "", nil)
	}
	return g, nil
}

func (w *world) UserByID(_ context.Context, id string) (provision.User, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, err := w.enter("User", id); err != nil {
		return provision.User{}, err
	}
	u, ok := w.users[id]
	if !ok {
		return u, fault.New(fault.ErrNotFound, "user "+id, "", nil)
	}
	return u, nil
}

func (w *world) DirectUsers(_ context.Context, id string) ([]provision.User, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, err := w.enter("DirectUsers", id); err != nil {
		return nil, err
	}
	return slices.Clone(w.members[id]), nil
}

func (w *world) NestedGroups(_ context.Context, id string) ([]string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, err := w.enter("NestedGroups", id); err != nil {
		return nil, err
	}
	return slices.Clone(w.nested[id]), nil
}

func (w *world) AppAssignment(_ context.Context, id string) (string, bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, err := w.enter("AppAssignment", id); err != nil {
		return "", false, err
	}
	at, ok := w.assigned[id]
	if !ok || w.now().Sub(at) < w.assignedLag {
		return "", false, nil
	}
	return "app-" + id, true, nil
}

func (w *world) Assign(_ context.Context, id string) (string, bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f, err := w.enter("Assign", id)
	if err != nil {
		return "", false, err
	}
	_, already := w.assigned[id]
	if !already {
		w.assigned[id] = w.now()
	}
	return "app-" + id, already, f.lose()
}

func (w *world) Unassign(_ context.Context, assignment string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	f, err := w.enter("Unassign", assignment)
	if err != nil {
		return err
	}
	id := strings.TrimPrefix(assignment, "app-")
	delete(w.assigned, id)
	if u, ok := w.scim[id]; ok {
		u.off = true // what SCIM does to a user in its next cycle
		w.scim[id] = u
	}
	return f.lose()
}

func (w *world) ProvisionOnDemand(_ context.Context, who config.Principal, members []string) (provision.OnDemand, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	id := who.ID
	f, err := w.enter("ProvisionOnDemand", id+" "+fmt.Sprint(members))
	if err != nil {
		return provision.OnDemand{}, err
	}
	at, ok := w.assigned[id]
	switch {
	case f.fail != "":
		return provision.OnDemand{Reason: f.fail}, nil
	case !ok || w.now().Sub(at) < w.replication:
		return provision.OnDemand{NotYetAssigned: true, Reason: "not assigned"}, nil
	}
	refused := w.refuses[strings.Join(members, " ")]
	g, ok := w.scim[id]
	if !ok {
		g = scimGroup{id: storeID(id), visible: w.now().Add(time.Second)}
	}
	g.off = false
	for _, m := range members {
		if !strings.Contains(refused, "'"+m+"'") {
			g.members = append(slices.Clone(g.members), m)
		}
	}
	w.scim[id] = g
	return provision.OnDemand{OK: true, Refused: refused}, f.lose()
}

func (w *world) Job(context.Context) (provision.JobState, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, err := w.enter("Job", "")
	return w.job, err
}

func (w *world) Application(context.Context) (provision.Application, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, err := w.enter("Application", ""); err != nil {
		return provision.Application{}, err
	}
	return w.app, nil
}
