// Package store is the durable state of the bot: one file that one process
// holds open. It is not where authority comes from. What is in force is derived
// from the config repo and from the live systems; the file keeps what was asked
// and acknowledged, what was begun and with which result, and how far people
// have been told.
//
// # The core
//
// A [DB] is a set of named buckets of keys and values, read in a View and
// changed in an Update; an Update happens wholly or not at all and is on disk
// when it returns nil. [Bolt] keeps it in a bbolt file, [Memory] in memory for
// tests; storetest.Run is what any DB must pass. The rest of the package are
// records on top of a DB: private structs with their own JSON names, converted
// from and to the types of other packages, so that those may change freely. A
// field that may not be lost by an older program raises the schema version.
//
// # Promises
//
//   - Acknowledged is durable: no Update returns nil before its data and the page
//     that refers to it are synced.
//   - One process: the file is locked; a second process gets [ErrInUse].
//   - The first file comes about by rename, with its folder synced, so that a
//     power cut during the first start leaves no half-made file behind. (bbolt
//     does not promise that of its own initialisation.)
//   - A full disk refuses the Update ([ErrWrite]) and nothing else; the next one
//     works once there is space. After any other write error it is not known
//     what the disk holds, so the handle refuses every further Update
//     ([ErrFailed]) and closes [Bolt.Failed]; the process must end and start
//     again. Views go on working in both cases.
//   - A file of a newer schema is refused ([ErrNewer]); older ones are migrated
//     forward, all steps in one Update, or the open fails.
//
// # Seals
//
// The bot opens its file through [Seal]: each record has a seal made with a key
// that is not in the file, and so does the number of records. What something else
// wrote, changed or took away is an error. What the file says is still only what
// the bot found out itself: see [Sealed] for what that does not notice.
//
// # Steps
//
// Every Update names its step, so that a test can stop the process after exactly
// that step became durable (Options.AfterCommit). An Update that changed nothing
// is not written and not reported.
//
//	step                  durable once it is reported
//	request.create        the request, due to be shown
//	request.save          its next version and the notices of the way there
//	binding.save          which person a chat user is, bound once
//	link.try              that a chat user tried to be linked
//	reach.save            how a person or a conversation is reached in chat
//	inbox.put             an inbound delivery, before it is acknowledged
//	inbox.done            that it was worked off
//	outbox.notice         a notice that belongs to no request
//	outbox.root.intent    that a root message is about to be posted
//	outbox.root.sent      where the root message is and which version it shows
//	outbox.notice.intent  that a thread reply is about to be posted
//	outbox.notice.sent    that it was posted
//	seen.first            that a delivery was seen
//	audit.append          an audit entry
//	schema                that the state was brought to this schema version
//
// The steps of gitops, provision and onboarding are listed in gitops.go,
// provision.go and onboard.go.
//
// # Buckets
//
// All buckets are listed in buckets.go and made when the file is opened; the use
// of another one is an error. A new bucket is a new line there and needs no
// migration.
package store
