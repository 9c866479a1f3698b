package gitops

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops/review"
)

// phase writes the next phase into aws-access.yaml.
func (p *proposal) phase() error {
	now, to := p.base.repo.Access.Phase, p.request.Want.Phase
	var no *config.Refusal
	switch err := now.Step(to, false); {
	case to == now:
		return &access.Refusal{Message: fmt.Sprintf("The config repo is in %s already.", now), Mend: "There is nothing to change."}
	case errors.As(err, &no):
		return &access.Refusal{Message: capital(no.Reason) + ".", Mend: capital(no.Mend) + "."}
	}
	content, err := config.SetPhase(p.base.content(config.AccessPath), to)
	if err != nil {
		return &access.Refusal{Message: fmt.Sprintf("The phase cannot be written to %s: %v.", config.AccessPath, err), Mend: "Write it there by a pull request of your own."}
	}
	p.put(config.AccessPath, content)
	return nil
}

// stepAhead lists what stands before a phase that a change goes to; nil where it
// goes to none, or back. That AWS cannot be asked is a line of the list.
func (g *Gitops) stepAhead(ctx context.Context, from config.Phase, repo *config.Repo, to config.Phase) *access.Preflight {
	if to == from || from.Loosens(to) || g.opt.Ahead == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, preflightFor)
	defer cancel()
	pre, err := g.opt.Ahead(ctx, repo, to)
	if err != nil {
		g.opt.Log.WarnContext(ctx, "what stands before a phase", "phase", int(to), "error", err)
		// What the config repo shows is known all the same.
		pre = access.Preflight{At: g.opt.Now(), Lines: access.Ahead(repo, to, access.Live{Trouble: "It is asked again with the next look."})}
	}
	return &pre
}

// notYet says what it means that something blocks a phase.
const notYet = "The phase cannot begin like this."

// phaseAhead is the list for an open pull request that goes to another phase.
// repo has the accounts: the head, or where it is not valid the config in force.
func (g *Gitops) phaseAhead(ctx context.Context, from *config.Repo, head *snapshot) []preflighted {
	repo := head.repo
	if repo == nil {
		repo = from
	}
	to, err := config.PhaseIn(head.content(config.AccessPath))
	if err != nil {
		return nil // the problems say what is wrong
	}
	pre := g.stepAhead(ctx, from.Access.Phase, repo, to)
	if pre == nil {
		return nil
	}
	return []preflighted{{of: to.String(), stop: notYet, list: *pre}}
}

// phaseTitle is the title of a phase's pull request.
func phaseTitle(r access.Request) string {
	return fmt.Sprintf("Go to %s (%s)", r.Want.Phase, r.ID)
}

// phaseBody returns what the body of a phase's pull request says.
func phaseBody(p *proposal) string {
	r := p.request
	from, to := p.base.repo.Access.Phase, r.Want.Phase
	var b strings.Builder
	fmt.Fprintf(&b, "The migration is to go from %s to %s. Approve on GitHub; the check `%s` says who may, and what is missing.\n\n", from, to, CheckName)
	b.WriteString("| | |\n|---|---|\n")
	row := func(name, value string) { fmt.Fprintf(&b, "| %s | %s |\n", name, value) }
	row("Request", code(string(r.ID)))
	row("Asked by", code(r.Asker.Name)+" "+code(r.Asker.Email))
	row("Changes", fmt.Sprintf("%s: %s becomes %s", code(config.AccessPath), code(fmt.Sprintf("phase: %d", from)), code(fmt.Sprintf("phase: %d", to))))
	b.WriteString("\n### What holds from then on\n\n")
	for _, rule := range to.Rules() {
		b.WriteString("- " + prose(rule) + "\n")
	}
	b.WriteString("\nGoing back needs `phase_back: true`, written by hand, and the same approvals.\n")
	if p.preflight != nil {
		b.WriteString("\n### What stands before it\n\nAs of " + p.preflight.At.UTC().Format(clockText) + "; the check keeps it up to date.\n\n")
		first := *p.preflight
		first.Lines = first.Lines[:min(len(first.Lines), maxAhead)]
		writePreflight(&b, first, p.spoken)
		if more := len(p.preflight.Lines) - maxAhead; more > 0 {
			fmt.Fprintf(&b, "- and %d more, which the check lists\n", more)
		}
	}
	return b.String()
}

// maxAhead is how many lines of what stands before a phase a body lists: GitHub
// takes no more than 65,536 characters.
const maxAhead = 100

// replayPhase makes the step of a commit again on another base.
func replayPhase(made, base *snapshot) (map[string][]byte, error) {
	to, err := config.PhaseIn(made.content(config.AccessPath))
	if err != nil {
		return nil, err
	}
	if err := base.repo.Access.Phase.Step(to, false); err != nil {
		return nil, err
	}
	content, err := config.SetPhase(base.content(config.AccessPath), to)
	return map[string][]byte{config.AccessPath: content}, err
}

// phaseStands reports whether a repo is in the phase that a request asked for,
// or a later one.
func (g *Gitops) phaseStands(ctx context.Context, rec PullRecord, repo *config.Repo) (bool, error) {
	made, err := g.reader.read(ctx, rec.Head)
	if err != nil {
		return false, err
	}
	to, err := config.PhaseIn(made.content(config.AccessPath))
	if err != nil {
		return false, nil // unreachable: the bot wrote it
	}
	return !to.Loosens(repo.Access.Phase), nil
}

// retoldPhase is retold for a phase; its head need not be valid.
func (g *Gitops) retoldPhase(ctx context.Context, b Block) (head, text string, err error) {
	base, err := g.reader.read(ctx, b.Base)
	if err != nil {
		return "", "", err
	}
	made, err := g.reader.read(ctx, b.Head)
	if err != nil || base.repo == nil {
		return "", "", err
	}
	to, err := config.PhaseIn(made.content(config.AccessPath))
	if err != nil {
		return "", "", nil // unreachable: the bot wrote it
	}
	r := access.Request{ID: b.Request, Kind: access.KindPhase, Want: access.Want{Phase: to}}
	if r.Asker.Person, err = g.askedBy(ctx, b.Requester, base.repo); err != nil {
		return "", "", err
	}
	p := &proposal{request: r, base: base, head: made.repo, preflight: g.stepAhead(ctx, base.repo.Access.Phase, base.repo, to), spoken: g.spokenOf(ctx, r.ID)}
	return title(r), p.body(), nil
}

// takesStep reports whether a record is of a step to another phase.
func (r *PullRecord) takesStep() bool { return r.Kind == review.Phase }
