package main

import (
	"bytes"
	"encoding/json"
	"io"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"aws-access-bot/internal/provision"
)

// fakeTerminal is a terminal as far as a line goes that is rewritten in place:
// it has what stands there by now.
type fakeTerminal struct {
	columns int
	written bytes.Buffer
	// above are the lines that were ended, line is the one with the cursor.
	above  []string
	line   string
	wraps  int
	column int
}

var colours = regexp.MustCompile("\x1b\\[[0-9;]*m")

func (f *fakeTerminal) Write(data []byte) (int, error) {
	f.written.Write(data)
	for rest := colours.ReplaceAllString(string(data), ""); rest != ""; {
		switch {
		case strings.HasPrefix(rest, "\r"):
			f.column, rest = 0, rest[1:]
		case strings.HasPrefix(rest, "\x1b[K"):
			f.line, rest = string([]rune(f.line)[:f.column]), rest[len("\x1b[K"):]
		case strings.HasPrefix(rest, "\n"):
			f.above, f.line, f.column, rest = append(f.above, f.line), "", 0, rest[1:]
		default:
			r, n := utf8.DecodeRuneInString(rest)
			rest = rest[n:]
			line := []rune(f.line)
			f.line = string(append(line[:f.column:f.column], r)) + string(line[min(len(line), f.column+1):])
			if f.column++; f.column == f.columns {
				f.wraps++
			}
		}
	}
	return len(data), nil
}

func (f *fakeTerminal) width(io.Writer) (int, bool) { return f.columns, true }

// steps are the news of a sync.
func steps() []provision.Progress {
	work := func(done, failed, running int) *provision.Work {
		return &provision.Work{Due: 140, Done: done, Failed: failed, Running: running, Waiting: 3, Rate: 1.9, Seconds: 61}
	}
	return []provision.Progress{
		{Stage: provision.StageReading}, {Stage: provision.StageReading, Done: 20, Total: 40}, {Stage: provision.StageLooking, Done: 1, Total: 12},
		{Stage: provision.StageLooking, Done: 12, Total: 12}, {Stage: provision.StageReading, Done: 40, Total: 40},
		{Stage: provision.StageOperating, Done: 34, Total: 140, Work: work(34, 2, 15)}, {Stage: provision.StageOperating, Done: 99, Total: 140, Work: work(99, 0, 15)},
	}
}

// environment answers for some variables.
func environment(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i+1 < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

func TestProgressOnATerminalIsOneLineThatIsRewritten(t *testing.T) {
	t.Parallel()
	term := &fakeTerminal{columns: 200}
	p, shown := program{stderr: term, getenv: environment(), width: term.width}.tells(newPlainLines)
	want := []string{
		"reading what is live in AWS", "reading what is live in AWS: 20 of 40", "looking for 12 groups and users in Identity Center: 1 of 12",
		"looking for 12 groups and users in Identity Center: 12 of 12", "reading what is live in AWS: 40 of 40",
		"AWS: 34 of 140 operations done, 2 failed, 15 under way, 3 waiting for Entra; 1.9 a second, about a minute",
		"AWS: 99 of 140 operations done, 15 under way, 3 waiting for Entra; 1.9 a second, about a minute",
	}
	for i, at := range steps() {
		shown.told(at)
		if term.line != want[i] || len(term.above) > 0 {
			t.Errorf("step %d shows %q below %q, want %q", i, term.line, term.above, want[i])
		}
	}
	// What is said meanwhile has a line of its own, and the progress comes back.
	_, _ = io.WriteString(p.stderr, "level=WARN msg=slow\n")
	shown.told(steps()[1])
	if len(term.above) != 1 || term.above[0] != "level=WARN msg=slow" || term.line != want[1] {
		t.Errorf("%q below %q", term.line, term.above)
	}
	shown.end()
	shown.end()
	if term.line != "" || term.wraps > 0 {
		t.Errorf("%q is left at the end; wrapped %d times", term.line, term.wraps)
	}
	if !strings.Contains(term.written.String(), redText+"2 failed"+plainText) {
		t.Error("what failed has no colour")
	}
}

func TestProgressKeepsToTheWidthOfTheTerminal(t *testing.T) {
	t.Parallel()
	term := &fakeTerminal{columns: 40}
	_, shown := program{stderr: term, getenv: environment(), width: term.width}.tells(newPlainLines)
	for _, columns := range []int{40, 17, 2, 1, 200} {
		term.columns = columns
		for _, at := range steps() {
			shown.told(at)
			if n := utf8.RuneCountInString(term.line); n >= columns {
				t.Errorf("%d columns of %d: %q", n, columns, term.line)
			}
		}
	}
	if term.wraps > 0 {
		t.Errorf("wrapped %d times", term.wraps)
	}
}

func TestNoColourWhereNoneIsWantedAndNoRewritingOnADumbTerminal(t *testing.T) {
	t.Parallel()
	term := &fakeTerminal{columns: 200}
	_, shown := program{stderr: term, getenv: environment("NO_COLOR", "1"), width: term.width}.tells(newPlainLines)
	shown.told(steps()[5])
	if colours.MatchString(term.written.String()) || !strings.Contains(term.line, "2 failed") {
		t.Errorf("%q", term.written.String())
	}
	dumb := &fakeTerminal{columns: 200}
	_, shown = program{stderr: dumb, getenv: environment("TERM", "dumb"), width: dumb.width}.tells(newPlainLines)
	for _, at := range steps() {
		shown.told(at)
	}
	if strings.ContainsAny(dumb.written.String(), "\r\x1b") || len(dumb.above) != 3 {
		t.Errorf("%q", dumb.written.String())
	}
}

func TestProgressElsewhereIsALineForEachStage(t *testing.T) {
	t.Parallel()
	var pipe bytes.Buffer
	none := func(io.Writer) (int, bool) { return 0, false }
	_, shown := program{stderr: &pipe, getenv: environment(), width: none}.tells(newPlainLines)
	for _, at := range append(steps(), steps()...) {
		shown.told(at)
	}
	shown.end()
	const want = "reading what is live in AWS\nlooking for 12 groups and users in Identity Center\n140 operations are due in AWS\n"
	if pipe.String() != want {
		t.Errorf("got %q, want %q", pipe.String(), want)
	}
}

func TestProgressForMachinesIsAnObjectALine(t *testing.T) {
	t.Parallel()
	var pipe bytes.Buffer
	_, shown := program{stderr: &pipe, getenv: environment()}.tells(newJSONLines)
	for _, at := range steps() {
		shown.told(at)
	}
	lines := strings.Split(strings.TrimSpace(pipe.String()), "\n")
	if len(lines) != len(steps()) {
		t.Fatalf("%d lines", len(lines))
	}
	var at struct {
		Stage      string             `json:"stage"`
		Operations map[string]float64 `json:"operations"`
	}
	if err := json.Unmarshal([]byte(lines[5]), &at); err != nil || at.Stage != "operating" || at.Operations["due"] != 140 || at.Operations["failed"] != 2 ||
		at.Operations["rate"] != 1.9 || at.Operations["seconds_left"] != 61 || at.Operations["waiting"] != 3 || at.Operations["done"] != 34 {
		t.Errorf("%s: %v", lines[5], err)
	}
}

// TestAFileIsNoTerminal, nor is what is no file at all.
func TestAFileIsNoTerminal(t *testing.T) {
	t.Parallel()
	if _, ok := terminalWidth(&bytes.Buffer{}); ok {
		t.Error("a buffer is a terminal")
	}
}
