package scenario

import (
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
	for _, t := range st.Teams.Teams {
		for _, ch := range t.Channels {
			for _, m := range ch.Messages {
				key := requestOf(m)
				out = append(out, ofBot(m, Said{Channel: ch.Name, Key: key, Place: ch.ID})...)
				for _, r := range m.Replies {
					out = append(out, ofBot(r, Said{Channel: ch.Name, Thread: key, Place: ch.ID})...)
				}
			}
			for person, list := range ch.Targeted {
				for _, m := range list {
					out = append(out, ofBot(m, Said{Channel: ch.Name, Private: people[person], Place: ch.ID})...)
				}
			}
		}
	}
	for person, chat := range st.Teams.Chats {
		for _, m := range chat.Messages {
			out = append(out, ofBot(m, Said{Private: people[person], Place: chat.ID})...)
		}
	}
	return out
}

// ofBot is a message of the bot at a place, with what single people see of it
// besides; nothing for what a person wrote or the bot took back.
func ofBot(m teamsemu.MessageState, at Said) []Said {
	if !m.From.Bot || m.Deleted {
		return nil
	}
	at.ID, at.Text = m.ID, TeamsText(m)
	for _, c := range m.Cards {
		for _, a := range c.Actions {
			switch a.Type {
			case "Action.Execute":
				at.Actions = append(at.Actions, a.Verb)
			case "Action.Submit":
				at.Opens = a.Title
			}
		}
	}
	return []Said{at}
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

// requestOf is the request whose root message a message is, "" if it is none.
func requestOf(m teamsemu.MessageState) string {
	if found := heading.FindStringSubmatch(TeamsText(m)); m.From.Bot && found != nil {
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
	for _, t := range st.Teams {
		for _, ch := range t.Channels {
			look(ch.Messages)
			for _, list := range ch.Targeted {
				look(list)
			}
		}
	}
	for _, c := range st.Chats {
		look(c.Messages)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
