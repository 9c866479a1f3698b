package scenario

import (
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"aws-access-bot/internal/sandbox/emukit"
	"aws-access-bot/internal/sandbox/githubemu"
)

// once wants one pull request and one root message of each request, and one
// reply under each key.
func (c *checker) once() {
	pulls := map[string]int{}
	for _, p := range c.ev.State.GitHub.Repos[0].Pulls {
		c.comments(p)
		id, ok := strings.CutPrefix(p.Head, "access/")
		if !ok || !strings.HasSuffix(p.Author, "[bot]") {
			continue
		}
		if pulls[id]++; pulls[id] == 2 {
			c.add(RulePull, "%s has a second pull request, #%d", id, p.Number)
		}
	}
	messages := map[string]int{}
	for _, m := range Messages(&c.ev.State) {
		c.message(messages, m)
	}
	for id := range pulls {
		if requestID.MatchString(id) && messages[id] == 0 {
			c.add(RuleRoot, "%s has a pull request and no root message", id)
		}
	}
}

// comments wants at most one comment of the bot on a pull request: it is edited.
func (c *checker) comments(p githubemu.PullState) {
	n := 0
	for _, x := range p.Comments {
		if strings.HasSuffix(x.By, "[bot]") {
			n++
		}
	}
	if n > 1 {
		c.add(RuleComment, "pull request %d has %d comments of the bot", p.Number, n)
	}
}

// perhapsTwice is what a message says that the bot could not tell from one that it
// may have posted before: Teams shows an app no history. Only then may it stand
// there twice.
var perhapsTwice = regexp.MustCompile(`may stand here twice`)

// message counts a message of the bot under its key.
func (c *checker) message(seen map[string]int, m Said) {
	key := m.Key
	if key == "" && m.Thread != "" {
		key = m.Thread + ": " + m.Text // in Teams a reply has no key
	}
	if key == "" {
		return
	}
	if seen[key] > 0 && perhapsTwice.MatchString(m.Text) {
		return
	}
	if seen[key]++; seen[key] == 2 {
		c.add(RuleMessage, "%s was said twice: %s", key, m.Text)
	}
}

// slash is a command as Slack has it, which does nothing in Teams.
var slash = regexp.MustCompile("(^|[\\s(\"'`])/aws-(access|onboard)\\b")

// words wants that what is said in Teams, in notifications too, names no command
// that is not there.
func (c *checker) words(text string) {
	if words := slash.FindString(text); words != "" {
		c.add(RuleWords, "Teams has no %s: %s", strings.TrimSpace(words), text)
	}
}

// hubWords wants the same of what the bot writes on GitHub in a company that has
// only Teams.
func (c *checker) hubWords() {
	spoken := map[string]bool{}
	for _, e := range c.ev.Journal {
		spoken[e.Service] = true
	}
	if spoken["slack"] || !spoken["teams"] {
		return
	}
	hub := c.ev.State.GitHub.Repos[0]
	for _, p := range hub.Pulls {
		if strings.HasSuffix(p.Author, "[bot]") {
			c.words(p.Title + "\n" + p.Body)
		}
		for _, x := range p.Comments {
			if strings.HasSuffix(x.By, "[bot]") {
				c.words(x.Body)
			}
		}
	}
	for _, x := range hub.Checks {
		c.words(x.Title + "\n" + x.Summary)
	}
}

// teams wants that clients can show the cards in Teams.
func (c *checker) teams() {
	if c.ev.State.Teams == nil {
		return
	}
	for _, problem := range Broken(c.ev.State.Teams) {
		c.add(RuleCard, "a card cannot be displayed in Teams: %s", problem)
	}
}

// secrets looks for secrets where people and logs are. The journal blots them
// out, so that there it is the blot that is looked for: only where tokens are
// given out, and where Slack's clients send theirs, may be one.
func (c *checker) secrets() {
	places := map[string]string{"the bot's log": c.ev.Log}
	slack, err := json.Marshal(c.ev.State.Slack.Channels)
	if err != nil {
		slack = []byte(fmt.Sprint(c.ev.State.Slack.Channels)) // unreachable: plain data
	}
	places["Slack"] = string(slack)
	teams, err := json.Marshal(c.ev.State.Teams)
	if err != nil {
		teams = []byte(fmt.Sprint(c.ev.State.Teams)) // unreachable: plain data
	}
	places["Teams"] = string(teams)
	hub, err := json.Marshal(c.ev.State.GitHub)
	if err != nil {
		hub = []byte(fmt.Sprint(c.ev.State.GitHub)) // unreachable: plain data
	}
	places["GitHub"] = string(hub)
	for _, e := range c.ev.Journal {
		body := e.Path + e.Request + e.Response
		if !token(e) && strings.Contains(body, blot) {
			c.add(RuleSecret, "in journal entry %d, %s %s", e.Seq, e.Service, e.Op)
		}
		places[fmt.Sprintf("journal entry %d", e.Seq)] = body
	}
	for where, text := range places {
		for i, s := range c.ev.Secrets {
			if s != "" && strings.Contains(text, s) {
				c.add(RuleSecret, "number %d of the secrets is in %s", i+1, where)
			}
		}
	}
}

// blot is what the journal has in place of a secret.
const blot = "[redacted]"

// token reports whether a request has a token where it belongs.
func token(e emukit.Entry) bool {
	switch {
	case e.Service == "login":
		return true
	case e.Service == "github":
		return strings.HasSuffix(e.Op, "/access_tokens")
	case e.Service == "aws": // sts gives a key and a token in its answer
		return e.Op == "AssumeRole" && !strings.Contains(e.Path+e.Request, blot) && strings.Count(e.Response, blot) <= 2
	case e.Service == "slack":
		form, err := url.ParseQuery(e.Request)
		return err == nil && form.Get("token") == blot && strings.Count(e.Path+e.Request+e.Response, blot) <= 1
	default:
		return false
	}
}
