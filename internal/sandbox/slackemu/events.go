package slackemu

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"strconv"
	"strings"
	"time"

	"aws-access-bot/internal/sandbox/emukit"
)

// retryWaits are how long Slack waits before each further attempt at an event
// (docs.slack.dev, Events API, "Retries"): at once, a minute, five minutes.
func retryWaits() []time.Duration { return []time.Duration{0, time.Minute, 5 * time.Minute} }

// EventResult is what became of an event.
type EventResult struct {
	EventID string `json:"event_id"`
	// Attempts is how often it was sent, 1 to 4.
	Attempts int `json:"attempts"`
	// Delivered is whether an attempt was answered 2xx in time.
	Delivered bool `json:"delivered"`
}

// SendEvent sends an event of a workspace to the app and blocks until it is
// delivered or given up: three retries, unless the app refuses with
// X-Slack-No-Retry: 1. The waits between them are divided by the kit's speed.
func (s *Server) SendEvent(ctx context.Context, teamID string, event map[string]any) (EventResult, error) {
	s.mu.Lock()
	t := s.team(teamID)
	id := s.newID("Ev")
	s.mu.Unlock()
	out := EventResult{EventID: id}
	if t == nil {
		return out, errNoSuch("workspace", teamID)
	}
	body := encode(object{
		"token": s.opts.VerificationToken, "team_id": teamID, "api_app_id": s.opts.AppID, "event": event,
		"type": "event_callback", "event_id": id, "event_time": s.kit.Now().Unix(), "is_ext_shared_channel": false,
		"authorizations": []object{{"enterprise_id": nil, "team_id": teamID, "user_id": t.BotUserID, "is_bot": true, "is_enterprise_install": false}},
	})
	reason := ""
	for i, wait := range append([]time.Duration{0}, retryWaits()...) {
		if err := emukit.Pause(ctx, s.kit.Delay(wait)); err != nil {
			return out, fmt.Errorf("send event %s: %w", id, err)
		}
		r := s.Sign(KindEvent, body, SignOptions{})
		if i > 0 {
			r.Header.Set("X-Slack-Retry-Num", strconv.Itoa(i))
			r.Header.Set("X-Slack-Retry-Reason", reason)
		}
		a, err := s.Send(ctx, r)
		out.Attempts++
		switch {
		case err == nil && a.Status >= 200 && a.Status <= 299:
			out.Delivered = true
			return out, nil
		case err == nil && a.Header.Get("X-Slack-No-Retry") == "1":
			return out, nil
		}
		reason = retryReason(err)
	}
	return out, nil
}

func retryReason(err error) string {
	switch {
	case err == nil:
		return "http_error"
	case errors.Is(err, errTimeout):
		return "http_timeout"
	}
	return "connection_failed"
}

// VerifyEventsURL sends the url_verification that Slack sends when the events
// URL is entered, and returns an error unless the challenge comes back.
func (s *Server) VerifyEventsURL(ctx context.Context) error {
	challenge := secretText()
	body := encode(object{"type": "url_verification", "token": s.opts.VerificationToken, "challenge": challenge})
	a, err := s.Send(ctx, s.Sign(KindEvent, body, SignOptions{}))
	if err != nil {
		return fmt.Errorf("verify events URL: %w", err)
	}
	got := strings.TrimSpace(string(a.Body))
	if media, _, err := mime.ParseMediaType(a.Header.Get("Content-Type")); err == nil && media == "application/json" {
		var in struct {
			Challenge string `json:"challenge"`
		}
		if err := json.Unmarshal(a.Body, &in); err != nil {
			return fmt.Errorf("verify events URL: answer: %w", err)
		}
		got = in.Challenge
	}
	if a.Status != 200 || got != challenge {
		return fmt.Errorf("verify events URL: the app answered %d without the challenge", a.Status)
	}
	return nil
}

// OpenHome plays a person who opens the app's home tab, which sends
// app_home_opened.
func (s *Server) OpenHome(ctx context.Context, user string) (EventResult, error) {
	s.mu.Lock()
	u := s.user(user)
	var event object
	var team string
	if u != nil && !u.Deleted && s.team(u.TeamID) != nil {
		team = u.TeamID
		im := s.openIM(s.team(team), u)
		event = object{"type": "app_home_opened", "user": u.ID, "channel": im.ID, "tab": "home", "event_ts": s.newTS()}
		if h := s.homes[user]; h != nil {
			event["view"] = s.wireView(h)
		}
	}
	s.mu.Unlock()
	if event == nil {
		return EventResult{}, errNoSuch("member of an installed workspace", user)
	}
	return s.SendEvent(ctx, team, event)
}
