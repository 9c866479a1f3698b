package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

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

// fault injects one, given as JSON. Of the service "chat" it is one of the
// platform that is played, and op is post or edit.
func (w *world) fault(text string) error {
	var in object
	if err := json.Unmarshal([]byte(text), &in); err != nil {
		return fmt.Errorf("fault %s: %w", text, err)
	}
	if in["service"] == "chat" {
		in["service"], in["op"] = w.chat.request(fmt.Sprint(in["op"]))
	}
	return w.play("faults", in, nil)
}
