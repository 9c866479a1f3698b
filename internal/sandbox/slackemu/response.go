package slackemu

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"aws-access-bot/internal/sandbox/emukit"
)

// responseURL is a URL that lets the app answer one action of a person.
type responseURL struct {
	channel, user string
	made          time.Time
	uses          int
	message       string // the message acted on, if there was one
}

// newResponseURL returns a response URL for an action of a person, on a
// message if m is not nil. The caller holds s.mu.
func (s *Server) newResponseURL(ch *channel, user string, m *message) string {
	token := secretText()
	r := &responseURL{channel: ch.ID, user: user, made: s.kit.Now()}
	if m != nil {
		r.message = m.TS
	}
	s.responses[token] = r
	return s.opts.BaseURL + "/slack/response/" + token
}

// reply is what the app says in answer to an action.
type reply struct {
	content   content
	inChannel bool
	replace   bool
	remove    bool
	threadTS  string
}

// parseReply reads an answer to a command, or what is sent to a response URL:
// a JSON message, or plain text for the person alone.
func parseReply(contentType string, body []byte) (reply, error) {
	media, _, err := mime.ParseMediaType(contentType)
	if err != nil || media != "application/json" {
		return reply{content: content{text: strings.TrimSpace(string(body))}}, nil
	}
	if len(strings.TrimSpace(string(body))) == 0 {
		return reply{}, nil
	}
	a := args{}
	if err := a.addJSON(body); err != nil {
		return reply{}, fail("invalid_payload")
	}
	c, err := parseContent(a)
	if err != nil {
		return reply{}, err
	}
	return reply{
		content: c, inChannel: a["response_type"] == "in_channel", replace: a.bool("replace_original"),
		remove: a.bool("delete_original"), threadTS: a["thread_ts"],
	}, nil
}

// problemsOf returns the messages of an answer that was refused.
func problemsOf(err error) []string {
	var e *apiError
	if errors.As(err, &e) {
		return append([]string{e.code}, e.messages...)
	}
	return []string{err.Error()}
}

// show posts what the app says: to the person alone, or to the channel.
func (s *Server) show(ch *channel, user string, r reply) *message {
	m := s.ownMessage(s.installed(ch), r.content)
	if parent, err := ch.parent(r.threadTS); err == nil && parent != nil {
		m.ThreadTS, m.ParentUserID = parent.TS, parent.User
	}
	if r.inChannel {
		ch.add(m)
		s.touch()
		return m
	}
	s.showEphemeral(ch, m, user)
	return m
}

// serveResponse answers a use of a response URL. One that is spent or too old
// is gone; every other attempt counts, good or not.
func (s *Server) serveResponse(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.responses[r.PathValue("token")]
	switch {
	case u == nil:
		refuse(w, http.StatusNotFound, "no_such_url")
		return
	case s.kit.Now().Sub(u.made) > responseURLLife:
		refuse(w, http.StatusNotFound, "expired_url")
		return
	case u.uses >= responseURLUses:
		refuse(w, http.StatusNotFound, "used_url")
		return
	}
	u.uses++
	body, err := io.ReadAll(r.Body)
	if err != nil {
		refuse(w, http.StatusBadRequest, "invalid_payload")
		return
	}
	answer, err := parseReply("application/json", body)
	if err != nil {
		refuse(w, http.StatusBadRequest, problemsOf(err)[0])
		return
	}
	emukit.SetCaller(r.Context(), s.opts.AppID)
	if code := s.respond(u, answer); code != "" {
		refuse(w, http.StatusBadRequest, code)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, "ok") // a failed write means that the client has gone
}

// respond carries out an answer and returns the error code, if there is one.
func (s *Server) respond(u *responseURL, r reply) string {
	ch := s.channel(u.channel)
	var original *message
	if u.message != "" {
		original = ch.shownTo(u.user, u.message)
	}
	switch {
	case r.remove:
		if original != nil {
			ch.remove(original)
			s.touch()
		}
	case r.content.empty():
		return "no_text"
	case r.replace && original != nil:
		r.content.hasBlocks = true // what is replaced does not keep its blocks
		s.edit(original, r.content, s.installed(ch).BotUserID)
	default:
		// A command's URL has no original: replace_original is a new message.
		s.show(ch, u.user, r)
	}
	return ""
}

// shownTo returns a message of the conversation that a person sees, or nil.
func (ch *channel) shownTo(user, ts string) *message {
	for _, m := range ch.ephemeral {
		if m.TS == ts && m.to == user {
			return m
		}
	}
	return ch.find(ts)
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	// A failed write means that the client has gone.
	_ = json.NewEncoder(w).Encode(object{"ok": false, "error": code})
}
