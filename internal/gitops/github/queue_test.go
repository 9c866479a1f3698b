package github

import (
	"errors"
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/sandbox/githubemu"
)

// TestEnqueue: for one head, and once: what is in the queue already is no
// error. The refs of its groups are found, and no others.
func TestEnqueue(t *testing.T) {
	t.Parallel()
	c, repo, kit := emulated(t, nil)
	if err := repo.SetRole("hana-dev", "write"); err != nil {
		t.Fatal(err)
	}
	queue := githubemu.DefaultQueue()
	queue.MinMerge, queue.MinWait = 5, 300
	if err := repo.SetMergeQueue(&queue); err != nil {
		t.Fatal(err)
	}
	if _, err := repo.Push("hana-dev", githubemu.Push{Branch: "x", Changes: map[string]*githubemu.File{"x": {Content: "x"}}, Message: "x"}); err != nil {
		t.Fatal(err)
	}
	n, err := repo.CreatePull("hana-dev", githubemu.PullSpec{Head: "x", Title: "x"})
	if err != nil {
		t.Fatal(err)
	}
	p, err := c.Pull(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	if p.Mergeable == nil || !*p.Mergeable {
		t.Errorf("mergeable is %v", p.Mergeable)
	}
	other := p
	other.HeadSHA = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
	var no *gitops.RefusedError
	if err := c.Enqueue(t.Context(), other); !errors.As(err, &no) || no.Message == "" {
		t.Errorf("another head: %v", err)
	}
	for range 2 {
		if err := c.Enqueue(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	later := kit.Now().Add(60e9)
	kit.Now = func() time.Time { return later }
	for _, branch := range []string{"gh-readonly-queue/main/other", "gh-readonly-queue/mainly/pr-7-x"} {
		if _, err := repo.Push("hana-dev", githubemu.Push{Branch: branch, Message: "x", IgnoreRules: true}); err != nil {
			t.Fatal(err)
		}
	}
	got, err := c.QueueRefs(t.Context(), "main")
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 || got[0].Number != n || got[0].Head == "" || got[0].Head == p.HeadSHA {
		t.Errorf("refs %+v", got)
	}
}

func TestWhereGraphQLIs(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"https://api.github.com/":         "https://api.github.com/graphql",
		"https://github.example/api/v3/":  "https://github.example/api/graphql",
		"http://127.0.0.1:8080/x/api/v3/": "http://127.0.0.1:8080/x/api/graphql",
		"https://api.acme.ghe.com/":       "https://api.acme.ghe.com/graphql",
	} {
		u, err := url.Parse(in)
		if err != nil {
			t.Fatal(err)
		}
		if got := graphQL(u); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

func TestTheGroupingOfAQueueIsRead(t *testing.T) {
	t.Parallel()
	for params, want := range map[string]bool{`{"grouping_strategy":"HEADGREEN"}`: true, `{"grouping_strategy":"ALLGREEN"}`: false, `[]`: false, ``: false} {
		m := gitops.MergeRules{}
		narrow(&m, wireRule{Type: "merge_queue", Parameters: []byte(params)})
		if diff := cmp.Diff(&gitops.QueueRules{HeadOnly: want}, m.Queue); diff != "" {
			t.Errorf("%s (-want +got):\n%s", params, diff)
		}
	}
}
