package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"aws-access-bot/internal/sandbox/githubemu"
	"aws-access-bot/internal/scenario"

	"github.com/rogpeppe/go-internal/testscript"
)

// verb is a command of the scripts. With not it means the opposite.
type verb func(ts *testscript.TestScript, not bool, args []string) error

// verbs are the words of the scripts. A word that says what is seen waits for
// it; with ! it must not be so now.
//
//	start                        the bot runs and the first commit is trusted
//	serve, shut-down, crash      the bot's process
//	pause, resume                it stands still (SIGSTOP), and goes on
//	trust SHA|SEED|HEAD          an operator names a commit: Ken, with his GitHub token
//	role PERSON ROLE             role in the config repo
//	repository NAME PERSON       another repository, whose administrator is a person
//	app-token                    writes a token of the App's installation to github-token-app.secret
//	edit-state BUCKET KEY OLD NEW  somebody changes a record of the state file past the bot; HEAD and SEED are commits
//	sync                         an operator asks for a full pass
//	set KEY VALUE                changes a line of the settings file
//	as PERSON …                  plays somebody; see as
//	on PLATFORM                  people are played on this chat platform from now on
//	targeted on|off              Teams: whether a message in a channel can be one person's
//	replay KIND HOW STATUS       the last request of a kind comes again, and gets this status
//	entra …, aws …               plays Entra and AWS; see there
//	webhooks drop|deliver        whether GitHub's webhooks arrive
//	merge-queue N                the branch has a merge queue that merges N at least
//	teams TEAM PERSON ROLE       membership of a GitHub team; none takes it away
//	new-team TEAM PERSON…        it is deleted and made again, with these members
//	login LOGIN                  one more GitHub account, which people.yaml does
//	                             not name; as LOGIN plays it on GitHub
//	account …, owner …, handshake …, iam …  plays those who have AWS accounts; see there
//	organization …               changes the organization; see there
//	fault JSON, faults-gone      the next matching request goes wrong; no more do;
//	                             service chat has the ops post and edit
//	pull N                       pull request N is open; sets $REQ and $REQN
//	check N CONCLUSION [RE]      the aws-access check of pull request N
//	comment N RE                 the bot's comment on pull request N
//	root REQ RE                  the request's message in the channel
//	thread REQ RE                a reply in its thread
//	ops RE                       a message in the ops channel
//	told PERSON RE               what only this person was shown
//	assigned ACCOUNT SET WHO     AWS lists the assignment
//	gone ACCOUNT SET WHO         the assignment does not exist
//	permission-set NAME RE       what AWS has of it, as JSON on one line
//	member ACCOUNT OU            the account is in the organization, in that OU
//	logged RE                    the bot's log
//	count SERVICE OP N           how many requests of this kind there were
//	no-writes                    nothing was written to Graph or AWS so far
//	mark NAME                    remembers this moment for the verdicts
//	soon NAME SECONDS            sets $NAME to a time so far from now
//	lay OVER DST                 makes DST of the example config repo and the folder OVER
//	next-second                  waits for it: GitHub's times have whole ones
func verbs(w *world) map[string]func(*testscript.TestScript, bool, []string) {
	out := map[string]func(*testscript.TestScript, bool, []string){}
	for name, v := range map[string]verb{
		"start": plain(w.start), "serve": plain(w.serving), "shut-down": plain(w.stop), "crash": plain(w.crash),
		"edit-state": w.verbEditState, "pause": plain(w.pause), "resume": plain(w.resume),
		"role": w.verbRole, "repository": w.verbRepository, "app-token": w.verbAppToken,
		"trust": w.verbTrust, "sync": w.verbSync, "set": w.verbSet,
		"as": w.verbAs, "on": w.verbOn, "targeted": w.verbTargeted, "replay": w.verbReplay, "entra": w.verbEntra, "aws": w.verbAWS, "webhooks": w.verbWebhooks, "merge-queue": w.verbMergeQueue, "teams": w.verbTeams, "new-team": w.verbNewTeam, "login": w.verbLogin, "fault": w.verbFault, "faults-gone": plain(w.mend),
		"pull": w.verbPull, "check": w.verbCheck, "comment": w.verbComment, "root": w.verbRoot, "thread": w.verbThread, "ops": w.verbOps,
		"told": w.verbTold, "assigned": w.verbAssigned, "gone": w.verbGone, "permission-set": w.verbPermissionSet, "logged": w.verbLogged,
		"count": w.verbCount, "no-writes": w.verbNoWrites, "mark": w.verbMark, "soon": w.verbSoon,
		"account": w.verbAccount, "owner": w.verbOwner, "handshake": w.verbHandshake, "iam": w.verbIAM, "organization": w.verbOrganization, "member": w.verbMember,
		"next-second": plain(nextSecond),
	} {
		out[name] = func(ts *testscript.TestScript, not bool, args []string) {
			if err := v(ts, not, args); err != nil {
				ts.Fatalf("%s: %v", name, err)
			}
		}
	}
	out["lay"] = verbLay
	return out
}

// plain is a verb without arguments and without an opposite.
func plain(f func() error) verb {
	return func(_ *testscript.TestScript, not bool, args []string) error {
		if not || len(args) > 0 {
			return errors.New("takes no arguments and no !")
		}
		return f()
	}
}

// words checks how many arguments a verb has, and that it has no ! where that
// makes no sense.
func words(args []string, least, most int) error {
	if len(args) < least || most >= 0 && len(args) > most {
		return fmt.Errorf("%d arguments; it takes %d to %d", len(args), least, most)
	}
	return nil
}

func (w *world) verbTrust(_ *testscript.TestScript, not bool, args []string) error {
	if err := words(args, 1, 1); err != nil {
		return err
	}
	sha, err := w.commit(args[0])
	if err != nil {
		return err
	}
	err = w.trust(sha)
	if not && err == nil {
		return errors.New("the commit was trusted")
	}
	if not {
		return nil
	}
	return err
}

func (w *world) verbOn(_ *testscript.TestScript, not bool, args []string) error {
	if err := words(args, 1, 1); err != nil || not {
		return errors.New("takes a platform, and no !")
	}
	var err error
	w.chat, err = w.playerOn(args[0])
	return err
}

func (w *world) verbReplay(_ *testscript.TestScript, not bool, args []string) error {
	if err := words(args, 3, 3); err != nil || not {
		return errors.New("takes a kind, how, and a status, and no !")
	}
	want, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	got, err := w.chat.replay(args[0], args[1], "")
	if err == nil && got != want {
		return fmt.Errorf("the status is %d, not %d", got, want)
	}
	return err
}

func (w *world) verbSync(ts *testscript.TestScript, _ bool, args []string) error {
	if err := words(args, 0, 0); err != nil {
		return err
	}
	code, out, err := w.run("sync", "--settings", w.settings())
	ts.Logf("%s", out)
	if code == exitUsage {
		return fmt.Errorf("exit code %d: %s", code, out)
	}
	return err
}

// verbSet changes a top-level line of the settings file.
func (w *world) verbSet(_ *testscript.TestScript, _ bool, args []string) error {
	if err := words(args, 2, 2); err != nil {
		return err
	}
	return w.set(args[0], args[1])
}

// set changes a top-level line of the settings file.
func (w *world) set(key, value string) error {
	text, err := os.ReadFile(w.settings())
	if err != nil {
		return err
	}
	line := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(key) + `:.*$`)
	if !line.Match(text) {
		return fmt.Errorf("no line %s in the settings", key)
	}
	text = line.ReplaceAllLiteral(text, []byte(key+": "+value))
	return os.WriteFile(w.settings(), text, 0o600)
}

func (w *world) verbFault(_ *testscript.TestScript, _ bool, args []string) error {
	if err := words(args, 1, 1); err != nil {
		return err
	}
	return w.fault(args[0])
}

func (w *world) verbWebhooks(_ *testscript.TestScript, _ bool, args []string) error {
	if err := words(args, 1, 1); err != nil {
		return err
	}
	return w.play("github/webhooks", object{"drop": args[0] == "drop"}, nil)
}

func (w *world) verbMergeQueue(_ *testscript.TestScript, _ bool, args []string) error {
	if err := words(args, 1, 1); err != nil {
		return err
	}
	least, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	queue := githubemu.DefaultQueue()
	queue.MinMerge, queue.MinWait = least, 60
	return w.play("github/queue", object{"on": true, "parameters": queue}, nil)
}

func (w *world) verbTeams(_ *testscript.TestScript, _ bool, args []string) error {
	if err := words(args, 3, 3); err != nil {
		return err
	}
	role := args[2]
	if role == "none" {
		role = ""
	}
	return w.play("github/teams/"+args[0]+"/members", object{"person": args[1], "role": role}, nil)
}

func (w *world) verbPull(ts *testscript.TestScript, _ bool, args []string) error {
	if err := words(args, 1, 1); err != nil {
		return err
	}
	n, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	request, err := w.opened(n)
	if err != nil {
		return err
	}
	ts.Setenv("REQ", request)
	ts.Setenv("REQ"+args[0], request)
	return nil
}

func (w *world) verbCheck(_ *testscript.TestScript, _ bool, args []string) error {
	if err := words(args, 2, 3); err != nil {
		return err
	}
	n, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	re, err := regexp.Compile(strings.Join(args[2:], ""))
	if err != nil {
		return err
	}
	return w.checked(n, args[1], re)
}

func (w *world) verbComment(_ *testscript.TestScript, not bool, args []string) error {
	if err := words(args, 2, 2); err != nil || not {
		return errors.New("a number and a pattern, and no !")
	}
	n, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	re, err := regexp.Compile(args[1])
	if err != nil {
		return err
	}
	return w.commented(n, re)
}

// heard waits for a message, or with not wants that there is none.
func (w *world) heard(what, pattern string, not bool, fits func(scenario.Said) bool) error {
	re, err := regexp.Compile(w.chat.says(pattern))
	if err != nil {
		return err
	}
	if not {
		return w.silent(what, re, fits)
	}
	return w.saying(what, re, fits)
}

func (w *world) verbRoot(_ *testscript.TestScript, not bool, args []string) error {
	if err := words(args, 2, 2); err != nil {
		return err
	}
	return w.heard("the message of "+args[0], args[1], not, root(args[0]))
}

func (w *world) verbThread(_ *testscript.TestScript, not bool, args []string) error {
	if err := words(args, 2, 2); err != nil {
		return err
	}
	return w.heard("the thread of "+args[0], args[1], not, thread(args[0]))
}

func (w *world) verbOps(_ *testscript.TestScript, not bool, args []string) error {
	if err := words(args, 1, 1); err != nil {
		return err
	}
	return w.heard("the ops channel", args[0], not, ops)
}

// verbTold looks at what a person was shown at once, and then at private
// messages.
func (w *world) verbTold(_ *testscript.TestScript, not bool, args []string) error {
	if err := words(args, 2, 2); err != nil {
		return err
	}
	re, err := regexp.Compile(w.chat.says(args[1]))
	if err != nil {
		return err
	}
	if slices.ContainsFunc(w.seen[args[0]], re.MatchString) {
		if not {
			return fmt.Errorf("%s was told: %q", args[0], w.seen[args[0]])
		}
		return nil
	}
	if err := w.heard(args[0]+"'s private messages", args[1], not, privately(args[0])); err != nil {
		return fmt.Errorf("%w\nand at once %q", err, w.seen[args[0]])
	}
	return nil
}

func (w *world) verbAssigned(_ *testscript.TestScript, not bool, args []string) error {
	if err := words(args, 3, 3); err != nil {
		return err
	}
	a := assignment{args[0], args[1], args[2]}
	if !not {
		return w.assigned(a, true)
	}
	st, err := w.now("aws")
	if err != nil {
		return err
	}
	if there, _ := a.exists(st.AWS); there {
		return fmt.Errorf("%v exists", a)
	}
	return nil
}

func (w *world) verbGone(_ *testscript.TestScript, not bool, args []string) error {
	if err := words(args, 3, 3); err != nil {
		return err
	}
	a := assignment{args[0], args[1], args[2]}
	if !not {
		return w.assigned(a, false)
	}
	st, err := w.now("aws")
	if err != nil {
		return err
	}
	if there, _ := a.exists(st.AWS); !there {
		return fmt.Errorf("%v does not exist", a)
	}
	return nil
}

func (w *world) verbLogged(_ *testscript.TestScript, not bool, args []string) error {
	if err := words(args, 1, 1); err != nil {
		return err
	}
	re, err := regexp.Compile(args[0])
	if err != nil {
		return err
	}
	if not && re.MatchString(w.log.String()) {
		return fmt.Errorf("the log says %q:\n%s", re, w.log)
	}
	if not {
		return nil
	}
	_, err = w.logged(0, re)
	return err
}

func (w *world) verbMark(_ *testscript.TestScript, _ bool, args []string) error {
	if err := words(args, 1, 1); err != nil {
		return err
	}
	w.mark(args[0])
	return nil
}

// nextSecond waits until the clock shows another second.
func nextSecond() error {
	timer := time.NewTimer(time.Until(time.Now().Truncate(time.Second).Add(time.Second)))
	defer timer.Stop()
	<-timer.C
	return nil
}

func (w *world) verbSoon(ts *testscript.TestScript, _ bool, args []string) error {
	if err := words(args, 2, 2); err != nil {
		return err
	}
	n, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	// The end is written in whole seconds.
	at := time.Now().Add(time.Duration(n)*time.Second + time.Second - 1).Truncate(time.Second)
	ts.Setenv(args[0], at.UTC().Format(time.RFC3339))
	return nil
}

// tree reads the files below a folder of the script, by path, with variables
// such as ${REQ} replaced.
func tree(ts *testscript.TestScript, dir string) (map[string]string, error) {
	root := ts.MkAbs(dir)
	files := map[string]string{}
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		files[filepath.ToSlash(rel)] = variable.ReplaceAllStringFunc(string(text), func(v string) string {
			return ts.Getenv(v[2 : len(v)-1])
		})
		return err
	})
	return files, err
}

// variable is one that is replaced in files: ${REQ} and the like.
var variable = regexp.MustCompile(`\$\{\w+\}`)
