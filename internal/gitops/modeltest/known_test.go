package modeltest_test

import (
	"strings"
	"testing"
)

// TestKnownHistories plays histories that once went wrong. They have their
// steps written out, so they stay what they are when the generator changes.
func TestKnownHistories(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		ops  []op
	}{
		{
			// Found by seed 77: the model took out one entry, the bot all of them.
			name: "a revocation takes out what was pushed under the request too",
			ops: []op{
				{"request", [5]int{125, 298, 411, 640, 68}},
				{"push", [5]int{55, 604, 788, 189, 9}},
				{"approve-and-merge", [5]int{589, 204, 967, 538, 814}},
				{"revoke", [5]int{768, 320, 720, 577, 221}},
			},
		},
		{
			// Found by seed 1069: to the model such an approval was gone.
			name: "an approval that is dismissed after the merge stays",
			ops: []op{
				{"hand", [5]int{944, 99, 350, 436, 585}},
				{"force", [5]int{126, 994, 51, 481, 957}},
				{"merge-by-rules", [5]int{424, 813, 684, 946, 438}},
				{"request", [5]int{676, 401, 608, 260, 288}},
				{"approve-all", [5]int{237, 626, 35, 438, 195}},
				{"merge", [5]int{239, 573, 733, 2, 12}},
				{"approve", [5]int{437, 355, 497, 878, 783}},
				{"approve", [5]int{716, 57, 740, 822, 123}},
				{"dismiss", [5]int{38, 667, 189, 306, 130}},
			},
		},
		{
			// Found by seed 209: the last check of all counted it less.
			name: "an approval that is dismissed after the merge was given by somebody else",
			ops: []op{
				{"request", [5]int{626, 86, 766, 781, 290}},
				{"approve-and-merge", [5]int{948, 416, 7, 550, 392}},
				{"dismiss", [5]int{642, 709, 772, 270, 705}},
			},
		},
		{
			// Found by seed 1426: to the model he was no member any more.
			name: "who left the group that gains since it was shown approves nothing",
			ops: []op{
				{"direct-push", [5]int{386, 633, 344, 280, 953}},
				{"request", [5]int{70, 920, 683, 442, 701}},
				{"request", [5]int{362, 681, 923, 288, 15}},
				{"member", [5]int{194, 626, 249, 351, 678}},
				{"look", [5]int{968, 151, 354, 641, 431}},
				{"near-miss", [5]int{115, 529, 650, 237, 740}},
				{"near-miss", [5]int{931, 800, 633, 541, 669}},
				{"member", [5]int{470, 737, 341, 465, 411}},
			},
		},
		{
			// Found by seed 884: to the model it was a pull request like any other.
			name: "a request that was seen closed is withdrawn, also when it is opened again",
			ops: []op{
				{"request", [5]int{440, 1, 123, 141, 258}},
				{"close", [5]int{124, 632, 546, 263, 520}},
				{"look", [5]int{403, 278, 246, 77, 567}},
				{"reopen", [5]int{736, 610, 119, 524, 690}},
				{"approve-and-merge", [5]int{857, 765, 955, 337, 467}},
			},
		},
		{
			// Found by seed 1201: the model wanted no verdict to change.
			name: "what follows a trusted commit is judged once more",
			ops: []op{
				{"hand", [5]int{619, 553, 29, 815, 855}},
				{"request", [5]int{694, 892, 239, 313, 242}},
				{"evil-merge", [5]int{323, 650, 490, 54, 91}},
				{"force", [5]int{952, 442, 953, 396, 951}},
				{"near-miss", [5]int{635, 829, 532, 309, 826}},
				{"restore", [5]int{940, 791, 133, 833, 836}},
				{"look", [5]int{315, 569, 959, 839, 153}},
				{"trust", [5]int{990, 117, 999, 47, 307}},
			},
		},
		{
			// Found by seed 409: to the model all of it came into force.
			name: "what was passed over and is gone from what is trusted is undone",
			ops: []op{
				{"hand", [5]int{107, 115, 420, 313, 740}},
				{"force", [5]int{110, 527, 591, 135, 160}},
				{"request", [5]int{696, 775, 57, 836, 62}},
				{"approve-and-merge", [5]int{439, 280, 3, 519, 415}},
				{"approve-and-merge", [5]int{653, 146, 587, 480, 489}},
				{"mend", [5]int{453, 310, 295, 612, 722}},
				{"revoke", [5]int{42, 881, 50, 749, 948}},
				{"restore", [5]int{111, 189, 47, 716, 517}},
				{"approve-and-merge", [5]int{563, 582, 785, 912, 78}},
				{"look", [5]int{347, 872, 755, 613, 251}},
				{"trust", [5]int{512, 47, 451, 870, 5}},
			},
		},
		{
			// Found by seed 116: to the model it was another grant.
			name: "a grant that was passed over is the request's whatever its length is by then",
			ops: []op{
				{"request", [5]int{250, 978, 805, 558, 646}},
				{"hand", [5]int{357, 169, 409, 463, 467}},
				{"fast-forward", [5]int{351, 55, 671, 249, 465}},
				{"near-miss", [5]int{700, 865, 166, 816, 611}},
				{"look", [5]int{452, 126, 915, 719, 457}},
				{"hand", [5]int{233, 412, 302, 409, 687}},
				{"push", [5]int{310, 777, 849, 956, 644}},
				{"hand", [5]int{210, 735, 82, 704, 404}},
				{"evil-merge", [5]int{51, 351, 277, 898, 73}},
				{"evil-merge", [5]int{373, 801, 268, 741, 297}},
				{"trust", [5]int{303, 554, 934, 187, 111}},
			},
		},
		{
			// Found by seed 195: the model took the direct push for a part of the pull request, so that its grant began later.
			name: "a push of a head brings nothing that the base had when the head was made",
			ops: []op{
				{"direct-push", [5]int{118, 836, 324, 303, 690}},
				{"hand", [5]int{173, 290, 194, 808, 65}},
				{"forward", [5]int{86, 739, 469, 694, 827}},
				{"fast-forward", [5]int{870, 463, 880, 99, 843}},
				{"trust", [5]int{351, 760, 12, 686, 289}},
			},
		},
		{
			// Found by seed 1986: the model halted at the last of them.
			name: "each commit of a fork halts by itself",
			ops: []op{
				{"direct-push", [5]int{589, 296, 588, 743, 84}},
				{"fork", [5]int{956, 413, 791, 430, 608}},
				{"forward", [5]int{239, 561, 299, 83, 449}},
				{"merge", [5]int{191, 609, 803, 8, 742}},
			},
		},
		{
			// Found by seed 2135: the model merged by entries, GitHub merges by lines.
			name: "an entry that was moved on one side and taken out on the other comes back, and halts",
			ops: []op{
				{"hand", [5]int{780, 759, 577, 392, 319}},
				{"hand", [5]int{190, 798, 469, 554, 498}},
				{"approve-and-merge", [5]int{880, 569, 584, 941, 35}},
				{"near-miss", [5]int{668, 184, 631, 820, 596}},
			},
		},
		{
			// Found by seed 2296: the model wanted no verdict to change but to verified.
			name: "a request that was passed over and taken back is undone",
			ops: []op{
				{"request", [5]int{482, 102, 677, 742, 680}},
				{"push", [5]int{361, 114, 820, 159, 121}},
				{"merge", [5]int{137, 317, 985, 648, 517}},
				{"look", [5]int{797, 112, 528, 116, 478}},
				{"restore", [5]int{80, 691, 914, 429, 362}},
			},
		},
		{
			// Found by seed 3382: the bot kept no team of a check that asked for no approval, and halted.
			name: "an approval of what puts back counts when the halt ends otherwise",
			ops: []op{
				{"request", [5]int{598, 315, 163, 6, 552}},
				{"merge", [5]int{942, 23, 406, 174, 56}},
				{"revoke", [5]int{722, 460, 450, 31, 348}},
				{"look", [5]int{773, 971, 96, 337, 63}},
				{"mend", [5]int{104, 624, 611, 100, 491}},
				{"approve-and-merge", [5]int{684, 807, 986, 37, 276}},
			},
		},
		{
			// Found by seed 3007: the bot could not take out what was gone.
			name: "a revocation of which some is gone is put on the new base",
			ops: []op{
				{"hand", [5]int{505, 470, 521, 3, 479}},
				{"request", [5]int{492, 421, 217, 655, 529}},
				{"approve-and-merge", [5]int{438, 161, 465, 232, 253}},
				{"hand", [5]int{220, 459, 766, 449, 301}},
				{"near-miss", [5]int{909, 13, 409, 586, 26}},
				{"revoke", [5]int{652, 164, 499, 106, 540}},
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			wrong, trace := run(t, 1, tt.ops, newTally())
			if wrong != "" {
				t.Errorf("%s\n\nafter\n  %s", wrong, strings.Join(trace, "\n  "))
			}
			for _, o := range tt.ops {
				if said := o.String() + ": "; !strings.Contains(strings.Join(trace, "\n"), said) {
					t.Errorf("the step %s was none", o)
				}
			}
		})
	}
}
