// Package provision brings Identity Center to what the config in force
// desires, and keeps it there.
//
// # Level-triggered
//
// Nothing here reacts to an event as such. [Engine] compares desired(commit in
// force, starts, now) with what is live, as often as it is woken, when a grant
// ends, when a try is due, and slowly without any of these. An ended grant is
// not desired and goes at its minute, whoever merges or does not.
//
// # Plan, guards, apply, read back
//
// [Plan] is a pure function: what is desired, owned and live, in; typed and
// sorted changes, out. [Check] stands between plan and apply: each guard has a
// stable code, looks at the plan alone and fails closed. What they let through
// is applied in small durable steps. Only what a later listing shows is called
// live, and only what a later listing does not show is called removed.
//
// What the guards will hold of a merge is told before it by asking them ([Foretell],
// [Engine.Foretell]): a guard that is new is foretold, or a test has the reason why
// it cannot be. What is live and no commit declares is in it as the checks found it,
// and permission sets that the merge touches as they are read for it.
//
// # Durable steps, at least once
//
// There is one [Record] for each assignment and one [PrincipalRecord] for each
// group or user. The intent of an outside write is stored before it, the request id
// after it, then the end of the operation, then the read-back, each with its
// time. A process that is killed anywhere goes on from there. A write whose
// answer was lost is repeated only after its pair was read and does not show
// it; AWS accepts the creation of what exists, so a repetition is harmless.
// Effects are at least once, outcomes exactly once. Operations on one
// assignment never overlap, and there is at most one in an account.
//
// # Who may be touched
//
// An assignment is removed only if it is owned: desired once by a commit that
// was verified and put in force. Everything else that is live is reported and
// left alone. A user is taken out of the enterprise application only where the
// bot assigned him, no grant needs it, and a complete read finds no account
// assignment of his; a group only with "unassign: remove", and where the read
// finds no assignment to an application either. In phase 3 with "drift: revert"
// what no commit ever declared goes too, whoever has it, once two readings showed
// it and it was found out who that is.
//
// Old access that a commit or the drift check takes away in an account that is
// being moved may be asked about, and put back if nobody confirms in time:
// nothing else is ever added that the commit in force does not desire. See
// [Cutover].
//
// # Groups and users
//
// A group or user (principal) goes through these states. They are not stored
// as such: each is read off the record, so that a process that is killed takes
// up where the facts are.
//
//	state        in the record                   what is done                     until
//	unchecked    Ensured before the undertaking  compare with Entra               it agrees, or blocked
//	blocked      Code group-…, user-…            compare again every 5 minutes    it agrees
//	unassigned   AppAssigned zero                assign to the application        taken, or "exists already"
//	replicating  Demanded, LeftToCycle zero      provision on demand, waits grow  taken, or 10 minutes
//	in the cycle LeftToCycle set                 search, look at the job          seen
//	exported     Demanded set                    search                           seen
//	asleep       Asleep: a user switched off     provision on demand, search      switched on
//	present      StoreID set                     count members, search again      not found
//	missing      StoreID and Waiting set         search again after a minute      found, or gone
//	gone         StoreID empty, EarlierIDs       tell, search                     found with a new id
//	recreated    StoreID new, EarlierIDs         begin its assignments anew, and  each is read back
//	                                             remove those of GoneIDs
//	unneeded     AssignedByBot, nothing desired  read all that it has             nothing, or held
//	held         Code still-held                 tell, read again hourly          nothing
//	left         Left set                        nothing                          desired again: unchecked
//
// What is waited for in one of these for ten minutes is "unchecked" again, since it
// may have been taken off the application, or out of Entra, meanwhile.
//
// Only an undertaking that the guards let through makes writes for a principal;
// "present" and below need none. A user differs from a group in four ways: he
// is blocked when he is disabled or a guest, he is his only member, he may be
// asleep, and he leaves without being asked (see "unassign:").
//
// # Permission sets
//
// A set that a file of the commit in force declares is compared (package
// permset), guarded ([CheckSet]), written step by step and provisioned to its
// accounts, by a loop of its own. Every write follows a whole reading, so what a
// process did before it was killed is seen and not repeated. No set is deleted.
// A set that the bot makes is assigned only once it is as declared, and one that it
// changes only before it begins and after AWS has all of it. One that is a
// way in, by a protected grant or as the last one, is not made to permit less
// without an allowance ([CodeSetWay]).
//
// # Ends
//
// An ended grant goes at its minute, outside the guards that count, under a bound
// of its own. Not so an end that a commit newly set or brought nearer: when it
// passes it is a removal by that commit, however late, until limits.allow lets the
// commit have it; all ends of one commit are one plan. But what has come to the end
// that it was given with goes, whatever a commit took of it before. What an assignment's end
// was, and which commit brought it near, is kept in its record ([Cut]), and so is
// what the bot made and for which commit ([Making]): what a commit adds makes
// nothing that it takes away a part of more. Of several commits that come into force
// between two passes each keeps what it took ([Store.TakenBy]).
//
// # Time in doubt
//
// While our clock and trusted ones disagree, or none was heard, what goes by the time
// waits ([CodeClock]). What a commit takes away does not: it may be an emergency. Of
// the time it needs the window of the removal budget, and meanwhile all removals that
// are known count as if they were of the last 24 hours; those made meanwhile are dated
// anew when the time is in no doubt.
//
// # Pending and drift
//
// A record is pending until its first read-back, and is applied. When it is
// gone later that is drift: reported, or with "drift: revert" (and for
// protected grants always) created again. After the loss of the state file
// everything is pending, and what exists is read back as live without a write.
package provision
