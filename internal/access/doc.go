// Package access is the life of a request: what a person asked for, how far it
// has come, and what people are told about it. It imports config only; chat,
// gitops and provision fit the small interfaces declared in ports.go.
//
// # States
//
// A request is stored before it is acknowledged and moves by facts, not by
// calls: [Advance] is a pure function of the request and the [Facts] that
// gitops and provision have recorded durably. The [Tracker] looks at the facts
// of every open request on each wake and at start, so a crash or a lost wake
// loses nothing, and looking twice changes nothing.
//
//	state      fact                                        next       people are told
//	asked      pull request exists                         proposed   root message (link)
//	asked      the change cannot be proposed               refused    reply: why, what to do
//	proposed   its check passes with approvals             proposed   root message; reply: by whom, once per head
//	proposed   pull request closed unmerged                closed     reply
//	proposed   pull request merged                         merged     reply: merged, by whom
//	merged     commit verified, the grant is in force      verified   root message
//	merged     commit verified, the grant grants nothing   void       reply: why
//	merged     the walk halted at its commit               halted     reply: commit, rule, ways out
//	halted     commit verified after all                   verified   root message
//	halted     a later commit undid it                     undone     reply
//	verified   group assigned / seen / created             verified   root message: stage and time
//	verified   removal asked by the config (line gone)     ending     root message
//	verified   read back                                   live       reply: live, portal, profile
//	live       end within the warning time                 live       reply: about to end
//	live       no longer desired                           ending     root message
//	ending     removal read back                           ended      reply: ended
//	ending     desired again                               verified   root message
//
// refused, closed, void, undone, ended, linked and done are final. Any state but a final one
// may carry a Trouble: what holds it up now, in a sentence for people; it goes
// when the fact goes. A revocation (KindRevoke) has the same states; "live"
// is not reached, it goes from verified to ended when the removal is read back.
//
// A request to be linked (KindLink) has the same states up to verified and ends
// there, since nothing is provisioned for it and nothing of it ends:
//
//	verified   the config in force has the link            linked     reply, and in private: linked
//	verified   it has another one by now                   undone     reply
//
// A request for another phase (KindPhase) ends there too:
//
//	verified   the config in force is in the phase         done       reply: what holds from now on
//	verified   it is in an earlier one by now              undone     reply
//
// A request to bring an account in (KindOnboard) has the same states up to
// verified. From there provision brings the account to its place, and the request
// follows:
//
//	verified   invited / joined / in its OU                verified   root message: stage and time; reply each
//	verified   a reminder of an open invitation            verified   reply
//	verified   the account does not go on by itself        stopped    reply: why, what to do
//	stopped    taken up again, or the hindrance is gone    verified   root message
//	verified   every baseline assignment was read back     done       reply: done, IAM users left
//	verified, stopped  its file is not in force any more   undone     reply
//
// # Being linked
//
// Whoever is in the workspace may ask for the pull request that makes him the
// person he claims to be: [Service.Link]. The claim proves nothing, so it gives
// nothing. The claimed person is the request's principal and, for the review,
// its requester; the Asker of somebody who is not recognised has no Entra id,
// which is nobody's, and only his chat user cancels and sees it ([Service.Sent]).
// One is open per chat user and per person; three a day per chat user, and
// thirty of all. An address of nobody, of a guest and of several is answered
// alike.
//
// # Asking
//
// A delivery makes one request: its natural key is looked up before anything
// else is checked. Limits are counted from the stored requests of the person
// (five open, twenty in 24 hours; removals only the latter, counted apart) and
// of the assignment (one open). What is unknown and what is somebody else's is
// answered alike. A cancellation that comes before there is a pull request is an
// error that is worth another try, so that none is left open by a race.
//
// # Telling
//
// Each change of a request raises its Version; the root message is edited
// until it shows that version. Thread replies are [Notice]s, stored in the same
// transaction as the change that caused them, under a key that makes each one
// unique ("REQ-7F3K2Q/live").
package access
