package main

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"aws-access-bot/internal/sandbox"
	"aws-access-bot/internal/sandbox/awsemu"

	"github.com/rogpeppe/go-internal/testscript"
)

// verbAs plays a person:
//
//	as P /aws-access …             types a command in #aws-access; where there are
//	                               no slash commands, what does the same
//	as P in CHANNEL /aws-access …  elsewhere
//	as P suggest FIELD TEXT VALUE… types into the open form; the values are offered
//	as P submit FIELD=VALUE…       fills the open form in and submits it
//	as P click REQ ACTION          presses a button of a root message, or of a
//	                               reply (thread:REQ) or in the ops channel (ops:TEXT)
//	as P approve|object|comment N [COMMIT]   reviews pull request N
//	as P dismiss N                 dismisses the newest opinion on it
//	as P merge N [METHOD]          merges it; "past the rules" may follow
//	as P close N, update N         closes it; brings its branch up to date
//	as P push BRANCH DIR MESSAGE [-PATH…]    commits the files below DIR; - is none
//	as P fork-push …, force-in …             to an own fork; past the rules
//	as P open N BRANCH TITLE       opens pull request N by hand
//	as P direct-push DIR MESSAGE [-PATH…]    past the rules, to the default branch
//	as P restore SHA BRANCH        commits what the default branch had at SHA
//	as P force-push SHA            points the default branch at a commit
//	as P delete-branch BRANCH      past the rules
//	as P evil-merge BRANCH DIR MESSAGE       merges it past the rules, with the
//	                               files below DIR in the merge commit
//
// With ! it is refused. A push sets $COMMIT, a merge $MERGED.
func (w *world) verbAs(ts *testscript.TestScript, not bool, args []string) error {
	if err := words(args, 2, -1); err != nil {
		return err
	}
	err := w.act(ts, args[0], args[1], args[2:])
	if !not {
		return err
	}
	if text, ok := refused(err); ok {
		ts.Logf("refused: %s", text)
		return nil
	}
	if err == nil {
		return errors.New("it was not refused")
	}
	return err
}

func (w *world) act(ts *testscript.TestScript, person, what string, args []string) error {
	if strings.HasPrefix(what, "/") {
		return w.command(person, requestsChannel, strings.Join(append([]string{what}, args...), " "))
	}
	if f, ok := w.inChat(person)[what]; ok {
		return f(ts, args)
	}
	if f, ok := w.onGitHub(person)[what]; ok {
		return f(ts, args)
	}
	return fmt.Errorf("nobody can %q", what)
}

// acts are what a person can do, by name.
type acts = map[string]func(ts *testscript.TestScript, args []string) error

func (w *world) inChat(person string) acts {
	out := acts{
		"in": func(_ *testscript.TestScript, args []string) error {
			if err := words(args, 2, -1); err != nil {
				return err
			}
			return w.command(person, args[0], strings.Join(args[1:], " "))
		},
		"suggest": func(_ *testscript.TestScript, args []string) error {
			if err := words(args, 2, -1); err != nil {
				return err
			}
			offered, err := w.chat.suggest(person, args[0], args[1])
			if want := args[2:]; err == nil && strings.Join(offered, " ") != strings.Join(want, " ") {
				return fmt.Errorf("offered are %q, not %q", offered, want)
			}
			return err
		},
		"submit": func(_ *testscript.TestScript, args []string) error {
			values := map[string]string{}
			for _, a := range args {
				name, value, ok := strings.Cut(a, "=")
				if !ok {
					return fmt.Errorf("%q is not FIELD=VALUE", a)
				}
				values[name] = value
			}
			return w.chat.submit(person, values)
		},
		"click": func(_ *testscript.TestScript, args []string) error {
			if err := words(args, 2, 2); err != nil {
				return err
			}
			return w.click(person, args[0], args[1])
		},
	}
	if more, ok := w.chat.(interface{ acts(person string) acts }); ok {
		maps.Copy(out, more.acts(person))
	}
	return out
}

// numbered is an act on a pull request, with at least some arguments after its
// number.
func numbered(least int, f func(ts *testscript.TestScript, n int, args []string) error) func(*testscript.TestScript, []string) error {
	return func(ts *testscript.TestScript, args []string) error {
		if err := words(args, 1+least, -1); err != nil {
			return err
		}
		n, err := strconv.Atoi(args[0])
		if err != nil {
			return err
		}
		return f(ts, n, args[1:])
	}
}

func (w *world) onGitHub(person string) acts {
	out := acts{
		"push": w.pushing(person, change{}), "fork-push": w.pushing(person, change{fork: true}),
		"force-in": w.pushing(person, change{past: true}), "direct-push": w.directPush(person),
	}
	for name, event := range map[string]string{"approve": "APPROVE", "object": "REQUEST_CHANGES", "comment": "COMMENT"} {
		out[name] = numbered(0, func(_ *testscript.TestScript, n int, args []string) error {
			return w.review(person, n, event, strings.Join(args, ""))
		})
	}
	for name, action := range map[string]string{"close": "close", "update": "update-branch"} {
		out[name] = numbered(0, func(_ *testscript.TestScript, n int, _ []string) error {
			return w.play("as/"+person+"/github/"+action, object{"pull": n}, nil)
		})
	}
	out["merge"] = numbered(0, func(ts *testscript.TestScript, n int, args []string) error {
		rest, past := strings.CutSuffix(strings.Join(args, " "), "past the rules")
		sha, err := w.merge(person, n, strings.TrimSpace(rest), past)
		ts.Setenv("MERGED", sha)
		return err
	})
	out["open"] = numbered(2, func(_ *testscript.TestScript, n int, args []string) error {
		got, err := w.open(person, args[0], args[1])
		if err == nil && got != n {
			return fmt.Errorf("it is pull request %d, not %d", got, n)
		}
		return err
	})
	out["restore"], out["dismiss"] = w.restore(person), w.dismiss(person)
	out["evil-merge"] = w.evilMerge(person)
	out["delete-branch"] = func(_ *testscript.TestScript, args []string) error {
		if err := words(args, 1, 1); err != nil {
			return err
		}
		return w.play("as/"+person+"/github/force-push", object{"branch": args[0], "sha": "", "ignore_rules": true}, nil)
	}
	out["force-push"] = func(_ *testscript.TestScript, args []string) error {
		if err := words(args, 1, 1); err != nil {
			return err
		}
		return w.play("as/"+person+"/github/force-push", object{"branch": "main", "sha": args[0], "ignore_rules": true}, nil)
	}
	return out
}

// edits reads a folder of the script, and the paths to delete after it.
func edits(ts *testscript.TestScript, dir, message string, removed []string) (change, error) {
	c := change{message: message}
	var err error
	if dir != "-" {
		c.files, err = tree(ts, dir)
	}
	for _, p := range removed {
		name, ok := strings.CutPrefix(p, "-")
		if !ok {
			return c, fmt.Errorf("%q is not -PATH", p)
		}
		c.remove = append(c.remove, path.Clean(name))
	}
	return c, err
}

// pushing pushes to a branch, in the way that how says.
func (w *world) pushing(person string, how change) func(*testscript.TestScript, []string) error {
	return func(ts *testscript.TestScript, args []string) error {
		if err := words(args, 3, -1); err != nil {
			return err
		}
		c, err := edits(ts, args[1], args[2], args[3:])
		if err != nil {
			return err
		}
		c.branch, c.fork, c.past = args[0], how.fork, how.past
		sha, err := w.push(person, c)
		ts.Setenv("COMMIT", sha)
		return err
	}
}

func (w *world) directPush(person string) func(*testscript.TestScript, []string) error {
	return func(ts *testscript.TestScript, args []string) error {
		if err := words(args, 2, -1); err != nil {
			return err
		}
		c, err := edits(ts, args[0], args[1], args[2:])
		if err != nil {
			return err
		}
		sha, err := w.push(person, c)
		ts.Setenv("COMMIT", sha)
		return err
	}
}

// evilMerge makes a merge commit that holds more than what it merges.
func (w *world) evilMerge(person string) func(*testscript.TestScript, []string) error {
	return func(ts *testscript.TestScript, args []string) error {
		if err := words(args, 3, 3); err != nil {
			return err
		}
		files, err := tree(ts, args[1])
		if err != nil {
			return err
		}
		var out struct {
			SHA string `json:"sha"`
		}
		in := object{"parents": []string{"main", args[0]}, "from": args[0], "files": files, "message": args[2]}
		if err := w.play("as/"+person+"/github/commit", in, &out); err != nil {
			return err
		}
		ts.Setenv("MERGED", out.SHA)
		return w.play("as/"+person+"/github/force-push", object{"branch": "main", "sha": out.SHA, "ignore_rules": true}, nil)
	}
}

func (w *world) restore(person string) func(*testscript.TestScript, []string) error {
	return func(ts *testscript.TestScript, args []string) error {
		if err := words(args, 2, 2); err != nil {
			return err
		}
		files, remove, err := w.restoring(args[0])
		if err != nil {
			return err
		}
		sha, err := w.push(person, change{branch: args[1], message: "Put back what was there", files: files, remove: remove})
		ts.Setenv("COMMIT", sha)
		return err
	}
}

// verbEntra plays administrators of Entra:
//
//	entra add|remove GROUP PERSON   membership
//	entra cycle                     runs the provisioning cycle now
//	entra synced GROUP              runs cycles until Identity Center has the group:
//	                                a new assignment is honoured after a delay
//	entra assign|unassign GROUP     its assignment to the application
//	entra never-honour              on-demand provisioning does not work
//	entra no-name-default           the attribute mapping has no default for names
//	entra guest|disable PERSON      changes a user
func (w *world) verbEntra(_ *testscript.TestScript, _ bool, args []string) error {
	if err := words(args, 1, 3); err != nil {
		return err
	}
	what, args := args[0], append(args[1:], "", "")
	switch what {
	case "add", "remove":
		return w.play("graph/members", object{"group": args[0], "person": args[1], "remove": what == "remove"}, nil)
	case "cycle":
		return w.play("graph/cycle", object{}, nil)
	case "synced":
		return w.provisioned(args[0])
	case "assign", "unassign":
		return w.play("graph/assignments", object{"group": args[0], "remove": what == "unassign"}, nil)
	case "never-honour":
		return w.play("graph/options", object{"never_honour": true}, nil)
	case "no-name-default":
		return w.play("graph/options", object{"name_default": ""}, nil)
	case "guest":
		return w.play("graph/users", object{"person": args[0], "guest": true}, nil)
	case "disable":
		return w.play("graph/users", object{"person": args[0], "enabled": false}, nil)
	}
	return fmt.Errorf("Entra has no %q", what)
}

// provisioned runs provisioning cycles until Identity Center has a group.
func (w *world) provisioned(group string) error {
	var failed error
	err := w.until("Identity Center to have "+group, []string{"aws"}, func(st *sandbox.State) (bool, string) {
		if slices.ContainsFunc(st.AWS.Groups, func(g awsemu.GroupState) bool { return g.DisplayName == group }) {
			return true, ""
		}
		failed = w.play("graph/cycle", object{}, nil)
		return failed != nil, "no such group"
	})
	return errors.Join(err, failed)
}

// verbAWS plays AWS and its console:
//
//	aws fail-next|lose-next create|delete [REASON]
//	aws hide|show ACCOUNT SET GROUP        lists leave the assignment out
//	aws add|take ACCOUNT SET GROUP         somebody works in the console
//	aws attach SET POLICY                  and gives a permission set a policy
func (w *world) verbAWS(_ *testscript.TestScript, _ bool, args []string) error {
	if err := words(args, 2, 4); err != nil {
		return err
	}
	switch what := args[0]; what {
	case "fail-next":
		return w.play("aws/fail-next", object{"kind": args[1], "reason": strings.Join(args[2:], " ")}, nil)
	case "lose-next":
		return w.play("aws/lose-next", object{"kind": args[1]}, nil)
	case "attach":
		if err := words(args, 3, 3); err != nil {
			return err
		}
		return w.play("aws/policy", object{"permission_set": args[1], "policy": args[2]}, nil)
	case "hide", "show", "add", "take":
		if err := words(args, 4, 4); err != nil {
			return err
		}
		in := object{"account": args[1], "permission_set": args[2], "group": args[3]}
		if what == "hide" || what == "show" {
			in["show"] = what == "show"
			return w.play("aws/hide", in, nil)
		}
		in["remove"] = what == "take"
		return w.play("aws/assignments", in, nil)
	}
	return fmt.Errorf("AWS has no %q", args[0])
}

func (w *world) verbNewTeam(_ *testscript.TestScript, _ bool, args []string) error {
	if err := words(args, 1, -1); err != nil {
		return err
	}
	return w.play("github/teams/"+args[0]+"/recreate", object{"people": args[1:]}, nil)
}

func (w *world) verbLogin(_ *testscript.TestScript, _ bool, args []string) error {
	if err := words(args, 1, 1); err != nil {
		return err
	}
	return w.play("github/accounts", object{"login": args[0], "role": "write"}, nil)
}
