package scenario

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/sandbox/emukit"
)

// TestWhatNobodyConfirmedMayBePutBack: once, in time, and only if it is asked.
func TestWhatNobodyConfirmedMayBePutBack(t *testing.T) {
	t.Parallel()
	end := after(time.Hour + time.Minute)
	asked := says(after(time.Hour+3*time.Second), "Can you still get in?\nIt was taken away.\nConfirm by <!date^"+unix(end)+"^{time}|then>, else the bot puts it back.")
	nobody := says(end, "Nobody confirmed that people are still in: what was taken away is put back.")
	back := create(end.Add(time.Second))
	for name, c := range map[string]struct {
		off     bool
		entries []emukit.Entry
		want    []Rule
	}{
		"put back":               {entries: []emukit.Entry{asked, nobody, back}},
		"not asked for at all":   {off: true, entries: []emukit.Entry{asked, nobody, back}, want: []Rule{RuleCreate}},
		"before anybody asked":   {entries: []emukit.Entry{back}, want: []Rule{RuleCreate}},
		"before the time is out": {entries: []emukit.Entry{asked, create(end.Add(-time.Second))}, want: []Rule{RuleCreate}},
		"twice":                  {entries: []emukit.Entry{asked, nobody, back, create(end.Add(2 * time.Second))}, want: []Rule{RuleCreate}},
		"though it is confirmed": {entries: []emukit.Entry{asked, says(after(time.Hour+time.Second), "Yuki confirmed that people are still in. What was taken away stays away."), back}, want: []Rule{RuleCreate}},
		"under another id":       {entries: []emukit.Entry{asked, nobody, operation("CreateAccountAssignment", end.Add(time.Second), "g13", payments, "arn:power")}, want: []Rule{RuleCreate}},
	} {
		ev := good(t)
		ev.insert(len(ev.Journal), c.entries...)
		ev.Settled = 0
		load := ev.Repo
		ev.Repo = func(sha string) (*config.Repo, error) {
			r, err := load(sha)
			if err == nil && !c.off {
				r.Access.Onboarding.ConfirmWithin = 5 * time.Minute
			}
			return r, err
		}
		if got := rules(t, ev); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func unix(at time.Time) string { return strconv.FormatInt(at.Unix(), 10) }
