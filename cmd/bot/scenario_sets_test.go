package main

import (
	"encoding/json"
	"fmt"
	"regexp"

	"aws-access-bot/internal/sandbox"

	"github.com/rogpeppe/go-internal/testscript"
)

// verbPermissionSet waits until AWS has a permission set of that name that fits.
func (w *world) verbPermissionSet(_ *testscript.TestScript, not bool, args []string) error {
	if err := words(args, 2, 2); err != nil || not {
		return fmt.Errorf("takes a name and an expression, and no !")
	}
	re, err := regexp.Compile(args[1])
	if err != nil {
		return err
	}
	return w.until("permission set "+args[0], []string{"aws"}, func(st *sandbox.State) (bool, string) {
		for _, s := range st.AWS.PermissionSets {
			if s.Name == args[0] {
				text, err := json.Marshal(s)
				return err == nil && re.Match(text), string(text)
			}
		}
		return false, "there is none"
	})
}
