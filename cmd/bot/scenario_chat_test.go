package main

import (
	"fmt"
	"slices"
	"strings"

	"aws-access-bot/internal/chat"
	"aws-access-bot/internal/scenario"
)

// player plays people on a chat platform as its clients let them. Scripts are
// written in its words, and run on every platform. Whatever a person is shown
// at once goes to world.shown; everything else is read by scenario.Messages.
type player interface {
	// platform names the platform, as the parts of the sandbox's state do.
	platform() string
	// command types a line such as "/aws-access request" in a channel.
	command(person, channel, line string) error
	// suggest types into a field of the open form and returns what is offered.
	suggest(person, field, query string) ([]string, error)
	// submit fills the open form in, choices by type-ahead, and submits it. What
	// was entered before stays.
	submit(person string, values map[string]string) error
	// click presses the button of an action below a message.
	click(person string, m scenario.Said, action string) error
	// says writes a pattern that names commands as Slack has them in the words of
	// the platform.
	says(pattern string) string
	// unanswered reports whether a text shown at once says that the bot did not
	// answer.
	unanswered(text string) bool
	// replay sends the last request of a kind to the bot again, as the platform or
	// as somebody else, and returns the status of the answer. A body that is not
	// empty takes the place of its own.
	replay(kind, how, body string) (status int, err error)
	// request names, for the injection of faults, the requests to the platform by
	// which the bot posts a root message ("post"), replies to one ("reply") or
	// edits one ("edit").
	request(kind string) (service, op string)
}

// requestsChannel is the channel of requests, opsChannel where the bot tells the
// platform team, by the names that they have on each platform.
const (
	requestsChannel = "aws-access"
	opsChannel      = "aws-ops"
)

// playerOn returns who plays people on a platform.
func (w *world) playerOn(platform string) (player, error) {
	switch platform {
	case "slack":
		return slackPlayer{w}, nil
	case "teams":
		return teamsPlayer{w}, nil
	default:
		return nil, fmt.Errorf("there is no chat platform %q", platform)
	}
}

// shown keeps what a person was shown at once.
func (w *world) shown(person, text string) { w.seen[person] = append(w.seen[person], text) }

// command types a line in a channel.
func (w *world) command(person, channel, line string) error {
	return w.chat.command(person, channel, line)
}

// ask types a request line, again where the person saw that it did not work.
func (w *world) ask(person, line string) error { return w.typed(person, "/aws-access "+line) }

// typed types a whole line, again where the person saw that it did not work.
func (w *world) typed(person, line string) error {
	for {
		before := len(w.seen[person])
		if err := w.command(person, requestsChannel, line); err != nil {
			return err
		}
		if !slices.ContainsFunc(w.seen[person][before:], w.chat.unanswered) {
			return nil
		}
		if err := w.again(); err != nil {
			return err
		}
	}
}

// click presses a button of a root message, with ops:TEXT that of the newest
// message with a text in the ops channel, or with thread:REQ that of the newest
// reply which has it.
func (w *world) click(person, request, action string) error {
	st, err := w.now(w.chat.platform())
	if err != nil {
		return err
	}
	// Of several the newest; a root message has its key alone.
	for _, m := range slices.Backward(scenario.Messages(st)) {
		about, inOps := strings.CutPrefix(request, "ops:")
		of, inThread := strings.CutPrefix(request, "thread:")
		found := inOps && ops(m) && strings.Contains(m.Text, about) || inThread && thread(of)(m)
		switch {
		case m.Key == request, found && slices.Contains(m.Actions, action):
			return w.chat.click(person, m, action)
		case found && m.Opens != "" && action == chat.ActionOnboard:
			return w.chat.click(person, m, m.Opens)
		}
	}
	return fmt.Errorf("%s has no message", request)
}
