package main

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"aws-access-bot/internal/sandbox"
	"aws-access-bot/internal/sandbox/awsemu"
	"aws-access-bot/internal/sandbox/githubemu"
	"aws-access-bot/internal/scenario"
)

// until waits for a condition on parts of the state. It looks again after
// requests of the bot, and a few times a second without one. found says
// what there was instead, for the failure.
func (w *world) until(what string, parts []string, ok func(*sandbox.State) (done bool, found string)) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var at int64
	found := "nothing read"
	looks := time.NewTicker(lookEvery)
	defer looks.Stop()
	for ; ; <-looks.C {
		if err := w.again(); err != nil {
			return err
		}
		st, err := w.client.State(ctx, parts...)
		if err != nil {
			return fmt.Errorf("waited for %s: %w; there was:\n%s\nthe bot says:\n%s", what, err, found, tail(w.log.String()))
		}
		var done bool
		done, found = ok(&st)
		if done {
			return nil
		}
		entries, err := w.client.Journal(ctx, max(at, st.Journal), 200*time.Millisecond, true)
		if len(entries) > 0 {
			at = entries[len(entries)-1].Seq
		}
		if err != nil || ctx.Err() != nil {
			return fmt.Errorf("waited %v for %s; there is:\n%s\nthe bot says:\n%s", patience, what, found, tail(w.log.String()))
		}
	}
}

// tail is the end of a log.
func tail(s string) string { return s[max(0, len(s)-6000):] }

// now reads parts of the state once.
func (w *world) now(parts ...string) (*sandbox.State, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	st, err := w.client.State(ctx, parts...)
	return &st, err
}

// ready waits until the running bot has put a commit in force.
func (w *world) ready() error {
	_, err := w.logged(0, regexp.MustCompile(`msg="commit trusted"`))
	return err
}

// saying waits until a message that fits says something.
func (w *world) saying(what string, re *regexp.Regexp, fits func(scenario.Said) bool) error {
	return w.until(fmt.Sprintf("%s to say %q", what, re), []string{w.chat.platform()}, func(st *sandbox.State) (bool, string) {
		return says(scenario.Messages(st), re, fits)
	})
}

// silent wants that no message that fits says something now.
func (w *world) silent(what string, re *regexp.Regexp, fits func(scenario.Said) bool) error {
	st, err := w.now(w.chat.platform())
	if err != nil {
		return err
	}
	if yes, all := says(scenario.Messages(st), re, fits); yes {
		return fmt.Errorf("%s says %q:\n%s", what, re, all)
	}
	return nil
}

func says(list []scenario.Said, re *regexp.Regexp, fits func(scenario.Said) bool) (bool, string) {
	var all []string
	for _, m := range list {
		if !fits(m) {
			continue
		}
		if re.MatchString(m.Text) {
			return true, m.Text
		}
		all = append(all, m.Text)
	}
	return false, strings.Join(all, "\n---\n")
}

// root, thread and ops are the places where people are told.
func root(request string) func(scenario.Said) bool {
	return func(m scenario.Said) bool { return m.Key == request }
}

func thread(request string) func(scenario.Said) bool {
	return func(m scenario.Said) bool { return m.Thread == request && request != "" }
}

func ops(m scenario.Said) bool { return m.Channel == opsChannel && m.Private == "" }

// privately are the messages that only one person sees.
func privately(person string) func(scenario.Said) bool {
	return func(m scenario.Said) bool { return m.Private == person }
}

// pullState finds a pull request.
func pullState(st *sandbox.State, number int) (githubemu.PullState, bool) {
	pulls := st.GitHub.Repos[0].Pulls
	i := slices.IndexFunc(pulls, func(p githubemu.PullState) bool { return p.Number == number })
	if i < 0 {
		return githubemu.PullState{}, false
	}
	return pulls[i], true
}

// opened waits for a pull request and returns its request's id, empty for one
// that a person wrote.
func (w *world) opened(number int) (request string, err error) {
	err = w.until(fmt.Sprintf("pull request %d", number), []string{"github"}, func(st *sandbox.State) (bool, string) {
		p, ok := pullState(st, number)
		request, _ = strings.CutPrefix(p.Head, "access/")
		return ok, fmt.Sprintf("%d pull requests", len(st.GitHub.Repos[0].Pulls))
	})
	return request, err
}

// checked waits until the check of a pull request's head has a conclusion and
// says something.
func (w *world) checked(number int, conclusion string, re *regexp.Regexp) error {
	what := fmt.Sprintf("the check of pull request %d to be %s and say %q", number, conclusion, re)
	return w.until(what, []string{"github"}, func(st *sandbox.State) (bool, string) {
		p, ok := pullState(st, number)
		if !ok {
			return false, "no such pull request"
		}
		found := "no check on its head"
		for _, c := range st.GitHub.Repos[0].Checks {
			if c.SHA != p.HeadSHA || c.Name != "aws-access" {
				continue
			}
			text := c.Title + "\n" + c.Summary
			if c.Conclusion == conclusion && re.MatchString(text) {
				return true, ""
			}
			found = c.Conclusion + ": " + text
		}
		return false, found
	})
}

// read waits until an open pull request's head has a check, unless no bot shows
// one, and for the next second after: GitHub's times are whole seconds.
func (w *world) read(number int, bot bool) error {
	var seen time.Time
	return w.until(fmt.Sprintf("a check to read on pull request %d", number), []string{"github"}, func(st *sandbox.State) (bool, string) {
		p, ok := pullState(st, number)
		if !ok {
			return false, "no such pull request"
		}
		shown := p.State != "open" || slices.ContainsFunc(st.GitHub.Repos[0].Checks, func(c githubemu.CheckState) bool {
			return c.SHA == p.HeadSHA && c.Name == "aws-access"
		})
		if !shown && !bot {
			return true, ""
		}
		if shown && seen.IsZero() {
			seen = st.Time
		}
		return shown && st.Time.Unix() > seen.Unix(), "no check on its head"
	})
}

// commented waits until the bot's comment on a pull request says something.
func (w *world) commented(number int, re *regexp.Regexp) error {
	return w.until(fmt.Sprintf("a comment on pull request %d to say %q", number, re), []string{"github"}, func(st *sandbox.State) (bool, string) {
		p, _ := pullState(st, number)
		found := "no comment of the bot"
		for _, c := range p.Comments {
			if strings.HasSuffix(c.By, "[bot]") {
				found = c.Body
			}
		}
		return re.MatchString(found), found
	})
}

// assignment is one of AWS, by names as people know them.
type assignment struct{ account, set, principal string }

// exists reports whether an assignment is in AWS, and whether it is listed.
func (a assignment) exists(st *awsemu.State) (there, listed bool) {
	return slices.ContainsFunc(st.Assignments, a.is(st)), slices.ContainsFunc(st.Listed, a.is(st))
}

func (a assignment) is(st *awsemu.State) func(awsemu.Assignment) bool {
	return func(x awsemu.Assignment) bool {
		account := slices.ContainsFunc(st.Accounts, func(y awsemu.Account) bool {
			return y.ID == x.AccountID && (y.ID == a.account || y.Name == a.account)
		})
		set := slices.ContainsFunc(st.PermissionSets, func(y awsemu.PermissionSetState) bool {
			return y.ARN == x.PermissionSetARN && y.Name == a.set
		})
		principal := slices.ContainsFunc(st.Groups, func(y awsemu.GroupState) bool {
			return y.ID == x.PrincipalID && y.DisplayName == a.principal
		}) || slices.ContainsFunc(st.Users, func(y awsemu.UserState) bool {
			return y.ID == x.PrincipalID && y.UserName == a.principal
		})
		return account && set && principal
	}
}

// assigned waits until AWS lists an assignment, or until it does not exist.
func (w *world) assigned(a assignment, want bool) error {
	return w.until(fmt.Sprintf("assignment %v to be %v", a, want), []string{"aws"}, func(st *sandbox.State) (bool, string) {
		there, listed := a.exists(st.AWS)
		found := fmt.Sprintf("exists: %v, listed: %v", there, listed)
		if want {
			return listed, found
		}
		return !there, found
	})
}
