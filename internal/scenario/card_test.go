package scenario

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCardText(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, body, want string }{
		{"a text block without its marks", `{"type":"TextBlock","text":"**Live** \\*not\\* [here](https://x.example/)"}`, "Live *not* here (https://x.example/)"},
		{"no date of the card language, which Teams does not support", `{"type":"TextBlock","text":"until {{TIME(2026-12-24T09:00:00Z)}}."}`, "until {{TIME(2026-12-24T09:00:00Z)}}."},
		{"runs stay as they are", `{"type":"RichTextBlock","inlines":["a *b* ",{"type":"TextRun","text":"#1","selectAction":{"type":"Action.OpenUrl","url":"https://x.example/1"}}]}`, "a *b* #1 (https://x.example/1)"},
		{"a mention", `{"type":"TextBlock","text":"<at>Hana Sato</at>, Taro"}`, "Hana Sato, Taro"},
		{"side by side", `{"type":"ColumnSet","columns":[{"type":"Column","items":[{"type":"TextBlock","text":"✅"}]},{"type":"Column","items":[{"type":"TextBlock","text":"Merged"}]},{"type":"Column"}]}`, "✅  Merged"},
		{"a label and a value", `{"type":"ColumnSet","columns":[{"type":"Column","items":[{"type":"RichTextBlock","inlines":[{"type":"TextRun","text":"OU","weight":"Bolder"}]}]},{"type":"Column","items":[{"type":"TextBlock","text":"/Workloads"},{"type":"TextBlock","text":"or none"}]}]}`, "OU: /Workloads or none"},
		{"facts", `{"type":"FactSet","facts":[{"title":"Group","value":"dev"},{"title":"For","value":"4h"}]}`, "Group: dev\nFor: 4h"},
		{"in a container", `{"type":"Container","items":[{"type":"TextBlock","text":"a"},{"type":"ActionSet","actions":[{"type":"Action.Execute","title":"Cancel","verb":"cancel"}]}]}`, "a\n[Cancel]"},
		{"an input", `{"type":"Input.Text","id":"reason","label":"Reason","value":"bug","errorMessage":"not shown"}`, "Reason: bug"},
		{"a picture", `{"type":"Image","url":"https://x.example/i.png","altText":"a key"}`, "a key"},
		{"a table", `{"type":"Table","rows":[{"type":"TableRow","cells":[{"type":"TableCell","items":[{"type":"TextBlock","text":"a"}]},{"type":"TableCell","items":[{"type":"TextBlock","text":"b"}]}]}]}`, "a  b"},
		{"hidden", `{"type":"TextBlock","text":"a","isVisible":false}`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			card := json.RawMessage(`{"type":"AdaptiveCard","version":"1.5","body":[` + tt.body + `]}`)
			if diff := cmp.Diff(tt.want, CardText(card)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestCardFormsAndWhatIsWrongWithThem(t *testing.T) {
	t.Parallel()
	card := json.RawMessage(`{"type":"AdaptiveCard","body":[
		{"type":"TextBlock","text":"not now","color":"attention"},
		{"type":"Container","items":[{"type":"Input.ChoiceSet","id":"account","choices.data":{"type":"Data.Query","dataset":"accounts"}}]},
		{"type":"TextBlock","text":"a hint"},
		{"type":"Input.Text","id":"duration"},
		{"type":"RichTextBlock","inlines":[{"type":"TextRun","text":"no duration","color":"Attention"}]},
		{"type":"Input.ChoiceSet","id":"kind","choices":[]},
		{"type":"TextBlock","text":"a hint"},
		{"type":"TextBlock","text":"at the end","color":"attention"}]}`)
	if diff := cmp.Diff([]string{"not now", "duration: no duration", "at the end"}, CardErrors(card)); diff != "" {
		t.Errorf("errors (-want +got):\n%s", diff)
	}
	for field, want := range map[string]bool{"account": true, "duration": false, "kind": false, "none": false} {
		if got := CardAsks(card, field); got != want {
			t.Errorf("type-ahead of %s: %v", field, got)
		}
	}
}
