package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"aws-access-bot/internal/sandbox"
	"aws-access-bot/internal/sandbox/slackemu"
	"aws-access-bot/internal/scenario"
)

// slackPlayer plays people in Slack.
type slackPlayer struct{ *world }

func (slackPlayer) platform() string { return "slack" }

func (slackPlayer) says(pattern string) string { return pattern }

func (slackPlayer) unanswered(text string) bool {
	return text == slackemu.ErrorTimeout || text == slackemu.ErrorDispatch
}

func (slackPlayer) request(kind string) (service, op string) {
	return "slack", map[string]string{"post": "chat.postMessage", "edit": "chat.update"}[kind]
}

// command types a slash command.
func (p slackPlayer) command(person, channel, line string) error {
	st, err := p.now("slack")
	if err != nil {
		return err
	}
	i := slices.IndexFunc(st.Slack.Channels, func(c slackemu.ChannelState) bool { return c.Name == channel })
	if i < 0 {
		return fmt.Errorf("Slack has no channel %q", channel)
	}
	name, text, _ := strings.Cut(line, " ")
	var out slackemu.CommandResult
	if err := p.play("as/"+person+"/command", object{"command": name, "text": text, "channel": st.Slack.Channels[i].ID}, &out); err != nil {
		return err
	}
	if out.Message != nil {
		p.shown(person, scenario.Text(*out.Message))
	}
	return p.fine(person, out.Result)
}

// fine keeps what went wrong for a person to see; a bot that answers badly is
// an error.
func (p slackPlayer) fine(person string, r slackemu.Result) error {
	if r.Error != "" {
		p.shown(person, r.Error)
	}
	if len(r.Problems) > 0 && !(p.revive && p.unanswered(r.Error)) {
		return fmt.Errorf("Slack cannot use the bot's answer: %v", r.Problems)
	}
	return nil
}

// form finds the form that a person has open.
func (p slackPlayer) form(person string) (map[string]any, error) {
	st, err := p.now("slack")
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(st.People, func(x sandbox.Person) bool { return x.Key == person })
	if i < 0 {
		return nil, fmt.Errorf("nobody is called %q", person)
	}
	for _, v := range slices.Backward(st.Slack.Views) {
		if v.User == st.People[i].Slack {
			return v.View, nil
		}
	}
	return nil, fmt.Errorf("%s has no form open", person)
}

func (p slackPlayer) suggest(person, field, query string) ([]string, error) {
	view, err := p.form(person)
	if err != nil {
		return nil, err
	}
	var out slackemu.SuggestResult
	if err := p.play("as/"+person+"/suggest", object{"view_id": view["id"], "action_id": field, "query": query}, &out); err != nil {
		return nil, err
	}
	var values []string
	for _, o := range out.Options {
		values = append(values, o.Value)
	}
	return values, p.fine(person, out.Result)
}

// submit submits the form. Errors beside fields are shown.
func (p slackPlayer) submit(person string, values map[string]string) error {
	view, err := p.form(person)
	if err != nil {
		return err
	}
	entered := object{}
	for field, value := range values {
		entered[field] = value
		if !strings.Contains(fmt.Sprint(view["blocks"]), "external_select") || !slices.Contains(choices(), field) {
			continue
		}
		offered, err := p.suggest(person, field, value)
		if err != nil {
			return err
		}
		if !slices.Contains(offered, value) {
			return fmt.Errorf("field %s: %q is not offered, only %v", field, value, offered)
		}
		entered[field] = []string{value}
	}
	var out slackemu.SubmitResult
	if err := p.play("as/"+person+"/submit", object{"view_id": view["id"], "values": entered}, &out); err != nil {
		return err
	}
	for _, field := range slices.Sorted(maps.Keys(out.Errors)) {
		p.shown(person, field+": "+out.Errors[field])
	}
	return p.fine(person, out.Result)
}

// choices are the fields of the form that are chosen and not typed.
func choices() []string { return []string{"group", "account", "permission_set"} }

func (p slackPlayer) click(person string, m scenario.Said, action string) error {
	var out slackemu.Result
	if err := p.play("as/"+person+"/click", object{"channel": m.Place, "ts": m.ID, "action_id": action}, &out); err != nil {
		return err
	}
	return p.fine(person, out)
}

// replay sends the last request of a kind to the bot again, as Slack or as
// somebody else, and returns the status of the answer.
func (p slackPlayer) replay(kind, how, body string) (status int, err error) {
	var out struct {
		Status int `json:"status"`
	}
	in := object{"kind": kind, "how": how}
	if body != "" {
		in["body"] = body
	}
	err = p.play("slack/replay", in, &out)
	return out.Status, err
}
