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
// # Durable steps, at least once
//
// There is one [Record] for each assignment and one [GroupRecord] for each
// group. The intent of an outside write is stored before it, the request id
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
// left alone. A group is never unassigned from the enterprise application.
//
// # Permission sets
//
// A set that a file of the commit in force declares is compared (package
// permset), guarded ([CheckSet]), written step by step and provisioned to its
// accounts, by a loop of its own. Every write follows a whole reading, so what a
// process did before it was killed is seen and not repeated. No set is deleted.
// A set that the bot makes is assigned only once it is as declared.
//
// # Pending and drift
//
// A record is pending until its first read-back, and is applied. When it is
// gone later that is drift: reported, or with "drift: revert" (and for
// protected grants always) created again. After the loss of the state file
// everything is pending, and what exists is read back as live without a write.
package provision
