package main

import (
	"fmt"

	"github.com/rogpeppe/go-internal/testscript"
)

// dismiss has a person dismiss the newest opinion on a pull request.
func (w *world) dismiss(person string) func(*testscript.TestScript, []string) error {
	return numbered(0, func(_ *testscript.TestScript, n int, _ []string) error {
		st, err := w.now("github")
		if err != nil {
			return err
		}
		p, _ := pullState(st, n)
		for i := len(p.Reviews) - 1; i >= 0; i-- {
			if r := p.Reviews[i]; r.State == "APPROVED" || r.State == "CHANGES_REQUESTED" {
				return w.play("as/"+person+"/github/dismiss", object{"pull": n, "review": r.ID, "message": "It is settled."}, nil)
			}
		}
		return fmt.Errorf("nobody has an opinion on pull request %d", n)
	})
}
