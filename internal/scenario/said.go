package scenario

import "aws-access-bot/internal/sandbox"

// Said is a message in chat as people read it, on whichever platform.
type Said struct {
	// Channel is the name of the channel, "" in a private chat.
	Channel string
	// Key is the bot's own name of the message, "" for one that has none. That of
	// a root message is its request.
	Key string
	// Private names the one person who sees the message, by the key of the
	// sandbox's cast; "" for one that the channel sees.
	Private string
	// Thread is the key of the root message that this one replies to.
	Thread string
	// Text is what is read of it, mentions as names.
	Text string
	// Actions are the buttons that are sent to the bot, by the bot's names of
	// them.
	Actions []string
	// Blocks names, on Slack, the block in which each of them stands first.
	Blocks map[string]string
	// Opens is the title of the first button that opens a form, "" where none
	// does. On Slack such a button is one of Actions.
	Opens string
	// Place and ID are the conversation and the message in the platform's words,
	// as the control API takes them.
	Place, ID string
}

// Messages returns what was said on the chat platforms that a state holds, each
// channel in its order.
func Messages(st *sandbox.State) []Said {
	return append(inSlack(st), inTeams(st)...)
}
