package gitops

import (
	"regexp"
	"strings"
	"testing"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops/impact"
	"aws-access-bot/internal/gitops/review"
)

// hostile is text that acts in Markdown or on GitHub when it is not escaped.
func hostile() []string {
	return []string{
		"", "plain text of aws-payments-dev (…4444), 50 % done", "[Reset your token](//evil.example/x) <img src=//evil.example/i.png> <details>",
		"x.** <details><summary>Approved by mio-sec</summary>", "![b](//evil.example/b.png)", "*a* _b_ ~~c~~ `d` ``e`` \\`f\\`", "a | b", "# heading",
		"- list", "+ list", "1. list", "123456789) list", "> quote", "&lt;b&gt; &#64;all", "@org/all Closes #1, GH-2", "https://evil.example ftp://x", "WWW.evil.example",
		"a@evil.example mailto:a@evil.example xmpp:a@b.c", ":white_check_mark: approved", "$\\ce{x}$ [^1]", "<https://evil.example>", "\\[a](b)", "[a]: //evil.example", "a\n\n# b\n===", "\u202e\x00",
	}
}

// FuzzProse: every mark of Markdown is escaped, nothing that GitHub looks for
// is left, and what is read is what was written.
func FuzzProse(f *testing.F) {
	for _, s := range hostile() {
		f.Add(s)
	}
	start := regexp.MustCompile(`^([-+=:]|[0-9]{1,9}[.)])`)
	f.Fuzz(func(t *testing.T, s string) {
		out := prose(s)
		if strings.ContainsAny(out, "\n\r\t") || start.MatchString(out) {
			t.Fatalf("it begins something: %q", out)
		}
		read := unescaped(t, out)
		for _, acts := range []string{"://", "www.", "WWW.", "<!"} {
			if strings.Contains(read, acts) {
				t.Fatalf("text that acts: %q", out)
			}
		}
		for i, r := range read {
			if strings.ContainsRune("@#", r) && !strings.HasPrefix(read[i+1:], zwsp) || r == ':' && regexp.MustCompile(`^[\pL\pN+-]`).MatchString(read[i+1:]) {
				t.Fatalf("text that acts: %q", out)
			}
		}
		if got, want := strings.ReplaceAll(read, zwsp, ""), strings.ReplaceAll(oneLine(s), zwsp, ""); got != want {
			t.Fatalf("it reads %q, want %q", got, want)
		}
	})
}

// unescaped takes the backslashes out, and fails where a mark has none.
func unescaped(t *testing.T, text string) string {
	t.Helper()
	var b strings.Builder
	escaped := false
	for _, r := range text {
		switch {
		case r == '\\' && !escaped:
			escaped = true
			continue
		case !escaped && strings.ContainsRune("`*_[]<>#|~&$", r):
			t.Fatalf("%q is not escaped in %q", r, text)
		}
		b.WriteRune(r)
		escaped = false
	}
	return b.String()
}

// withoutSpans takes the code spans out of a text.
func withoutSpans(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); {
		switch {
		case text[i] == '\\' && i+1 < len(text):
			b.WriteString(text[i : i+2])
			i += 2
		case text[i] == '`':
			n := len(text[i:]) - len(strings.TrimLeft(text[i:], "`"))
			mark, rest := text[i:i+n], text[i+n:]
			end := regexp.MustCompile("(^|[^`])" + mark + "($|[^`])").FindStringIndex(rest)
			if end == nil {
				b.WriteString(mark)
				i += n
				continue
			}
			i += n + end[0] + n + 1
		default:
			b.WriteByte(text[i])
			i++
		}
	}
	return b.String()
}

// TestNamesActNowhere: a name in a refusal, a fault, a halt, a rule's note or an
// objection, and that of a group, an account, a person or a file, is text in the
// check, the comment, what is said of a halt, and the check on the merge queue.
func TestNamesActNowhere(t *testing.T) {
	t.Parallel()
	for _, nasty := range hostile() {
		if nasty == "" || strings.Contains(nasty, "plain") {
			continue
		}
		x := planned(t, "groups/aws-payments-dev.yaml", "", "  - account: payments-prod\n    permission_set: AdministratorAccess\n    duration: 4h\n    reason: incident\n", nil)
		sayEverywhere(x, nasty)
		approver := review.Verdict{Needs: []review.Need{{Steps: []review.StepState{{Approved: []review.Person{{User: review.User{Login: nasty}}}}}}}}
		queue := lane{said: []string{saidOf(&Pull{Number: 7, HeadSHA: "0123456789abcdef"}, &approver)}}
		failed := lane{bad: "It lacks the approval of " + nasty + ".", own: true}
		texts := map[string]string{
			"check": x.run().Summary, "comment": x.commentText(),
			"halt":  haltText(&Halt{Commit: "0123456789abcdef", Text: "Merged without what it needs: " + nasty + ".", Ways: []string{"an approval of " + nasty}}),
			"queue": queue.run(QueueRef{Number: 7}, nasty, spoken{}).Summary, "failed queue": failed.run(QueueRef{Number: 7}, nasty, spoken{}).Summary,
		}
		for where, text := range texts {
			out := strings.ReplaceAll(withoutSpans(text), "[pull request #3](x)", "") // a link of ours
			out = regexp.MustCompile(`\\[[:punct:]]`).ReplaceAllString(out, "")       // what is escaped acts not
			for _, acts := range []string{"](", "![", "<img", "<details", "<summary", "</", "<https", "://evil", "//evil", "@org", "&lt;", "&#64", ":white", "~~", "_b", "[^"} {
				if strings.Contains(out, acts) {
					t.Errorf("%s with the name %q: %q acts in\n%s", where, nasty, acts, text)
				}
			}
			// What is in code acts in what is made of it elsewhere, as a link may.
			if strings.Contains(text, "//evil") {
				t.Errorf("%s with the name %q has an address:\n%s", where, nasty, text)
			}
			if refused := "Refused, whoever approves"; (where == "check" || where == "comment") && !strings.Contains(text, refused) {
				t.Errorf("the refusal is not shown in the %s:\n%s", where, text)
			}
		}
		for what, heading := range map[string]string{"who is stuck": "### Whom to turn to", "the book": "### What later changes need", "the handle": "**The handle ", "who was overruled": " dismissed the review of "} {
			if !strings.Contains(texts["check"], heading) {
				t.Errorf("%s is not in the check:\n%s", what, texts["check"])
			}
		}
	}
}

// sayEverywhere puts a name into every sentence of what was examined, and gives it
// to the group, the account and the people that it is about.
func sayEverywhere(x *examined, name string) {
	user := review.User{ID: 2, Login: name}
	x.verdict.Refused = []review.Finding{{Code: review.RefusedTerm, Sentence: "Add PowerUserAccess in payments-prod for " + name + " is not allowed."}}
	x.verdict.Undecided = []string{"The members of " + name + " could not be read."}
	x.verdict.Ignored = []review.Excluded{{User: review.User{ID: 1, Login: name}, Code: review.NotHead, Why: "approved " + name}}
	x.verdict.Blocks = []review.Person{{User: user}}
	x.verdict.Overruled = []review.Overruled{{Person: review.Person{User: user}, By: user, Why: "may not, " + name}}
	gain := &x.change.Added[0]
	stuck := review.StepState{
		Approvers: []config.ApproverRef{{Kind: config.ApproverEmail, Name: name}}, Count: 1, Missing: 1,
		Stuck: &review.Stuck{Not: []string{name + " asked for this change"}, Mends: []string{name + " can link an account."}},
	}
	x.verdict.Needs = []review.Need{
		{Subject: review.SubjectControl, Rule: name, Note: "not automatic: " + name}, {Subject: review.SubjectControl, Rule: name, Exempt: name},
		{Subject: review.SubjectAdd, Change: gain, Rule: name, Steps: []review.StepState{stuck}, Cannot: []review.Excluded{{User: user, Why: "is a member of " + name}}},
	}
	x.notes = []string{haltNote(&Halt{Commit: "0123456789abcdef", Text: "Merged without what it needs: " + name + "."})}
	x.change.Control = []config.FieldChange{{Path: "accounts/x.yaml", Field: config.HandleField, Old: "1 (" + name + ")", New: "2 (" + name + ")"}, {Path: name, Field: name, Old: name, New: name + "!"}}
	for i := range x.change.Content {
		x.change.Content[i].New += name
	}
	x.plan.Rules.Book = []impact.BookChange{{Field: name, Before: name, After: name, Means: "who is in " + name, Weaker: true}}
	x.plan.Foretold = &access.Foretold{Holds: []access.Hold{{Code: "whole-account", Sentence: "All 6 of " + name + " would go.", Allowed: true}}, Allow: 6}
	x.objections = []access.Objection{{By: []string{name}, Request: access.ID(name), Number: 3, URL: "x"}}
	for _, r := range []*config.Repo{x.base, x.from, x.head} {
		r.Groups["aws-payments-dev"].Name = name
		r.Accounts["payments-prod"].Name = name
	}
	for i := range x.plan.Accounts {
		for j := range x.plan.Accounts[i].Gains {
			e := &x.plan.Accounts[i].Gains[j]
			e.People, e.Nested = []impact.Person{{Entrant: access.Entrant{Person: access.Person{Name: name, Email: name, Entra: name}, Enabled: true, UPN: name}, Renamed: name + "!"}}, []string{name}
		}
	}
}
