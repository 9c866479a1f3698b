package teams

import (
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"regexp"
	"strings"
	"unicode/utf8"

	"aws-access-bot/internal/access"
)

// activity is what is used of what the connector sends ("Activity schema",
// Microsoft Learn). Every part of it may be missing.
type activity struct {
	origin
	Type   string `json:"type"`
	ID     string `json:"id"`
	Name   string `json:"name"`   // of an invoke
	Action string `json:"action"` // of an installationUpdate
	From   struct {
		ID          string `json:"id"`
		Name        string `json:"name"`
		AADObjectID string `json:"aadObjectId"`
	} `json:"from"`
	Text     string            `json:"text"`
	Zone     string            `json:"localTimezone"`
	Entities []json.RawMessage `json:"entities"`
	Value    json.RawMessage   `json:"value"`
}

// entity is a mention, or what the client says of itself.
type entity struct {
	Type      string  `json:"type"`
	Text      string  `json:"text"`
	Mentioned account `json:"mentioned"`
	Timezone  string  `json:"timezone"`
}

// name is whom a mention names: what stands between its marks, which is XML.
func (e entity) name() string {
	return html.UnescapeString(strings.TrimSuffix(strings.TrimPrefix(e.Text, "<at>"), "</at>"))
}

// errMalformed is a signed activity that is not what Teams sends.
var errMalformed = errors.New("malformed activity")

// maxID is the longest id that is taken, in bytes. Those of Teams have up to some
// hundred.
const maxID = 512

// parse reads an activity.
func parse(body []byte) (*activity, error) {
	var a activity
	if err := json.Unmarshal(body, &a); err != nil {
		return nil, errors.Join(errMalformed, err)
	}
	for _, id := range []string{a.ID, a.Conversation.ID, a.From.ID, a.From.AADObjectID} {
		if len(id) > maxID || !utf8.ValidString(id) || strings.ContainsFunc(id, func(r rune) bool { return r < ' ' || r == utf8.RuneError }) {
			return nil, fmt.Errorf("%w: an id", errMalformed)
		}
	}
	if a.Type == "" || a.Conversation.ID == "" {
		return nil, fmt.Errorf("%w: no type or conversation", errMalformed)
	}
	return &a, nil
}

// entities are those that can be read.
func (a *activity) entities() []entity {
	var out []entity
	for _, raw := range a.Entities {
		var e entity
		if json.Unmarshal(raw, &e) == nil { // others have members of other kinds
			out = append(out, e)
		}
	}
	return out
}

// objectID is how Entra writes ids.
var objectID = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

// user is who did it; false where the activity does not say.
func (a *activity) user(tenant string) (access.ChatUser, bool) {
	id := strings.ToLower(a.From.AADObjectID)
	return access.ChatUser{Platform: access.Teams, Team: tenant, User: id}, objectID.MatchString(id)
}

// personal reports whether it was in the chat of one person with the bot. A chat of
// two people, from which a message extension is used, is called personal too; its
// id begins as those of channels do, and what is said there the other one reads. So
// may be a chat with another bot, from which only an extension and the type-ahead in
// its dialog come: what is sent there does not arrive.
func (a *activity) personal() bool {
	extension := strings.HasPrefix(a.Name, "composeExtension/") || a.Name == "application/search"
	return a.Conversation.Type == "personal" && !strings.HasPrefix(a.Conversation.ID, "19:") && !extension
}

// zone is the person's time zone as the client says, "" if it does not.
func (a *activity) zone() string {
	zone := a.Zone
	for _, e := range a.entities() {
		if e.Type == "clientInfo" && e.Timezone != "" {
			zone = e.Timezone
		}
	}
	if len(zone) > 64 {
		return ""
	}
	return zone
}

// command is the text without the mention of the bot, and whether there was one.
// What is a mention is said by entities; a name in the text alone is none. It may
// stand before the command all the same: the bot writes its commands with it, and
// what is copied from there, or typed where nobody can be mentioned, is only text.
// Who else is mentioned stays as a name, without the marks around it.
func (a *activity) command() (text string, mentioned bool) {
	text = a.Text
	for _, e := range a.entities() {
		switch {
		case e.Type != "mention" || e.Mentioned.ID == "" || e.Text == "" || !strings.Contains(text, e.Text):
		case e.Mentioned.ID == a.Recipient.ID:
			text, mentioned = strings.Replace(text, e.Text, " ", 1), true
		default:
			text = strings.Replace(text, e.Text, e.name(), 1)
		}
	}
	text = strings.NewReplacer("&nbsp;", " ", "\u00a0", " ").Replace(text)
	return withoutName(strings.TrimSpace(text)), mentioned
}

// unseen is what stands behind the @ of a command that was copied from GitHub: there
// it would mention somebody.
const unseen = "\u200b"

// withoutName takes the name with which the bot writes its commands off a line.
func withoutName(line string) string {
	first, rest, _ := strings.Cut(line, " ")
	if strings.EqualFold(strings.ReplaceAll(first, unseen, ""), Words().Access) {
		return strings.TrimSpace(rest)
	}
	return line
}

// press is what a button sends.
type press struct {
	Action string `json:"action"`
	Value  string `json:"value"`
}

// invoke is what is used of the value of an invoke.
type invoke struct {
	// adaptiveCard/action
	Action struct {
		Verb string          `json:"verb"`
		Data json.RawMessage `json:"data"`
	} `json:"action"`
	// task/fetch, task/submit and the message extension's
	Data      json.RawMessage `json:"data"`
	CommandID string          `json:"commandId"`
	// application/search
	QueryText string `json:"queryText"`
	Dataset   string `json:"dataset"`
}

// invoke reads the value of an invoke.
func (a *activity) invoke() (invoke, error) {
	var v invoke
	if err := json.Unmarshal(a.Value, &v); err != nil {
		return invoke{}, errors.Join(errMalformed, err)
	}
	return v, nil
}

// values are the texts among what a dialog sends.
func values(data json.RawMessage) (map[string]string, error) {
	var all map[string]any
	if err := json.Unmarshal(data, &all); err != nil {
		return nil, errors.Join(errMalformed, err)
	}
	out := map[string]string{}
	for k, v := range all {
		if s, ok := v.(string); ok {
			out[k] = s
		}
	}
	return out, nil
}
