package gitops

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// zwsp is a zero-width space. Put after a character that GitHub gives a
// meaning, it takes the meaning away and leaves the look.
const zwsp = "\u200b"

// inert returns text that mentions nobody, closes nothing, links nowhere and
// hides nothing, wherever GitHub shows it: bodies are copied to commit
// messages, where a fence does not help. Control and invisible characters but
// line ends go.
func inert(s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r == utf8.RuneError, unicode.Is(unicode.C, r), unicode.Is(unicode.Zl, r), unicode.Is(unicode.Zp, r):
			return -1
		default:
			return r
		}
	}, s)
	s = strings.NewReplacer(
		"@", "@"+zwsp,
		"#", "#"+zwsp,
		"://", ":"+zwsp+"//",
		"www.", "www"+zwsp+".", "Www.", "Www"+zwsp+".", "WWW.", "WWW"+zwsp+".",
		"<!", "<"+zwsp+"!",
		"GH-", "GH"+zwsp+"-", "gh-", "gh"+zwsp+"-",
	).Replace(s)
	for strings.Contains(s, "//") { // an address without a scheme is one too
		s = strings.ReplaceAll(s, "//", "/"+zwsp+"/")
	}
	return s
}

// oneLine returns inert text on one line.
func oneLine(s string) string {
	return strings.Join(strings.Fields(inert(s)), " ")
}

// prose returns a sentence as Markdown that shows it as it is, whatever names
// are in it: one line with nothing in it that acts. Sentences are kept and told
// elsewhere plain, so only what goes to GitHub as Markdown passes here. Marks
// of Markdown get a backslash (CommonMark, "Backslash escapes"). What GitHub
// looks for in the text that comes of it, where a backslash is gone already
// (mentions, addresses, emoji), is broken by inert and here.
func prose(s string) string {
	var b strings.Builder
	last := ' '
	for i, r := range oneLine(s) {
		switch {
		case strings.ContainsRune("\\`*_[]<>#|~&$^", r), i == 0 && strings.ContainsRune("-+=:", r):
			b.WriteByte('\\')
		case (r == '.' || r == ')') && i > 0 && i < maxOrdinal && strings.Trim(b.String(), "0123456789") == "":
			b.WriteByte('\\') // the number of a list
		case last == ':' && !unicode.IsSpace(r) && !strings.HasPrefix(zwsp, string(r)):
			b.WriteString(zwsp) // an emoji by its name, or a scheme
		case last == '/' && r == '/':
			b.WriteString(zwsp)
		}
		b.WriteRune(r)
		last = r
	}
	return b.String()
}

// proseWithCode is prose for a way out of a halt, whose command stands in a code
// span of ours: `bot trust` and a commit, or the word SHA. Names in the same
// sentence are shown as they are.
func proseWithCode(s string) string {
	return proseAround(s, command.FindAllStringIndex(s, -1), func(c string) string { return c })
}

// proseAround is prose with parts of the sentence as show writes them.
func proseAround(s string, parts [][]int, show func(string) string) string {
	var b strings.Builder
	rest := 0
	for _, m := range parts {
		between(&b, s[rest:m[0]])
		b.WriteString(show(s[m[0]:m[1]]))
		rest = m[1]
	}
	between(&b, s[rest:])
	return b.String()
}

// between writes prose with the spaces that set it off from code.
func between(b *strings.Builder, s string) {
	text := prose(s)
	if b.Len() > 0 && strings.HasPrefix(s, " ") {
		b.WriteByte(' ')
	}
	b.WriteString(text)
	if text != "" && strings.HasSuffix(s, " ") {
		b.WriteByte(' ')
	}
}

// command is the one command that ways out of a halt name. Nothing that acts fits
// into it, so a name that looks like it does no harm.
var command = regexp.MustCompile("`bot trust (?:SHA|[0-9a-f]{7,64})`")

// maxOrdinal is where in a line the number of a list can end: it has at most
// nine digits (CommonMark, "List items").
const maxOrdinal = 10

// fence returns text as a fenced block that nothing in it can end: the fence
// is longer than any run of backticks in the text.
func fence(s string) string {
	s = strings.TrimRight(inert(s), "\n")
	mark := strings.Repeat("`", max(3, longestRun(s, '`')+1))
	return mark + "text\n" + s + "\n" + mark + "\n"
}

// code returns text as an inline code span, fit for a table cell.
func code(s string) string {
	s = strings.ReplaceAll(oneLine(s), "|", "\u00a6")
	if s == "" {
		return "-"
	}
	mark := strings.Repeat("`", longestRun(s, '`')+1)
	if strings.HasPrefix(s, "`") || strings.HasSuffix(s, "`") {
		s = " " + s + " "
	}
	return mark + s + mark
}

func longestRun(s string, c rune) int {
	longest, run := 0, 0
	for _, r := range s {
		if r == c {
			run++
			longest = max(longest, run)
		} else {
			run = 0
		}
	}
	return longest
}

// cutNote ends what was cut.
const cutNote = "\n\n… cut here: the rest does not fit."

// cutTo returns at most max bytes of s, whole runes, with a note when something
// was left out.
func cutTo(s string, max int, note string) string {
	if len(s) <= max {
		return s
	}
	keep := max - len(note)
	for keep > 0 && !utf8.RuneStart(s[keep]) {
		keep--
	}
	return s[:keep] + note
}

// capital returns s with its first letter as a capital.
func capital(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if n == 0 {
		return s
	}
	return string(unicode.ToUpper(r)) + s[n:]
}
