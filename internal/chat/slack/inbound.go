package slack

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/chat"
	"aws-access-bot/internal/secret"

	slackapi "github.com/slack-go/slack"
)

// Bounds on what is done before Slack is answered; it waits three seconds.
const (
	openTimeout   = 2500 * time.Millisecond
	submitTimeout = 1500 * time.Millisecond
)

// maxError is the longest text beside a field, in characters: what fits on a
// phone. Slack states no limit.
const maxError = 500

// maxSuggestions is the most options of a type-ahead answer (Block Kit).
const maxSuggestions = 100

// Inbound serves what Slack sends.
type Inbound struct {
	Secrets    []secret.Value
	Workspaces []string
	Desk       *chat.Desk
	Client     *Client
	Now        func() time.Time
	Log        *slog.Logger
}

// allowed reports whether the workspace may use the bot.
func (in *Inbound) allowed(team string) bool {
	return team != "" && slices.Contains(in.Workspaces, team)
}

// Commands serves POST /slack/commands.
func (in *Inbound) Commands(w http.ResponseWriter, r *http.Request) {
	body, err := verified(r, in.Secrets, in.Now())
	if err != nil {
		fail(w, err)
		return
	}
	form, err := url.ParseQuery(string(body))
	if err != nil || form.Get("user_id") == "" {
		fail(w, errors.Join(err, errMalformed))
		return
	}
	user := access.ChatUser{Platform: access.Slack, Team: form.Get("team_id"), User: form.Get("user_id")}
	if !in.allowed(user.Team) {
		ephemeral(w, chat.Problem("This workspace may not use the bot.", "Use it in your company's workspace."))
		return
	}
	text := form.Get("text")
	if form.Get("command") == onboardCommand {
		text = chat.OnboardText(text)
	}
	ctx, cancel := context.WithTimeout(r.Context(), openTimeout)
	defer cancel()
	if f, ok := in.Desk.WantsForm(ctx, user, form.Get("channel_id"), text); ok {
		in.open(ctx, w, form.Get("trigger_id"), f)
		return
	}
	in.take(w, r, access.Inbound{
		Key: key("command", user, form.Get("trigger_id"), body), At: in.Now().UTC(), User: user,
		Channel: form.Get("channel_id"), Command: form.Get("command"), Text: text,
	})
}

// onboardCommand is the slash command of onboarding alone.
const onboardCommand = "/aws-onboard"

// errMalformed is a signed request that is not what Slack sends.
var errMalformed = errors.New("malformed request")

// key is the natural key of a delivery: Slack's own id of the occasion, or
// the body where there is none that could be one.
func key(kind string, u access.ChatUser, occasion string, body []byte) string {
	if occasion == "" || len(occasion) > maxOccasion || !utf8.ValidString(occasion) {
		sum := sha256.Sum256(body)
		occasion = hex.EncodeToString(sum[:])
	}
	return "slack/" + kind + "/" + u.Team + "/" + u.User + "/" + occasion
}

// maxOccasion is the longest id of an occasion in bytes. Slack's have some
// dozens.
const maxOccasion = 255

// take stores a delivery and acknowledges it.
func (in *Inbound) take(w http.ResponseWriter, r *http.Request, d access.Inbound) {
	if _, err := in.Desk.Take(r.Context(), d); err != nil {
		in.Log.Error("store delivery from slack", "user", d.User.User, "error", err)
		http.Error(w, "not stored; try again", http.StatusServiceUnavailable)
		return
	}
	w.WriteHeader(http.StatusOK)
}

// open opens a form while the trigger is good.
func (in *Inbound) open(ctx context.Context, w http.ResponseWriter, trigger string, f chat.Form) {
	if err := in.Client.OpenForm(ctx, trigger, f); err != nil {
		in.Log.Warn("open form", "form", f.ID, "error", err)
		ephemeral(w, chat.Problem("The form did not open: Slack did not answer in time.", "Try again, or write it in one line; `/aws-access help` shows how."))
		return
	}
	w.WriteHeader(http.StatusOK)
}

// ephemeral answers a command so that only its sender sees it.
func ephemeral(w http.ResponseWriter, m chat.Message) {
	answer(w, map[string]any{"response_type": "ephemeral", "text": cutEscaped(m.Summary, maxSummary), "blocks": Blocks(m)})
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	// A failed write means that Slack has hung up.
	_ = json.NewEncoder(w).Encode(v)
}

// Interactions serves POST /slack/interactions: submissions, clicks and
// type-ahead.
func (in *Inbound) Interactions(w http.ResponseWriter, r *http.Request) {
	body, err := verified(r, in.Secrets, in.Now())
	if err != nil {
		fail(w, err)
		return
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		fail(w, err)
		return
	}
	var c interaction
	if err := json.Unmarshal([]byte(form.Get("payload")), &c); err != nil || c.User.ID == "" {
		fail(w, errors.Join(err, errMalformed))
		return
	}
	// The user's own workspace counts where it differs from that of the place.
	user := access.ChatUser{Platform: access.Slack, Team: cmp.Or(c.User.TeamID, c.Team.ID), User: c.User.ID}
	if !in.allowed(user.Team) || !in.allowed(c.Team.ID) {
		http.Error(w, "this workspace may not use the bot", http.StatusForbidden)
		return
	}
	switch c.Type {
	case "view_submission":
		in.submit(w, r, user, &c)
	case "block_suggestion":
		in.suggest(w, r, user, &c)
	case "block_actions":
		in.click(w, r, user, &c, body)
	default:
		w.WriteHeader(http.StatusOK)
	}
}

// interaction is what is used of a payload ("Interaction payloads"). Every
// part of it may be missing.
type interaction struct {
	Type string `json:"type"`
	Team struct {
		ID string `json:"id"`
	} `json:"team"`
	User struct {
		ID     string `json:"id"`
		TeamID string `json:"team_id"`
	} `json:"user"`
	Channel struct {
		ID string `json:"id"`
	} `json:"channel"`
	View struct {
		ID              string `json:"id"`
		CallbackID      string `json:"callback_id"`
		PrivateMetadata string `json:"private_metadata"`
		State           struct {
			Values map[string]map[string]inputValue `json:"values"`
		} `json:"state"`
	} `json:"view"`
	// ActionID and Value are those of a suggestion.
	ActionID string   `json:"action_id"`
	Value    string   `json:"value"`
	Actions  []action `json:"actions"`
	// TriggerID is that of a click.
	TriggerID string `json:"trigger_id"`
}

// inputValue is what stands in an input of a form.
type inputValue struct {
	Value           string     `json:"value"`
	SelectedOption  selected   `json:"selected_option"`
	SelectedOptions []selected `json:"selected_options"`
}

// selected is one choice.
type selected struct {
	Value string `json:"value"`
}

// text is what an input says, several choices with commas between them.
func (v inputValue) text() string {
	var all []string
	for _, o := range v.SelectedOptions {
		all = append(all, o.Value)
	}
	return cmp.Or(v.SelectedOption.Value, v.Value, strings.Join(all, ","))
}

// action is a click.
type action struct {
	ActionID string `json:"action_id"`
	Value    string `json:"value"`
	ActionTS string `json:"action_ts"`
}

// submission reads the values of a form; block id and action id of an input
// are both its id.
func (c *interaction) submission(u access.ChatUser) chat.Submission {
	s := chat.Submission{Form: c.View.CallbackID, Key: key("form", u, c.View.ID, nil), User: u, Channel: c.View.PrivateMetadata, Values: map[string]string{}}
	for id, actions := range c.View.State.Values {
		s.Values[id] = actions[id].text()
	}
	return s
}

// submit takes a form. Refusals go beside their fields while it is open. What
// cannot be judged in time is stored, and answered later in private.
func (in *Inbound) submit(w http.ResponseWriter, r *http.Request, u access.ChatUser, c *interaction) {
	if !slices.Contains(chat.Forms(), c.View.CallbackID) || c.View.ID == "" {
		w.WriteHeader(http.StatusOK)
		return
	}
	s := c.submission(u)
	ctx, cancel := context.WithTimeout(r.Context(), submitTimeout)
	defer cancel()
	asked, err := in.Desk.Submit(ctx, s)
	var no *access.Refusal
	switch {
	case errors.As(err, &no):
		// Slack shows errors beside fields only.
		field := no.Field
		if _, shown := c.View.State.Values[field]; !shown {
			field = lastField(c.View.CallbackID)
		}
		answer(w, map[string]any{"response_action": "errors", "errors": map[string]string{field: cut(no.Error(), maxError)}})
	case err != nil:
		in.Log.Warn("form is judged later", "user", u.User, "error", err)
		in.later(w, r, s)
	case asked.Warning != "", asked.Joined && asked.Request.Kind == access.KindOnboard:
		answer(w, slackapi.NewUpdateViewSubmissionResponse(closing(c.View.CallbackID, chat.Accepted(asked))))
	default:
		w.WriteHeader(http.StatusOK)
	}
}

// lastField is where a refusal stands that is about no field of a form.
func lastField(form string) string {
	if form == chat.OnboardForm {
		return chat.FieldAccount
	}
	return chat.FieldReason
}

// later stores a form and says so.
func (in *Inbound) later(w http.ResponseWriter, r *http.Request, s chat.Submission) {
	if err := in.Desk.Later(r.Context(), s); err != nil {
		in.Log.Error("store form from slack", "user", s.User.User, "error", err)
		http.Error(w, "not stored; try again", http.StatusServiceUnavailable)
		return
	}
	m := chat.Message{Blocks: []chat.Block{chat.Text{{Text: "A service the bot needs is slow. Your request is stored and will be checked; you get the answer in a private message."}}}}
	answer(w, slackapi.NewUpdateViewSubmissionResponse(closing(s.Form, m)))
}

// closing replaces the form where there is something to say beside "stored".
func closing(form string, m chat.Message) *slackapi.ModalViewRequest {
	title := "Request AWS access"
	if form == chat.OnboardForm {
		title = "Onboard an account"
	}
	return &slackapi.ModalViewRequest{
		Type: slackapi.VTModal, Title: plainText(title, maxTitle), Close: plainText("Close", maxTitle),
		Blocks: slackapi.Blocks{BlockSet: Blocks(m)},
	}
}

// suggest answers type-ahead. What goes wrong gives an empty list: the
// person may still write the request in one line.
func (in *Inbound) suggest(w http.ResponseWriter, r *http.Request, u access.ChatUser, c *interaction) {
	ctx, cancel := context.WithTimeout(r.Context(), openTimeout)
	defer cancel()
	choices, err := in.Desk.Suggest(ctx, u, c.ActionID, c.Value, maxSuggestions)
	if err != nil {
		in.Log.Error("suggest", "field", c.ActionID, "error", err)
	}
	options := []*slackapi.OptionBlockObject{}
	for _, ch := range choices {
		if len([]rune(ch.Value)) <= maxOption {
			options = append(options, option(ch.Value, ch.Label))
		}
	}
	// The library's type omits an empty list, which Slack takes for an error.
	answer(w, map[string]any{"options": options})
}

// click takes a button. It carries nothing but a verb and a request id; who
// may do it is decided again.
func (in *Inbound) click(w http.ResponseWriter, r *http.Request, u access.ChatUser, c *interaction, body []byte) {
	if len(c.Actions) == 0 {
		w.WriteHeader(http.StatusOK)
		return
	}
	a := c.Actions[0]
	text := chat.ClickText(a.ActionID, a.Value)
	if text == "" {
		w.WriteHeader(http.StatusOK) // a link
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), openTimeout)
	defer cancel()
	if f, ok := in.Desk.WantsForm(ctx, u, c.Channel.ID, text); ok {
		in.open(ctx, w, c.TriggerID, f)
		return
	}
	in.take(w, r, access.Inbound{
		Key: key("click", u, a.ActionTS, body), At: in.Now().UTC(), User: u, Channel: c.Channel.ID,
		Command: "/aws-access", Text: text,
	})
}

// Events serves POST /slack/events: the check of the URL. The bot subscribes
// to no events; what comes anyway is acknowledged and left.
func (in *Inbound) Events(w http.ResponseWriter, r *http.Request) {
	body, err := verified(r, in.Secrets, in.Now())
	if err != nil {
		fail(w, err)
		return
	}
	var e struct {
		Type      string `json:"type"`
		Challenge string `json:"challenge"`
	}
	if err := json.Unmarshal(body, &e); err != nil {
		fail(w, err)
		return
	}
	if e.Type == "url_verification" {
		answer(w, map[string]string{"challenge": e.Challenge})
		return
	}
	w.WriteHeader(http.StatusOK)
}
