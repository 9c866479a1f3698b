package sandbox

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"aws-access-bot/internal/sandbox/teamsemu"
)

// picked names an action of a card: its number, or its title, id or verb. Left out,
// it is the first one that sends something.
type picked struct{ by any }

// UnmarshalJSON takes a whole number or a text.
func (p *picked) UnmarshalJSON(data []byte) error {
	data = bytes.TrimSpace(data)
	if len(data) > 0 && data[0] == '"' {
		var name string
		err := json.Unmarshal(data, &name)
		p.by = name
		return err
	}
	if bytes.Equal(data, []byte("null")) {
		return nil
	}
	var n int
	if err := json.Unmarshal(data, &n); err != nil {
		return errors.New("action is the number of an action, or its title, id or verb")
	}
	p.by = n
	return nil
}

type teamsMessageIn struct {
	Conversation string `json:"conversation"`
	Text         string `json:"text"`
	Thread       string `json:"thread"`
}

type teamsClickIn struct {
	Conversation string            `json:"conversation"`
	Activity     string            `json:"activity"`
	Action       picked            `json:"action"`
	Values       map[string]string `json:"values"`
	Field        string            `json:"field"`
	Query        string            `json:"query"`
}

type teamsDialogIn struct {
	Dialog string            `json:"dialog"`
	Action picked            `json:"action"`
	Values map[string]string `json:"values"`
	Field  string            `json:"field"`
	Query  string            `json:"query"`
}

type teamsExtensionIn struct {
	Command      string `json:"command"`
	Conversation string `json:"conversation"`
	Context      string `json:"context"`
}

type teamsInstallIn struct {
	Scope string `json:"scope"`
}

// inTeams is a handler that plays a person in Teams. An unfinished wait for the bot
// ends with the request.
func inTeams[T any](s *Sandbox, do func(ctx context.Context, person string, in T) (any, error)) http.HandlerFunc {
	return act(s, func(r *http.Request, in T) (any, error) {
		p, err := s.played(r)
		if err != nil {
			return nil, err
		}
		return do(r.Context(), p.Entra, in)
	})
}

// orAWS is the channel of requests where none is named.
func orAWS(conversation string) string {
	if conversation == "" {
		return teamsChannelAWS
	}
	return conversation
}

func (s *Sandbox) controlTeams(mux *http.ServeMux) {
	teams := s.world.teams
	const as = "POST /sandbox/as/{person}/teams/"
	mux.HandleFunc(as+"message", inTeams(s, func(ctx context.Context, who string, in teamsMessageIn) (any, error) {
		return teams.Message(ctx, who, orAWS(in.Conversation), in.Text, in.Thread)
	}))
	mux.HandleFunc(as+"click", inTeams(s, func(ctx context.Context, who string, in teamsClickIn) (any, error) {
		return teams.Click(ctx, who, in.Conversation, in.Activity, in.Action.by, in.Values)
	}))
	mux.HandleFunc(as+"refresh", inTeams(s, func(ctx context.Context, who string, in teamsClickIn) (any, error) {
		return teams.Refresh(ctx, who, in.Activity)
	}))
	mux.HandleFunc(as+"suggest", inTeams(s, func(ctx context.Context, who string, in teamsClickIn) (any, error) {
		return teams.Suggest(ctx, who, in.Activity, in.Field, in.Query, in.Values)
	}))
	mux.HandleFunc(as+"dialog/submit", inTeams(s, func(ctx context.Context, who string, in teamsDialogIn) (any, error) {
		return teams.SubmitDialog(ctx, who, in.Dialog, in.Action.by, in.Values)
	}))
	mux.HandleFunc(as+"dialog/suggest", inTeams(s, func(ctx context.Context, who string, in teamsDialogIn) (any, error) {
		return teams.SuggestInDialog(ctx, who, in.Dialog, in.Field, in.Query, in.Values)
	}))
	mux.HandleFunc(as+"dialog/close", inTeams(s, func(_ context.Context, who string, in teamsDialogIn) (any, error) {
		return done, teams.CloseDialog(who, in.Dialog)
	}))
	mux.HandleFunc(as+"extension", inTeams(s, func(ctx context.Context, who string, in teamsExtensionIn) (any, error) {
		return teams.Extension(ctx, who, in.Command, orAWS(in.Conversation), in.Context)
	}))
	mux.HandleFunc(as+"install", inTeams(s, func(ctx context.Context, who string, in teamsInstallIn) (any, error) {
		return teams.Install(ctx, who, in.Scope)
	}))
	mux.HandleFunc(as+"uninstall", inTeams(s, func(ctx context.Context, who string, in teamsInstallIn) (any, error) {
		return teams.Uninstall(ctx, who, in.Scope)
	}))
	s.controlTeamsWorld(mux)
}

// controlTeamsWorld routes what no person does in a client.
func (s *Sandbox) controlTeamsWorld(mux *http.ServeMux) {
	teams := s.world.teams
	mux.HandleFunc("POST /sandbox/as/{person}/teams/block", inTeams(s, func(_ context.Context, who string, in struct {
		Blocked bool `json:"blocked"`
	}) (any, error) {
		return done, teams.Block(who, in.Blocked)
	}))
	mux.HandleFunc("POST /sandbox/as/{person}/teams/profile", inTeams(s, s.editTeamsUser))
	mux.HandleFunc("POST /sandbox/teams/replay", act(s, s.replayTeams))
	mux.HandleFunc("POST /sandbox/teams/keys", act(s, func(_ *http.Request, in struct {
		Roll   bool `json:"roll"`
		Retire bool `json:"retire"`
	}) (any, error) {
		if in.Roll {
			if err := teams.RollKeys(); err != nil {
				return nil, err
			}
		}
		if in.Retire {
			teams.RetireKeys()
		}
		return done, nil
	}))
	mux.HandleFunc("POST /sandbox/teams/targeted", act(s, func(_ *http.Request, in struct {
		On bool `json:"on"`
	}) (any, error) {
		teams.SetTargeted(in.On)
		return done, nil
	}))
}

// teamsUserIn changes a profile in Teams; a nil member stays as it is.
type teamsUserIn struct {
	Guest    *bool   `json:"guest"`
	Email    *string `json:"email"`
	Tenant   *string `json:"tenant"`
	TimeZone *string `json:"timezone"`
	Removed  *bool   `json:"removed"`
}

func (s *Sandbox) editTeamsUser(_ context.Context, who string, in teamsUserIn) (any, error) {
	if in.TimeZone != nil {
		if _, err := time.LoadLocation(*in.TimeZone); err != nil {
			return nil, refuse(http.StatusBadRequest, "timezone: %v", err)
		}
	}
	return done, s.world.teams.EditUser(who, func(u *teamsemu.User) {
		set(&u.IsGuest, in.Guest)
		set(&u.Email, in.Email)
		set(&u.TenantID, in.Tenant)
		set(&u.TimeZone, in.TimeZone)
		set(&u.IsRemoved, in.Removed)
	})
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

// teamsReplayIn sends the last activity of a kind to the bot again: "same" to the
// byte, "again" signed anew, or with something wrong.
type teamsReplayIn struct {
	Kind teamsemu.Kind `json:"kind"`
	How  string        `json:"how"`
	// Body replaces the body, for all but "same".
	Body string `json:"body"`
}

func (s *Sandbox) replayTeams(r *http.Request, in teamsReplayIn) (any, error) {
	teams := s.world.teams
	req, found := teams.Last(in.Kind)
	if !found && in.Body == "" {
		return nil, refuse(http.StatusNotFound, "no activity of kind %q was sent yet; the kinds are message, invoke and update", in.Kind)
	}
	if in.Body != "" && (in.How == "" || in.How == "same") {
		return nil, refuse(http.StatusBadRequest, "with another body the request is not the same; use again")
	}
	body := req.Body
	if in.Body != "" {
		body = []byte(in.Body)
	}
	if in.How != "" && in.How != "same" {
		o, err := s.wrongToken(in.How)
		if err != nil {
			return nil, err
		}
		if req, err = teams.Sign(in.Kind, body, o); err != nil {
			return nil, err
		}
		if in.How == "unsigned" {
			req.Header.Del("Authorization")
		}
	}
	answer, err := teams.Send(r.Context(), req)
	if err != nil {
		return nil, fmt.Errorf("replay: %w", err)
	}
	return map[string]any{"status": answer.Status, "body": string(answer.Body)}, nil
}

// connectorKeyBits is the size of the connector's keys.
const connectorKeyBits = 2048

// wrongToken is how a token differs from the right one.
func (s *Sandbox) wrongToken(how string) (teamsemu.TokenOptions, error) {
	var o teamsemu.TokenOptions
	switch how {
	case "again", "unsigned":
	case "wrong-key":
		key, err := rsa.GenerateKey(rand.Reader, connectorKeyBits)
		if err != nil {
			return o, fmt.Errorf("make another key: %w", err)
		}
		o.Key = key
	case "unknown-key":
		o.KeyID = "not-published"
	case "expired":
		o.Time = s.kit.Now().Add(-2 * time.Hour)
	case "wrong-audience":
		o.Audience = entraClient
	case "wrong-issuer":
		o.Issuer = "https://sts.windows.net/" + entraTenant + "/"
	case "wrong-service-url":
		o.ServiceURL = "https://smba.trafficmanager.net/emea/"
	default:
		return o, refuse(http.StatusBadRequest, "how is %q; it is same, again, unsigned, wrong-key, unknown-key, expired, wrong-audience, wrong-issuer or wrong-service-url", how)
	}
	return o, nil
}
