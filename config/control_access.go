package config

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// accessFields writes aws-access.yaml by its top-level keys, and what people
// change a part of by its parts: each key of a rule by the rule's name, limits,
// onboarding, and each protected grant, so that a reader sees what differs. A
// slug is written with the id that it stands for: files can change places
// without a change of aws-access.yaml, and then what it protects and matches is
// another thing.
func accessFields(r *Repo) []field {
	a := &r.Access
	if a.Version == 0 { // there is no file
		return nil
	}
	fields := []field{
		{"control_plane", stepsText(a.ControlPlane)},
		{"drift", string(a.Drift)},
		{"entra", entraText(a)},
		{"identity_center", fmt.Sprintf("region: %s, start_url: %s", a.IdentityCenter.Region, a.IdentityCenter.StartURL)},
		{"merge", string(a.Merge)},
		{"notify", a.Notify},
		{"organization", fmt.Sprintf("id: %s, management_account: %s", a.OrganizationID, a.ManagementAccount)},
		{"phase", strconv.Itoa(int(a.Phase))},
		{"phase_back", flagText(a.PhaseBack)},
		{"unassign", string(a.Unassign)},
		{"version", strconv.Itoa(a.Version)},
	}
	fields = append(fields, approvalFields(r)...)
	fields = append(fields, prefixed("limits", limitsFields(a.Limits))...)
	fields = append(fields, prefixed("onboarding", onboardingFields(r, a.Onboarding))...)
	return append(fields, protectedFields(r)...)
}

func entraText(a *AccessFile) string {
	text := "app: " + a.EntraApp
	if !a.SCIMTokenExpires.IsZero() {
		text += ", scim_token_expires: " + a.SCIMTokenExpires.UTC().Format(time.RFC3339)
	}
	return text
}

// prefixed puts the name of what fields are of before theirs.
func prefixed(of string, fields []field) []field {
	out := make([]field, len(fields))
	for i, f := range fields {
		out[i] = field{of + "." + f.name, f.text}
	}
	return out
}

// approvalFields are the keys of each rule and, where there is more than one,
// the order: the first that matches decides. Rules of one name are told apart
// by a number.
func approvalFields(r *Repo) []field {
	var fields []field
	names := make([]string, len(r.Access.Approvals))
	times := map[string]int{}
	for i, rule := range r.Access.Approvals {
		of := "approvals[" + rule.Name + "]"
		if times[rule.Name]++; times[rule.Name] > 1 {
			of += fmt.Sprintf("(%d)", times[rule.Name])
		}
		fields = append(fields, prefixed(of, ruleFields(r, &rule))...)
		names[i] = rule.Name
	}
	return append(fields, field{"approvals (order)", listText(names)})
}

func ruleFields(repo *Repo, r *Rule) []field {
	fields := []field{
		{"match", matchText(repo, r.Match)},
		{"approvers", stepsText(r.Steps)},
		{"max_duration", durationText(r.MaxDuration)},
		{"default_duration", durationText(r.DefaultDuration)},
		{"standing", flagText(r.Standing)},
		{"requesters", refsText(requesterRefs(repo, r.Requesters))},
		{"reason", reasonText(r.Reason)},
		{"auto", autoText(r.Auto)},
		{"notify", r.Notify},
	}
	if r.PinnedPeople {
		fields = append(fields, field{"people", peoplePinned})
	}
	return fields
}

// rulesField is the whole rule book as one field.
func rulesField(r *Repo) []field {
	texts := make([]string, len(r.Access.Approvals))
	for i, rule := range r.Access.Approvals {
		texts[i] = "{" + fieldsText(append([]field{{"name", strconv.Quote(rule.Name)}}, ruleFields(r, &rule)...)) + "}"
	}
	return []field{{"approvals", strings.Join(texts, ", ")}}
}

func limitsFields(l Limits) []field {
	fields := []field{
		{"removals", fmt.Sprintf("%v%%", l.RemovalPercent)},
		{"people_growth", fmt.Sprintf("%v%%", l.PeopleGrowthPercent)},
		{"start_by", durationText(l.StartBy)},
	}
	if l.Allow != nil {
		fields = append(fields, field{"allow", l.Allow.String()})
	}
	return fields
}

func onboardingFields(r *Repo, o Onboarding) []field {
	if o.OU == "" {
		return nil
	}
	return []field{
		{"ou", strconv.Quote(o.OU)},
		{"approvers", stepsText(Steps{{o.Approvers, o.Count}})},
		{"baseline", baselineText(r, o.Baseline)},
		{"requesters", refsText(o.Requesters)},
		{"iam_read_role", o.IAMReadRole},
		{"confirm", confirmText(o.ConfirmWithin)},
	}
}

func baselineText(r *Repo, grants []ProtectedGrant) string {
	texts := make([]string, len(grants))
	for i, g := range grants {
		texts[i] = fmt.Sprintf("{group: %s, permission_set: %s}", groupRef(r, g.Group), g.PermissionSet)
	}
	return strings.Join(texts, ", ")
}

// protectedFields has a field for each protected grant. That one stands twice
// says nothing more.
func protectedFields(r *Repo) []field {
	var fields []field
	had := map[string]bool{}
	for _, g := range r.Access.Protected {
		name := "protected[" + g.Group + " " + g.PermissionSet + "]"
		if !had[name] {
			fields = append(fields, field{name, "group: " + groupRef(r, g.Group)})
		}
		had[name] = true
	}
	return fields
}
