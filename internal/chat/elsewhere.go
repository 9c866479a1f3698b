package chat

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
)

// Who should look at a request and is not on the chat service of its messages is
// told in private on the one where people.yaml has him. Each of these is tried
// once, as tellAsker is, and by the errands of that service.

// tellReviewers tells the owners and approvers who are elsewhere that a pull request
// waits for them, once it is there and its check wants something: many pass without
// anybody. That it was done is stored before.
func (c *Courier) tellReviewers(ctx context.Context, r access.Request, root access.Root) error {
	if root.Told || r.State != access.StateProposed || r.Pull.URL == "" || r.Approved || len(r.Missing) == 0 || !c.several {
		return nil
	}
	place := c.place(ctx, r)
	root.Told = true
	if err := c.Outbox.SaveRoot(ctx, root); err != nil {
		return err
	}
	at := Address{Team: root.Team, Channel: root.Channel}
	url, err := c.Platforms[root.Platform].Link(ctx, at, root.TS)
	if err != nil {
		c.Log.Warn("no link to a root message", "request", r.ID, "error", err)
	}
	list := slices.Clone(place.Owners)
	for _, o := range place.Approvers {
		if !slices.Contains(list, o) {
			list = append(list, o)
		}
	}
	c.tellElsewhere(r, list, root.Platform, waiting(r, place, url))
	return nil
}

// approvers are those whom the rule of a request names, as far as people.yaml has
// them. Who is in a team is known to GitHub, which tells him; owners are told as such.
func approvers(repo *config.Repo, r access.Request, home Home) []Owner {
	var refs []config.ApproverRef
	switch r.Kind {
	case access.KindGrant:
		if rule, ok := repo.RuleFor(r.Want.Assignment(), r.Want.Term, r.Times[access.StageMerged]); ok {
			refs = named(rule.Steps)
		}
	case access.KindOnboard:
		refs = repo.Access.Onboarding.Approvers
	case access.KindLink, access.KindPhase:
		refs = named(repo.Access.ControlPlane)
	}
	var out []config.ApproverRef
	for _, ref := range refs {
		if ref.Kind == config.ApproverControlPlane {
			out = append(out, named(repo.Access.ControlPlane)...)
		} else {
			out = append(out, ref)
		}
	}
	return reached(repo, out, home)
}

// named are those whom the steps of a rule name.
func named(steps config.Steps) []config.ApproverRef {
	var out []config.ApproverRef
	for _, s := range steps {
		out = append(out, s.Approvers...)
	}
	return out
}

// tellElsewhere tells those of a list who are on another service than a message is,
// and did not ask for it themselves.
func (c *Courier) tellElsewhere(r access.Request, list []Owner, not access.Platform, m Message) {
	var people []access.ChatUser
	for _, o := range list {
		if c.isElsewhere(o.User, not) && o.User != r.Asker.Chat && (o.Name == "" || !strings.EqualFold(o.Name, r.Asker.Email)) {
			people = append(people, o.User)
		}
	}
	c.leave(r.ID, people, m)
}

// isElsewhere reports whether somebody is reached on another service than one.
func (c *Courier) isElsewhere(u access.ChatUser, than access.Platform) bool {
	_, ok := c.Platforms[u.Platform]
	return ok && u.Platform != than
}

// waiting is what an owner elsewhere is told of a request.
func waiting(r access.Request, p Place, url string) Message {
	what := fmt.Sprintf("%s waits for review: %s.", r.ID, subject(r))
	m := Message{Summary: what, Blocks: []Block{Text{{Text: "🕓 "}, {Text: what, Bold: true}}, facts(r, p)}}
	if r.Want.Reason != "" && r.Kind == access.KindGrant {
		m.Blocks = append(m.Blocks, Quote(r.Want.Reason))
	}
	b := Buttons{{Action: "open_pull", Label: pullLabel(r), URL: r.Pull.URL, Main: true}}
	if url != "" {
		b = append(b, Button{Action: "open_thread", Label: "See its thread", URL: url})
	}
	return Message{Summary: m.Summary, Blocks: append(m.Blocks, b, Note{{Text: "You are told here since you own the account or the group, or may approve this, and its thread is on another chat service."}})}
}

// tellOwners tells the owners who are elsewhere what those in the thread are told.
func (c *Courier) tellOwners(ctx context.Context, d access.Delivery, name access.Platform, m Message) {
	if !c.several || d.Kind != access.NoticeGrown && !(aboutCutover(d.Notice) && whoIsInWanted(d.Kind)) {
		return
	}
	r, err := c.Requests.Get(ctx, d.Request)
	if err != nil {
		c.Log.Warn("owners elsewhere are not told", "request", d.Request, "error", err)
		return
	}
	c.tellElsewhere(r, c.place(ctx, r).Owners, name, m)
}

// tellAskers tells those who asked, or joined, on another service than a thread is on
// what it mentions the others for: they do not see it. Who has just joined gets the
// way to it.
func (c *Courier) tellAskers(ctx context.Context, d access.Delivery, name access.Platform, m Message) {
	if !c.several || d.Request == "" {
		return
	}
	r, err := c.Requests.Get(ctx, d.Request)
	if err != nil {
		c.Log.Warn("those who asked elsewhere are not told", "request", d.Request, "error", err)
		return
	}
	cutover := aboutCutover(d.Notice)
	switch {
	case d.Kind == access.NoticeJoined:
		m = Message{Summary: m.Summary, Blocks: []Block{plain("You have joined " + string(r.ID) + ", whose thread is on another chat service. You are told here what becomes of it.")}}
	case d.Kind == access.NoticeLinked: // tellLinked does, wherever he is
		return
	case cutover && !whoIsInWanted(d.Kind), !cutover && !forAskers(d.Kind, r):
		return
	}
	m.Blocks = append(slices.Clone(m.Blocks), c.wayTo(ctx, r)...)
	var people []access.ChatUser
	for _, who := range askers(r) {
		if c.isElsewhere(who.Chat, name) && (d.Kind != access.NoticeJoined || strings.HasSuffix(d.Key, "/"+who.Entra)) {
			people = append(people, who.Chat)
		}
	}
	c.leave(r.ID, people, m)
}

// askers are who asked for a request and who joined it.
func askers(r access.Request) []access.Asker {
	out := []access.Asker{r.Asker}
	for _, j := range r.Joined {
		out = append(out, j.Asker)
	}
	return out
}

// wayTo is the link to the root message of a request, if there is one.
func (c *Courier) wayTo(ctx context.Context, r access.Request) []Block {
	root, err := c.Outbox.Root(ctx, r.ID)
	if err != nil || root.TS == "" {
		return nil
	}
	url, err := c.Platforms[root.Platform].Link(ctx, Address{Team: root.Team, Channel: root.Channel}, root.TS)
	if err != nil {
		c.Log.Warn("no link to a root message", "request", r.ID, "error", err)
		return nil
	}
	return []Block{Buttons{{Action: "open_thread", Label: "See its thread", URL: url}}}
}

// unserved is a platform that the settings do not have any more: all that was there
// is gone.
type unserved struct{}

// gone says so.
func (unserved) gone() error { return fmt.Errorf("this chat is not served any more: %w", ErrGone) }

// Post implements Platform.
func (u unserved) Post(context.Context, Address, Message, string) (string, error) {
	return "", u.gone()
}

// Update implements Platform.
func (u unserved) Update(context.Context, Address, string, Message) error { return u.gone() }

// Find implements Platform.
func (u unserved) Find(context.Context, Address, string, time.Time) (string, bool, error) {
	return "", false, u.gone()
}

// Link implements Platform.
func (u unserved) Link(context.Context, Address, string) (string, error) { return "", u.gone() }

// Whisper implements Platform.
func (u unserved) Whisper(context.Context, Address, string, Message) error { return u.gone() }
