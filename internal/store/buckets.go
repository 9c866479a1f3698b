package store

// The buckets of the records in this package; keys and values beside each.
// "seq" is a counter as 20 decimal digits, so that the order of keys is the
// order of storing.
const (
	bucketMeta = "meta" // "schema", "audit" -> JSON

	bucketCounters = "counters" // name -> last number given

	bucketRequests       = "requests"            // id -> requestRecord
	bucketRequestsKey    = "requests.key"        // natural key of the delivery that made or joined it -> id
	bucketRequestsOpen   = "requests.open"       // seq -> id, those not final
	bucketRequestsAsker  = "requests.asker"      // asker or joiner, time, id -> nothing
	bucketRequestsLink   = "requests.link"       // time, id -> nothing, those to be linked
	bucketRequestsWant   = "requests.want"       // assignment, id -> nothing, those not final
	bucketBindings       = "bindings"            // platform, team, user -> bindingRecord
	bucketLinkTries      = "links.tries"         // platform, team, user -> []tryRecord of the last day
	bucketConversations  = "reach.conversations" // platform, conversation -> conversationRecord
	bucketContacts       = "reach.contacts"      // platform, team, user -> contactRecord
	bucketInbox          = "inbox"               // natural key -> inboundRecord
	bucketRoots          = "outbox.roots"        // request id -> rootRecord
	bucketRootsDue       = "outbox.rootsdue"     // seq of the request -> id
	bucketNotices        = "outbox.notices"      // seq -> noticeRecord
	bucketNoticesKey     = "outbox.keys"         // natural key -> seq
	bucketNoticesDue     = "outbox.due"          // seq -> nothing, those not sent
	bucketSeen           = "seen"                // hash of scope and key -> time
	bucketSeenExpiry     = "seen.expiry"         // time, hash -> nothing
	bucketAudit          = "audit"               // seq -> auditRecord
	bucketGitopsPulls    = "gitops.pulls"        // see gitops.go
	bucketGitopsVerdicts = "gitops.verdicts"     // see gitops.go
	bucketGitopsState    = "gitops.state"        // see gitops.go
	bucketGitopsPeople   = "gitops.people"       // assignment -> peopleRecord
	bucketOwned          = "owned"               // assignment -> see provision.go
	bucketProvision      = "provision"           // see provision.go
	bucketProvisionState = "provision.state"     // see provision.go
	bucketOnboard        = "onboard"             // see onboard.go
)

// buckets lists every bucket; a new one is added here.
func buckets() []string {
	return []string{
		bucketMeta, bucketCounters,
		bucketRequests, bucketRequestsKey, bucketRequestsOpen, bucketRequestsAsker, bucketRequestsLink, bucketRequestsWant,
		bucketBindings, bucketLinkTries, bucketConversations, bucketContacts, bucketInbox,
		bucketRoots, bucketRootsDue, bucketNotices, bucketNoticesKey, bucketNoticesDue,
		bucketSeen, bucketSeenExpiry, bucketAudit,
		bucketGitopsPulls, bucketGitopsVerdicts, bucketGitopsState, bucketGitopsPeople,
		bucketOwned, bucketProvision, bucketProvisionState, bucketOnboard,
	}
}

// Buckets lists every bucket of a state, for what looks through the whole of it.
func Buckets() []string { return buckets() }
