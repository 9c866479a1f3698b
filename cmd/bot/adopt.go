package main

import (
	"bufio"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"aws-access-bot/internal/gitops"
)

// adopting is what trust takes over of an older commit, as the flags say.
type adopting struct {
	since string
	yes   bool
}

// check refuses flags that make no sense.
func (a adopting) check(given bool, sha string) error {
	switch digits, err := hex.DecodeString(a.since); {
	case !given && a.yes:
		return usageError{errors.New("--yes answers for --adopt-since, which is not given")}
	case !given:
		return nil
	case err != nil || len(digits) != 20:
		return usageError{fmt.Errorf("--adopt-since %q is not the full id of a commit: write its 40 hexadecimal digits, as 'git rev-parse' prints them", a.since)}
	case a.since == sha:
		return usageError{errors.New("--adopt-since names the commit to trust itself, and what that grants is owned anyway: name an older one")}
	}
	return nil
}

// confirm prints what would be adopted, and returns it as seen once it is wanted.
func (a adopting) confirm(ctx context.Context, p program, o operations, sha string, w gitops.Word) (gitops.Adoption, error) {
	list, err := o.Adoptable(ctx, sha, a.since, w)
	if err != nil {
		return gitops.Adoption{}, err
	}
	if _, err := io.WriteString(p.stdout, adoptableText(list, a.since, sha)); err != nil {
		return gitops.Adoption{}, err
	}
	seen := gitops.Adoption{Since: a.since, Mark: list.Mark}
	n := len(list.List)
	switch {
	case a.yes || n == 0:
		return seen, nil
	case p.ask == nil:
		return seen, errors.New("nothing was changed: this is no terminal to ask on; if the list is right, run it again with --yes")
	}
	answer, err := p.ask(ctx, fmt.Sprintf("Adopt these %d, so that they go? Type the number: ", n))
	if err != nil {
		return seen, fmt.Errorf("nothing was changed: %w", err)
	}
	if answer != strconv.Itoa(n) {
		return seen, fmt.Errorf("nothing was changed: the answer was not %d", n)
	}
	return seen, nil
}

// adoptableText lists what would be adopted, by names and ids.
func adoptableText(list gitops.Adoptable, since, sha string) string {
	if len(list.List) == 0 {
		return fmt.Sprintf("%s grants nothing that %s does not: there is nothing to adopt\n", since, sha)
	}
	var b strings.Builder
	if list.Note != "" {
		fmt.Fprintf(&b, "%s\n\n", list.Note)
	}
	fmt.Fprintf(&b, "Granted by %s and not by %s:\n", since, sha)
	for _, x := range list.List {
		fmt.Fprintf(&b, "  %s (%s)  %s  %s (%s)\n", x.Account, x.Assignment.Account, x.Assignment.PermissionSet, x.Principal, x.Assignment.Principal)
	}
	fmt.Fprintf(&b, "%d in all. Adopted, each that is live is taken away as if %s had removed it: within the removal budget,\n"+
		"never a whole account or group, the last way into an account nor what is protected. What a guard holds is told in the\n"+
		"ops channel, with how to allow it, and listed by 'bot sync'. An adoption is not taken back: what is held of it holds up\n"+
		"other removals too, until it is allowed.\n", len(list.List), sha)
	return b.String()
}

// terminalAsk asks on the terminal, nil where there is none to be asked on.
func terminalAsk(in *os.File, out io.Writer) func(context.Context, string) (string, error) {
	if _, ok := terminalWidth(in); !ok {
		return nil
	}
	return func(ctx context.Context, question string) (string, error) {
		if _, err := io.WriteString(out, question); err != nil {
			return "", err
		}
		type answer struct {
			line string
			err  error
		}
		got := make(chan answer, 1)
		// A read from a terminal cannot be called off: after an interrupt it ends
		// with the process, which ends at once.
		go func() {
			line, err := bufio.NewReader(io.LimitReader(in, 256)).ReadString('\n')
			got <- answer{line, err}
		}()
		select {
		case <-ctx.Done():
			return "", context.Cause(ctx)
		case a := <-got:
			if a.err != nil && !errors.Is(a.err, io.EOF) {
				return "", fmt.Errorf("read the answer: %w", a.err)
			}
			return strings.TrimSpace(a.line), nil
		}
	}
}
