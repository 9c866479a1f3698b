package review

import (
	"strings"
	"testing"
	"time"
)

// objected is that somebody requested changes and somebody dismissed that.
func objected(who, by User) ([]Review, []Dismissal) {
	r := Review{ID: 7, User: who, State: Dismissed, Commit: head, At: noon.Add(-time.Hour)}
	return []Review{r}, []Dismissal{{Review: 7, By: by, Was: ChangesRequested, At: noon.Add(-30 * time.Minute)}}
}

// TestADismissedObjectionStands unless it was taken back by who raised it or
// by somebody who could approve the same. The owners of the account are Yuki
// and whoever is in payments-leads.
func TestADismissedObjectionStands(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		by     User
		change func(in *Input)
		says   string // "" when it does not stand
	}{
		{"by who raised it", taro, nil, ""},
		{"by another who may approve", yuki, nil, ""},
		{"by the requester", hana, nil, "hana-dev dismissed the review but asked for this change"},
		{"by the requester who may approve others'", hana, func(in *Input) { in.Teams["payments-leads"] = []int64{1005, 1002} }, "asked for this change"},
		{"by who joined the request", yuki, func(in *Input) { in.Request.Joined = []string{yukiEntra} }, "asked for the same change"},
		{"by who gains", yuki, func(in *Input) { in.Members[devGroup] = []string{yukiEntra} }, "is a member of the group that gains"},
		{"by who pushed", yuki, func(in *Input) { in.Pushers = []User{yuki} }, "pushed to the branch"},
		{"by the author", yuki, func(in *Input) { *in = byHand(*in, yuki) }, "wrote this pull request"},
		{"by who is behind what it takes in", yuki, func(in *Input) { in.Carried = []User{yuki} }, "wrote an earlier commit"},
		{"by somebody who may not approve", mio, nil, "is not among the approvers"},
		{"by somebody unlinked", stranger, nil, "is not linked"},
		{"by a bot", robot, nil, "is a bot"},
		{"by a deleted account", User{Bot: true}, nil, "is a bot"},
		{"by who is disabled", yuki, func(in *Input) { in.Inactive = []string{yukiEntra} }, "is disabled"},
		{"by who is outside", yuki, func(in *Input) { in.Outside = []int64{1001} }, "is not a member of the organization"},
		{"after the merge", yuki, func(in *Input) { in.Dismissals[0].At = noon.Add(time.Second) }, "did so after the merge"},
		{"after the merge by himself", taro, func(in *Input) { in.Dismissals[0].At = noon.Add(time.Second) }, "did so after the merge"},
		{"after the merge, which mends a halt", yuki, func(in *Input) { in.Late, in.Dismissals[0].At = true, noon.Add(time.Second) }, ""},
		{"before the merge, while there is none", yuki, func(in *Input) { in.MergedAt = time.Time{} }, ""},
		{"of an older head", hana, func(in *Input) { in.Reviews[0].Commit = stale }, "asked for this change"},
		{"with a state that GitHub does not name", hana, func(in *Input) { in.Dismissals[0].Was = "" }, "asked for this change"},
	}
	base := exampleTree(t)
	after := base.grant(devFile, devGrant)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := input(t, base, after)
			in.Teams["payments-leads"] = []int64{1005}
			in.Teams["security"] = nil
			in.Reviews, in.Dismissals = objected(taro, tt.by)
			in.Reviews = append(in.Reviews, approved(yuki))
			if tt.change != nil {
				tt.change(&in)
			}
			v := Evaluate(in)
			says := strings.Join(Sentences(v, in.Base, in.Head), " ")
			stood := len(v.Blocks) == 1 && v.Blocks[0].Entra == taroEntra && len(v.Overruled) == 1 && !v.Pass
			if stood != (tt.says != "") || !strings.Contains(says, tt.says) {
				t.Fatalf("blocks %v, overruled %+v, says %q; want %q", v.Blocks, v.Overruled, says, tt.says)
			}
			if stood && !strings.Contains(says, "taro-data requested changes, and that stands") || !stood && !v.Pass {
				t.Errorf("pass %v, says %q", v.Pass, says)
			}
		})
	}
}

// TestWhatADismissedReviewWas decides what it leaves.
func TestWhatADismissedReviewWas(t *testing.T) {
	t.Parallel()
	at := func(id int64, s State, minutes int) Review {
		return Review{ID: id, User: yuki, State: s, Commit: head, At: noon.Add(time.Duration(minutes-60) * time.Minute)}
	}
	gone := func(id int64, was State, by User) Dismissal {
		return Dismissal{Review: id, By: by, Was: was, At: noon.Add(-time.Second)}
	}
	tests := []struct {
		name       string
		reviews    []Review
		dismissals []Dismissal
		pass       bool
		blocks     int
		undecided  bool
	}{
		{"a dismissed approval is none, though she did it", []Review{at(1, Dismissed, 1)}, []Dismissal{gone(1, Approved, yuki)}, false, 0, false},
		{"a later approval ends a dismissed objection", []Review{at(1, Dismissed, 1), at(2, Approved, 2)}, []Dismissal{gone(1, ChangesRequested, hana)}, true, 0, false},
		{"an earlier one does not", []Review{at(1, Approved, 1), at(2, Dismissed, 2)}, []Dismissal{gone(2, ChangesRequested, hana)}, false, 1, false},
		{"and does not come back", []Review{at(1, Approved, 1), at(2, Dismissed, 2)}, []Dismissal{gone(2, ChangesRequested, yuki)}, false, 0, false},
		{"a later comment does not", []Review{at(1, Dismissed, 1), at(2, Commented, 2)}, []Dismissal{gone(1, ChangesRequested, hana)}, false, 1, false},
		{"a later objection stands by itself", []Review{at(1, Dismissed, 1), at(2, ChangesRequested, 2)}, []Dismissal{gone(1, ChangesRequested, yuki)}, false, 1, false},
		{"a dismissed comment never said anything", []Review{at(1, ChangesRequested, 1), at(2, Dismissed, 2)}, []Dismissal{gone(2, Commented, hana)}, false, 1, false},
		{"nor took an approval back", []Review{at(1, Approved, 1), at(2, Dismissed, 2)}, []Dismissal{gone(2, Commented, hana)}, true, 0, false},
		{"what is not known cannot be decided", []Review{at(1, Dismissed, 1)}, []Dismissal{gone(9, Approved, yuki)}, false, 0, true},
		{"unless he said more since", []Review{at(1, Dismissed, 1), at(2, Approved, 2)}, nil, true, 0, false},
	}
	base := exampleTree(t)
	after := base.grant(devFile, devGrant)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := input(t, base, after, tt.reviews...)
			in.Dismissals = tt.dismissals
			v := Evaluate(in)
			if v.Pass != tt.pass || len(v.Blocks) != tt.blocks || len(v.Undecided) > 0 != tt.undecided {
				t.Errorf("pass %v, blocks %v, undecided %q; want %v, %d, %v", v.Pass, v.Blocks, v.Undecided, tt.pass, tt.blocks, tt.undecided)
			}
		})
	}
}

// TestOneNeedsObjectionIsNotAnothersToTake: who could approve one of the needs
// that somebody objected to cannot take the objection from the other.
func TestOneNeedsObjectionIsNotAnothersToTake(t *testing.T) {
	t.Parallel()
	base := exampleTree(t).with(t, "accounts/payments-dev.yaml", "owners: [yuki@example.com", "owners: [lena@example.com, yuki@example.com")
	for lines, blocks := range map[string]int{devGrant: 0, devGrant + prodAdmin: 1} {
		in := input(t, base, base.grant(devFile, lines))
		in.Reviews, in.Dismissals = objected(yuki, lena)
		if v := Evaluate(in); len(v.Blocks) != blocks || len(v.Overruled) != blocks || blocks == 1 && v.Overruled[0].Code != NotAllowed {
			t.Errorf("blocks %v, overruled %+v, want %d", v.Blocks, v.Overruled, blocks)
		}
	}
}

// TestUnknownDismissalsOfOthersDoNotMatter, since they may approve nothing.
func TestUnknownDismissalsOfOthersDoNotMatter(t *testing.T) {
	t.Parallel()
	base := exampleTree(t)
	after := base.grant(devFile, devGrant)
	for _, who := range []User{mio, stranger, {ID: 99, Login: "robot", Bot: true}} {
		in := input(t, base, after, approved(yuki), Review{ID: 3, User: who, State: Dismissed, At: noon.Add(-time.Minute)})
		if v := Evaluate(in); !v.Pass {
			t.Errorf("%s: %q", who.Login, Sentences(v, in.Base, in.Head))
		}
	}
}

// TestADismissalAfterTheMerge takes no approval away that the merge had; all
// else that makes one count is asked of it as of any other.
func TestADismissalAfterTheMerge(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(in *Input)
		pass   bool
	}{
		{"after it", nil, true},
		{"in the second of it", func(in *Input) { in.Dismissals[0].At = noon }, false},
		{"before it", func(in *Input) { in.Dismissals[0].At = noon.Add(-time.Second) }, false},
		{"without one", func(in *Input) { in.MergedAt = time.Time{} }, false},
		{"of another commit", func(in *Input) { in.Reviews[0].Commit = stale }, false},
		{"of what was said before the check showed it", func(in *Input) { in.ShownAt = noon.Add(-time.Minute) }, false},
		{"of an approval after it", func(in *Input) { in.Reviews[0].At = noon.Add(time.Millisecond) }, false},
		{"of somebody disabled", func(in *Input) { in.Inactive = []string{yukiEntra} }, false},
		{"of somebody outside", func(in *Input) { in.Outside = []int64{1001} }, false},
		{"of what he objected to before it", func(in *Input) {
			in.Reviews = append(in.Reviews, Review{ID: 8, User: yuki, State: ChangesRequested, Commit: head, At: noon.Add(-time.Minute)})
		}, false},
		{"by others where late opinions count", func(in *Input) { in.Late = true }, true},
		{"by himself where late opinions count", func(in *Input) { in.Late, in.Dismissals[0].By = true, yuki }, false},
		{"of a late approval", func(in *Input) { in.Late, in.Reviews[0].At = true, noon.Add(time.Millisecond) }, false},
		{"by himself where they do not", func(in *Input) { in.Dismissals[0].By = yuki }, true},
	}
	base := exampleTree(t)
	after := base.grant(devFile, devGrant)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := input(t, base, after, Review{ID: 7, User: yuki, State: Dismissed, Commit: head, At: noon.Add(-time.Hour)})
			in.MergedAt = noon
			in.Dismissals = []Dismissal{{Review: 7, By: hana, Was: Approved, At: noon.Add(time.Second)}}
			if tt.change != nil {
				tt.change(&in)
			}
			if v := Evaluate(in); v.Pass != tt.pass {
				t.Errorf("pass %v, says %q", v.Pass, Sentences(v, in.Base, in.Head))
			}
		})
	}
}
