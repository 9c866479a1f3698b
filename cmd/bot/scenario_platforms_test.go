package main

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// everyPlatform is where a script runs that says nothing else.
func everyPlatform() []string { return []string{"slack", "teams"} }

// both is the run of a script in a company that has both platforms.
const both = "both"

// platformLine is the one line of a script's section chat.
var platformLine = regexp.MustCompile(`^(only slack|only teams|both): (.*\S.*)$`)

// inChat is a line of a script in which somebody says or reads something in chat.
var inChat = regexp.MustCompile(`(?m)^(! )?(as \S+ (/|in |suggest |submit |click )|(told|root|thread|ops|on) )`)

// platformsOf reads where a script runs: everywhere, or on one platform if nobody
// says or reads anything in chat. A script may have a section chat, whose one line
// says where it runs and why:
//
//	only slack: Teams signs who somebody is
//	both: a request from one platform is told of on the other
func platformsOf(archive *txtar.Archive) ([]string, error) {
	i := slices.IndexFunc(archive.Files, func(f txtar.File) bool { return f.Name == "chat" })
	if i < 0 && !inChat.Match(archive.Comment) {
		return everyPlatform()[:1], nil
	}
	if i < 0 {
		return everyPlatform(), nil
	}
	m := platformLine.FindStringSubmatch(strings.TrimSpace(string(archive.Files[i].Data)))
	if m == nil {
		return nil, errors.New("the section chat is not one line such as \"only slack: WHY\" or \"both: WHY\"")
	}
	return []string{strings.TrimPrefix(m[1], "only ")}, nil
}

// TestWhereAScriptRunsNeedsAReason: no script is kept from a platform without a
// word why.
func TestWhereAScriptRunsNeedsAReason(t *testing.T) {
	t.Parallel()
	section := func(text string) *txtar.Archive {
		return &txtar.Archive{Files: []txtar.File{{Name: "chat", Data: []byte(text)}}}
	}
	for text, want := range map[string]string{
		"only slack: it is about Slack's signature\n": "slack",
		"only teams: it is about Teams' token\n":      "teams",
		"both: one asks there, one approves here\n":   both,
		"only slack:\n":             "",
		"only slack: \n":            "",
		"only irc: why not\n":       "",
		"slack: why not\n":          "",
		"only slack: a\nand more\n": "",
		"":                          "",
	} {
		got, err := platformsOf(section(text))
		if want == "" && err == nil || want != "" && fmt.Sprint(got) != fmt.Sprint([]string{want}) {
			t.Errorf("%q: %q, %v; want %q", text, got, err, want)
		}
	}
	for _, line := range []string{
		"as hana /aws-access request", "as hana in general /aws-onboard 1", "as ken click ops:x drift_adopt", "as hana suggest ou / /Root", "as hana submit duration=4h",
		"told hana yes", "! told hana no", "root $REQ 'Live'", "thread $REQ 'is live'", "! ops 'Drift'",
	} {
		if got, err := platformsOf(&txtar.Archive{Comment: []byte("start\n" + line + "\n")}); err != nil || !slices.Equal(got, everyPlatform()) {
			t.Errorf("%s: runs on %q: %v", line, got, err)
		}
	}
	if got, err := platformsOf(&txtar.Archive{Comment: []byte("# told\nstart\nas yuki approve 1\n")}); err != nil || len(got) != 1 {
		t.Errorf("without a word in chat: runs on %q: %v", got, err)
	}
}
