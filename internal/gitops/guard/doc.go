// Package guard looks at how GitHub itself guards the config repo's branch,
// and says where that is weaker than the design wants, or cannot be seen.
//
// Nothing here blocks anything, and nothing is trusted because of it: what is
// put in force rests on the verified commit alone, which no setting of GitHub
// can weaken. The rules of GitHub keep people from making commits that halt
// the bot, so a weakness is told to operators and that is all.
//
// [Compare] is pure: a function of what was read ([Seen]) and what is wanted
// ([Want]). A demand is met when one source of rules (a ruleset, or classic
// branch protection) makes it and lets nobody past; one that hides who may
// pass meets it only as far as can be seen, and that is a finding of its own.
//
// [Watch] reads at start and every hour, keeps the report durably, and tells
// the operations channel once of each finding as long as it lasts. A finding
// that went away and comes back is told again.
package guard
