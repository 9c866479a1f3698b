package access

import (
	"fmt"
	"strconv"
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
	// Allow is how many removals limits.allow has to say for the merge commit to let
	// all pass that it can, AllowSets which permission sets it has to name. Both are
	// empty when it lets nothing pass.
	Allow     int
	AllowSets []string
	// Removals go by the merge, of Of that are owned and live, Sooner of these when an
	// end passes that it brings nearer. Limit may go in 24 hours, by all commits
	// together, and Spent have gone in the last ones.
	Removals, Sooner, Of, Limit, Spent int
	// Undeclared is what no commit declares, where the merge has such removed, else nil.
	Undeclared *Undeclared
	// Unknown are sentences about what could not be foretold.
	Unknown []string
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
	// Allowed: limits.allow lets it pass, for the merge commit.
	Allowed bool
	// Mend is what else lets it pass, as the guard says it, "" for nothing: limits.allow
	// for the commit in force when what no commit declares was first seen.
	Mend string
}

// Undeclared is what is live in AWS and no commit declares, which the bot removes in
// phase 3 with drift: revert.
type Undeclared struct {
	// Known is false where only the config is looked at: then nothing else is.
	Known bool
	// Goes names what goes by the merge or is held, sorted: who has what where.
	Goes []string
	// Later is how much is left alone for now: snoozed, or put back after a question
	// and not decided about.
	Later int
	// Read is when AWS was last read whole, zero for not since the bot started.
	Read time.Time
}

// MergeCommit stands for the id that a merge commit will have.
const MergeCommit = "<full id of the merge commit>"

// AllowLines is what lets the merge pass, as it is written in aws-access.yaml; ""
// where nothing does.
func (f Foretold) AllowLines() string {
	if f.Allow == 0 && len(f.AllowSets) == 0 {
		return ""
	}
	return fmt.Sprintf("limits:\n  allow: %s\n", config.RemovalAllowance{Commit: strconv.Quote(MergeCommit), Removals: f.Allow, PermissionSets: f.AllowSets})
}
