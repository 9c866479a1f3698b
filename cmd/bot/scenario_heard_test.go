package main

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"

	"aws-access-bot/internal/scenario"

	"github.com/rogpeppe/go-internal/testscript"
)

// The verbs by which scripts say what is read in chat, and on which platform.

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
