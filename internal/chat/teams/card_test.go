package teams

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/chat"
	"aws-access-bot/internal/chat/chattest"

	"github.com/google/go-cmp/cmp"
)

// update is read only; the flag package wants a variable.
var update = flag.Bool("update", false, "rewrite golden files")

const hanaID = "3c1d9a70-0000-4000-8000-000000000021"

func hana() access.ChatUser {
	return access.ChatUser{Platform: access.Teams, Team: testTenant, User: hanaID}
}

func golden(t *testing.T, name string, raw json.RawMessage) {
	t.Helper()
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", name+".golden.json")
	if *update {
		if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), b.String()); d != "" {
		t.Errorf("%s (-want +got):\n%s", path, d)
	}
}

// sound wants a card to be one that Teams shows.
func sound(t *testing.T, name string, raw json.RawMessage) {
	t.Helper()
	for _, p := range problems(raw) {
		t.Errorf("%s: %s", name, p)
	}
	if len(raw) >= 25_000 {
		t.Errorf("%s has %d bytes", name, len(raw))
	}
}

// shown are the messages and dialogs, as they go out.
func shown() map[string]json.RawMessage {
	out := map[string]json.RawMessage{}
	for name, m := range chattest.Messages(hana()) {
		out[name] = Card(Words().Spoken(m))
	}
	for name, f := range chattest.Forms() {
		out[name] = Dialog(f, "dialog", nil)
	}
	f := chattest.Forms()["form-request"]
	out["form-refused"] = Dialog(f, "dialog", &access.Refusal{Field: chat.FieldDuration, Message: `"*ever*" is no length I understand.`, Mend: "Write e.g. 4h."})
	out["form-refused-whole"] = Dialog(f, "dialog", &access.Refusal{Message: "You have 5 open requests, and 5 is the most.", Mend: "Cancel one with `/aws-access cancel REQ-…`."})
	return out
}

// TestCardsAreRenderedAsInGoldenFiles, each valid by the published schema.
func TestCardsAreRenderedAsInGoldenFiles(t *testing.T) {
	t.Parallel()
	for name, raw := range shown() {
		golden(t, name, raw)
		sound(t, name, raw)
	}
}

// TestNoCardSpeaksOfSlashes: Teams has no commands with one.
func TestNoCardSpeaksOfSlashes(t *testing.T) {
	t.Parallel()
	for name, raw := range shown() {
		if bytes.Contains(raw, []byte("/aws-access")) || bytes.Contains(raw, []byte("/aws-onboard")) {
			t.Errorf("%s: %s", name, raw)
		}
	}
}

// TestTheSchemaCheckFinds what is wrong with a card.
func TestTheSchemaCheckFinds(t *testing.T) {
	t.Parallel()
	for name, card := range map[string]string{
		"version": `{"type":"AdaptiveCard","version":"1.6","body":[]}`,
		"element": `{"type":"AdaptiveCard","version":"1.5","body":[{"type":"Carousel"}]}`,
		"text":    `{"type":"AdaptiveCard","version":"1.5","body":[{"type":"TextBlock"}]}`,
		"member":  `{"type":"AdaptiveCard","version":"1.5","body":[{"type":"TextBlock","text":"x","colour":"good"}]}`,
		"word":    `{"type":"AdaptiveCard","version":"1.5","body":[{"type":"TextBlock","text":"x","size":"huge"}]}`,
		"kind":    `{"type":"AdaptiveCard","version":"1.5","body":[{"type":"TextBlock","text":7}]}`,
		"inline":  `{"type":"AdaptiveCard","version":"1.5","body":[{"type":"RichTextBlock","inlines":[{"type":"TextBlock","text":"x"}]}]}`,
		"action":  `{"type":"AdaptiveCard","version":"1.5","body":[{"type":"ActionSet","actions":[{"type":"Action.OpenUrl"}]}]}`,
		"input":   `{"type":"AdaptiveCard","version":"1.5","body":[{"type":"Input.Text"}]}`,
		"choice":  `{"type":"AdaptiveCard","version":"1.5","body":[{"type":"Input.ChoiceSet","id":"x","choices":[{"title":"x"}]}]}`,
		"nothing": `[]`,
	} {
		if len(problems(json.RawMessage(card))) == 0 {
			t.Errorf("%s: %s is taken for a card", name, card)
		}
	}
}

// TestWhatAPhoneShows: the apps for phones know Adaptive Cards 1.2. A message has nothing
// newer but Action.Execute, with what they know in its place, and underlines; and every
// card says what to do where none of it is shown, in words that are no markup.
func TestWhatAPhoneShows(t *testing.T) {
	t.Parallel()
	known := []string{"AdaptiveCard", "TextBlock", "RichTextBlock", "TextRun", "Container", "ColumnSet", "Column", "ActionSet", "Action.OpenUrl", "Action.Submit", "mention", "task/fetch"}
	newer := []string{"label", "isRequired", "errorMessage", "refresh", "authentication", "verb", "tooltip", "isEnabled", "mode", "targetWidth"}
	for name, raw := range shown() {
		var card map[string]any
		if err := json.Unmarshal(raw, &card); err != nil {
			t.Fatal(err)
		}
		if says, _ := card["fallbackText"].(string); !strings.HasPrefix(says, "Teams cannot show this ") || strings.ContainsAny(says, "*_[]<>`#~|\\{}\n!") {
			t.Errorf("%s: in its place stands %q", name, says)
		}
		if strings.HasPrefix(name, "form-") {
			continue
		}
		each(card, func(o map[string]any) {
			kind, typed := o["type"].(string)
			if kind == "Action.Execute" {
				instead, _ := o["fallback"].(map[string]any)
				if instead["type"] != "Action.Submit" || instead["title"] != o["title"] || instead["data"] == nil {
					t.Errorf("%s: in the place of %v stands %v", name, o["title"], instead)
				}
				return
			}
			if typed && !slices.Contains(known, kind) {
				t.Errorf("%s: %s is not known on phones", name, kind)
			}
			for _, member := range newer {
				if _, ok := o[member]; ok {
					t.Errorf("%s: %s of %s is not known on phones", name, member, kind)
				}
			}
		})
	}
	if raw := Card(chat.Message{Summary: "REQ-7F3K2Q waits for **review**"}); !strings.Contains(string(raw), "about REQ-7F3K2Q here") || strings.Contains(string(raw), "review") {
		t.Errorf("%s", raw)
	}
}

// each calls f with every object in a value.
func each(v any, f func(map[string]any)) {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			each(x, f)
		}
	case map[string]any:
		f(v)
		for k, x := range v {
			if k != "data" {
				each(x, f)
			}
		}
	}
}

// texts are the texts of a card by the type of what holds them.
func texts(v any, out map[string][]string) {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			texts(x, out)
		}
	case map[string]any:
		if text, ok := v["text"].(string); ok {
			name, _ := v["type"].(string)
			out[name] = append(out[name], text)
		}
		for k, x := range v {
			if k != "msteams" && k != "data" {
				texts(x, out)
			}
		}
	}
}

// evil are texts that people write who want to be more than text.
func evil() []string {
	return []string{
		`[Approve](https://evil.example)`, `**bold** _it_ ~~no~~`, "`code` ```x```", `<at>Yuki</at>`, `<script>alert(1)</script>`, `<https://evil.example|x>`, `<!channel>`,
		`"},{"type":"Action.Execute","verb":"approve"},{"x":"`, `{{DATE(2026-11-28T00:00:00Z,SHORT)}}`, "![x](https://evil.example/p.png)", "- a\n- b", "1. a", "# big", "> quote", "\u202egnirts", "a\x00b", "=====", "https://evil.example",
		strings.Repeat("x*", 4000), strings.Repeat("名", 3000), strings.Repeat(`"`, 9000),
	}
}

// TestT25UserTextIsNeverMarkup: what people wrote stands in text runs only, whole
// or cut at its end, and no card is larger or other than Teams takes.
func TestT25UserTextIsNeverMarkup(t *testing.T) {
	t.Parallel()
	for i, bad := range evil() {
		for name, r := range chattest.Requests(hana()) {
			r.Want.Reason, r.Want.AccountName, r.Want.PrincipalName, r.Asker.Name = bad, bad, bad, bad
			r.Missing, r.Trouble, r.Outcome = []string{bad}, bad, bad
			r.Joined = []access.Joiner{{Asker: access.Asker{Person: access.Person{Name: bad}, Chat: hana()}}}
			for kind, m := range map[string]chat.Message{
				"card": chat.Card(r, chattest.Place()), "reply": chat.Reply(access.Notice{Kind: access.NoticeLive, Text: bad}, r, chattest.Place()),
				"board": chat.BoardMessage(chattest.BoardOf(2, bad, bad), true), "problem": chat.Problem(bad, bad),
			} {
				where := fmt.Sprintf("%d %s %s", i, name, kind)
				raw := Card(Words().Spoken(m))
				sound(t, where, raw)
				onlyRuns(t, where, raw)
			}
		}
		for _, f := range chattest.Forms() {
			for j := range f.Inputs {
				f.Inputs[j].Initial, f.Inputs[j].InitialLabel = cut(bad, 100), cut(bad, 100)
			}
			raw := Dialog(f, bad, &access.Refusal{Field: f.Inputs[0].ID, Message: bad, Mend: bad})
			onlyRuns(t, f.ID, raw)
			for _, p := range problems(raw) {
				t.Errorf("%s: %s", f.ID, p)
			}
		}
	}
}

// TestADialogIsBounded, whatever was typed into the one before.
func TestADialogIsBounded(t *testing.T) {
	t.Parallel()
	huge := strings.Repeat("<", 100_000)
	typed := chat.Submission{Values: map[string]string{}}
	for _, form := range chat.Forms() {
		for _, field := range []string{"group", "account", "permission_set", "duration", "reason", "name", "ou", "owners"} {
			typed.Values[field] = huge
		}
		typed.Form = form
		f, ok := chat.Refilled(typed)
		if !ok {
			t.Fatalf("no form %s", form)
		}
		raw := Dialog(f, "d", &access.Refusal{Field: "account", Message: huge, Mend: huge})
		sound(t, form, raw)
	}
}

// TestARefusedDialogKeepsWhatWasChosen: all of it, and what does not fit it says; what
// is submitted again is what the person sees.
func TestARefusedDialogKeepsWhatWasChosen(t *testing.T) {
	t.Parallel()
	owners := func(n int, each string) string {
		var out []string
		for i := range n {
			out = append(out, fmt.Sprintf("%s%04d@example.com", each, i))
		}
		return strings.Join(out, ",")
	}
	for name, tc := range map[string]struct {
		typed      string
		kept, left int
	}{
		"more than a search shows":        {owners(16, "o"), 16, 0},
		"as many as fit":                  {owners(maxChosen, "o"), maxChosen, 0},
		"too many":                        {owners(maxChosen+3, "o"), maxChosen, 3},
		"too long":                        {owners(60, strings.Repeat("x", 180)), 15, 45},
		"too long, in signs of JSON":      {owners(60, strings.Repeat("<", 180)), 2, 58},
		"one that nobody can have chosen": {owners(2, "o") + "," + strings.Repeat("x", maxChoice+1), 2, 1},
		"empty ones and one twice":        {",a@example.com,,a@example.com", 1, 0},
	} {
		f, _ := chat.Refilled(chat.Submission{Form: chat.OnboardForm, Values: map[string]string{"owners": tc.typed}})
		raw := Dialog(f, "d", &access.Refusal{Field: "owners", Message: "Too many.", Mend: "Name a team."})
		sound(t, name, raw)
		var card struct {
			Body []struct {
				ID, Value string
				Choices   []struct{ Value string }
			}
		}
		if err := json.Unmarshal(raw, &card); err != nil {
			t.Fatal(err)
		}
		for _, e := range card.Body {
			if e.ID == "owners" && (len(e.Choices) != tc.kept || len(strings.Split(e.Value, ",")) != tc.kept) {
				t.Errorf("%s: %d choices, %d chosen, want %d", name, len(e.Choices), len(strings.Split(e.Value, ",")), tc.kept)
			}
		}
		says := strings.Contains(string(raw), fmt.Sprintf("%d of what was chosen", tc.left))
		if says != (tc.left > 0) {
			t.Errorf("%s: says that %d are left out: %v", name, tc.left, says)
		}
	}
}

// onlyRuns wants texts that clients read Markdown in to have none, and no mention
// but those of the card's own.
func onlyRuns(t *testing.T, where string, raw json.RawMessage) {
	t.Helper()
	var card map[string]any
	if err := json.Unmarshal(raw, &card); err != nil {
		t.Fatal(err)
	}
	found := map[string][]string{}
	texts(card, found)
	marks := map[string]bool{}
	extra, _ := card["msteams"].(map[string]any)
	entities, _ := extra["entities"].([]any)
	for _, e := range entities {
		mark, _ := e.(map[string]any)["text"].(string)
		marks[mark] = true
	}
	for _, text := range found["TextBlock"] {
		for mark := range marks {
			text = strings.ReplaceAll(text, mark, "")
		}
		if strings.ContainsAny(text, "*_[]<>`#~|\\{}\n!\"") || listMark.MatchString(text) {
			t.Errorf("%s: a TextBlock says %q", where, text)
		}
	}
}

// TestWhatIsWrittenIsWhatIsShown: a span's text is in the card as it stands.
func TestWhatIsWrittenIsWhatIsShown(t *testing.T) {
	t.Parallel()
	for _, bad := range evil() {
		bad = cut(strings.ToValidUTF8(bad, ""), 200)
		for _, m := range []chat.Block{chat.Text{{Text: bad}}, chat.Note{{Text: bad}}, chat.Fields{{Label: "x", Value: chat.Text{{Text: bad}}}}, chat.Code(bad), chat.Heading(cut(bad, maxTitle))} {
			found := map[string][]string{}
			var card any
			if err := json.Unmarshal(Card(chat.Message{Blocks: []chat.Block{m}}), &card); err != nil {
				t.Fatal(err)
			}
			texts(card, found)
			want := bad
			if h, ok := m.(chat.Heading); ok {
				want = string(h)
			}
			if all := strings.Join(found["TextRun"], "\x01"); !strings.Contains(all, want) {
				t.Errorf("%T: %q is not in %q", m, want, all)
			}
		}
	}
}

// TestMentionsAndDates: a mention is one in Teams only, of the person it names; dates
// are in UTC, since Teams has no functions for them.
func TestMentionsAndDates(t *testing.T) {
	t.Parallel()
	other := access.ChatUser{Platform: access.Teams, Team: testTenant, User: "3c1d9a70-0000-4000-8000-000000000022"}
	at := time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC)
	for name, x := range map[string]struct {
		spans    chat.Text
		blocks   []string // texts of TextBlocks
		runs     string
		mentions int
	}{
		"plain words beside":      {chat.Text{{Text: "✅ "}, {User: hana(), Text: "Hana"}, {Text: " is live."}}, []string{"✅ <at>Hana</at> is live."}, "", 1},
		"markup beside":           {chat.Text{{Text: "✅ "}, {User: hana(), Text: "Hana"}, {Text: " *is* live."}}, []string{"✅ <at>Hana</at>"}, " *is* live.", 1},
		"on another service":      {chat.Text{{User: access.ChatUser{Platform: access.Slack, User: "U0"}, Text: "Hana"}, {Text: " x"}}, nil, "Hana x", 0},
		"a name that is markup":   {chat.Text{{User: hana(), Text: "H <at>[a](b)</at>"}}, []string{"<at>H at a b /at</at>"}, "", 1},
		"a person without a name": {chat.Text{{User: hana()}}, []string{"<at>you</at>"}, "", 1},
		"two of one name":         {chat.Text{{User: hana(), Text: "H"}, {Text: ", "}, {User: other, Text: "H"}, {Text: ", "}, {User: hana(), Text: "H"}}, []string{"<at>H</at>, <at>H " + other.User + "</at>, <at>H</at>"}, "", 2},
		"a date":                  {chat.Text{{Text: "until "}, {At: at}}, nil, "until 2026-11-28 09:00 UTC", 0},
		"a date and a mention":    {chat.Text{{User: hana(), Text: "Hana"}, {Text: ", until "}, {At: at}}, []string{"<at>Hana</at>, until 2026-11-28 09:00 UTC"}, "", 1},
		"a date beside markup":    {chat.Text{{Text: "*until* "}, {At: at}}, nil, "*until* 2026-11-28 09:00 UTC", 0},
		"what begins a list":      {chat.Text{{Text: "1. "}, {At: at}}, nil, "1. 2026-11-28 09:00 UTC", 0},
	} {
		var card map[string]any
		raw := Card(chat.Message{Blocks: []chat.Block{x.spans}})
		if err := json.Unmarshal(raw, &card); err != nil {
			t.Fatal(err)
		}
		found := map[string][]string{}
		texts(card["body"], found)
		extra, _ := card["msteams"].(map[string]any)
		entities, _ := extra["entities"].([]any)
		if d := cmp.Diff(x.blocks, found["TextBlock"]); d != "" || strings.Join(found["TextRun"], "") != x.runs || len(entities) != x.mentions {
			t.Errorf("%s: %s\n%v %v %v", name, d, found["TextBlock"], found["TextRun"], entities)
		}
	}
}

// TestNoButtonComesToStandBelowWhatItIsNotAbout: where a list is cut, a drift goes with
// its buttons.
func TestNoButtonComesToStandBelowWhatItIsNotAbout(t *testing.T) {
	t.Parallel()
	var list []access.Drift
	for i := range 15 {
		list = append(list, access.Drift{ID: fmt.Sprintf("DRIFT-%08x", i), Missing: true, Sentence: strings.Repeat("名", 230), Acts: []access.DriftAct{access.DriftAdopt, access.DriftRevert, access.DriftSnooze, access.DriftRemove}})
	}
	raw := Card(Words().Spoken(chat.Drifted(list)))
	sound(t, "drift", raw)
	var card struct{ Body []map[string]any }
	if err := json.Unmarshal(raw, &card); err != nil {
		t.Fatal(err)
	}
	rows := 0
	for i, e := range card.Body {
		actions, ok := e["actions"].([]any)
		if !ok {
			continue
		}
		rows++
		id, _ := actions[0].(map[string]any)["data"].(map[string]any)["value"].(string)
		found := map[string][]string{}
		texts(card.Body[i-1], found)
		if id == "" || !strings.Contains(strings.Join(found["TextRun"], ""), id) {
			t.Errorf("the buttons of %s stand below %.100q", id, found)
		}
	}
	if rows == 0 || rows == 15 || !bytes.Contains(raw, []byte("Drift: 15")) || !bytes.Contains(raw, []byte("too long to show here whole")) {
		t.Errorf("%d rows of buttons: %.300s", rows, raw)
	}
}

// TestAHugeMessageKeepsItsButtons, says that it was cut, and fits.
func TestAHugeMessageKeepsItsButtons(t *testing.T) {
	t.Parallel()
	m := chat.Message{}
	for range 200 {
		m.Blocks = append(m.Blocks, chat.Text{{Text: strings.Repeat("字", 900)}})
	}
	m.Blocks = append(m.Blocks, chat.Buttons{{Action: chat.ActionCancel, Value: "REQ-7F3K2Q", Label: "Cancel request"}})
	raw := Card(m)
	sound(t, "huge", raw)
	if !bytes.Contains(raw, []byte("Cancel request")) || !bytes.Contains(raw, []byte("too long to show here whole")) {
		t.Errorf("%.300s", raw)
	}
	// Hundreds of owners: whose mention was cut off is not among the card's mentions.
	many := chat.Message{Blocks: []chat.Block{chat.Text{{Text: "Look at this."}}}}
	for i := range 400 {
		u := hana()
		u.User = fmt.Sprintf("3c1d9a70-0000-4000-8000-%012d", i)
		many.Blocks = append(many.Blocks, chat.Text{{User: u, Text: fmt.Sprint("Owner ", i)}})
	}
	raw = Card(many)
	sound(t, "mentions", raw)
	if !bytes.Contains(raw, []byte("Look at this.")) || !bytes.Contains(raw, []byte("Owner 0")) || bytes.Contains(raw, []byte("Owner 399")) {
		t.Errorf("%d bytes: %.300s", len(raw), raw)
	}
	var board []byte
	for _, n := range []int{0, 9, 700} {
		board = Card(chat.BoardMessage(chattest.BoardOf(n, strings.Repeat("long words ", 40), "why"), true))
		sound(t, fmt.Sprint("board of ", n), board)
	}
	if !bytes.Contains(board, []byte("Go to phase 3")) {
		t.Error("the board lost its step")
	}
}

// TestAFileInACardSaysWhatIsLeftOut: the card holds every piece that the message has,
// however long its names are, so that what is counted as left out is all that is.
func TestAFileInACardSaysWhatIsLeftOut(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]struct{ slug, set string }{
		"short names":   {"a%d", "R"},
		"names":         {"account-%d", "ReadOnlyAccess"},
		"longest names": {"account-%055d", strings.Repeat("P", 32)},
	} {
		var usable []access.Usable
		for i := range 900 {
			usable = append(usable, access.Usable{AccountID: "111122223333", AccountSlug: fmt.Sprintf(x.slug, i), PermissionSet: x.set})
		}
		file := Card(chat.CLIMessage(chat.CLIFile{Usable: usable, Waiting: 9, Place: chattest.Place(), Blocks: (&Client{}).CodeBlocks()}))
		sound(t, "file", file)
		wrote := bytes.Count(file, []byte("[profile "))
		if bytes.Contains(file, []byte("too long to show")) || !bytes.Contains(file, fmt.Appendf(nil, "%d more profiles do not fit", 900-wrote)) || wrote < 50 {
			t.Errorf("%s: %d written: %.300s", name, wrote, file)
		}
		for i := range wrote {
			if !bytes.Contains(file, fmt.Appendf(nil, "[profile "+x.slug+"-%s]", i, x.set)) {
				t.Errorf("%s: profile %d is not among the first %d", name, i, wrote)
			}
		}
		if !bytes.Contains(file, []byte("aws sso login")) || !bytes.Contains(file, fmt.Appendf(nil, "@aws-access cli "+x.slug, wrote)) && !bytes.Contains(file, fmt.Appendf(nil, "/aws-access cli "+x.slug, wrote)) {
			t.Errorf("%s: how the rest is got is not said: %s", name, file[len(file)-1500:])
		}
	}
}
