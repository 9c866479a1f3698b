package teams

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/chat"
)

// Bounds on what is done before Teams is answered. It waits about five seconds
// for what a dialog or a type-ahead needs.
const (
	openTimeout   = 3 * time.Second
	submitTimeout = 2500 * time.Millisecond
)

// MaxBody is the largest activity that is taken, in bytes.
const MaxBody = 512 << 10

// installation is the type of an activity about the app in a conversation, and two of
// its actions. The others, add-upgrade and remove-upgrade, say that another version
// takes the place of the one before ("Conversation events in your Teams bot", Microsoft
// Learn; botbuilder's ActivityHandler has all four).
const (
	installation = "installationUpdate"
	appAdded     = "add"
	appRemoved   = "remove"
)

// Inbound serves what the connector sends.
type Inbound struct {
	Trust *Trust
	Desk  *chat.Desk
	Reach access.Reach
	// NewID names dialogs; no two alike.
	NewID func() string
	Now   func() time.Time
	Log   *slog.Logger

	mu   sync.Mutex // guards told
	told time.Time  // when a refusal was logged last
}

// seldom reports whether a refusal is logged: once in a second, so that whoever
// finds the address cannot fill the log.
func (in *Inbound) seldom() bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	now := in.Now()
	if since := now.Sub(in.told); since >= 0 && since < time.Second {
		return false
	}
	in.told = now
	return true
}

// ServeHTTP serves POST /api/messages. The token is checked before the body is
// read, and the body against the token before anything is done.
func (in *Inbound) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	serviceURL, err := in.Trust.verified(r.Context(), r.Header)
	if err != nil {
		in.fail(w, err)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		in.fail(w, err)
		return
	}
	a, err := parse(body)
	if err != nil {
		in.fail(w, err)
		return
	}
	if err := in.Trust.fits(a.origin, serviceURL); err != nil {
		in.fail(w, err)
		return
	}
	user, known := a.user(in.Trust.Tenant)
	if err := in.met(r.Context(), a, user, known); err != nil {
		in.Log.Error("store how somebody in teams is reached", "user", user.User, "error", err)
		http.Error(w, "not stored; try again", http.StatusServiceUnavailable)
		return
	}
	if !known {
		w.WriteHeader(http.StatusOK) // a bot, or an update about a team
		return
	}
	in.serve(w, r, &event{activity: a, user: user, body: body})
}

// event is a verified activity of a person.
type event struct {
	*activity
	user access.ChatUser
	body []byte
}

func (in *Inbound) serve(w http.ResponseWriter, r *http.Request, e *event) {
	switch e.Type {
	case "message":
		in.message(w, r, e)
	case "invoke":
		in.invoked(w, r, e)
	case installation:
		in.installed(w, r, e)
	default:
		w.WriteHeader(http.StatusOK)
	}
}

// fail answers what could not be taken. Why a token is not believed is for the
// log only. Where the keys cannot be read it may be Teams, which sends again what is
// answered 5xx.
func (in *Inbound) fail(w http.ResponseWriter, err error) {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.Is(err, errUnverified):
		if in.seldom() {
			in.Log.Warn("an activity for teams is refused", "error", err)
		}
		if errors.Is(err, errKeysUnread) {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		w.WriteHeader(http.StatusUnauthorized)
	case errors.As(err, &tooLarge):
		http.Error(w, "request body too large", http.StatusRequestEntityTooLarge)
	default:
		http.Error(w, "bad request", http.StatusBadRequest)
	}
}

// met keeps how the conversation and the person are reached, where that is news.
func (in *Inbound) met(ctx context.Context, a *activity, u access.ChatUser, known bool) error {
	place := channelOf(a.Conversation.ID)
	service, err := in.Trust.Hosts.Check(a.ServiceURL)
	if err != nil {
		return err // unreachable: the token was checked
	}
	have, err := in.Reach.Conversation(ctx, access.Teams, place)
	if err != nil && !errors.Is(err, access.ErrNotFound) {
		return err
	}
	if have.Service != service {
		if err := in.Reach.SaveConversation(ctx, access.Conversation{Platform: access.Teams, ID: place, Service: service}); err != nil {
			return err
		}
	}
	if !known {
		return nil
	}
	return in.metPerson(ctx, a, u, place)
}

func (in *Inbound) metPerson(ctx context.Context, a *activity, u access.ChatUser, place string) error {
	old, err := in.Reach.Contact(ctx, u)
	if err != nil && !errors.Is(err, access.ErrNotFound) {
		return err
	}
	now := old
	now.User, now.Local, now.Last = u, a.From.ID, place
	if a.From.Name != "" {
		now.Name = a.From.Name
	}
	if zone := a.zone(); zone != "" {
		now.Zone = zone
	}
	switch {
	case a.personal() && a.Type == installation && a.Action == appRemoved:
		now.Personal, now.Last = "", ""
	case a.personal():
		now.Personal = place
	}
	if now == old {
		return nil
	}
	return in.Reach.SaveContact(ctx, now)
}

// message takes a command: in the person's own chat as it stands, elsewhere where
// the bot is mentioned. A button of an old client comes as a message too.
func (in *Inbound) message(w http.ResponseWriter, r *http.Request, e *event) {
	text, mentioned := e.command()
	if text == "" && len(e.Value) > 0 {
		var p press
		if json.Unmarshal(e.Value, &p) == nil {
			text = chat.ClickText(p.Action, p.Value)
		}
		if text == "" {
			w.WriteHeader(http.StatusOK)
			return
		}
		mentioned = true
	}
	if !mentioned && !e.personal() {
		w.WriteHeader(http.StatusOK)
		return
	}
	if in.take(w, r, e, "message", text) {
		w.WriteHeader(http.StatusOK)
	}
}

// installed greets whoever gets the app, with what it can do. Nobody is greeted again
// because the app has another version.
func (in *Inbound) installed(w http.ResponseWriter, r *http.Request, e *event) {
	if e.personal() && e.Action == appAdded && !in.take(w, r, e, "install", "help") {
		return
	}
	w.WriteHeader(http.StatusOK)
}

// take stores a delivery, and answers where that failed.
func (in *Inbound) take(w http.ResponseWriter, r *http.Request, e *event, kind, text string) bool {
	_, err := in.Desk.Take(r.Context(), access.Inbound{
		Key: e.key(kind), At: in.Now().UTC(), User: e.user, Channel: e.Conversation.ID, Command: Words().Access, Text: text,
	})
	if err != nil {
		in.Log.Error("store delivery from teams", "user", e.user.User, "error", err)
		http.Error(w, "not stored; try again", http.StatusServiceUnavailable)
		return false
	}
	return true
}

// key is the natural key of a delivery: the id of the activity in its conversation,
// which stays when it is sent again, or the body where there is none.
func (e *event) key(kind string) string {
	occasion := e.ID + "/" + e.Conversation.ID
	if e.ID == "" {
		sum := sha256.Sum256(e.body)
		occasion = hex.EncodeToString(sum[:])
	}
	return fmt.Sprintf("teams/%s/%s/%s/%s", kind, e.user.Team, e.user.User, occasion)
}
