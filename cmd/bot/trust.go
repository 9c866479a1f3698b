package main

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/user"
	"strings"

	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/secret"

	"github.com/spf13/cobra"
)

// tokenVariable is the environment variable with the token of who runs trust.
const tokenVariable = "GITHUB_TOKEN"

// maxToken bounds the file of a token.
const maxToken = 16 << 10

func trustCommand(p program) *cobra.Command {
	var path, tokenFile string
	var adopt adopting
	c := &cobra.Command{
		Use: "trust SHA", Short: "Put a commit in force by your word",
		Long: "Trust names the first commit, or ends a halt. The commit must be the head of the branch or a first parent on the way to\n" +
			"it, and its config valid.\n\n" +
			"You show who you are with a GitHub token of your own, in the file of --github-token-file or in GITHUB_TOKEN; with the\n" +
			"GitHub CLI: GITHUB_TOKEN=$(gh auth token) bot trust SHA. You must have the admin role on the config repo. The token needs\n" +
			"no scope: GitHub is asked once whose it is, and it is not kept. What is recorded, in the audit log and in the ops channel,\n" +
			"is your GitHub account, your line of people.yaml if you have one, your system user, the time, and the commit before.\n\n" +
			"The bot owns what SHA grants, and reports what else is live. With --adopt-since OLD, a valid commit on the first-parent way\n" +
			"to SHA, it also owns what the lines of OLD granted and SHA does not, ended or not, and takes that away under the guards. The\n" +
			"list is printed first; on a terminal you confirm it by its number, elsewhere with --yes.",
		Args: takes(argument{name: "SHA", what: "the full id of the commit"}),
		RunE: func(c *cobra.Command, args []string) error {
			if digits, err := hex.DecodeString(args[0]); err != nil || len(digits) != 20 {
				return usageError{fmt.Errorf("%q is not the full id of a commit: write its 40 hexadecimal digits, as 'git rev-parse' prints them", args[0])}
			}
			if err := adopt.check(c.Flags().Changed("adopt-since"), args[0]); err != nil {
				return err
			}
			set, err := loadSettings(path, p)
			if err != nil {
				return err
			}
			token, err := p.githubToken(tokenFile)
			if err != nil {
				return err
			}
			word := gitops.Word{Token: token, System: operator()}
			return withOperations(c.Context(), set, p, mayCreate, func(o operations) error {
				if adopt.since != "" {
					if word.Adopt, err = adopt.confirm(c.Context(), p, o, args[0], word); err != nil {
						return err
					}
				}
				note, err := o.Trust(c.Context(), args[0], word)
				if err != nil {
					return err
				}
				if note != "" {
					note = "\n" + note + "\n"
				}
				_, err = fmt.Fprintf(p.stdout, "%s is in force\n%s", args[0], note)
				return err
			})
		},
	}
	settingsFlag(c, &path)
	c.Flags().StringVar(&tokenFile, "github-token-file", "", "file with a GitHub token of your own (else: the variable GITHUB_TOKEN)")
	c.Flags().StringVar(&adopt.since, "adopt-since", "", "full id of an older commit: what it granted and SHA does not is taken away")
	c.Flags().BoolVar(&adopt.yes, "yes", false, "adopt without being asked; the list is printed all the same")
	return c
}

// githubToken reads the token of who runs the command. None is wrong use.
func (p program) githubToken(file string) (secret.Value, error) {
	text := p.getenv(tokenVariable)
	if file != "" {
		data, err := readToken(file)
		if err != nil {
			return secret.Value{}, usageError{fmt.Errorf("read the GitHub token: %w", err)}
		}
		text = string(data)
	}
	if text = strings.TrimSpace(text); text == "" {
		return secret.Value{}, usageError{errors.New("a GitHub token of your own is needed, to know who names the commit: set GITHUB_TOKEN or give --github-token-file FILE; `gh auth token` prints one")}
	}
	if strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return secret.Value{}, usageError{errors.New("the GitHub token has characters that no token has: is it the right file?")}
	}
	return secret.New(text), nil
}

func readToken(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, maxToken+1))
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	if len(data) > maxToken {
		return nil, fmt.Errorf("%s is longer than any token", file)
	}
	return data, nil
}

// operator is who runs the command, as the system knows him.
func operator() string {
	u, err := user.Current()
	if err != nil {
		return "a system user who is not known"
	}
	return "system user " + u.Username
}
