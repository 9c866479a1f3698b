package access

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Words are how people begin the bot's commands in one chat service. Sentences are
// written with slash commands between backticks everywhere; who shows one says it in
// the words of its readers. The zero value leaves them as written.
type Words struct {
	Access  string // in the place of /aws-access
	Onboard string // in the place of /aws-onboard
}

// written is code in a sentence: between backticks, as all of the bot's commands
// are.
var written = regexp.MustCompile("`[^`\n]+`")

// command is code in a sentence that is one of the bot's commands.
var command = regexp.MustCompile("`/aws-(?:access|onboard)(?: [^`\n]*)?`")

// WrittenCode returns where in a sentence code stands, with its backticks.
func WrittenCode(s string) [][]int { return written.FindAllStringIndex(s, -1) }

// WrittenCommands returns where in a sentence commands of the bot stand, with their
// backticks.
func WrittenCommands(s string) [][]int { return command.FindAllStringIndex(s, -1) }

// Command says one command, with or without backticks, without them; other code
// loses no more than those.
func (w Words) Command(s string) string {
	s = strings.Trim(s, "`")
	for _, c := range []struct{ slash, said string }{{"/aws-onboard", w.Onboard}, {"/aws-access", w.Access}} {
		if rest, ok := strings.CutPrefix(s, c.slash); ok && c.said != "" && (rest == "" || rest[0] == ' ') {
			return c.said + rest
		}
	}
	return s
}

// Sentence says the commands in a sentence and leaves the rest, the backticks too.
func (w Words) Sentence(s string) string {
	return command.ReplaceAllStringFunc(s, func(c string) string { return "`" + w.Command(c) + "`" })
}

// Spoken is how commands are written for readers outside chat.
type Spoken struct {
	Words
	// Other says how they are written in the chats with other words than these,
	// where it is not known in which the reader is: a sentence that is said once of
	// a text with a command in it. "" where there is nothing to say.
	Other string
}

// Spelling is how commands are written in each chat service that the settings name.
type Spelling map[Platform]Words

// Slashes are the words in which sentences are written.
func Slashes() Words { return Words{Access: "/aws-access", Onboard: "/aws-onboard"} }

// For says how commands are written for who reads of a request that came from p: as
// there. "", and a service that is used no more, is for who may be in any of them:
// then they are written as in the only one, or with slashes where there are several.
func (s Spelling) For(p Platform) Spoken {
	if w, ok := s[p]; ok {
		return Spoken{Words: w}
	}
	if len(s) == 1 {
		for _, w := range s {
			return Spoken{Words: w}
		}
	}
	out := Spoken{Words: Slashes()}
	for _, name := range slices.Sorted(maps.Keys(s)) {
		if w := s[name]; w != out.Words {
			out.Other = strings.TrimSpace(out.Other + " In " + name.Name() + ", write `" + w.Access + "` in the place of `/aws-access`, and `" + w.Onboard + "` in that of `/aws-onboard`.")
		}
	}
	return out
}

// Text says a whole plain text: its commands, and once how they are written
// elsewhere.
func (s Spoken) Text(text string) string {
	if s.Other != "" && command.MatchString(text) {
		if line, whole := strings.CutSuffix(text, "\n"); whole {
			return s.Sentence(line) + "\n" + s.Other + "\n"
		}
		return s.Sentence(text) + " " + s.Other
	}
	return s.Sentence(text)
}
