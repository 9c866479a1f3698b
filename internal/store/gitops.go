package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops"
)

// Keys of the gitops buckets. "gitops.pulls" has the records of requests'
// pull requests, two indexes to them, and the records of checks and comments;
// "gitops.verdicts" has a verdict per commit id; "gitops.state" has the walk,
// the content of the files of the commit in force, why the config repo cannot be
// read, how the branch is guarded, and which webhooks were not delivered.
const (
	keyPull   = "request/" // request id -> pullRecord
	keyNumber = "number/"  // pull request number -> request id
	keyOpen   = "open/"    // request id -> nothing, those open
	keyClosed = "closed/"  // time, request id -> nothing, those closed unmerged then
	keyCheck  = "check/"   // pull request number -> checkRecord
	keyNote   = "comment/" // pull request number -> commentRecord
	keyJoined = "joined/"  // request id -> []joinedRecord
	keyWalk   = "walk"     // walkRecord
	keyBlob   = "blob/"    // git blob id -> content
)

// Gitops keeps the records of package gitops. It implements [gitops.State].
// Its steps:
//
//	step             durable once it is reported
//	gitops.proposing the commit that a request's change is made on
//	gitops.refused   that a request cannot be proposed
//	gitops.branch    the branch and commit of a request
//	gitops.pull      the pull request of a request
//	gitops.joined    that somebody joined a request
//	gitops.facts     how a pull request stands
//	gitops.check     what the check on a pull request shows
//	gitops.comment   what the comment on a pull request says
//	gitops.inforce   another commit in force, its starts, files, owned assignments and their people, and whose word it is
//	gitops.passed    that a commit was passed over
//	gitops.halt      that the walk stands still, with what is told of it, or goes on
//	gitops.people    who joined a group after the approval of an assignment
//	gitops.blind     why the config repo cannot be read, with what is told of it, or that it can again
//	gitops.stalled   which commit cannot be judged, with what is told of it, or that none is stuck
//	gitops.guard     how GitHub guards the branch, as read last
//	gitops.deliveries which webhooks were not delivered, as read last
type Gitops struct {
	db DB
}

var _ gitops.State = (*Gitops)(nil)

// NewGitops returns the records of gitops on a DB.
func NewGitops(db DB) *Gitops { return &Gitops{db} }

// Walk implements [gitops.State].
func (g *Gitops) Walk(ctx context.Context) (gitops.Walk, error) {
	var w gitops.Walk
	err := g.db.View(ctx, func(tx Tx) error {
		r, _, err := getJSON[walkRecord](tx, bucketGitopsState, keyWalk)
		w = r.domain()
		return err
	})
	return w, err
}

// Advance implements [gitops.State].
func (g *Gitops) Advance(ctx context.Context, a gitops.Advance) error {
	step := gitops.StepPassed
	if a.InForce != nil {
		step = gitops.StepInForce
	}
	return g.db.Update(ctx, string(step), func(tx Tx) error {
		r, _, err := getJSON[walkRecord](tx, bucketGitopsState, keyWalk)
		if err != nil {
			return err
		}
		w := r.domain()
		if w.Position != a.From {
			return fmt.Errorf("advance from %q: the walk is at %q: %w", a.From, w.Position, access.ErrConflict)
		}
		w.Position, w.Halt = a.To, nil
		w.Passed, w.Carried, w.CarriedEntra, w.Auto = a.Passed, a.Carried, a.CarriedEntra, a.Auto
		if a.InForce != nil {
			if err := putInForce(tx, a); err != nil {
				return err
			}
			w.InForce = *a.InForce
		}
		for _, v := range a.Verdicts {
			if err := putJSON(tx, bucketGitopsVerdicts, v.Commit, newVerdictRecord(v)); err != nil {
				return err
			}
		}
		if err := putJSON(tx, bucketGitopsState, keyWalk, newWalkRecord(w)); err != nil {
			return err
		}
		return putWord(tx, a)
	})
}

// putWord stores what is audited of an advance and told of it.
func putWord(tx Tx, a gitops.Advance) error {
	if e := a.Audit; e != nil {
		event := Event{At: e.At, Actor: e.Actor, Action: "commit.trusted", Target: e.Target, Cause: e.Cause, Result: e.Result}
		if _, err := AppendAudit(tx, event); err != nil {
			return err
		}
	}
	return putTold(tx, a.Tell)
}

// putInForce stores the files of a commit, drops those of the one before, and
// marks what it desires as owned.
func putInForce(tx Tx, a gitops.Advance) error {
	wanted := map[string]bool{}
	for path, sha := range a.InForce.Files {
		if wanted[sha] {
			continue
		}
		wanted[sha] = true
		_, ok, err := tx.Get(bucketGitopsState, keyBlob+sha)
		if err != nil {
			return err
		}
		if ok {
			continue
		}
		data, given := a.Blobs[sha]
		if !given {
			return fmt.Errorf("put %s in force: the content of %s is not given", a.To, path)
		}
		if err := tx.Put(bucketGitopsState, keyBlob+sha, data); err != nil {
			return err
		}
	}
	var old []string
	err := tx.Scan(bucketGitopsState, keyBlob, func(key string, _ []byte) error {
		if !wanted[strings.TrimPrefix(key, keyBlob)] {
			old = append(old, key)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := deleteKeys(tx, bucketGitopsState, old); err != nil {
		return err
	}
	if err := putPeople(tx, a); err != nil {
		return err
	}
	if err := MarkTaken(tx, a.InForce.Commit, a.Taken); err != nil {
		return err
	}
	if err := MarkGiven(tx, a.InForce.Commit, a.Given); err != nil {
		return err
	}
	if err := MarkSets(tx, a.InForce.Commit, a.Sets); err != nil {
		return err
	}
	if err := MarkAdopted(tx, a.InForce.Commit, a.Adopted); err != nil {
		return err
	}
	return MarkOwned(tx, a.InForce.Commit, a.Desired)
}

// PutHalt implements [gitops.State].
func (g *Gitops) PutHalt(ctx context.Context, h *gitops.Halt, tell *access.Notice) error {
	return g.db.Update(ctx, string(gitops.StepHalt), func(tx Tx) error {
		r, _, err := getJSON[walkRecord](tx, bucketGitopsState, keyWalk)
		if err != nil {
			return err
		}
		r.Halt = newHaltRecord(h)
		return errors.Join(putJSON(tx, bucketGitopsState, keyWalk, r), putTold(tx, tell))
	})
}

// CommitVerdict implements [gitops.State].
func (g *Gitops) CommitVerdict(ctx context.Context, commit string) (gitops.Verdict, bool, error) {
	r, ok, err := viewJSON[verdictRecord](ctx, g.db, bucketGitopsVerdicts, commit)
	return r.domain(), ok, err
}

// StoredBlob implements [gitops.State].
func (g *Gitops) StoredBlob(ctx context.Context, sha string) (data []byte, ok bool, err error) {
	err = g.db.View(ctx, func(tx Tx) error {
		data, ok, err = tx.Get(bucketGitopsState, keyBlob+sha)
		return err
	})
	return data, ok, err
}

// Pull implements [gitops.State].
func (g *Gitops) Pull(ctx context.Context, request access.ID) (gitops.PullRecord, bool, error) {
	if request == "" {
		return gitops.PullRecord{}, false, nil
	}
	var r gitops.PullRecord
	var ok bool
	err := g.db.View(ctx, func(tx Tx) (err error) {
		r, ok, err = getPull(tx, request)
		return err
	})
	return r, ok, err
}

// getPull reads a record with those who joined, who are kept apart: they join
// while somebody else is about to save the record.
func getPull(tx Tx, request access.ID) (gitops.PullRecord, bool, error) {
	r, ok, err := getJSON[pullRecord](tx, bucketGitopsPulls, keyPull+string(request))
	if err != nil || !ok {
		return gitops.PullRecord{}, false, err
	}
	joined, _, err := getJSON[[]joinedRecord](tx, bucketGitopsPulls, keyJoined+string(request))
	p := r.domain()
	for _, j := range joined {
		p.Joined = append(p.Joined, gitops.Joined(j))
	}
	return p, true, err
}

// JoinPull implements [gitops.State]. It is no error that there is no record of
// the request yet, nor that somebody has joined it already.
func (g *Gitops) JoinPull(ctx context.Context, request access.ID, who gitops.Joined) error {
	if request == "" || who.Entra == "" {
		return fmt.Errorf("join %q as %q: a request and a person are needed", request, who.Entra)
	}
	return g.db.Update(ctx, string(gitops.StepJoined), func(tx Tx) error {
		joined, _, err := getJSON[[]joinedRecord](tx, bucketGitopsPulls, keyJoined+string(request))
		if err != nil || slices.ContainsFunc(joined, func(j joinedRecord) bool { return j.Entra == who.Entra }) {
			return err
		}
		return putJSON(tx, bucketGitopsPulls, keyJoined+string(request), append(joined, joinedRecord(who)))
	})
}

// PullNumbered implements [gitops.State].
func (g *Gitops) PullNumbered(ctx context.Context, number int) (gitops.PullRecord, bool, error) {
	id, ok, err := viewJSON[string](ctx, g.db, bucketGitopsPulls, keyNumber+strconv.Itoa(number))
	if err != nil || !ok {
		return gitops.PullRecord{}, false, err
	}
	return g.Pull(ctx, access.ID(id))
}

// OpenPullRecords implements [gitops.State].
func (g *Gitops) OpenPullRecords(ctx context.Context) ([]gitops.PullRecord, error) {
	var out []gitops.PullRecord
	err := g.db.View(ctx, func(tx Tx) error {
		return tx.Scan(bucketGitopsPulls, keyOpen, func(key string, _ []byte) error {
			id := strings.TrimPrefix(key, keyOpen)
			r, ok, err := getPull(tx, access.ID(id))
			if err == nil && ok {
				out = append(out, r)
			}
			return err
		})
	})
	return out, err
}

// SavePull implements [gitops.State]. Who joined is left as it is.
func (g *Gitops) SavePull(ctx context.Context, step gitops.Step, r gitops.PullRecord) error {
	if r.Request == "" {
		return errors.New("save the record of a pull request: it has no request")
	}
	id := string(r.Request)
	return g.db.Update(ctx, string(step), func(tx Tx) error {
		if err := putJSON(tx, bucketGitopsPulls, keyPull+id, newPullRecord(r)); err != nil {
			return err
		}
		if err := putClosed(tx, r); err != nil {
			return err
		}
		if r.Number != 0 {
			if err := putJSON(tx, bucketGitopsPulls, keyNumber+strconv.Itoa(r.Number), id); err != nil {
				return err
			}
		}
		if r.State == access.PullOpen && r.Refused == "" {
			return tx.Put(bucketGitopsPulls, keyOpen+id, nil)
		}
		return tx.Delete(bucketGitopsPulls, keyOpen+id)
	})
}

// Check implements [gitops.State].
func (g *Gitops) Check(ctx context.Context, number int) (gitops.CheckRecord, bool, error) {
	r, ok, err := viewJSON[checkRecord](ctx, g.db, bucketGitopsPulls, keyCheck+strconv.Itoa(number))
	return r.domain(), ok, err
}

// SaveCheck implements [gitops.State]. The same record
// again is not written.
func (g *Gitops) SaveCheck(ctx context.Context, r gitops.CheckRecord) error {
	return g.db.Update(ctx, string(gitops.StepCheck), func(tx Tx) error {
		return putJSON(tx, bucketGitopsPulls, keyCheck+strconv.Itoa(r.Number), newCheckRecord(r))
	})
}

// Comment implements [gitops.State].
func (g *Gitops) Comment(ctx context.Context, number int) (gitops.CommentRecord, bool, error) {
	r, ok, err := viewJSON[commentRecord](ctx, g.db, bucketGitopsPulls, keyNote+strconv.Itoa(number))
	return r.domain(), ok, err
}

// SaveComment implements [gitops.State].
func (g *Gitops) SaveComment(ctx context.Context, r gitops.CommentRecord) error {
	return g.db.Update(ctx, string(gitops.StepComment), func(tx Tx) error {
		return putJSON(tx, bucketGitopsPulls, keyNote+strconv.Itoa(r.Number), newCommentRecord(r))
	})
}
