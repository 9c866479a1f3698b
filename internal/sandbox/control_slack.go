package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"aws-access-bot/internal/sandbox/slackemu"
)

// entered is what a person enters: a string, a list of strings, or the object
// form of [slackemu.Value].
type entered slackemu.Value

// UnmarshalJSON takes the three forms.
func (e *entered) UnmarshalJSON(data []byte) error {
	data = bytes.TrimSpace(data)
	switch {
	case len(data) > 0 && data[0] == '"':
		return json.Unmarshal(data, &e.Text)
	case len(data) > 0 && data[0] == '[':
		return json.Unmarshal(data, &e.Selected)
	}
	return json.Unmarshal(data, (*slackemu.Value)(e))
}

// byBlock are the values of a view by block and action. Where a block has one
// value without an action, the action has the same id as the block.
type byBlock map[string]map[string]slackemu.Value

// UnmarshalJSON takes {"block": {"action": value}} and {"block": "text"}.
func (b *byBlock) UnmarshalJSON(data []byte) error {
	var blocks map[string]json.RawMessage
	if err := json.Unmarshal(data, &blocks); err != nil {
		return err
	}
	*b = byBlock{}
	for block, raw := range blocks {
		actions := map[string]entered{}
		if t := bytes.TrimSpace(raw); len(t) > 0 && t[0] != '{' {
			raw, _ = json.Marshal(map[string]json.RawMessage{block: raw}) // never fails: raw is JSON
		}
		if err := json.Unmarshal(raw, &actions); err != nil {
			return err
		}
		(*b)[block] = map[string]slackemu.Value{}
		for action, v := range actions {
			(*b)[block][action] = slackemu.Value(v)
		}
	}
	return nil
}

// target names an element in a request.
type target struct {
	BlockID  string `json:"block_id"`
	ActionID string `json:"action_id"`
}

func (t target) emu() slackemu.Target { return slackemu.Target(t) }

type commandIn struct {
	Channel string `json:"channel"`
	Command string `json:"command"`
	Text    string `json:"text"`
}

type postIn struct {
	Channel  string `json:"channel"`
	Text     string `json:"text"`
	ThreadTS string `json:"thread_ts"`
}

type clickIn struct {
	Channel string `json:"channel"`
	TS      string `json:"ts"`
	target
	Value entered `json:"value"`
}

type viewIn struct {
	ViewID string `json:"view_id"`
	target
	Query  string  `json:"query"`
	Value  entered `json:"value"`
	Values byBlock `json:"values"`
	All    bool    `json:"all"`
}

// inSlack is a handler that plays a person in Slack. An unfinished wait for the
// bot ends with the request.
func inSlack[T any](s *Sandbox, do func(ctx context.Context, user string, in T) (any, error)) http.HandlerFunc {
	return act(s, func(r *http.Request, in T) (any, error) {
		p, err := s.played(r)
		if err != nil {
			return nil, err
		}
		if p.Slack == "" {
			return nil, refuse(http.StatusUnprocessableEntity, "%s is not in Slack", p.Key)
		}
		return do(r.Context(), p.Slack, in)
	})
}

func (s *Sandbox) controlSlack(mux *http.ServeMux) {
	slack := s.world.slack
	mux.HandleFunc("POST /sandbox/as/{person}/command", inSlack(s, func(ctx context.Context, user string, in commandIn) (any, error) {
		if in.Command == "" {
			in.Command = "/aws-access"
		}
		return slack.Command(ctx, user, in.channel(), in.Command, in.Text)
	}))
	mux.HandleFunc("POST /sandbox/as/{person}/post", inSlack(s, func(_ context.Context, user string, in postIn) (any, error) {
		ts, err := slack.Post(user, in.Channel, in.Text, in.ThreadTS)
		return map[string]string{"ts": ts}, err
	}))
	mux.HandleFunc("POST /sandbox/as/{person}/click", inSlack(s, func(ctx context.Context, user string, in clickIn) (any, error) {
		return slack.Click(ctx, user, in.Channel, in.TS, in.emu(), slackemu.Value(in.Value))
	}))
	mux.HandleFunc("POST /sandbox/as/{person}/submit", inSlack(s, func(ctx context.Context, user string, in viewIn) (any, error) {
		return slack.Submit(ctx, user, in.ViewID, in.Values)
	}))
	mux.HandleFunc("POST /sandbox/as/{person}/suggest", inSlack(s, func(ctx context.Context, user string, in viewIn) (any, error) {
		return slack.Suggest(ctx, user, in.ViewID, in.emu(), in.Query)
	}))
	mux.HandleFunc("POST /sandbox/as/{person}/select", inSlack(s, func(ctx context.Context, user string, in viewIn) (any, error) {
		return slack.SelectInView(ctx, user, in.ViewID, in.emu(), slackemu.Value(in.Value))
	}))
	mux.HandleFunc("POST /sandbox/as/{person}/close", inSlack(s, func(ctx context.Context, user string, in viewIn) (any, error) {
		return slack.CloseView(ctx, user, in.ViewID, in.All)
	}))
	mux.HandleFunc("POST /sandbox/as/{person}/slack", inSlack(s, s.editSlackUser))
	mux.HandleFunc("POST /sandbox/slack/replay", act(s, s.replay))
}

func (in commandIn) channel() string {
	if in.Channel == "" {
		return channelAWS
	}
	return in.Channel
}

// slackUserIn changes a Slack profile; a nil member stays as it is.
type slackUserIn struct {
	Email       *string `json:"email"`
	TZ          *string `json:"tz"`
	Deactivated *bool   `json:"deactivated"`
	Guest       *bool   `json:"guest"`
}

func (s *Sandbox) editSlackUser(_ context.Context, user string, in slackUserIn) (any, error) {
	return done, s.world.slack.EditUser(user, func(u *slackemu.User) {
		if in.Email != nil {
			u.Email = *in.Email
		}
		if in.TZ != nil {
			u.TZ, u.TZOffset = *in.TZ, 0
		}
		if in.Deactivated != nil {
			u.Deleted = *in.Deactivated
		}
		if in.Guest != nil {
			u.IsRestricted = *in.Guest
		}
	})
}

// replayIn sends the last request of a kind to the bot again. How is "same"
// (to the byte), "unsigned", "wrong-secret", "stale" (signed ten minutes ago)
// or "again" (the same body with a fresh signature).
type replayIn struct {
	Kind slackemu.Kind `json:"kind"`
	How  string        `json:"how"`
	// Body replaces the body, for all but "same".
	Body string `json:"body"`
}

func (s *Sandbox) replay(r *http.Request, in replayIn) (any, error) {
	slack := s.world.slack
	req, found := slack.Last(in.Kind)
	if !found && in.Body == "" {
		return nil, refuse(http.StatusNotFound, "no request of kind %q was sent yet; the kinds are command, interaction, options, event", in.Kind)
	}
	body := req.Body
	if in.Body != "" {
		body = []byte(in.Body)
	}
	switch in.How {
	case "", "same":
		if in.Body != "" {
			return nil, refuse(http.StatusBadRequest, "with another body the request is not the same; use again")
		}
	case "again":
		req = slack.Sign(in.Kind, body, slackemu.SignOptions{})
	case "unsigned":
		req = slack.Sign(in.Kind, body, slackemu.SignOptions{})
		req.Header.Del("X-Slack-Signature")
	case "wrong-secret":
		req = slack.Sign(in.Kind, body, slackemu.SignOptions{Secret: "not-the-secret-of-this-workspace"})
	case "stale":
		req = slack.Sign(in.Kind, body, slackemu.SignOptions{Time: s.kit.Now().Add(-10 * time.Minute)})
	default:
		return nil, refuse(http.StatusBadRequest, "how is %q; it is same, again, unsigned, wrong-secret or stale", in.How)
	}
	answer, err := slack.Send(r.Context(), req)
	if err != nil {
		return nil, errors.Join(errors.New("replay"), err)
	}
	return map[string]any{"status": answer.Status, "body": string(answer.Body)}, nil
}
