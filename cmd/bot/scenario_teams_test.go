package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"aws-access-bot/internal/sandbox"
	"aws-access-bot/internal/sandbox/teamsemu"
	"aws-access-bot/internal/scenario"

	"github.com/rogpeppe/go-internal/testscript"
)

// teamsPlayer plays people in Teams.
type teamsPlayer struct{ *world }

func (teamsPlayer) platform() string { return "teams" }

// says has the words of commands in Teams, where there is one name for both and
// no slash.
func (teamsPlayer) says(pattern string) string {
	return strings.NewReplacer("/aws-onboard", "@aws-access onboard", "/aws-access", "@aws-access").Replace(pattern)
}

// notTaken is what a person who wrote a message sees of it when the bot did not
// take it: nothing, in Teams.
const notTaken = "(no answer: the bot did not take the message)"

func (teamsPlayer) unanswered(text string) bool {
	return text == notTaken || text == teamsemu.ErrorReach
}

func (teamsPlayer) request(kind string) (service, op string) {
	return "teams", map[string]string{"post": "conversations.create", "edit": "activities.update"}[kind]
}

// act plays a person.
func (p teamsPlayer) act(person, what string, in object, out any) error {
	return p.play("as/"+person+"/teams/"+what, in, out)
}

func (p teamsPlayer) command(person, channel, line string) error {
	var out teamsemu.Result
	if err := p.act(person, "message", object{"conversation": channel, "text": p.says(line)}, &out); err != nil {
		return err
	}
	if out.Sent && !out.Delivered {
		p.shown(person, notTaken)
	}
	if out.Status == http.StatusUnauthorized {
		return nil // refused is not answered badly
	}
	return p.fine(person, out)
}

// fine keeps what the client says to a person; a bot that answers badly is an
// error.
func (p teamsPlayer) fine(person string, r teamsemu.Result) error {
	for _, text := range []string{r.Message, r.Error} {
		if text != "" {
			p.shown(person, text)
		}
	}
	for _, field := range slices.Sorted(maps.Keys(r.Errors)) {
		p.shown(person, field+": "+r.Errors[field])
	}
	if len(r.Problems) > 0 && !(p.revive && p.unanswered(r.Error)) {
		return fmt.Errorf("Teams cannot use the bot's answer: %v", r.Problems)
	}
	return nil
}

// entraID is how Teams names a person.
func entraID(st *sandbox.State, person string) (string, error) {
	i := slices.IndexFunc(st.People, func(x sandbox.Person) bool { return x.Key == person })
	if i < 0 {
		return "", fmt.Errorf("nobody is called %q", person)
	}
	return st.People[i].Entra, nil
}

// form finds the dialog that a person has open. Where there is none, the bot has
// answered a command with a card that opens one, or is about to.
func (p teamsPlayer) form(person string) (teamsemu.DialogState, error) {
	open, err := p.dialog(person)
	if err != nil || open.ID != "" {
		return open, err
	}
	var card scenario.Said
	err = p.until(person+" to see a card that opens a form", []string{"teams"}, func(st *sandbox.State) (bool, string) {
		for _, m := range scenario.Messages(st) {
			if m.Private == person && m.Opens != "" && !p.opener[m.ID] {
				card = m
			}
		}
		return card.ID != "", "none"
	})
	if err != nil {
		return open, err
	}
	p.opener[card.ID] = true
	var out teamsemu.Result
	if err := p.act(person, "click", object{"activity": card.ID, "action": card.Opens}, &out); err != nil {
		return open, err
	}
	if err := p.fine(person, out); err != nil {
		return open, err
	}
	if open, err = p.dialog(person); err == nil && open.ID == "" {
		err = fmt.Errorf("the button %q opens no form for %s: %q", card.Opens, person, p.seen[person])
	}
	return open, err
}

// dialog is the newest one that a person has open, without an id if there is none.
func (p teamsPlayer) dialog(person string) (teamsemu.DialogState, error) {
	st, err := p.now("teams")
	if err != nil {
		return teamsemu.DialogState{}, err
	}
	id, err := entraID(st, person)
	if err != nil {
		return teamsemu.DialogState{}, err
	}
	if list := st.Teams.Dialogs[id]; len(list) > 0 {
		return list[len(list)-1], nil
	}
	return teamsemu.DialogState{}, nil
}

func (p teamsPlayer) suggest(person, field, query string) ([]string, error) {
	open, err := p.form(person)
	if err != nil {
		return nil, err
	}
	var out teamsemu.Suggested
	if err := p.act(person, "dialog/suggest", object{"dialog": open.ID, "field": field, "query": query}, &out); err != nil {
		return nil, err
	}
	var values []string
	for _, c := range out.Choices {
		values = append(values, c.Value)
	}
	return values, p.fine(person, out.Result)
}

func (p teamsPlayer) submit(person string, values map[string]string) error {
	open, err := p.form(person)
	if err != nil {
		return err
	}
	card, err := json.Marshal(open.Card.Card)
	if err != nil {
		return err
	}
	for field, value := range values {
		if !scenario.CardAsks(card, field) {
			continue
		}
		for _, one := range strings.Split(value, ",") {
			offered, err := p.suggest(person, field, one)
			if err != nil {
				return err
			}
			if !slices.Contains(offered, one) {
				return fmt.Errorf("field %s: %q is not offered, only %v", field, one, offered)
			}
		}
	}
	var out teamsemu.Result
	if err := p.act(person, "dialog/submit", object{"dialog": open.ID, "values": values}, &out); err != nil {
		return err
	}
	if out.Dialog != nil {
		again, err := json.Marshal(out.Dialog.Card.Card)
		if err != nil {
			return err
		}
		for _, text := range scenario.CardErrors(again) {
			p.shown(person, text)
		}
	}
	return p.fine(person, out)
}

func (p teamsPlayer) click(person string, m scenario.Said, action string) error {
	var out teamsemu.Result
	if err := p.act(person, "click", object{"activity": m.ID, "action": action}, &out); err != nil {
		return err
	}
	return p.fine(person, out)
}

// replay sends the last activity of a kind to the bot again, as Teams or as
// somebody else, and returns the status of the answer.
func (p teamsPlayer) replay(kind, how, body string) (status int, err error) {
	var out struct {
		Status int `json:"status"`
	}
	in := object{"kind": kind, "how": how}
	if body != "" {
		in["body"] = body
	}
	err = p.play("teams/replay", in, &out)
	return out.Status, err
}

// acts are what people can do in Teams only:
//
//	as P install|uninstall SCOPE   adds the app for oneself (personal) or in the team
//	as P block, unblock            the bot's chat
//	as P profile JSON              changes it, as an administrator does
func (p teamsPlayer) acts(person string) acts {
	scope := func(what string) func(*testscript.TestScript, []string) error {
		return func(_ *testscript.TestScript, args []string) error {
			if err := words(args, 1, 1); err != nil {
				return err
			}
			return p.act(person, what, object{"scope": args[0]}, nil)
		}
	}
	blocked := func(yes bool) func(*testscript.TestScript, []string) error {
		return func(*testscript.TestScript, []string) error {
			return p.act(person, "block", object{"blocked": yes}, nil)
		}
	}
	return acts{
		"install": scope("install"), "uninstall": scope("uninstall"), "block": blocked(true), "unblock": blocked(false),
		"profile": func(_ *testscript.TestScript, args []string) error {
			if err := words(args, 1, 1); err != nil {
				return err
			}
			var in object
			if err := json.Unmarshal([]byte(args[0]), &in); err != nil {
				return err
			}
			return p.act(person, "profile", in, nil)
		},
	}
}

// verbTargeted says whether the tenant has messages in channels that one person
// sees.
func (w *world) verbTargeted(_ *testscript.TestScript, not bool, args []string) error {
	if err := words(args, 1, 1); err != nil || not {
		return errors.New("takes on or off, and no !")
	}
	return w.play("teams/targeted", object{"on": args[0] == "on"}, nil)
}
