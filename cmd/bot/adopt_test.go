package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"aws-access-bot/config"
	"aws-access-bot/internal/gitops"
)

// listing are operations that list two assignments, and nothing else.
type listing struct {
	operations
	list gitops.Adoptable
}

func (l listing) Adoptable(context.Context, string, string, gitops.Word) (gitops.Adoptable, error) {
	return l.list, nil
}

// TestAnAdoptionIsConfirmedByItsNumber after its list was printed, and by nothing else.
func TestAnAdoptionIsConfirmedByItsNumber(t *testing.T) {
	t.Parallel()
	group := config.Principal{Kind: config.GroupPrincipal, ID: "g"}
	two := gitops.Adoptable{Mark: "m", Note: "One line grants nothing.", List: []gitops.Adoptee{
		{Assignment: config.Assignment{Principal: group, Account: "111122223333", PermissionSet: "Root"}, Account: "pay", Principal: "devs"},
		{Assignment: config.Assignment{Principal: group, Account: "111122224444", PermissionSet: "Root"}, Account: "dev", Principal: "devs"},
	}}
	says := func(answer string, err error) func(context.Context, string) (string, error) {
		return func(_ context.Context, question string) (string, error) {
			if !strings.Contains(question, "these 2") {
				t.Errorf("asks %q", question)
			}
			return answer, err
		}
	}
	for _, tt := range []struct {
		name string
		list gitops.Adoptable
		yes  bool
		ask  func(context.Context, string) (string, error)
		want string // in the error, "" for none
	}{
		{"the number", two, false, says("2", nil), ""},
		{"another number", two, false, says("3", nil), "nothing was changed"},
		{"yes in words", two, false, says("yes", nil), "nothing was changed"},
		{"no answer", two, false, says("", nil), "nothing was changed"},
		{"an interrupt", two, false, says("2", errors.New("interrupted")), "interrupted"},
		{"no terminal", two, false, nil, "--yes"},
		{"--yes", two, true, nil, ""},
		{"nothing to adopt", gitops.Adoptable{Mark: "m"}, false, nil, ""},
	} {
		var out bytes.Buffer
		a := adopting{since: "old", yes: tt.yes}
		seen, err := a.confirm(t.Context(), program{stdout: &out, ask: tt.ask}, listing{list: tt.list}, "new", gitops.Word{})
		if tt.want == "" && (err != nil || seen != gitops.Adoption{Since: "old", Mark: "m"}) {
			t.Errorf("%s: %+v, %v", tt.name, seen, err)
		}
		if tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
		wantCode := exitGood
		if tt.want != "" {
			wantCode = exitFindings
		}
		if code := (program{stderr: io.Discard}).exitCode(t.Context(), err); code != wantCode {
			t.Errorf("%s: exit code %d, want %d", tt.name, code, wantCode)
		}
		if len(tt.list.List) > 0 && (!strings.Contains(out.String(), "pay (111122223333)  Root  devs (group/g)") || !strings.HasPrefix(out.String(), "One line grants nothing.\n\n")) {
			t.Errorf("%s: the list is %q", tt.name, out.String())
		}
	}
}

// TestAdoptingFlagsThatMakeNoSense are wrong use.
func TestAdoptingFlagsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	sha := strings.Repeat("a", 40)
	for _, tt := range []struct {
		a     adopting
		given bool
		bad   bool
	}{
		{adopting{}, false, false},
		{adopting{since: strings.Repeat("b", 40)}, true, false},
		{adopting{yes: true}, false, true},
		{adopting{since: ""}, true, true},
		{adopting{since: "main"}, true, true},
		{adopting{since: sha}, true, true},
	} {
		err := tt.a.check(tt.given, sha)
		if usage := (usageError{}); errors.As(err, &usage) != tt.bad {
			t.Errorf("%+v: %v", tt.a, err)
		}
	}
}

// TestNobodyIsAskedWhereThereIsNoTerminal: what a pipe says is no answer.
func TestNobodyIsAskedWhereThereIsNoTerminal(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = r.Close(), w.Close() }()
	nowhere, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = nowhere.Close() }()
	for _, in := range []*os.File{r, nowhere} {
		if terminalAsk(in, io.Discard) != nil {
			t.Errorf("%s is asked", in.Name())
		}
	}
}
