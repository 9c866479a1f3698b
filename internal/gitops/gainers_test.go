package gitops_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/sandbox/githubemu"
	"aws-access-bot/internal/store"
)

// namedDirectory is a directory that knows some people by name.
type namedDirectory struct {
	*directory
	groups map[string][]access.Entrant
	users  map[string]access.Entrant
	errs   map[string]error
}

func (d *namedDirectory) DirectMembers(ctx context.Context, group string) ([]access.Entrant, error) {
	if list, ok := d.groups[group]; ok {
		return list, nil
	}
	return d.directory.DirectMembers(ctx, group)
}

func (d *namedDirectory) User(ctx context.Context, id string) (access.Entrant, error) {
	if u, ok := d.users[id]; ok {
		return u, nil
	}
	if err := d.errs[id]; err != nil {
		return access.Entrant{}, err
	}
	return d.directory.User(ctx, id)
}

// asks has the bot read people from a directory.
func (w *world) asks(d *namedDirectory) {
	w.t.Helper()
	g, err := gitops.New(w.opt, w.client(), store.NewGitops(w.db), d)
	w.must(err)
	w.Gitops = g
}

// TestWhoGainsByHimselfIsMarked: a user is read as the members of a group are.
func TestWhoGainsByHimselfIsMarked(t *testing.T) {
	t.Parallel()
	const taro, file = person + "25", "users/taro.yaml"
	for name, tc := range map[string]struct {
		dir  namedDirectory
		want []string
	}{
		"a disabled guest": {namedDirectory{users: map[string]access.Entrant{taro: {Person: access.Person{Entra: taro, Name: "Taro"}, UPN: "other@example.com", Guest: true}}},
			[]string{"`Taro` **disabled** **guest**", "**called `other@\u200bexample.com` in Entra, not `taro@\u200bexample.com`**"}},
		"somebody who cannot be read": {namedDirectory{errs: map[string]error{taro: errors.New("no")}}, []string{"**whether a guest or disabled could not be read from Entra**"}},
		"somebody who is not there":   {namedDirectory{errs: map[string]error{taro: access.ErrNotFound}}, []string{"**The user does not exist in Entra.**"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			tc.dir.directory = w.dir
			w.asks(&tc.dir)
			n := w.byHand("hana-dev", "topic", map[string]*githubemu.File{file: w.grantLine(file, "  - account: payments-prod\n    permission_set: ReadOnlyAccess\n    duration: 4h\n    reason: x\n")})
			w.look()
			w.comment(n, tc.want...)
			for _, text := range tc.want {
				if got := w.check(w.head("topic")).Summary; !strings.Contains(got, text) {
					t.Errorf("the check has no %q:\n%s", text, got)
				}
			}
		})
	}
}
