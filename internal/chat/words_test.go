package chat

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestCommandsAreSaidInTheWordsOfTheService: with them all code becomes code, and
// what somebody wrote stays.
func TestCommandsAreSaidInTheWordsOfTheService(t *testing.T) {
	t.Parallel()
	w := Words{Access: "@aws-access", Onboard: "@aws-access onboard"}
	got := w.Spoken(Message{Summary: "Send `/aws-access status`; `bot trust SHA` too", Blocks: []Block{
		Heading("`/aws-access`"), Quote("`/aws-access help` please"),
		Text{{Text: "Did you mean `request`? See `/aws-onboard 1 again`."}, {Text: "/aws-access help", Code: true}, {Text: "a `b", Bold: true}},
		Note{{Text: "`/aws-accessible` is none of them"}},
		Fields{{Label: "Why", Value: Text{{Text: "`/aws-access`"}, {Text: "/aws-access link", Code: true}}}},
	}})
	want := Message{Summary: "Send @aws-access status; bot trust SHA too", Blocks: []Block{
		Heading("`/aws-access`"), Quote("`/aws-access help` please"),
		Text{
			{Text: "Did you mean "}, {Text: "request", Code: true}, {Text: "? See "}, {Text: "@aws-access onboard 1 again", Code: true}, {Text: "."},
			{Text: "@aws-access help", Code: true}, {Text: "a `b", Bold: true},
		},
		Note{{Text: "/aws-accessible", Code: true}, {Text: " is none of them"}},
		Fields{{Label: "Why", Value: Text{{Text: "`/aws-access`"}, {Text: "@aws-access link", Code: true}}}},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
