package scenario

import (
	"cmp"
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"aws-access-bot/internal/sandbox"
	"aws-access-bot/internal/sandbox/teamsemu"
)

// inTeams returns what the bot said in Teams. Messages there carry no key of the
// bot's: a root message is known by its heading, and a reply by its root.
func inTeams(st *sandbox.State) []Said {
	if st.Teams == nil {
		return nil
	}
	people := map[string]string{}
	for _, p := range st.People {
		people[p.Entra] = p.Key
	}
	var out []Said
	add := func(m teamsemu.MessageState, at Said) {
		if said, ok := ofBot(m, at); ok {
			out = append(out, said)
		}
	}
	for _, t := range st.Teams.Teams {
		for _, ch := range t.Channels {
			for _, m := range ch.Messages {
				root, ok := ofBot(m, Said{Channel: ch.Name, Place: ch.ID})
				if ok {
					root.Key = requestOf(root.Text)
					out = append(out, root)
				}
				for _, r := range m.Replies {
					add(r, Said{Channel: ch.Name, Thread: root.Key, Place: ch.ID})
				}
			}
			for person, list := range ch.Targeted {
				for _, m := range list {
					add(m, Said{Channel: ch.Name, Private: people[person], Place: ch.ID})
				}
			}
		}
	}
	for _, g := range st.Teams.Groups {
		for _, m := range g.Messages {
			add(m, Said{Channel: g.Name, Place: g.ID})
		}
		for person, list := range g.Targeted {
			for _, m := range list {
				add(m, Said{Channel: g.Name, Private: people[person], Place: g.ID})
			}
		}
	}
	for person, chat := range st.Teams.Chats {
		for _, m := range chat.Messages {
			add(m, Said{Private: people[person], Place: chat.ID})
		}
	}
	return out
}

// ofBot is a message of the bot at a place; false for what a person wrote or the
// bot took back.
func ofBot(m teamsemu.MessageState, at Said) (Said, bool) {
	if !m.From.Bot || m.Deleted {
		return Said{}, false
	}
	at.ID, at.Text = m.ID, TeamsText(m)
	for _, c := range m.Cards {
		for _, a := range c.Actions {
			switch a.Type {
			case "Action.Execute":
				at.Actions = append(at.Actions, a.Verb)
			case "Action.Submit":
				at.Opens = cmp.Or(at.Opens, a.Title)
			}
		}
	}
	return at, true
}

// TeamsText returns what a person reads in a message of Teams: its text and its
// cards. A card that no client can display is none of it.
func TeamsText(m teamsemu.MessageState) string {
	var out []string
	if m.Text != "" {
		text := m.Text
		if m.TextFormat != "plain" {
			text = unmarked(text)
		}
		out = append(out, untagged(text))
	}
	for _, c := range m.Cards {
		raw, err := json.Marshal(c.Card)
		if err != nil || len(c.Problems) > 0 {
			continue
		}
		out = append(out, CardText(raw))
	}
	return strings.Join(out, "\n")
}

// heading is the first line of a root message.
var heading = regexp.MustCompile(`^(?:Access request|Removal|Link|Onboarding|Phase|Extension) (REQ-[0-9A-HJKMNP-TV-Z]{6})(?:\n|$)`)

// requestOf is the request whose root message has a text, "" if it is none.
func requestOf(text string) string {
	if found := heading.FindStringSubmatch(text); found != nil {
		return found[1]
	}
	return ""
}

// Broken returns why clients cannot display cards that the bot has sent to
// Teams, now or before an edit.
func Broken(st *teamsemu.State) []string {
	var out []string
	var look func(list []teamsemu.MessageState)
	look = func(list []teamsemu.MessageState) {
		for _, m := range list {
			for _, c := range m.Cards {
				out = append(out, c.Problems...)
			}
			for _, v := range m.Views {
				out = append(out, v.Problems...)
			}
			look(m.Replies)
			look(m.Edits)
		}
	}
	shared := slices.Clone(st.Groups)
	for _, t := range st.Teams {
		shared = append(shared, t.Channels...)
	}
	for _, ch := range shared {
		look(ch.Messages)
		for _, list := range ch.Targeted {
			look(list)
		}
	}
	for _, c := range st.Chats {
		look(c.Messages)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
