package slackemu

import (
	"fmt"
	"strings"
	"testing"
)

// of returns a string of n characters that are more than one byte each.
func of(n int) string { return strings.Repeat("é", n) }

// times returns n items of a JSON array, with %d for the number of each.
func times(n int, item string) string {
	var out []string
	for i := range n {
		out = append(out, strings.ReplaceAll(item, "%d", fmt.Sprint(i)))
	}
	return strings.Join(out, ",")
}

func txt(n int) string { return fmt.Sprintf(`{"type":"plain_text","text":"%s"}`, of(n)) }
func md(n int) string  { return fmt.Sprintf(`{"type":"mrkdwn","text":"%s"}`, of(n)) }

const (
	anOption  = `{"text":{"type":"plain_text","text":"o"},"value":"v%d"}`
	anButton  = `{"type":"button","action_id":"b%d","text":{"type":"plain_text","text":"b"}}`
	aGroup    = `{"label":{"type":"plain_text","text":"g"},"options":[` + anOption + `]}`
	aDivider  = `{"type":"divider"}`
	anImage   = `{"type":"image","image_url":"https://example.com/a.png","alt_text":"a"}`
	aSecTexts = `{"type":"mrkdwn","text":"f"}`
)

func actions(el string) string { return `{"type":"actions","elements":[` + el + `]}` }
func input(el string) string {
	return `{"type":"input","label":{"type":"plain_text","text":"l"},"element":` + el + `}`
}
func button(extra string) string {
	return actions(`{"type":"button","text":{"type":"plain_text","text":"b"}` + extra + `}`)
}
func sel(extra string) string { return actions(`{"type":"static_select"` + extra + `}`) }
func confirmed(title, text, yes, no int) string {
	return button(fmt.Sprintf(`,"confirm":{"title":%s,"text":%s,"confirm":%s,"deny":%s}`, txt(title), md(text), txt(yes), txt(no)))
}

// limitCase is a limit: the JSON of a block (or, in views, of a view) with n
// of something.
type limitCase struct {
	name string
	max  int
	make func(n int) string
	want string // what is said of one too many
}

func limits() []limitCase {
	chars := func(n int) string { return fmt.Sprintf("must be less than %d characters", n+1) }
	items := func(n int) string { return fmt.Sprintf("no more than %d items allowed", n) }
	f := func(format string, arg func(int) string) func(int) string {
		return func(n int) string { return fmt.Sprintf(format, arg(n)) }
	}
	rep := func(item string) func(int) string { return func(n int) string { return times(n, item) } }
	return []limitCase{
		{"section text", 3000, f(`{"type":"section","text":%s}`, md), chars(3000)},
		{"section field text", 2000, f(`{"type":"section","fields":[%s]}`, md), chars(2000)},
		{"section fields", 10, f(`{"type":"section","fields":[%s]}`, rep(aSecTexts)), items(10)},
		{"header text", 150, f(`{"type":"header","text":%s}`, txt), chars(150)},
		{"context elements", 10, f(`{"type":"context","elements":[%s]}`, rep(aSecTexts)), items(10)},
		{"actions elements", 25, func(n int) string { return actions(times(n, anButton)) }, items(25)},
		{"button text", 75, func(n int) string { return actions(`{"type":"button","text":` + txt(n) + `}`) }, chars(75)},
		{"button value", 2000, func(n int) string { return button(`,"value":"` + of(n) + `"`) }, chars(2000)},
		{"button url", 3000, func(n int) string { return button(`,"url":"https://e.com/` + strings.Repeat("x", n-14) + `"`) }, chars(3000)},
		{"select options", 100, func(n int) string { return sel(`,"options":[` + times(n, anOption) + `]`) }, items(100)},
		{"option groups", 100, func(n int) string { return sel(`,"option_groups":[` + times(n, aGroup) + `]`) }, items(100)},
		{"options of a group", 100, func(n int) string {
			return sel(`,"option_groups":[{"label":{"type":"plain_text","text":"g"},"options":[` + times(n, anOption) + `]}]`)
		}, items(100)},
		{"option text", 75, func(n int) string { return sel(`,"options":[{"text":` + txt(n) + `,"value":"v"}]`) }, chars(75)},
		{"option value", 75, func(n int) string { return sel(`,"options":[{"text":` + txt(1) + `,"value":"` + of(n) + `"}]`) }, chars(75)},
		{"option description", 75, func(n int) string {
			return sel(`,"options":[{"text":` + txt(1) + `,"value":"v","description":` + txt(n) + `}]`)
		}, chars(75)},
		{"checkboxes", 10, func(n int) string { return actions(`{"type":"checkboxes","options":[` + times(n, anOption) + `]}`) }, items(10)},
		{"radio buttons", 10, func(n int) string { return actions(`{"type":"radio_buttons","options":[` + times(n, anOption) + `]}`) }, items(10)},
		{"overflow options", 5, func(n int) string { return actions(`{"type":"overflow","options":[` + times(n, anOption) + `]}`) }, items(5)},
		{"placeholder", 150, func(n int) string { return sel(`,"options":[` + times(1, anOption) + `],"placeholder":` + txt(n)) }, chars(150)},
		{"input label", 2000, func(n int) string {
			return `{"type":"input","label":` + txt(n) + `,"element":{"type":"plain_text_input"}}`
		}, chars(2000)},
		{"input hint", 2000, func(n int) string {
			return `{"type":"input","label":` + txt(1) + `,"hint":` + txt(n) + `,"element":{"type":"plain_text_input"}}`
		}, chars(2000)},
		{"max_length", 3000, func(n int) string { return input(fmt.Sprintf(`{"type":"plain_text_input","max_length":%d}`, n)) }, "must be less than 3001"},
		{"block_id", 255, func(n int) string { return `{"type":"divider","block_id":"` + of(n) + `"}` }, chars(255)},
		{"action_id", 255, func(n int) string { return button(`,"action_id":"` + of(n) + `"`) }, chars(255)},
		{"confirm title", 100, func(n int) string { return confirmed(n, 1, 1, 1) }, chars(100)},
		{"confirm text", 300, func(n int) string { return confirmed(1, n, 1, 1) }, chars(300)},
		{"confirm button", 30, func(n int) string { return confirmed(1, 1, n, 1) }, chars(30)},
		{"deny button", 30, func(n int) string { return confirmed(1, 1, 1, n) }, chars(30)},
		{"image alt text", 2000, func(n int) string {
			return `{"type":"image","image_url":"https://e.com/a","alt_text":"` + of(n) + `"}`
		}, chars(2000)},
	}
}

func problemsOfBlocks(t *testing.T, blocks string) []string {
	t.Helper()
	v, err := decode("[" + blocks + "]")
	if err != nil {
		t.Fatalf("%v in %s", err, blocks)
	}
	return checkMessageBlocks(v.([]any))
}

func TestBlockLimits(t *testing.T) {
	t.Parallel()
	tests := append(limits(), limitCase{"blocks of a message", 50, func(n int) string { return times(n, aDivider) }, "no more than 50 items allowed"})
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if got := problemsOfBlocks(t, tc.make(tc.max)); got != nil {
				t.Errorf("%d are allowed, got %q", tc.max, got)
			}
			got := problemsOfBlocks(t, tc.make(tc.max+1))
			if len(got) != 1 || !strings.Contains(got[0], tc.want+" [json-pointer:/blocks") {
				t.Errorf("%d: got %q, want %q", tc.max+1, got, tc.want)
			}
		})
	}
}

func TestViewLimits(t *testing.T) {
	t.Parallel()
	modal := func(extra string) string {
		return `{"type":"modal","title":{"type":"plain_text","text":"t"},"blocks":[]` + extra + `}`
	}
	tests := []limitCase{
		{"blocks", 100, func(n int) string {
			return `{"type":"modal","title":{"type":"plain_text","text":"t"},"blocks":[` + times(n, aDivider) + `]}`
		}, "no more than 100 items allowed"},
		{"title", 24, func(n int) string { return `{"type":"modal","blocks":[],"title":` + txt(n) + `}` }, "less than 25"},
		{"submit", 24, func(n int) string { return modal(`,"submit":` + txt(n)) }, "less than 25"},
		{"close", 24, func(n int) string { return modal(`,"close":` + txt(n)) }, "less than 25"},
		{"private_metadata", 3000, func(n int) string { return modal(`,"private_metadata":"` + of(n) + `"`) }, "less than 3001"},
		{"callback_id", 255, func(n int) string { return modal(`,"callback_id":"` + of(n) + `"`) }, "less than 256"},
		{"external_id", 255, func(n int) string { return modal(`,"external_id":"` + of(n) + `"`) }, "less than 256"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if _, err := parseView(tc.make(tc.max), "modal"); err != nil {
				t.Errorf("%d are allowed, got %v", tc.max, err)
			}
			if _, err := parseView(tc.make(tc.max+1), "modal"); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%d: got %v, want %q", tc.max+1, err, tc.want)
			}
		})
	}
}

func TestBlocksThatBreakARule(t *testing.T) {
	t.Parallel()
	opts := `"options":[` + anOption + `]`
	tests := []struct{ name, block, want string }{
		{"unknown block", `{"type":"marquee"}`, "unsupported type: marquee [json-pointer:/blocks/0/type]"},
		{"block without type", `{}`, "missing required field: type [json-pointer:/blocks/0]"},
		{"block that is no object", `"x"`, "must provide an object [json-pointer:/blocks/0]"},
		{"unknown member", `{"type":"divider","text":"x"}`, "invalid additional property: text [json-pointer:/blocks/0]"},
		{"empty section", `{"type":"section"}`, "must define either `text` or `fields` [json-pointer:/blocks/0]"},
		{"empty text", `{"type":"section","text":{"type":"mrkdwn","text":""}}`, "must be more than 0 characters [json-pointer:/blocks/0/text/text]"},
		{"text as a string", `{"type":"section","text":"x"}`, "must provide an object [json-pointer:/blocks/0/text]"},
		{"text without a type", `{"type":"section","text":{"text":"x"}}`, "missing required field: type [json-pointer:/blocks/0/text]"},
		{"header in mrkdwn", `{"type":"header","text":` + md(1) + `}`, "unsupported type: mrkdwn [json-pointer:/blocks/0/text/type]"},
		{"button in mrkdwn", actions(`{"type":"button","text":` + md(1) + `}`), "unsupported type: mrkdwn [json-pointer:/blocks/0/elements/0/text/type]"},
		{"emoji on mrkdwn", `{"type":"section","text":{"type":"mrkdwn","text":"x","emoji":true}}`, "invalid additional property: emoji [json-pointer:/blocks/0/text]"},
		{"button without text", actions(`{"type":"button"}`), "missing required field: text [json-pointer:/blocks/0/elements/0]"},
		{"button of another style", button(`,"style":"loud"`), "must be one of: primary, danger [json-pointer:/blocks/0/elements/0/style]"},
		{"button with a relative link", button(`,"url":"/x"`), "must be a valid URL [json-pointer:/blocks/0/elements/0/url]"},
		{"half a confirmation", button(`,"confirm":{"title":` + txt(1) + `,"text":` + md(1) + `,"confirm":` + txt(1) + `}`),
			"missing required field: deny [json-pointer:/blocks/0/elements/0/confirm]"},
		{"no elements", actions(""), "no fewer than 1 items allowed [json-pointer:/blocks/0/elements]"},
		{"image among actions", actions(anImage), "unsupported type: image [json-pointer:/blocks/0/elements/0/type]"},
		{"button in an input", input(`{"type":"button","text":` + txt(1) + `}`), "unsupported type: button [json-pointer:/blocks/0/element/type]"},
		{"text input among actions", actions(`{"type":"plain_text_input"}`), "unsupported type: plain_text_input [json-pointer:/blocks/0/elements/0/type]"},
		{"button in a context", `{"type":"context","elements":[` + anButton + `]}`, "unsupported type: button [json-pointer:/blocks/0/elements/0/type]"},
		{"input without label", `{"type":"input","element":{"type":"plain_text_input"}}`, "missing required field: label [json-pointer:/blocks/0]"},
		{"select without options", sel(""), "must define either `options` or `option_groups` [json-pointer:/blocks/0/elements/0]"},
		{"select with both", sel("," + opts + `,"option_groups":[` + aGroup + `]`), "must define either `options` or `option_groups` [json-pointer:/blocks/0/elements/0]"},
		{"choice not among the options", sel("," + opts + `,"initial_option":{"text":` + txt(1) + `,"value":"x"}`),
			"must match one of the options [json-pointer:/blocks/0/elements/0/initial_option]"},
		{"choice of null", sel("," + opts + `,"initial_option":null`), "must provide an object [json-pointer:/blocks/0/elements/0/initial_option]"},
		{"option in mrkdwn", sel(`,"options":[{"text":` + md(1) + `,"value":"v"}]`), "unsupported type: mrkdwn [json-pointer:/blocks/0/elements/0/options/0/text/type]"},
		{"option without value", sel(`,"options":[{"text":` + txt(1) + `}]`), "missing required field: value [json-pointer:/blocks/0/elements/0/options/0]"},
		{"link in a select", sel(`,"options":[{"text":` + txt(1) + `,"value":"v","url":"https://e.com"}]`), "invalid additional property: url [json-pointer:/blocks/0/elements/0/options/0]"},
		{"date of no day", actions(`{"type":"datepicker","initial_date":"2026-13-01"}`), "must be a valid date [json-pointer:/blocks/0/elements/0/initial_date]"},
		{"lengths crossed", input(`{"type":"plain_text_input","min_length":5,"max_length":4}`), "must be less than or equal to max_length [json-pointer:/blocks/0/element/min_length]"},
		{"length as text", input(`{"type":"plain_text_input","max_length":"4"}`), "must be an integer [json-pointer:/blocks/0/element/max_length]"},
		{"flag as text", input(`{"type":"plain_text_input","multiline":"yes"}`), "must be a boolean [json-pointer:/blocks/0/element/multiline]"},
		{"image without alt text", `{"type":"image","image_url":"https://e.com/a"}`, "missing required field: alt_text [json-pointer:/blocks/0]"},
		{"image of nothing", `{"type":"image","alt_text":"a"}`, "must define either `image_url` or `slack_file` [json-pointer:/blocks/0]"},
		{"block_id twice", `{"type":"divider","block_id":"a"},{"type":"divider","block_id":"a"}`, "`block_id` \"a\" already exists [json-pointer:/blocks/1/block_id]"},
		{"action_id twice in a block", actions(anButton + "," + anButton), "`action_id` \"b%d\" already exists [json-pointer:/blocks/0/elements]"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got := problemsOfBlocks(t, tc.block)
			if len(got) != 1 || got[0] != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestEveryKnownElementIsAccepted(t *testing.T) {
	t.Parallel()
	opts := `"options":[` + anOption + `]`
	var blocks []string
	for _, el := range []string{
		`{"type":"static_select",` + opts + `,"initial_option":` + anOption + `}`, `{"type":"external_select","min_query_length":0}`,
		`{"type":"users_select","initial_user":"U1"}`, `{"type":"conversations_select","initial_conversation":"C1"}`, `{"type":"channels_select","initial_channel":"C1"}`,
		`{"type":"multi_static_select",` + opts + `,"max_selected_items":1}`, `{"type":"multi_external_select"}`, `{"type":"multi_users_select","initial_users":["U1"]}`,
		`{"type":"checkboxes",` + opts + `,"initial_options":[` + anOption + `]}`, `{"type":"radio_buttons",` + opts + `}`,
		`{"type":"datepicker","initial_date":"2026-12-24"}`, `{"type":"timepicker","initial_time":"09:30"}`, `{"type":"datetimepicker","initial_date_time":1798092000}`,
	} {
		blocks = append(blocks, actions(el), input(el), `{"type":"section","text":`+md(1)+`,"accessory":`+el+`}`)
	}
	blocks = append(blocks, input(`{"type":"email_text_input"}`), input(`{"type":"url_text_input"}`), input(`{"type":"number_input","is_decimal_allowed":false}`),
		anImage, `{"type":"context","elements":[`+anImage+`]}`, `{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[]}]}`,
		// The same action_id in two blocks is allowed.
		actions(anButton), actions(anButton))
	for _, b := range blocks {
		if got := problemsOfBlocks(t, b); got != nil {
			t.Errorf("%s: %q", b, got)
		}
	}
}

func TestModalWithInputsNeedsSubmit(t *testing.T) {
	t.Parallel()
	view := func(kind, extra string) string {
		return `{"type":"` + kind + `","blocks":[` + input(`{"type":"plain_text_input"}`) + `]` + extra + `}`
	}
	title := `,"title":{"type":"plain_text","text":"t"}`
	_, err := parseView(view("modal", title), "modal")
	if err == nil || !strings.Contains(err.Error(), "must define `submit` to use an `input` block in modals [json-pointer:/view/blocks/0/input]") {
		t.Errorf("without submit: %v", err)
	}
	if _, err := parseView(view("modal", title+`,"submit":{"type":"plain_text","text":"s"}`), "modal"); err != nil {
		t.Errorf("with submit: %v", err)
	}
	if _, err := parseView(view("home", ""), "home"); err != nil {
		t.Errorf("in a home tab: %v", err)
	}
}

func FuzzParseView(f *testing.F) {
	for _, c := range limits() {
		f.Add(`{"type":"modal","title":{"type":"plain_text","text":"t"},"blocks":[` + c.make(20) + `]}`)
	}
	f.Add(`{"type":"modal","title":{"type":[1],"text":{}},"blocks":[{"type":{},"elements":[{"type":[]}]}]}`)
	f.Fuzz(func(t *testing.T, raw string) {
		def, err := parseView(raw, "modal")
		if err != nil {
			return
		}
		again, err := parseView(string(encode(def)), "modal")
		if err != nil {
			t.Fatalf("a completed view is not valid: %v\n%s", err, encode(def))
		}
		if string(encode(again)) != string(encode(def)) {
			t.Errorf("completing twice changes the view:\n%s\n%s", encode(def), encode(again))
		}
	})
}
