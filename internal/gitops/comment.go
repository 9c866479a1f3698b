package gitops

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops/impact"
)

const (
	// maxComment is how many bytes of a comment are written; GitHub takes
	// 65,536 characters.
	maxComment = 60_000
	// commentEvery and commentBurst bound how often comments are written, so
	// that pull requests and checks have room in GitHub's limits on content:
	// 80 a minute and 500 an hour (rate limits for the REST API).
	commentEvery = 15 * time.Second
	commentBurst = 20
)

func newPace() *rate.Limiter { return rate.NewLimiter(rate.Every(commentEvery), commentBurst) }

// marker begins the bot's comment on a pull request. It is bound to the
// repository and the number, and text from people never holds it: inert breaks
// what would begin a comment in HTML.
func (g *Gitops) marker(number int) string {
	sum := mac(g.opt.SigningKey, fmt.Sprintf("plan %d/%d", g.opt.RepoID, number))
	return "<!-- aws-access-bot:plan:v1 " + base64.RawURLEncoding.EncodeToString(sum) + " -->\n"
}

// marks reports whether a body is that of the comment on a pull request.
// GitHub may have turned the end of the marker's line into another.
func (g *Gitops) marks(body string, number int) bool {
	return strings.HasPrefix(body, strings.TrimSuffix(g.marker(number), "\n"))
}

// plan finds what an examined change means for people. A group or a user that
// cannot be read is said to be so.
func (g *Gitops) plan(ctx context.Context, x *examined, starts config.Starts) {
	in := impact.Input{Base: x.from, Head: x.head, Change: x.change, Starts: starts, Now: g.opt.Now(), Rosters: map[string]impact.Roster{}, Users: map[string]impact.User{}}
	if x.movedOn() {
		in.Force = x.base
	}
	gains := map[string]bool{}
	for _, list := range [][]config.AssignmentChange{x.change.Added, x.change.Lengthened} {
		for _, c := range list {
			gains[c.Assignment.Principal.ID] = true
		}
	}
	for _, id := range impact.Groups(in) {
		in.Rosters[id] = g.roster(ctx, id, gains[id])
	}
	for _, id := range impact.Users(in) {
		in.Users[id] = g.gainer(ctx, id)
	}
	in.Foretold = g.foretell(ctx, in)
	p := impact.Of(in)
	x.plan = &p
}

// foretell asks what the guards will hold, nil where that is not known.
func (g *Gitops) foretell(ctx context.Context, in impact.Input) *access.Foretold {
	if g.opt.Foretell == nil {
		return nil
	}
	f, err := g.opt.Foretell(ctx, impact.Merging(in))
	if err != nil {
		g.opt.Log.WarnContext(ctx, "foretell what the guards hold", "error", err)
		return nil
	}
	return &f
}

// movedOn reports whether the branch has commits that the head has not, and
// what is in force has them: the head's tree is then not what the merge leaves.
// Behind a halt what is in force may be older than the head.
func (x *examined) movedOn() bool { return x.diverged && x.restore == nil && x.walk.Halt == nil }

// gainer reads a user who gains by himself: nobody else would see that he is a
// guest or disabled, as the members of a group are seen.
func (g *Gitops) gainer(ctx context.Context, id string) impact.User {
	found, err := g.dir.User(ctx, id)
	if errors.Is(err, access.ErrNotFound) {
		return impact.User{Gone: true}
	}
	if err != nil {
		g.opt.Log.WarnContext(ctx, "read a user for the plan", "user", id, "error", err)
		return impact.User{Unread: true}
	}
	return impact.User{Entrant: found}
}

func (g *Gitops) roster(ctx context.Context, group string, nested bool) impact.Roster {
	var r impact.Roster
	var err error
	r.Members, err = g.dir.DirectMembers(ctx, group)
	if r.Gone = errors.Is(err, access.ErrNotFound); r.Gone {
		return r
	}
	if err != nil {
		r.Unread = true
		g.opt.Log.WarnContext(ctx, "read members for the plan", "group", group, "error", err)
	}
	if !nested {
		return r
	}
	if r.Nested, err = g.dir.NestedGroups(ctx, group); err != nil {
		r.NestedUnread = true
		g.opt.Log.WarnContext(ctx, "read nested groups for the plan", "group", group, "error", err)
	}
	return r
}

// writeComment brings the comment on a pull request to what the plan says, if
// that changed or if somebody else changed it. One that has no plan gets no new
// comment; what an older head had is withdrawn. It reports whether the comment
// says that now.
func (g *Gitops) writeComment(ctx context.Context, x *examined, rewrite bool) (told bool, err error) {
	rec, known, err := g.state.Comment(ctx, x.pull.Number)
	if err != nil {
		return false, err
	}
	x.comment = rec.URL
	if x.plan == nil && !known {
		return false, nil
	}
	body := g.marker(x.pull.Number) + x.cut(x.commentText(), maxComment)
	sum := sha256.Sum256([]byte(body))
	digest := hex.EncodeToString(sum[:])
	if rec.Digest == digest && !rewrite {
		if stands, err := g.stands(ctx, rec.ID, body); err != nil || stands {
			return stands, err
		}
		g.opt.Log.WarnContext(ctx, "the comment was edited or deleted by somebody else", "pull", x.pull.Number)
	}
	if !g.pace.AllowN(g.opt.Now(), 1) {
		g.opt.Log.InfoContext(ctx, "comment waits for its turn", "pull", x.pull.Number)
		return false, nil // the poll comes back to it
	}
	c, err := g.putComment(ctx, rec, x.pull.Number, body)
	if err != nil {
		return false, fmt.Errorf("write the comment: %w", err)
	}
	x.comment = c.URL
	if err := g.state.SaveComment(ctx, CommentRecord{Number: x.pull.Number, ID: c.ID, URL: c.URL, Digest: digest}); err != nil {
		return false, err
	}
	return g.written(ctx, x, c.ID, body)
}

// stands reads a comment back and reports whether it says what the bot wrote:
// whoever may write to the repository may edit and delete it, and nothing that
// is stored here changes by that. The read is a conditional one.
func (g *Gitops) stands(ctx context.Context, id int64, body string) (bool, error) {
	c, err := g.host.ReadComment(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read the comment back: %w", err)
	}
	return asWritten(c.Body) == asWritten(body), nil
}

// asWritten is the body of a comment without what GitHub may make of its ends.
func asWritten(body string) string {
	return strings.TrimSpace(strings.ReplaceAll(body, "\r\n", "\n"))
}

// written reports whether a comment that was just written counts. Where the plan
// is nowhere else it is read back, so that nothing passes on what nobody can
// read.
func (g *Gitops) written(ctx context.Context, x *examined, id int64, body string) (bool, error) {
	if place, _ := x.planPlace(); place != planInComment {
		return true, nil
	}
	return g.stands(ctx, id, body)
}

// putComment edits the comment that is known, or the one found by its marker
// among the App's own, else makes one.
func (g *Gitops) putComment(ctx context.Context, rec CommentRecord, number int, body string) (Comment, error) {
	if rec.ID != 0 {
		err := g.host.EditComment(ctx, rec.ID, body)
		if !errors.Is(err, ErrNotFound) {
			return Comment{ID: rec.ID, URL: rec.URL}, err
		}
	}
	own, err := g.host.OwnComments(ctx, number)
	if err != nil {
		return Comment{}, err
	}
	for _, c := range own {
		if c.ID != rec.ID && g.marks(c.Body, number) {
			return c, g.host.EditComment(ctx, c.ID, body)
		}
	}
	return g.host.CreateComment(ctx, number, body)
}
