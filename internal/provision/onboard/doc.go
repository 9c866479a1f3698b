// Package onboard brings AWS accounts to their place in the organization: it
// invites, follows the invitation, moves the account to the OU of its file and
// watches its baseline become live. It also tells what the organization looks
// like now, and what stands in the way of an account before its pull request is
// merged.
//
// # Level-triggered
//
// Nothing reacts to a merge as such. [Engine] compares the account files of the
// config in force with its records and with AWS. A file with the stage sso that
// has no record begins one. The first config that an engine without records
// sees makes its files standing: they are never invited or moved, unless a
// request for their onboarding is in force. Then an outsider is new, and a member
// is moved from where its pull request said it is; where that said nothing, it
// is taken to be in its place, so that its baseline is watched. A file that is
// taken out ends its record.
//
// An account that left and that AWS says joined since is brought to its place
// anew, unless it is a standing one, which is standing again. AWS says since when
// it is a member, so that one that left and joined between two looks is noticed too.
//
// # States of a record
//
//	state      means                                     what is done                    until
//	standing   was there before the bot                  nothing; an open invitation is  it is taken out
//	                                                     followed                        or asked for
//	new        file seen, or taken up again              look up                         member, or outside
//	inviting   about to invite, or the answer was lost   look for the invitation, then   invited, stopped
//	                                                     repeat
//	invited    an invitation is open                     read it each minute, remind     accepted, stopped
//	joining    accepted, not a member yet                look up                         member
//	member     a member, not in its OU                   move it from the root, or from  placed, stopped
//	                                                     where its pull request said
//	moving     about to move, or not read back           look up, then repeat            placed, stopped
//	placed     seen in its OU                            watch the baseline              every line read back, stopped
//	done       onboarded                                 watch that it stays a member    left, or moved by
//	                                                                                     another pull request
//	left       was a member and is none any more:        nothing; told once              taken up; or back, told
//	           what it had reached counts no more                                        once each time
//
// Beside its state a record may be stopped or held up. A stop says why nothing
// goes on and what to do. Some stops end by themselves once what they say is so
// no more (the account was moved to its OU, the role is configured); a declined,
// expired, cancelled or refused invitation stays until somebody says to invite
// again, or an invitation made by hand is seen. What holds an account up
// passes: it is tried again.
//
// # Writes
//
// There are two, InviteAccountToOrganization and MoveAccount, both with the
// role of the management account and never without enable_changes. [step] is a
// pure function that decides them. The intent is stored before a write and its
// result after it; a process that is killed between looks for the invitation,
// or for the account, before it repeats. A write is never repeated without a
// look, and never retried by the SDK.
//
// # Durable steps
//
//	step             durable once it is reported
//	onboard.seen     which account files are standing, new or gone
//	onboard.intent   that an invitation or a move is about to be made
//	onboard.invited  the id of the invitation, or that AWS refused it
//	onboard.moved    that AWS accepted the move, or refused it
//	onboard.noted    what was found in AWS, and what holds an account up
//	onboard.again    that somebody takes an account up again
//	onboard.told     what the operations channel was told of the organization
//	onboard.iam      how many IAM users an account has
package onboard
