package teams

import (
	"regexp"
	"strings"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/chat"
)

// ownWords are texts that read the same with Markdown and without.
var ownWords = regexp.MustCompile(`^[A-Za-z0-9 ,:;'%.()/–…·⏳✅▫️🛑⏰👍🔀⚠✉ℹ⏩⏹🧭🕓-]*$`)

// listMark begins a list, or underlines a title, in Markdown.
var listMark = regexp.MustCompile(`^\s*([0-9]+[.)]|[-+])(\s|$)|--`)

// wordy reports whether a span may stand in a TextBlock.
func wordy(s chat.Span) bool {
	return s.URL == "" && s.Channel == "" && !s.Bold && !s.Code && (mentions(s) || ownWords.MatchString(words(s)))
}

// mentions reports whether a span mentions somebody who is in Teams. Others are
// named.
func mentions(s chat.Span) bool { return s.User.Platform == access.Teams && s.User.User != "" }

// paragraph renders spans: as text runs, in which nothing is markup, and as a
// TextBlock where they have a mention and nothing beside it could be read as
// Markdown. Where something could, the mention gets a block of its own.
func (b *builder) paragraph(spans []chat.Span, look element) []element {
	from, to := block(spans)
	if from == to {
		return []element{runs(spans, look)}
	}
	var out []element
	if before := spans[:from]; !blank(before) {
		out = append(out, runs(before, look))
	}
	out = append(out, b.textBlock(spans[from:to], look))
	if after := spans[to:]; !blank(after) {
		out = append(out, b.paragraph(after, look)...)
	}
	return out
}

// block returns which of the spans go into a TextBlock: all, where none could be
// read as Markdown, else those around the first mention.
func block(spans []chat.Span) (from, to int) {
	all, first := true, -1
	for i, s := range spans {
		all = all && wordy(s)
		if mentions(s) && first < 0 {
			first = i
		}
	}
	if first < 0 {
		return 0, 0
	}
	if all && !listMark.MatchString(plainText(spans)) {
		return 0, len(spans)
	}
	for from = first; from > 0 && wordy(spans[from-1]) && !listMark.MatchString(plainText(spans[from-1:first])); from-- {
	}
	for to = first + 1; to < len(spans) && wordy(spans[to]); to++ {
	}
	return from, to
}

// blank reports whether spans are nothing but what stands between mentions.
func blank(spans []chat.Span) bool { return strings.Trim(plainText(spans), " ,") == "" }

// plainText is what spans begin with, as far as Markdown is concerned.
func plainText(spans []chat.Span) string {
	var b strings.Builder
	for _, s := range spans {
		if mentions(s) {
			b.WriteString("x")
		} else {
			b.WriteString(words(s))
		}
	}
	return b.String()
}

// textBlock renders spans of which none could be read as Markdown.
func (b *builder) textBlock(spans []chat.Span, look element) element {
	var text strings.Builder
	for _, s := range spans {
		if mentions(s) {
			text.WriteString(b.mention(s))
		} else {
			text.WriteString(words(s))
		}
	}
	return with(element{"type": "TextBlock", "text": text.String(), "wrap": true}, look)
}

// mention notes a mention and returns its mark ("Mention support within Adaptive
// Cards", Microsoft Learn: by Entra object id). A name has no signs that are
// markup.
func (b *builder) mention(s chat.Span) string {
	name := strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if strings.ContainsRune("<>&*_[]()`#~|\\!{}\"'+=", r) || r < ' ' {
			return ' '
		}
		return r
	}, cut(s.Text, maxTitle))), " ")
	if name == "" {
		name = "you"
	}
	mark := "<at>" + name + "</at>"
	entity := element{"type": "mention", "text": mark, "mentioned": element{"id": s.User.User, "name": name}}
	for _, have := range b.mentions {
		if have["text"] == mark {
			if sameUser(have, s.User.User) {
				return mark
			}
			mark = "<at>" + name + " " + s.User.User + "</at>" // two people of one name
			entity["text"] = mark
		}
	}
	b.mentions = append(b.mentions, entity)
	return mark
}

func sameUser(entity element, id string) bool {
	who, ok := entity["mentioned"].(element)
	return ok && who["id"] == id
}

// with adds the look to an element.
func with(e, look element) element {
	for k, v := range look {
		e[k] = v
	}
	return e
}

// words are what a span says where it mentions nobody. A time is in UTC: Teams has
// no support for the functions of Adaptive Cards that would put it in the reader's
// zone ("Format cards in Teams", Microsoft Learn, on date and localization
// features), and would show their source.
func words(s chat.Span) string {
	if !s.At.IsZero() {
		return s.At.UTC().Format("2006-01-02 15:04 UTC")
	}
	return s.Text
}

// runs are spans as text that no client reads as markup.
func runs(spans []chat.Span, look element) element {
	list := []element{}
	for _, s := range spans {
		list = append(list, run(s, look))
	}
	if len(list) == 0 {
		list = append(list, run(chat.Span{Text: "–"}, look))
	}
	return element{"type": "RichTextBlock", "inlines": list}
}

// run is one span.
func run(s chat.Span, look element) element {
	text := words(s)
	if text == "" {
		text = "–"
	}
	r := with(element{"type": "TextRun", "text": cut(text, maxRun)}, look)
	if s.Bold {
		r["weight"] = "Bolder"
	}
	if s.Code {
		r["fontType"] = "Monospace"
	}
	if isWeb(s.URL) {
		r["color"], r["underline"] = "Accent", true
		r["selectAction"] = element{"type": "Action.OpenUrl", "url": s.URL}
	}
	return r
}

// isWeb reports whether an address is one that a link may have.
func isWeb(url string) bool {
	return strings.HasPrefix(url, "https://") || strings.HasPrefix(url, "http://")
}
