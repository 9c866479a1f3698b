package teamsemu

import "time"

// Result is what became of a person's action.
type Result struct {
	// ID is that of the message that the person has written, and Conversation and
	// Thread where it stands.
	ID           string `json:"id,omitempty"`
	Conversation string `json:"conversation,omitempty"`
	Thread       string `json:"thread,omitempty"`
	// Sent is false if the client handled the action by itself, or the bot is not
	// told: a message in a channel that does not mention it.
	Sent bool `json:"sent"`
	// Invoke is the name of the invoke that was sent, if it was one.
	Invoke string `json:"invoke,omitempty"`
	// Attempts is how often it was sent, and Delivered whether the bot took it.
	Attempts  int  `json:"attempts,omitempty"`
	Delivered bool `json:"delivered"`
	// Status is the bot's last HTTP status, zero if there was none.
	Status int `json:"status,omitempty"`
	// Error is what the person sees: one of the Error constants, or the bot's words.
	Error string `json:"error,omitempty"`
	// Errors are what the client says beside inputs; nothing was sent then.
	Errors map[string]string `json:"errors,omitempty"`
	// Message is what the bot has the client say.
	Message string `json:"message,omitempty"`
	// Card is the card that the person sees now in place of the one clicked, or in
	// the compose box.
	Card *CardState `json:"card,omitempty"`
	// Dialog is the dialog that is open now, if the action opened or kept one.
	Dialog *DialogState `json:"dialog,omitempty"`
	// URL is where the click leads.
	URL string `json:"url,omitempty"`
	// Problems say what is wrong with the bot's answers.
	Problems []string      `json:"problems,omitempty"`
	Took     time.Duration `json:"took"`
}

// Suggested is what type-ahead offers.
type Suggested struct {
	Result
	Choices []Choice `json:"choices"`
}
