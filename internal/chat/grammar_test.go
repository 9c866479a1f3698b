package chat

import (
	"errors"
	"strings"
	"testing"
	"time"

	"aws-access-bot/config"

	"github.com/google/go-cmp/cmp"
)

var now = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

func tokyo(t testing.TB) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

func TestParse(t *testing.T) {
	t.Parallel()
	hours4 := &config.Term{For: 4 * time.Hour}
	tests := []struct {
		name, line string
		want       Command
	}{
		{"nothing is help", "  ", Command{Verb: "help"}},
		{"form", "request", Command{Verb: "request"}},
		{
			"one line", "request payments-dev PowerUserAccess for aws-payments-dev 4h looking into the refund bug",
			Command{Verb: "request", Request: RequestLine{"payments-dev", "PowerUserAccess", "aws-payments-dev", hours4, "4h", "looking into the refund bug"}},
		},
		{
			"length before group", "request payments-dev PowerUserAccess 4h for aws-payments-dev fix",
			Command{Verb: "request", Request: RequestLine{"payments-dev", "PowerUserAccess", "aws-payments-dev", hours4, "4h", "fix"}},
		},
		{
			"a second length belongs to the reason", "request a B for g 4h 2d of work",
			Command{Verb: "request", Request: RequestLine{"a", "B", "g", hours4, "4h", "2d of work"}},
		},
		{
			"a bare date is the end of that day in the asker's zone", "request a B for g until 2026-12-24 load test",
			Command{Verb: "request", Request: RequestLine{"a", "B", "g", &config.Term{End: time.Date(2026, 12, 24, 15, 0, 0, 0, time.UTC)}, "until 2026-12-24", "load test"}},
		},
		{
			"an exact end", "request a B for g until 2026-12-24T09:00:00Z x",
			Command{Verb: "request", Request: RequestLine{"a", "B", "g", &config.Term{End: time.Date(2026, 12, 24, 9, 0, 0, 0, time.UTC)}, "until 2026-12-24T09:00:00Z", "x"}},
		},
		{"a sign after the length belongs to the reason", "request a B for g 4h -2h would do", Command{Verb: "request", Request: RequestLine{"a", "B", "g", hours4, "4h", "-2h would do"}}},
		{"standing", "request a B for g standing x", Command{Verb: "request", Request: RequestLine{"a", "B", "g", &config.Term{Standing: true}, "standing", "x"}}},
		{"reason may say for", "request a B for g 4h for the audit", Command{Verb: "request", Request: RequestLine{"a", "B", "g", hours4, "4h", "for the audit"}}},
		{"upper case length", "request a B for g 4H x", Command{Verb: "request", Request: RequestLine{"a", "B", "g", hours4, "4h", "x"}}},
		{"upper case verb", "STATUS req-7f3k2q", Command{Verb: "status", ID: "REQ-7F3K2Q"}},
		{"extend", "extend REQ-7F3K2Q 4h", Command{Verb: "extend", ID: "REQ-7F3K2Q", Extend: ExtendLine{Term: *hours4}}},
		{"extend for a reason", "extend REQ-7F3K2Q 4h for the audit", Command{Verb: "extend", ID: "REQ-7F3K2Q", Extend: ExtendLine{Term: *hours4, Reason: "for the audit"}}},
		{
			"extend to a day", "Extend req-7f3k2q until 2026-12-24 load test",
			Command{Verb: "extend", ID: "REQ-7F3K2Q", Extend: ExtendLine{Term: config.Term{End: time.Date(2026, 12, 24, 15, 0, 0, 0, time.UTC)}, Reason: "load test"}},
		},
		{"the board", "phase", Command{Verb: "phase"}},
		{"a phase", "Phase 2", Command{Verb: "phase", Phase: 2}},
		{"a click on the board", ClickText(ActionPhase, "3"), Command{Verb: "phase", Phase: 3}},
		{"drift", "drift", Command{Verb: "drift"}},
		{"sync", "sync", Command{Verb: "sync"}},
		{"drift to be adopted", "drift Adopt drift-0A1B2C3D", Command{Verb: "drift", Drift: DriftLine{Act: "adopt", ID: "DRIFT-0a1b2c3d"}}},
		{"a click on a drift", ClickText("drift_revert", "DRIFT-0a1b2c3d"), Command{Verb: "drift", Drift: DriftLine{Act: "revert", ID: "DRIFT-0a1b2c3d"}}},
		{"a click to extend", ClickText("extend", "REQ-7F3K2Q 4h"), Command{Verb: "extend", ID: "REQ-7F3K2Q", Extend: ExtendLine{Term: *hours4}}},
		{"link", "link you@example.com", Command{Verb: "link", Link: LinkLine{Email: "you@example.com"}}},
		{"link as Slack writes addresses", "Link <mailto:You@example.com|You@example.com>", Command{Verb: "link", Link: LinkLine{Email: "You@example.com"}}},
		{"link as Slack writes them too", "link <mailto:you@example.com>", Command{Verb: "link", Link: LinkLine{Email: "you@example.com"}}},
		{"link github", "link GitHub hana-dev", Command{Verb: "link", Link: LinkLine{GitHub: "hana-dev"}}},
		{"id as people write it", "cancel 7f3k2o", Command{Verb: "cancel", ID: "REQ-7F3K20"}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, err := Parse(tc.line, tokyo(t), now)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tc.want, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func TestParseSaysWhatIsWrongAndWhatToDo(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, line, want string }{
		{"unknown verb has the nearest", "requst x", "Did you mean `request`?"},
		{"verb of a later version", "why hana payments", "not available in this version"},
		{"a phase that is none", "phase 4", "1, 2 or 3"},
		{"no phase", "phase two", "1, 2 or 3"},
		{"two phases", "phase 1 2", "1, 2 or 3"},
		{"for without group", "request a B for", "`for` wants a group"},
		{"past end", "request a B for g until 2020-01-01 x", "has passed"},
		{"an end too far away", "request a B for g until 9999-12-31 x", "more than 3650 days"},
		{"no date", "request a B for g until tomorrow x", "is no date"},
		{"negative length", "request a B for g -4h x", `"-4h" is no length: a length is more than nothing`},
		{"negative length with a minus sign", "request a B for g −4H x", "is no length: a length is more than nothing"},
		{"length with a plus", "request a B +7d for g x", `"+7d" is no length`},
		{"length of nothing", "request a B for g 0h x", `"0h" is no length`},
		{"huge length", "request a B for g 99999999d x", "is no length"},
		{"cancel what", "cancel", "`cancel` takes one request"},
		{"no id", "revoke REQ-12", "is no request"},
		{"extend what", "extend", "`extend` takes a request"},
		{"extend by how much", "extend REQ-7F3K2Q", "How long"},
		{"extend by no length", "extend REQ-7F3K2Q a while", "is no length"},
		{"extend for ever", "extend REQ-7F3K2Q standing", "has an end"},
		{"extend until", "extend REQ-7F3K2Q until", "is no date"},
		{"drift what", "drift adopt", "`drift` takes nothing"},
		{"drift does no such thing", "drift delete DRIFT-0a1b2c3d", "`drift` takes nothing"},
		{"no drift of that name", "drift adopt DRIFT-0", "`drift` takes nothing"},
		{"sync takes nothing", "sync all", "takes nothing after it"},
		{"link whom", "link", "`link` takes your company's e-mail address"},
		{"link a name", "link Hana Sato", "`link` takes"},
		{"link github whom", "link github", "`link` takes"},
		{"too long", strings.Repeat("x", 5000), "too long"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, err := Parse(tc.line, time.UTC, now)
			var usage *UsageError
			if !errors.As(err, &usage) || !strings.Contains(err.Error(), tc.want) || usage.Mend == "" {
				t.Errorf("got %v, want a usage error with %q and a mend", err, tc.want)
			}
		})
	}
}

// FuzzParse: no line crashes the parser; a line it takes loses no word of the
// reason; every refusal says what to do.
func FuzzParse(f *testing.F) {
	f.Add("request payments-dev PowerUserAccess for aws-payments-dev 4h looking")
	f.Add("request a b until 2026-12-24 standing for for for")
	f.Add("status REQ-7F3K2Q")
	f.Add("request a b for g -4h x")
	f.Fuzz(func(t *testing.T, line string) {
		c, err := Parse(line, time.UTC, now)
		var usage *UsageError
		if err != nil {
			if !errors.As(err, &usage) || usage.Message == "" || usage.Mend == "" {
				t.Fatalf("%q: %v", line, err)
			}
			return
		}
		if r := c.Request.Reason; r != "" && !strings.HasSuffix(strings.Join(strings.Fields(line), " "), r) {
			t.Errorf("reason %q is not the end of %q", r, line)
		}
		if term := c.Request.Term; term != nil {
			back, err := ParseTerm(c.Request.TermText, time.UTC, now)
			if err != nil || *back != *term {
				t.Errorf("term %+v was typed as %q, which reads as %+v, %v", term, c.Request.TermText, back, err)
			}
		}
	})
}
