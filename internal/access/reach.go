package access

import "context"

// Conversation is a place on a chat service that names a base URL for each: a
// channel, or the chat of one person with the bot.
type Conversation struct {
	Platform Platform
	ID       string // of the service, without a thread
	// Service is the base URL of calls about it. It is held against the list of
	// hosts each time it is used, since a state file may be older than the list.
	Service string
}

// Contact is a chat user as such a service knows him to this bot.
type Contact struct {
	User  ChatUser
	Local string // the service's id of the user for this bot
	Name  string
	Zone  string // IANA name, "" when it was never told
	// Last is the conversation in which he was seen last, Personal that of him
	// alone with the bot, "" when there is none.
	Last     string
	Personal string
}

// Reach keeps how people and conversations are reached. What is not known is
// ErrNotFound.
type Reach interface {
	Conversation(ctx context.Context, p Platform, id string) (Conversation, error)
	SaveConversation(ctx context.Context, c Conversation) error
	Contact(ctx context.Context, u ChatUser) (Contact, error)
	SaveContact(ctx context.Context, c Contact) error
}
