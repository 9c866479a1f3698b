package teams

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/chat"
)

// maxSuggestions is the most results of a type-ahead ("Dynamic typeahead search in
// Adaptive Cards", Microsoft Learn).
const maxSuggestions = 15

// invoked serves what waits for its answer. What is not known is answered with
// nothing, as what needs no answer.
func (in *Inbound) invoked(w http.ResponseWriter, r *http.Request, e *event) {
	v, err := e.invoke()
	if err != nil {
		in.fail(w, err)
		return
	}
	switch e.Name {
	case "adaptiveCard/action":
		in.pressed(w, r, e, v)
	case "task/fetch":
		in.fetch(w, r, e, pressText(v.Data))
	case "composeExtension/fetchTask":
		in.fetch(w, r, e, extensionText(v.CommandID))
	case "task/submit", "composeExtension/submitAction":
		in.submit(w, r, e, v)
	case "application/search":
		in.search(w, r, e, v)
	default:
		w.WriteHeader(http.StatusOK)
	}
}

// answer writes an answer in the body.
func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	// A failed write means that Teams has hung up.
	_ = json.NewEncoder(w).Encode(v)
}

// pressText is the command line that a button's data stands for, "" for none.
func pressText(data json.RawMessage) string {
	var p press
	if json.Unmarshal(data, &p) != nil {
		return ""
	}
	return chat.ClickText(p.Action, p.Value)
}

// extensionText is the command line of a command of the message extension.
func extensionText(command string) string {
	if command == chat.ActionRequest || command == chat.ActionOnboard {
		return command
	}
	return ""
}

// taken is said at once of what is answered later.
const taken = "Taken. You get the answer in a private message."

// pressed takes a button. It says what was pressed and on what; who may do it is
// decided again.
func (in *Inbound) pressed(w http.ResponseWriter, r *http.Request, e *event, v invoke) {
	var p press
	_ = json.Unmarshal(v.Action.Data, &p) // without a value nothing is meant
	text := chat.ClickText(v.Action.Verb, p.Value)
	if text == "" {
		answer(w, map[string]any{"statusCode": http.StatusBadRequest, "type": "application/vnd.microsoft.error", "value": map[string]string{"code": "BadRequest", "message": "This button is none of the bot's."}})
		return
	}
	if in.take(w, r, e, "click", text) {
		answer(w, map[string]any{"statusCode": http.StatusOK, "type": "application/vnd.microsoft.activity.message", "value": taken})
	}
}

// fetch opens a dialog. A button whose line needs none any more is taken as the
// line.
func (in *Inbound) fetch(w http.ResponseWriter, r *http.Request, e *event, text string) {
	if text == "" {
		say(w, "This is none of the bot's dialogs. Write @aws-access help to see what it understands.")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), openTimeout)
	defer cancel()
	if f, ok := in.Desk.WantsForm(ctx, e.user, e.Conversation.ID, text); ok {
		show(w, f.Title, Dialog(f, in.NewID(), nil))
		return
	}
	if in.take(w, r, e, "click", text) {
		say(w, taken)
	}
}

// show answers with a dialog.
func show(w http.ResponseWriter, title string, card json.RawMessage) {
	answer(w, map[string]any{"task": map[string]any{"type": "continue", "value": map[string]any{
		"title": title, "height": "medium", "width": "medium", "card": attachment{cardType, card},
	}}})
}

// say answers with a sentence in the place of a dialog.
func say(w http.ResponseWriter, text string) {
	answer(w, map[string]any{"task": map[string]any{"type": "message", "value": text}})
}

// submit takes a form. Refusals stand in the dialog, with what was typed. What
// cannot be judged in time is stored, and answered later in private.
func (in *Inbound) submit(w http.ResponseWriter, r *http.Request, e *event, v invoke) {
	typed, err := values(v.Data)
	if err != nil {
		in.fail(w, err)
		return
	}
	s := e.submission(typed)
	if !slices.Contains(chat.Forms(), s.Form) {
		w.WriteHeader(http.StatusOK)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), submitTimeout)
	defer cancel()
	asked, err := in.Desk.Submit(ctx, s)
	var no *access.Refusal
	form, _ := chat.Refilled(s)
	switch {
	case errors.As(err, &no):
		show(w, form.Title, Dialog(form, cut(typed[dataDialog], maxDialog), no))
	case err != nil:
		in.Log.Warn("form is judged later", "user", e.user.User, "error", err)
		in.later(w, r, s)
	case asked.Warning != "", asked.Joined:
		show(w, form.Title, Closing(chat.Accepted(asked)))
	default:
		w.WriteHeader(http.StatusOK)
	}
}

// submission reads a form. Its key is the dialog's, so that one that is sent twice
// is one request. Where it was asked for is the conversation of the signed activity:
// a dialog stays in the one that it was opened in, and what it sends itself could
// name one that the person is not in, where the bot would then speak.
func (e *event) submission(typed map[string]string) chat.Submission {
	s := chat.Submission{Form: typed[dataForm], Key: e.key("form"), User: e.user, Channel: e.Conversation.ID, Values: map[string]string{}}
	if id := typed[dataDialog]; id != "" && len(id) <= maxDialog {
		s.Key = strings.Join([]string{"teams/form", e.user.Team, e.user.User, id}, "/")
	}
	for k, v := range typed {
		if !strings.HasPrefix(k, "_") {
			s.Values[k] = v
		}
	}
	return s
}

// maxDialog is the longest name of a dialog in bytes.
const maxDialog = 64

// later stores a form and says so.
func (in *Inbound) later(w http.ResponseWriter, r *http.Request, s chat.Submission) {
	if err := in.Desk.Later(r.Context(), s); err != nil {
		in.Log.Error("store form from teams", "user", s.User.User, "error", err)
		http.Error(w, "not stored; try again", http.StatusServiceUnavailable)
		return
	}
	say(w, "A service the bot needs is slow. Your request is stored and will be checked; you get the answer in a private message.")
}

// search answers type-ahead. What goes wrong gives an empty list: the person may
// still write the request in one line.
func (in *Inbound) search(w http.ResponseWriter, r *http.Request, e *event, v invoke) {
	ctx, cancel := context.WithTimeout(r.Context(), openTimeout)
	defer cancel()
	choices, err := in.Desk.Suggest(ctx, e.user, v.Dataset, v.QueryText, maxSuggestions)
	if err != nil {
		in.Log.Error("suggest", "field", v.Dataset, "error", err)
	}
	results := []map[string]string{}
	for _, c := range choices {
		results = append(results, map[string]string{"title": c.Label, "value": c.Value})
	}
	answer(w, map[string]any{"statusCode": http.StatusOK, "type": "application/vnd.microsoft.search.searchResponse", "value": map[string]any{"results": results}})
}
