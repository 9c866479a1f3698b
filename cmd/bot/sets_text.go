package main

import (
	"fmt"
	"maps"
	"slices"

	"aws-access-bot/internal/provision"
)

// dueSets counts what is not as it should be of permission sets.
func dueSets(sets []provision.SetReport) int {
	n := 0
	for _, s := range sets {
		n += len(s.Steps) + len(s.Drift)
		if s.Unread || s.Provisioning {
			n++
		}
	}
	return n
}

// setLines are the permission sets of a pass for people.
func (v viewed) setLines() []string {
	var out []string
	line := func(word, format string, args ...any) {
		out = append(out, fmt.Sprintf("%-6s "+format, append([]any{word}, args...)...))
	}
	for _, s := range v.Sets {
		for _, step := range s.Steps {
			line("set", "%s", step.Sentence)
		}
		switch {
		case s.Unread:
			line("unread", "permission set %s: %s", s.Name, s.Sentence)
		case s.Provisioning:
			line("wait", "permission set %s is being provisioned to its accounts", s.Name)
		case s.Code != "":
			line("held", "permission set %s (%s): %s", s.Name, s.Code, s.Sentence)
		}
		for _, d := range s.Drift {
			line("drift", "permission set %s", d.Sentence)
		}
		for _, account := range slices.Sorted(maps.Keys(s.Failures)) {
			line("failed", "permission set %s in %s: %s", s.Name, v.account(account), s.Failures[account])
		}
	}
	return out
}

// setStatusLines say of permission sets what `bot status` shows, each with the
// word before it.
func setStatusLines(sets []provision.SetStatus) [][2]string {
	var out [][2]string
	applied := 0
	for _, s := range sets {
		if s.State == provision.SetApplied {
			applied++
		}
		if s.State != provision.SetApplied || s.Code != "" {
			text := fmt.Sprintf("%s %s", s.Name, s.State)
			if s.Code != "" {
				text += fmt.Sprintf(" (%s): %s", s.Code, s.Trouble)
			}
			out = append(out, [2]string{"set", text})
		}
		for _, d := range s.Drift {
			out = append(out, [2]string{"drift", "permission set " + d.Sentence})
		}
	}
	if len(sets) > 0 {
		out = append([][2]string{{"sets", fmt.Sprintf("%d of %d as their files say", applied, len(sets))}}, out...)
	}
	return out
}

// troubledSets counts the permission sets that something holds up. A set that is
// left, or only waits for enable_changes, is none of them.
func troubledSets(sets []provision.SetStatus) int {
	n := 0
	for _, s := range sets {
		if s.Code != "" && s.Code != provision.CodeSetLeft && s.Code != provision.CodeDisabled {
			n++
		}
	}
	return n
}
