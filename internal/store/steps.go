package store

// The steps of the Updates in this package; the package comment says what each
// makes durable.
const (
	StepRequestCreate = "request.create"
	StepRequestSave   = "request.save"
	StepBindingSave   = "binding.save"
	StepLinkTry       = "link.try"
	StepReach         = "reach.save"
	StepInboxPut      = "inbox.put"
	StepInboxDone     = "inbox.done"
	StepNotice        = "outbox.notice"
	StepRootIntent    = "outbox.root.intent"
	StepRootSent      = "outbox.root.sent"
	StepNoticeIntent  = "outbox.notice.intent"
	StepNoticeSent    = "outbox.notice.sent"
	StepSeen          = "seen.first"
	StepAudit         = "audit.append"
	// StepSchema is reported when a state file was migrated.
	StepSchema = "schema"
)
