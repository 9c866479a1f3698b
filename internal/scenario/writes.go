package scenario

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/sandbox/emukit"
)

// Writes reports whether a request was one to change Graph or AWS.
func Writes(e emukit.Entry) bool {
	switch e.Service {
	case "aws":
		for _, read := range []string{"List", "Describe", "Get", "AssumeRole", "GenerateCredentialReport", "LookupEvents"} {
			if strings.HasPrefix(e.Op, read) {
				return false
			}
		}
		return true
	case "graph":
		return e.Method != http.MethodGet && !strings.HasSuffix(e.Path, "/$batch")
	default:
		return false
	}
}

// writes judges every request that changes Graph or AWS.
func (c *checker) writes() error {
	for _, e := range c.ev.Journal {
		if !Writes(e) {
			continue
		}
		if c.ev.Settled > 0 && e.Seq > c.ev.Settled {
			c.add(RuleRestless, "%s %s %s", e.Service, e.Op, e.Request)
		}
		if err := c.write(e); err != nil {
			return fmt.Errorf("journal entry %d, %s: %w", e.Seq, e.Op, err)
		}
	}
	return nil
}

func (c *checker) write(e emukit.Entry) error {
	switch {
	case e.Service == "aws" && e.Op == "CreateAccountAssignment":
		return c.create(e)
	case e.Service == "aws" && e.Op == "DeleteAccountAssignment":
		return c.remove(e)
	case e.Service == "aws" && isSetWrite(e.Op):
		return c.writeSet(e)
	case e.Service == "aws" && isAccountWrite(e.Op):
		return c.writeAccount(e)
	case e.Service == "graph" && e.Method == http.MethodPost && strings.HasSuffix(e.Path, "/appRoleAssignedTo"):
		return c.assign(e)
	case e.Service == "graph" && e.Method == http.MethodDelete && strings.Contains(e.Path, "/appRoleAssignedTo/"):
		return c.unassign(e)
	case e.Service == "graph" && e.Method == http.MethodPost && strings.HasSuffix(strings.ToLower(e.Path), "/provisionondemand"):
		return c.demand(e)
	}
	c.add(RuleOtherWrite, "%s %s %s %s", e.Service, e.Method, e.Path, e.Request)
	return nil
}

// assignmentBody is the request of both operations on assignments.
type assignmentBody struct {
	TargetID         string `json:"TargetId"`
	PermissionSetARN string `json:"PermissionSetArn"`
	PrincipalType    string
	PrincipalID      string `json:"PrincipalId"`
}

// assignment reads which assignment a request is about.
func (c *checker) assignment(e emukit.Entry) (config.Assignment, error) {
	var b assignmentBody
	if err := json.Unmarshal([]byte(e.Request), &b); err != nil {
		return config.Assignment{}, err
	}
	if b.TargetID == c.ev.State.AWS.ManagementAccount {
		c.add(RuleManagement, "%s %s", e.Op, e.Request)
	}
	return c.named(b.PrincipalID, b.TargetID, b.PermissionSetARN), nil
}

// named is an assignment as the config repo says it; what is unknown keeps the
// id of AWS, which no commit desires.
func (c *checker) named(principal, account, set string) config.Assignment {
	a := config.Assignment{Principal: config.Principal{Kind: "unknown", ID: principal}, Account: account, PermissionSet: set}
	if p, ok := c.principals[principal]; ok {
		a.Principal = p
	}
	if s, ok := c.sets[set]; ok {
		a.PermissionSet = s
	}
	return a
}

// desires reports whether a commit desires an assignment at a time.
func (e epoch) desires(a config.Assignment, at time.Time) bool {
	return slices.ContainsFunc(e.repo.Desired(e.starts, at), func(d config.Desired) bool { return d.Assignment == a })
}

// desiresOf reports whether a commit desires anything for an Entra principal
// at a time.
func (e epoch) desiresOf(entra string, at time.Time) bool {
	return slices.ContainsFunc(e.repo.Desired(e.starts, at), func(d config.Desired) bool { return d.Assignment.Principal.ID == entra })
}

// clears reports whether by a commit what nobody declared goes too: in phase 3 with
// drift: revert.
func (e epoch) clears() bool {
	return e.repo.Access.Phase.RemovesUndeclared(e.repo.Access.Drift)
}

func (c *checker) create(e emukit.Entry) error {
	a, err := c.assignment(e)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(c.forces(e.Time), func(x epoch) bool { return x.desires(a, e.Time) }) {
		return nil
	}
	back, err := c.putsBack(e)
	if !back && err == nil {
		c.add(RuleCreate, "%s at %s: no good commit desires it", a, e.Time.Format(time.TimeOnly))
	}
	return err
}

func (c *checker) remove(e emukit.Entry) error {
	a, err := c.assignment(e)
	if err != nil {
		return err
	}
	owned := false
	for _, x := range c.epochs {
		// A grant may have begun and ended since: what it desired at any time
		// counts, which is what it desired at its start.
		for _, at := range []time.Time{x.since, e.Time} {
			owned = owned || !x.since.After(e.Time) && x.desires(a, at)
		}
	}
	forces := c.forces(e.Time)
	if !owned && !slices.ContainsFunc(forces, epoch.clears) {
		c.add(RuleDelete, "%s: no good commit ever desired it", a)
	}
	if c.orphan(e) {
		return nil
	}
	if len(forces) > 0 && !slices.ContainsFunc(forces, func(x epoch) bool { return !x.desires(a, e.Time) }) {
		c.add(RuleDesired, "%s at %s is desired", a, e.Time.Format(time.TimeOnly))
	}
	if slices.ContainsFunc(forces, func(x epoch) bool { return x.repo.IsProtected(a) }) {
		c.add(RuleProtected, "%s", a)
	}
	return nil
}

func (c *checker) assign(e emukit.Entry) error {
	var b struct {
		PrincipalID string `json:"principalId"`
	}
	if err := json.Unmarshal([]byte(e.Request), &b); err != nil {
		return err
	}
	c.wanted(RuleAssign, e, b.PrincipalID)
	var made struct {
		ID string `json:"id"`
	}
	if json.Unmarshal([]byte(e.Response), &made) == nil && e.Status == http.StatusCreated {
		c.apps[made.ID] = b.PrincipalID
	}
	return nil
}

// orphan reports whether a request is about the id of a group that is gone:
// what the commit in force desires for the group has another one.
func (c *checker) orphan(e emukit.Entry) bool {
	var b assignmentBody
	return json.Unmarshal([]byte(e.Request), &b) == nil && c.earlier[b.PrincipalID]
}

// unassign wants that the bot made the assignment to the application, and that
// a commit that may be in force desires nothing for its principal.
func (c *checker) unassign(e emukit.Entry) error {
	id := e.Path[strings.LastIndex(e.Path, "/")+1:]
	entra, own := c.apps[id]
	switch {
	case !own:
		c.add(RuleUnassign, "%s: the bot did not make it", id)
	case !slices.ContainsFunc(c.forces(e.Time), func(x epoch) bool { return !x.desiresOf(entra, e.Time) }):
		c.add(RuleUnassign, "%s at %s: every commit that may be in force desires something for it", entra, e.Time.Format(time.TimeOnly))
	}
	return nil
}

// wanted wants a good commit that desires something for a principal.
func (c *checker) wanted(rule Rule, e emukit.Entry, entra string) {
	if !slices.ContainsFunc(c.forces(e.Time), func(x epoch) bool { return x.desiresOf(entra, e.Time) }) {
		c.add(rule, "%s at %s: no good commit desires anything for it", entra, e.Time.Format(time.TimeOnly))
	}
}

// demandBody is a request for provisioning on demand. A group is a subject, and
// its members are links of it.
type demandBody struct {
	Parameters []struct {
		Subjects []struct {
			ObjectID       string `json:"objectId"`
			ObjectTypeName string `json:"objectTypeName"`
		} `json:"subjects"`
	} `json:"parameters"`
}

func (c *checker) demand(e emukit.Entry) error {
	var b demandBody
	if err := json.Unmarshal([]byte(e.Request), &b); err != nil {
		return err
	}
	n := 0
	for _, p := range b.Parameters {
		for _, s := range p.Subjects {
			n++
			c.wanted(RuleDemand, e, s.ObjectID)
		}
	}
	if n == 0 {
		return fmt.Errorf("no subject in %s", e.Request)
	}
	return nil
}
