package slack

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"time"

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
	for _, w := range in.Workspaces {
		if w == team {
			return true
		}
	}
	return false
}

// Commands serves POST /slack/commands.
func (in *Inbound) Commands(w http.ResponseWriter, r *http.Request) {
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
	user := access.ChatUser{Platform: access.Slack, Team: form.Get("team_id"), User: form.Get("user_id")}
	if !in.allowed(user.Team) {
		ephemeral(w, chat.Problem("This workspace may not use the bot.", "Use it in your company's workspace."))
		return
	}
	if form.Get("command") == "/aws-onboard" {
		ephemeral(w, chat.Problem("`/aws-onboard` is not available in this version.", "The platform team can add the account's file to the config repo by pull request."))
		return
	}
	if f, ok := in.Desk.WantsForm(r.Context(), form.Get("text")); ok {
		in.open(w, r, form.Get("trigger_id"), f)
		return
	}
	in.take(w, r, access.Inbound{
		Key: key("command", user, form.Get("trigger_id"), body), At: in.Now().UTC(), User: user,
		Channel: form.Get("channel_id"), Command: form.Get("command"), Text: form.Get("text"),
	})
}

// key is the natural key of a delivery: Slack's own id of the occasion, or
// the body where there is none.
func key(kind string, u access.ChatUser, occasion string, body []byte) string {
	if occasion == "" {
		sum := sha256.Sum256(body)
		occasion = hex.EncodeToString(sum[:])
	}
	return "slack/" + kind + "/" + u.Team + "/" + u.User + "/" + occasion
}

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
func (in *Inbound) open(w http.ResponseWriter, r *http.Request, trigger string, f chat.Form) {
	ctx, cancel := context.WithTimeout(r.Context(), openTimeout)
	defer cancel()
	if err := in.Client.OpenForm(ctx, trigger, f); err != nil {
		in.Log.Warn("open form", "form", f.ID, "error", err)
		ephemeral(w, chat.Problem("The form did not open: Slack did not answer in time.", "Try again, or write it in one line; `/aws-access help` shows how."))
		return
	}
	w.WriteHeader(http.StatusOK)
}

// ephemeral answers a command so that only its sender sees it.
func ephemeral(w http.ResponseWriter, m chat.Message) {
	answer(w, map[string]any{"response_type": "ephemeral", "text": escape(m.Summary), "blocks": Blocks(m)})
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
	var c slackapi.InteractionCallback
	if err := json.Unmarshal([]byte(form.Get("payload")), &c); err != nil {
		fail(w, err)
		return
	}
	if !in.allowed(c.Team.ID) {
		http.Error(w, "this workspace may not use the bot", http.StatusForbidden)
		return
	}
	user := access.ChatUser{Platform: access.Slack, Team: c.Team.ID, User: c.User.ID}
	switch c.Type {
	case slackapi.InteractionTypeViewSubmission:
		in.submit(w, r, user, &c)
	case slackapi.InteractionTypeBlockSuggestion:
		in.suggest(w, r, &c)
	case slackapi.InteractionTypeBlockActions:
		in.click(w, r, user, &c, body)
	default:
		w.WriteHeader(http.StatusOK)
	}
}

// submit takes a form. Refusals go beside their fields while it is open.
func (in *Inbound) submit(w http.ResponseWriter, r *http.Request, u access.ChatUser, c *slackapi.InteractionCallback) {
	if c.View.CallbackID != chat.RequestForm || c.View.State == nil {
		w.WriteHeader(http.StatusOK)
		return
	}
	values := map[string]string{}
	for id, actions := range c.View.State.Values {
		v := actions[id]
		values[id] = v.Value
		if v.SelectedOption.Value != "" {
			values[id] = v.SelectedOption.Value
		}
	}
	ctx, cancel := context.WithTimeout(r.Context(), submitTimeout)
	defer cancel()
	asked, err := in.Desk.Submit(ctx, key("form", u, c.View.ID, nil), u, values)
	var no *access.Refusal
	switch {
	case errors.As(err, &no):
		field := no.Field
		if field == "" {
			field = chat.FieldReason
		}
		answer(w, slackapi.NewErrorsViewSubmissionResponse(map[string]string{field: no.Error()}))
	case err != nil:
		in.Log.Error("submit form", "user", u.User, "error", err)
		answer(w, slackapi.NewErrorsViewSubmissionResponse(map[string]string{
			chat.FieldReason: "That did not work: a service the bot needs did not answer. Nothing was stored; please submit again.",
		}))
	case asked.Warning != "":
		answer(w, slackapi.NewUpdateViewSubmissionResponse(accepted(asked)))
	default:
		w.WriteHeader(http.StatusOK)
	}
}

// accepted replaces the form where there is something to say beside "stored".
func accepted(a access.Asked) *slackapi.ModalViewRequest {
	return &slackapi.ModalViewRequest{
		Type: slackapi.VTModal, Title: plainText("Request AWS access", maxTitle), Close: plainText("Close", maxTitle),
		Blocks: slackapi.Blocks{BlockSet: Blocks(chat.Accepted(a))},
	}
}

func (in *Inbound) suggest(w http.ResponseWriter, r *http.Request, c *slackapi.InteractionCallback) {
	choices, err := in.Desk.Service.Suggest(r.Context(), c.ActionID, c.Value, maxSuggestions)
	var no *access.Refusal
	if err != nil && !errors.As(err, &no) {
		in.Log.Error("suggest", "field", c.ActionID, "error", err)
	}
	out := slackapi.OptionsResponse{Options: []*slackapi.OptionBlockObject{}}
	for _, ch := range choices {
		if len([]rune(ch.Value)) <= maxOption {
			out.Options = append(out.Options, option(ch.Value, ch.Label))
		}
	}
	// The library's type omits an empty list, which Slack takes for an error.
	answer(w, map[string]any{"options": out.Options})
}

// click takes a button. It carries nothing but a verb and a request id; who
// may do it is decided again.
func (in *Inbound) click(w http.ResponseWriter, r *http.Request, u access.ChatUser, c *slackapi.InteractionCallback, body []byte) {
	if len(c.ActionCallback.BlockActions) == 0 {
		w.WriteHeader(http.StatusOK)
		return
	}
	a := c.ActionCallback.BlockActions[0]
	if a.ActionID != "cancel" && a.ActionID != "revoke" {
		w.WriteHeader(http.StatusOK) // a link
		return
	}
	in.take(w, r, access.Inbound{
		Key: key("click", u, a.ActionTs, body), At: in.Now().UTC(), User: u, Channel: c.Channel.ID,
		Command: "/aws-access", Text: a.ActionID + " " + a.Value,
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
