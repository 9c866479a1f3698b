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
func everyPlatform() []string { return []string{"slack"} }

// both is the run of a script in a company that has both platforms.
const both = "both"

// platformLine is the one line of a script's section chat.
var platformLine = regexp.MustCompile(`^(only slack|only teams|both): (.*\S.*)$`)

// platformsOf reads where a script runs: everywhere, unless it has a section
// chat, whose one line says where and why:
//
//	only slack: Teams signs who somebody is
//	both: a request from one platform is told of on the other
func platformsOf(archive *txtar.Archive) ([]string, error) {
	i := slices.IndexFunc(archive.Files, func(f txtar.File) bool { return f.Name == "chat" })
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
	if got, err := platformsOf(&txtar.Archive{}); err != nil || !slices.Equal(got, everyPlatform()) {
		t.Errorf("a script without the section runs on %q: %v", got, err)
	}
}
