package access

import (
	"fmt"
	"time"

	"aws-access-bot/config"
)

// Merge is a change of the config that may be merged, for whoever foretells what
// the guards of provisioning hold of it.
type Merge struct {
	// Before is the config in force, After the one by whose limits and files the
	// guards go once it is merged.
	Before, After *config.Repo
	// Was is what is desired before, Will what is after, each sorted.
	Was, Will []config.Desired
	// At is when it would be merged.
	At time.Time
}

// Foretold is what the guards are going to say of a merge.
type Foretold struct {
	Holds []Hold
	// Notes are what else whoever approves should know, each a sentence.
	Notes []string
	// Allow is how many removals limits.allow has to say for the merge commit to
	// let all pass that it can, zero when it lets nothing pass.
	Allow int
	// Removals go by the merge, of Of that are owned and live, Sooner of these when an
	// end passes that it brings nearer. Limit may go in 24 hours, by all commits
	// together, and Spent have gone in the last ones.
	Removals, Sooner, Of, Limit, Spent int
	// Recorded: this is by what the bot has on record, and not by the config alone,
	// of which all is taken to be live.
	Recorded bool
}

// Hold is what one guard holds back.
type Hold struct {
	// Code is the guard's, Sentence what it says.
	Code, Sentence string
	// At is the end with which it comes, zero for at once after the merge.
	At time.Time
	// Allowed: limits.allow lets it pass.
	Allowed bool
}

// MergeCommit stands for the id that a merge commit will have.
const MergeCommit = "<full id of the merge commit>"

// AllowLines is what lets the merge pass, as it is written in aws-access.yaml; ""
// where nothing does.
func (f Foretold) AllowLines() string {
	if f.Allow == 0 {
		return ""
	}
	return fmt.Sprintf("limits:\n  allow: {commit: %q, removals: %d}\n", MergeCommit, f.Allow)
}
