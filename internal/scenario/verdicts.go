package scenario

import (
	"fmt"
	"strconv"
	"strings"
)

// Verdict is what a person says of a commit.
type Verdict struct {
	// Good: it may be in force.
	Good bool
	// From is the mark from which it may; empty: from the merge, or from the
	// push of a commit without a pull request.
	From string
	// Reason says in words why.
	Reason string
}

// Verdicts is the table of a scenario.
type Verdicts struct {
	// Seed is the verdict on the sandbox's first commit.
	Seed Verdict
	// Pulls has the merged pull requests by number, Commits other commits of
	// the default branch by the first line of their message.
	Pulls   map[int]Verdict
	Commits map[string]Verdict
}

// ParseVerdicts reads a table: a line for each thing that came onto the default
// branch. A bad one says why.
//
//	seed: good
//	pull 1: good
//	pull 2: bad, approved by who asked for it
//	pull 3: good from approved, late
//	commit Tidy up: bad, pushed past the rules
//
// The seed is good unless it has a line. A reason has no colon. Lines that begin
// with # are comments.
func ParseVerdicts(text string) (Verdicts, error) {
	v := Verdicts{Seed: Verdict{Good: true}, Pulls: map[int]Verdict{}, Commits: map[string]Verdict{}}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if err := v.add(line); err != nil {
			return Verdicts{}, fmt.Errorf("verdict %q: %w", line, err)
		}
	}
	return v, nil
}

func (v *Verdicts) add(line string) error {
	what, said, ok := cutLast(line, ": ")
	if !ok {
		return fmt.Errorf("want 'what: verdict'")
	}
	one, err := parseVerdict(said)
	if err != nil {
		return err
	}
	kind, name, _ := strings.Cut(what, " ")
	switch kind {
	case "seed":
		v.Seed = one
	case "pull":
		n, err := strconv.Atoi(name)
		if err != nil {
			return fmt.Errorf("number of the pull request: %w", err)
		}
		v.Pulls[n] = one
	case "commit":
		v.Commits[name] = one
	default:
		return fmt.Errorf("want seed, pull or commit, not %q", kind)
	}
	return nil
}

// cutLast cuts around the last separator.
func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

func parseVerdict(said string) (Verdict, error) {
	word, reason, _ := strings.Cut(said, ", ")
	word, from, _ := strings.Cut(word, " from ")
	v := Verdict{Good: word == "good", From: from, Reason: reason}
	switch {
	case word != "good" && word != "bad":
		return v, fmt.Errorf("want good or bad, not %q", word)
	case word == "bad" && (reason == "" || from != ""):
		return v, fmt.Errorf("say 'bad, why', without a mark")
	}
	return v, nil
}
