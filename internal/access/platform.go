package access

// Platform is a chat service.
type Platform string

// The chat platforms.
const (
	Slack Platform = "slack"
	Teams Platform = "teams"
)

// Name is the name of a chat service for people.
func (p Platform) Name() string {
	switch p {
	case Slack:
		return "Slack"
	case Teams:
		return "Teams"
	default:
		return "chat"
	}
}

// Community is what a chat service calls those who are together in it, whose id
// [ChatUser.Team] is.
func (p Platform) Community() string {
	if p == Teams {
		return "tenant"
	}
	return "workspace"
}

// Vouches reports whether a chat service says by signed word who somebody is in Entra
// ([ChatProfile.Entra]), so that neither people.yaml nor an address has to.
func (p Platform) Vouches() bool { return p == Teams }
