package gitops_test

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/sandbox/emukit"
	"aws-access-bot/internal/sandbox/githubemu"
	"aws-access-bot/internal/store"
)

// crowded is a directory with many people of long names in some groups.
type crowded struct {
	*directory
	people map[string][]access.Entrant
}

func (c *crowded) DirectMembers(ctx context.Context, group string) ([]access.Entrant, error) {
	if list, ok := c.people[group]; ok {
		return list, nil
	}
	return c.directory.DirectMembers(ctx, group)
}

// longPlan opens a pull request whose plan is too long for the check.
func (w *world) longPlan(branch string) int {
	w.t.Helper()
	d := &crowded{directory: w.dir, people: map[string][]access.Entrant{}}
	changes := map[string]*githubemu.File{}
	for g := range 4 {
		id := fmt.Sprintf("0b7e3f4c-0000-4000-8000-0000000000a%d", g)
		changes[fmt.Sprintf("groups/aws-many-%d.yaml", g)] = &githubemu.File{Content: fmt.Sprintf("id: %s\nname: qq-%s\naccess:\n  - {account: payments-prod, permission_set: ReadOnlyAccess, duration: 2h, reason: x}\n", id, strings.Repeat(string(rune('f'+g)), 5))}
		for i := range 50 {
			d.people[id] = append(d.people[id], access.Entrant{Person: access.Person{Entra: fmt.Sprintf("3c1d9a70-0000-4000-8000-0000000%d10%02d", g, i), Name: fmt.Sprintf("Anna %02d %s", i, strings.Repeat("a", 256)), Email: fmt.Sprintf("a%02d@example.com", i)}, Enabled: true})
		}
	}
	g, err := gitops.New(w.opt, w.client(), store.NewGitops(w.db), d)
	w.must(err)
	w.Gitops = g
	return w.byHand("hana-dev", branch, changes)
}

// linkedComment returns the id of the comment that the check says has the plan.
func (w *world) linkedComment(branch string) string {
	w.t.Helper()
	m := regexp.MustCompile(`it is in \[a comment\]\([^)]*issuecomment-(\d+)\)`).FindStringSubmatch(w.check(w.head(branch)).Summary)
	if m == nil {
		w.t.Fatalf("the check links to no comment: %s", w.check(w.head(branch)).Summary)
	}
	return m[1]
}

// TestAPlanThatStandsOnlyInTheCommentIsReadBack: whoever may write to the config
// repo may edit and delete what the bot said, and approvers would read that.
func TestAPlanThatStandsOnlyInTheCommentIsReadBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.longPlan("topic")
	w.look()
	plan, id := w.comment(n, "Anna 00").Body, w.linkedComment("topic")
	w.review("yuki-lead", n, "APPROVE")
	w.look()
	if got := w.check(w.head("topic")).Conclusion; got != "success" {
		t.Fatalf("the check is %s", got)
	}
	lie := func() {
		w.rest("hana-dev", "PATCH", "/issues/comments/"+id, `{"body":"### What this changes\n\nNobody gains anything."}`, 200)
	}
	lie()
	w.look()
	if got := w.comment(n); got.Body != plan || fmt.Sprint(got.ID) != id {
		t.Errorf("after an edit the comment %d, was %s, says: %.80s", got.ID, id, got.Body)
	}
	lie()
	w.kit.Faults.Add(emukit.Fault{Name: "no edit", Op: "PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}", Status: 502})
	if err := w.Look(t.Context()); err == nil {
		t.Error("a comment that cannot be put right is no error")
	}
	if got := w.check(w.head("topic")).Conclusion; got == "success" {
		t.Error("the check passes on a comment that somebody else wrote")
	}
	w.look()
	w.concludes("topic", "success", "")
	w.rest("hana-dev", "DELETE", "/issues/comments/"+id, "", 204)
	w.look()
	if got := w.comment(n); got.Body != plan || fmt.Sprint(got.ID) != w.linkedComment("topic") {
		t.Errorf("after its deletion the check links to %s, the comment %d says: %.80s", w.linkedComment("topic"), got.ID, got.Body)
	}
	w.concludes("topic", "success", "")
}

// TestACommentThatWasEditedOrDeletedIsPutBack also where the check says the same.
func TestACommentThatWasEditedOrDeletedIsPutBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.byHand("hana-dev", "topic", map[string]*githubemu.File{devFile: w.grantLine(devFile, devGrant)})
	w.look()
	first := w.comment(n)
	w.rest("hana-dev", "PATCH", fmt.Sprintf("/issues/comments/%d", first.ID), `{"body":"nothing"}`, 200)
	w.look()
	if got := w.comment(n); got.Body != first.Body || got.ID != first.ID {
		t.Errorf("after an edit: %+v", got)
	}
	w.rest("hana-dev", "DELETE", fmt.Sprintf("/issues/comments/%d", first.ID), "", 204)
	w.look()
	if got := w.comment(n); got.Body != first.Body {
		t.Errorf("after its deletion: %+v", got)
	}
}
