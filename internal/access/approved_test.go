package access

import (
	"slices"
	"testing"
)

// open is an open pull request at a head; it passes with approvals when by is
// not nil.
func open(head string, by []string, bot bool) Facts {
	return Facts{Pull: &PullFacts{Ref: PullRef{Number: 7, Head: head}, State: PullOpen, ApprovedBy: by, Passes: by != nil, BotMerges: bot}}
}

// look is one look of a request at its facts, and what is told of it.
type look struct {
	f    Facts
	want []NoticeKind
}

// TestAnApprovalIsToldOncePerHead, and not when nobody needed to approve.
func TestAnApprovalIsToldOncePerHead(t *testing.T) {
	t.Parallel()
	yuki := []string{"yuki-lead"}
	partly := open("a", nil, false)
	partly.Pull.ApprovedBy = yuki // and another one is missing
	merge := func(f Facts) Facts {
		p := *f.Pull
		p.State, p.Passes, p.MergedAt, p.MergedBy, p.Commit = PullMerged, false, at(1), "yuki-lead", "c1"
		return Facts{Pull: &p}
	}
	for name, looks := range map[string][]look{
		"approved":                  {{open("a", nil, false), nil}, {open("a", yuki, false), []NoticeKind{NoticeApproved}}, {open("a", yuki, false), nil}},
		"by one more":               {{open("a", yuki, false), []NoticeKind{NoticeApproved}}, {open("a", []string{"yuki-lead", "mio-sec"}, false), nil}},
		"partly approved":           {{partly, nil}},
		"nobody needed to":          {{open("a", []string{}, true), nil}},
		"lost and given again":      {{open("a", yuki, false), []NoticeKind{NoticeApproved}}, {open("a", nil, false), nil}, {open("a", yuki, false), nil}},
		"given again on a new head": {{open("a", yuki, false), []NoticeKind{NoticeApproved}}, {open("b", yuki, false), []NoticeKind{NoticeApproved}}},
		"found approved and merged": {{open("a", nil, true), nil}, {merge(open("a", yuki, true)), []NoticeKind{NoticeMerged}}},
		"approved, then merged":     {{open("a", yuki, true), []NoticeKind{NoticeApproved}}, {merge(open("a", yuki, true)), []NoticeKind{NoticeMerged}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, known := in(StateProposed), map[string]bool{}
			for i, l := range looks {
				next, notices := Advance(r, l.f, at(i))
				var kinds []NoticeKind
				for _, n := range notices {
					if !known[n.Key] { // the store leaves out what it has
						kinds = append(kinds, n.Kind)
					}
					known[n.Key] = true
				}
				if !slices.Equal(kinds, l.want) {
					t.Errorf("look %d tells %q, want %q", i, kinds, l.want)
				}
				if next.Approved != (l.f.Pull.State == PullOpen && l.f.Pull.Passes) || next.Approved && !slices.Equal(next.ApprovedBy, l.f.Pull.ApprovedBy) {
					t.Errorf("look %d: approved %t by %q", i, next.Approved, next.ApprovedBy)
				}
				again, _ := Advance(next, l.f, at(i))
				if again.Version != next.Version {
					t.Errorf("look %d: a second look changed it", i)
				}
				r = next
			}
		})
	}
}
