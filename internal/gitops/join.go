package gitops

import (
	"context"
	"fmt"
	"strings"
	"time"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops/review"
)

// Join implements [access.Pulls]. The check of the request's pull request is
// written anew with the next look.
func (g *Gitops) Join(ctx context.Context, id access.ID, who access.Person) error {
	if err := g.state.JoinPull(ctx, id, Joined{Entra: who.Entra, Name: who.Name, At: g.opt.Now().UTC()}); err != nil {
		return fmt.Errorf("join %s: %w", id, err)
	}
	rec, known, err := g.state.Pull(ctx, id)
	if err != nil {
		return fmt.Errorf("join %s: %w", id, err)
	}
	if known && rec.Number != 0 {
		g.Hint(rec.Number)
	}
	return nil
}

// The part of a body that says who joined.
const (
	alsoOpen  = "<!-- aws-access-bot:also -->"
	alsoClose = "<!-- aws-access-bot:also-end -->"
)

// resign writes the signed block of a pull request again where it is not what
// the record says: somebody joined, or a person edited the body. The block is
// what remains of the joined askers when the record is lost.
func (g *Gitops) resign(ctx context.Context, p *Pull) error {
	rec, known, err := g.state.PullNumbered(ctx, p.Number)
	if err != nil || !known || p.HeadRepo != g.opt.RepoID || rec.Head == "" || p.HeadSHA != rec.Head {
		return err
	}
	want, err := g.signature(rec)
	if err != nil {
		return err
	}
	if signedBody(p.Body, want) == unix(p.Body) {
		return nil
	}
	return g.sign(ctx, p, rec)
}

// unix returns text with the line ends that the bot writes; GitHub's editor
// writes others.
func unix(s string) string { return strings.ReplaceAll(s, "\r", "") }

// signature is how the body of a pull request ends: who joined, and the signed
// block.
func (g *Gitops) signature(rec PullRecord) (string, error) {
	signed, err := g.block(rec).Sign(g.opt.SigningKey)
	if err != nil {
		return "", err
	}
	return also(rec.Joined) + signed + "\n", nil
}

// sign puts who joined and a new signed block at the end of the body of a pull
// request.
func (g *Gitops) sign(ctx context.Context, p *Pull, rec PullRecord) error {
	end, err := g.signature(rec)
	if err != nil {
		return err
	}
	p.Body = signedBody(p.Body, end)
	if err := g.host.EditBody(ctx, p.Number, p.Body); err != nil {
		return fmt.Errorf("sign pull request %d: %w", p.Number, err)
	}
	return nil
}

// signedBody returns a body with everything signed taken out and put at its end
// anew.
func signedBody(body, end string) string {
	body = cutSections(cutSections(unix(body), alsoOpen, alsoClose), blockOpen, blockClose)
	return strings.TrimRight(body, "\n") + "\n\n" + end
}

// also says who joined, "" when nobody did.
func also(joined []Joined) string {
	if len(joined) == 0 {
		return ""
	}
	names := make([]string, len(joined))
	for i, j := range joined {
		names[i] = code(j.Name) + " (Entra user " + code(j.Entra) + ")"
	}
	return alsoOpen + "\nAlso asked for by " + strings.Join(names, ", ") + ". Their approval does not count here.\n" + alsoClose + "\n\n"
}

// cutSections takes every part between two marks out of a text, marks
// included; one that does not end goes to the end of the text. A mark that
// comes about by taking a part out is a mark too.
func cutSections(text, from, to string) string {
	for {
		before, rest, ok := strings.Cut(text, from)
		if !ok {
			return text
		}
		_, after, _ := strings.Cut(rest, to)
		text = before + after
	}
}

// joinedLater tells those who joined after the merge from those who had before,
// where the record knows.
func (g *Gitops) joinedLater(ctx context.Context, p *Pull, r *review.Request) error {
	rec, known, err := g.state.PullNumbered(ctx, p.Number)
	if err != nil || !known || !p.Merged() {
		return err
	}
	r.Joined, r.JoinedLater = nil, map[string]time.Time{}
	for _, j := range rec.Joined {
		if j.At.After(p.MergedAt) {
			r.JoinedLater[j.Entra] = j.At
		} else {
			r.Joined = append(r.Joined, j.Entra)
		}
	}
	return nil
}
