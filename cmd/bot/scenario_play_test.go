package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"aws-access-bot/internal/sandbox"
	"aws-access-bot/internal/sandbox/slackemu"
	"aws-access-bot/internal/scenario"
)

// play acts through the control API.
func (w *world) play(path string, in, out any) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return w.client.Play(ctx, path, in, out)
}

// object is a body of the control API.
type object = map[string]any

// slackID finds the Slack user of a person.
func (w *world) slackID(person string) (string, error) {
	st, err := w.now("none")
	if err != nil {
		return "", err
	}
	i := slices.IndexFunc(st.People, func(p sandbox.Person) bool { return p.Key == person })
	if i < 0 {
		return "", fmt.Errorf("nobody is called %q", person)
	}
	return st.People[i].Slack, nil
}

// command types a slash command. What Slack shows at once is kept in seen.
func (w *world) command(person, channel, line string) error {
	name, text, _ := strings.Cut(line, " ")
	var out slackemu.CommandResult
	if err := w.play("as/"+person+"/command", object{"command": name, "text": text, "channel": channel}, &out); err != nil {
		return err
	}
	if out.Message != nil {
		w.seen[person] = append(w.seen[person], scenario.Text(*out.Message))
	}
	return w.fine(person, out.Result)
}

// fine keeps what went wrong for a person to see; a bot that answers badly is
// an error.
func (w *world) fine(person string, r slackemu.Result) error {
	if r.Error != "" {
		w.seen[person] = append(w.seen[person], r.Error)
	}
	dead := r.Error == slackemu.ErrorDispatch || r.Error == slackemu.ErrorTimeout
	if len(r.Problems) > 0 && !(w.revive && dead) {
		return fmt.Errorf("Slack cannot use the bot's answer: %v", r.Problems)
	}
	return nil
}

// form finds the form that a person has open.
func (w *world) form(person string) (map[string]any, error) {
	id, err := w.slackID(person)
	if err != nil {
		return nil, err
	}
	st, err := w.now("slack")
	if err != nil {
		return nil, err
	}
	for _, v := range slices.Backward(st.Slack.Views) {
		if v.User == id {
			return v.View, nil
		}
	}
	return nil, fmt.Errorf("%s has no form open", person)
}

// suggest types into a field of the open form and returns what is offered.
func (w *world) suggest(person, field, query string) ([]string, error) {
	view, err := w.form(person)
	if err != nil {
		return nil, err
	}
	var out slackemu.SuggestResult
	if err := w.play("as/"+person+"/suggest", object{"view_id": view["id"], "action_id": field, "query": query}, &out); err != nil {
		return nil, err
	}
	var values []string
	for _, o := range out.Options {
		values = append(values, o.Value)
	}
	return values, w.fine(person, out.Result)
}

// submit fills the open form in, choices by type-ahead as a person does, and
// submits it. Errors beside fields are kept in seen.
func (w *world) submit(person string, values map[string]string) error {
	view, err := w.form(person)
	if err != nil {
		return err
	}
	entered := object{}
	for field, value := range values {
		entered[field] = value
		if !strings.Contains(fmt.Sprint(view["blocks"]), "external_select") || !slices.Contains(choices(), field) {
			continue
		}
		offered, err := w.suggest(person, field, value)
		if err != nil {
			return err
		}
		if !slices.Contains(offered, value) {
			return fmt.Errorf("field %s: %q is not offered, only %v", field, value, offered)
		}
		entered[field] = []string{value}
	}
	var out slackemu.SubmitResult
	if err := w.play("as/"+person+"/submit", object{"view_id": view["id"], "values": entered}, &out); err != nil {
		return err
	}
	for _, field := range slices.Sorted(maps.Keys(out.Errors)) {
		w.seen[person] = append(w.seen[person], field+": "+out.Errors[field])
	}
	return w.fine(person, out.Result)
}

// choices are the fields of the form that are chosen and not typed.
func choices() []string { return []string{"group", "account", "permission_set"} }

// click presses a button of a root message, with ops:TEXT that of the newest
// message with a text in the ops channel, or with thread:REQ that of the newest
// reply which has it.
func (w *world) click(person, request, action string) error {
	block := "" // where several have the action, its id stands before it
	if before, after, ok := strings.Cut(action, "/"); ok {
		block, action = before, after
	}
	st, err := w.now("slack")
	if err != nil {
		return err
	}
	all := messages(st)
	slices.Reverse(all) // of several the newest; a root message has its key alone
	for _, m := range all {
		about, inOps := strings.CutPrefix(request, "ops:")
		of, inThread := strings.CutPrefix(request, "thread:")
		found := inOps && ops(m) && strings.Contains(m.text, about) || inThread && thread(of)(m)
		if m.key == request || found && strings.Contains(string(m.message.Blocks), strconv.Quote(action)) {
			var out slackemu.Result
			in := object{"channel": m.channel, "ts": m.message.TS, "action_id": action, "block_id": block}
			if err := w.play("as/"+person+"/click", in, &out); err != nil {
				return err
			}
			return w.fine(person, out)
		}
	}
	return fmt.Errorf("%s has no message", request)
}

// review reviews a pull request; commit is the head if empty.
// Who approves has read the check of the head, if the bot showed one or is there
// to do so.
func (w *world) review(person string, pull int, event, commit string) error {
	if event == "APPROVE" && commit == "" && w.bot != nil {
		if err := w.read(pull, w.revive || w.bot.alive()); err != nil {
			return err
		}
	}
	return w.play("as/"+person+"/github/review", object{"pull": pull, "event": event, "commit": commit, "body": "I looked at it."}, nil)
}

// merge merges a pull request and returns the commit.
func (w *world) merge(person string, pull int, method string, past bool) (sha string, err error) {
	var out struct {
		SHA string `json:"sha"`
	}
	err = w.play("as/"+person+"/github/merge", object{"pull": pull, "method": method, "ignore_rules": past}, &out)
	return out.SHA, err
}

// change is a commit that a person makes.
type change struct {
	branch  string // empty: straight to the default branch, past all rules
	message string
	files   map[string]string
	remove  []string
	base    string
	fork    bool
	past    bool // the rules
}

// push makes and pushes a commit.
func (w *world) push(person string, c change) (sha string, err error) {
	in := object{"files": c.files, "delete": c.remove, "message": c.message}
	path := "direct-push"
	if c.branch != "" {
		path, in["branch"], in["base"], in["fork"] = "push", c.branch, c.base, c.fork
		in["ignore_rules"] = c.past
	}
	var out struct {
		SHA string `json:"sha"`
	}
	err = w.play("as/"+person+"/github/"+path, in, &out)
	return out.SHA, err
}

// open opens a pull request by hand.
func (w *world) open(person, head, title string) (number int, err error) {
	var out struct {
		Pull int `json:"pull"`
	}
	err = w.play("as/"+person+"/github/pull", object{"head": head, "title": title}, &out)
	return out.Pull, err
}

// restoring is the change that makes the default branch as it was at a commit.
func (w *world) restoring(sha string) (files map[string]string, remove []string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	was, err := w.client.Files(ctx, sha)
	if err != nil {
		return nil, nil, err
	}
	is, err := w.client.Files(ctx, "")
	if err != nil {
		return nil, nil, err
	}
	files = map[string]string{}
	for path, text := range was {
		if now, ok := is[path]; !ok || now != text {
			files[path] = text
		}
	}
	for path := range is {
		if _, ok := was[path]; !ok {
			remove = append(remove, path)
		}
	}
	return files, remove, nil
}

// replay sends the last request of a kind to the bot again and returns the
// status of the answer.
func (w *world) replay(kind, how, body string) (status int, err error) {
	var out struct {
		Status int `json:"status"`
	}
	in := object{"kind": kind, "how": how}
	if body != "" {
		in["body"] = body
	}
	err = w.play("slack/replay", in, &out)
	return out.Status, err
}

// refused reports whether the sandbox, or the service it emulates, refused what
// was played, and with which words.
func refused(err error) (string, bool) {
	var status *scenario.StatusError
	if errors.As(err, &status) && status.Status >= http.StatusBadRequest {
		return status.Text, true
	}
	return "", false
}

// mend takes all faults away.
func (w *world) mend() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return w.client.Mend(ctx)
}

// fault injects one, given as JSON.
func (w *world) fault(text string) error {
	var in object
	if err := json.Unmarshal([]byte(text), &in); err != nil {
		return fmt.Errorf("fault %s: %w", text, err)
	}
	return w.play("faults", in, nil)
}
