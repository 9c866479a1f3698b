package gitops

import (
	"context"
	"strings"

	"aws-access-bot/internal/access"
)

// spoken is how the bot's chat commands are written in one text on GitHub. What is
// kept and told in chat has them with slashes; only what goes to GitHub passes here.
type spoken struct{ access.Spoken }

// spokenOf says how commands are written for who reads of a request.
func (g *Gitops) spokenOf(ctx context.Context, request access.ID) spoken {
	if g.opt.Spoken == nil {
		return spoken{}
	}
	return spoken{g.opt.Spoken(ctx, request)}
}

// spokenOn is spokenOf for a pull request, whose branch names the request. Whoever
// names a branch like one changes no more than the words of a chat.
func (g *Gitops) spokenOn(ctx context.Context, p *Pull) spoken {
	id, _ := strings.CutPrefix(p.HeadRef, branchPrefix)
	request, ok := access.ParseID(id)
	if !ok {
		request = ""
	}
	return g.spokenOf(ctx, request)
}

// prose is prose with the commands in code spans.
func (s spoken) prose(sentence string) string {
	return proseAround(sentence, access.WrittenCommands(sentence), func(c string) string { return code(s.Command(c)) })
}

// line says the commands in a line of plain text, where GitHub shows one.
func (s spoken) line(text string) string {
	var b strings.Builder
	rest := 0
	for _, m := range access.WrittenCommands(text) {
		b.WriteString(text[rest:m[0]] + inert(s.Sentence(text[m[0]:m[1]])))
		rest = m[1]
	}
	return b.String() + text[rest:]
}

// whole ends a text of Markdown with how its commands are written elsewhere.
func (s spoken) whole(text string) string {
	if s.Other == "" || len(access.WrittenCommands(text)) == 0 {
		return text
	}
	return strings.TrimRight(text, "\n") + "\n\n" + inert(s.Other) + "\n"
}
