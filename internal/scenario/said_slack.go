package scenario

import (
	"encoding/json"
	"slices"
	"strings"

	"aws-access-bot/internal/sandbox"
	"aws-access-bot/internal/sandbox/slackemu"
)

// inSlack returns what was said in Slack.
func inSlack(st *sandbox.State) []Said {
	if st.Slack == nil {
		return nil
	}
	people := map[string]string{}
	for _, p := range st.People {
		people[p.Slack] = p.Key
	}
	read := mentions(st.Slack.Users)
	var out []Said
	for _, ch := range st.Slack.Channels {
		said := func(m slackemu.Message) Said {
			return Said{Channel: ch.Name, Key: keyOf(m), Text: read.Replace(Text(m)), Actions: actionsOf(m.Blocks), Place: ch.ID, ID: m.TS}
		}
		private := ""
		if ch.IsIM {
			private = people[ch.Members[len(ch.Members)-1]] // after the bot
		}
		for _, m := range ch.Messages {
			root := said(m.Message)
			root.Private = private
			out = append(out, root)
			for _, r := range m.Replies {
				reply := said(r.Message)
				reply.Private, reply.Thread = private, root.Key
				out = append(out, reply)
			}
		}
		for user, list := range ch.Ephemeral {
			for _, m := range list {
				one := said(m.Message)
				one.Key, one.Private = "", people[user]
				out = append(out, one)
			}
		}
	}
	return out
}

// mentions writes the names of users where [Text] leaves their ids, the longest
// id first: none is taken for the beginning of another.
func mentions(users []slackemu.User) *strings.Replacer {
	sorted := slices.SortedFunc(slices.Values(users), func(a, b slackemu.User) int { return len(b.ID) - len(a.ID) })
	var pairs []string
	for _, u := range sorted {
		pairs = append(pairs, "@"+u.ID, "@"+u.RealName)
	}
	return strings.NewReplacer(pairs...)
}

// keyOf is the key that the bot hides in a message.
func keyOf(m slackemu.Message) string {
	if m.Metadata == nil {
		return ""
	}
	var payload struct {
		Key string `json:"key"`
	}
	if json.Unmarshal(m.Metadata.EventPayload, &payload) != nil {
		return ""
	}
	return payload.Key
}

// actionsOf are the ids of the buttons in the blocks of a message that do not
// only open an address.
func actionsOf(raw json.RawMessage) []string {
	var blocks []struct {
		Elements []struct {
			Type     string `json:"type"`
			ActionID string `json:"action_id"`
			URL      string `json:"url"`
		} `json:"elements"`
	}
	if json.Unmarshal(raw, &blocks) != nil {
		return nil // no blocks, or other ones
	}
	var out []string
	for _, b := range blocks {
		for _, e := range b.Elements {
			if e.Type == "button" && e.URL == "" {
				out = append(out, e.ActionID)
			}
		}
	}
	return out
}
