// Package gitops keeps the config repo: it turns requests into pull requests,
// says on each pull request what its approval still lacks, and walks the
// default branch to find the verified commit, the one that is in force.
//
// # What it trusts
//
// Nothing that a webhook, a commit message, an author field or a branch name
// says. It reads GitHub by numeric ids through [Host], Entra through
// [Directory], and its own records through [State]. Rules, people, teams and
// owners come from the base, in its last valid verified version, never from
// the change that is judged.
//
// # The walk
//
// [Gitops.Look] lists the first parents from the last position to the branch
// head and judges them oldest first. Each must have come from a merged pull
// request of this repository into this branch; commits of one rebase merge are
// judged as one. A commit is
//
//   - put in force, when its content is what was reviewed and its change was
//     approved by the rules (package review);
//   - passed over, when its config is invalid: the last valid verified commit
//     stays in force, and the next valid one is judged with all that came
//     since, the people behind the invalid one counting as its authors;
//   - or the place of a halt: which commit is in force is frozen, until a late
//     approval, [Gitops.Trust], or a later first-parent commit that restores
//     every path the bad one touched.
//
// An open pull request that puts back, on a branch that stands still, what bad
// commits touched is judged by a rehearsal of that walk with its head as the
// next commit: against what is in force, so that the check asks for what the
// walk will. It fails while a path is left.
//
// A commit whose paths were restored is judged no more; the commits from it up
// to the restoring one are judged as if it had not been, and only the
// restoring one is put in force. A read that fails is never a verdict: the
// look ends with an error and is repeated, and when the same commit cannot be
// judged for long that is told as a [Stall]. A tree that GitHub lists only in part
// stays so, and is a halt.
//
// # Open pull requests
//
// On each look every open pull request into the branch is evaluated as if it
// were merged now, and the check run aws-access says what is missing and who
// could give it. One comment on it, edited in place, says what the change means
// for people (package impact): it is found again by a marker bound to the pull
// request, among what the App itself wrote, and written when its content
// changed. A change that is too large to be shown whole is refused, there and at
// the verification. Without a merge queue the check is strict, so a pull request of the
// bot that lies behind is put on the new base: the same grants in one new commit,
// recorded before the branch is moved and signed after. Approvals of the old
// head count no more. What a person pushed to such a branch is left alone, and
// is never put in force.
//
// A request to be linked is such a pull request too, of one entry in people.yaml.
// Who sent it only claims to be somebody: the record and the signed block name
// the person who would be linked as the requester, who so does not approve it,
// and package review refuses it when it does anything else. It is put on a new
// base only while the entry there is what it was, since its text says what it
// replaces.
//
// What the check showed is kept for the head: the teams, the requester's
// manager and the people of the groups that gain. Teams and manager must be the
// same persons at the verification. When more people joined a group than may,
// they are shown anew and older approvals count no more; found after the merge
// it is a halt, which names them and which an approval given after that mends.
// Approvals count from the first time on that the check showed the head as a
// change of this branch. A head that was never shown counts by its approvals,
// unless the pull request was turned to another base after them. What was shown
// of heads before is kept, for a branch that is turned back to one.
//
// What the guards of provisioning will hold after the merge is asked of these
// ([Options].Foretell) and shown too, with the allowance that lets it pass. Nothing is
// decided by it.
//
// # Merging
//
// With merge: auto in force the bot merges what it opened itself, right after
// its check was written as passed: for the exact head, after reading the pull
// request and its reviews once more, and only while the branch's head is in
// force. It then walks the branch again in the same look, so that whatever is
// merged next is judged on top of it. What GitHub refuses is tried again soon,
// a few times, and then shown as what is missing. It merges no draft, nothing
// that was closed and opened again, nothing it has no record of, and nothing
// that a person opened. A merge by the bot is no verdict: the walk judges it
// like any other.
//
// With a merge queue on the branch it puts its own into the queue instead.
// Each temporary branch of the queue is cut into what its pull requests add to
// the branch that the walk verified, and each part is judged as the walk would
// judge it if it were merged now, after the parts before it. The check run on
// the temporary branch succeeds when all pass. It is read from GitHub, like
// everything: the webhook only hints. A pull request that lies behind is left
// as it is then, and rebuilt only when it conflicts.
//
// # What it keeps
//
// The commit in force with its starts and the content of its files, so that a
// restart needs no GitHub; with what is owned, which commit last took of it; the position; the halt; a verdict per commit; a
// record per request's pull request, per check and per comment, what passed
// without an approval in the last day, and the people behind each assignment
// that came into force by an approval, for package audience. Keys and steps are in
// internal/store. Each outside effect is found again before it is repeated:
// the branch by its name, the pull request by its head branch, the check run
// by name on its commit, the comment by its marker.
//
// # What it does not do
//
// It gives nobody access and knows no chat. Provisioning reads
// [Gitops.InForce]; requests read [Gitops.PullFacts] and [Gitops.Verdict].
package gitops
