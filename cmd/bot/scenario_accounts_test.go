package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"aws-access-bot/internal/sandbox"

	"github.com/rogpeppe/go-internal/testscript"
)

// verbAccount plays whoever works in the console of the organization, and AWS.
// An account is named by its id or its name in AWS.
//
//	account move ACCOUNT OU                     another OU, made if need be
//	account close|suspend|reopen ACCOUNT        its state
//	account leave ACCOUNT                       no longer a member
//	account tag ACCOUNT KEY=VALUE…              tags; an empty value takes one away
//	account make ID NAME [OU]                   a member, as Control Tower makes it
//	account outside ID NAME [ORGANIZATION]      standalone, or of another organization
//	account invite ACCOUNT|EMAIL                somebody invites it by hand
func (w *world) verbAccount(_ *testscript.TestScript, not bool, args []string) error {
	if err := plainWords(not, args, 2, -1); err != nil {
		return err
	}
	in := object{"id": args[1]}
	rest := append(slices.Clone(args[2:]), "", "")
	switch what := args[0]; what {
	case "move":
		in["ou"] = rest[0]
	case "close", "suspend", "reopen":
		in["state"] = map[string]string{"close": "CLOSED", "suspend": "SUSPENDED", "reopen": "ACTIVE"}[what]
	case "leave":
		in["leave"] = true
	case "tag":
		tags := object{}
		for _, pair := range args[2:] {
			key, value, _ := strings.Cut(pair, "=")
			tags[key] = value
		}
		in["tags"] = tags
	case "make":
		in["name"], in["ou"] = rest[0], rest[1]
	case "outside":
		in["name"], in["outside"], in["organization"] = rest[0], true, rest[1]
	case "invite":
		return w.play("aws/invite", object{"account": args[1]}, nil)
	default:
		return fmt.Errorf("an account has no %q", what)
	}
	return w.play("aws/account", in, nil)
}

// plainWords is words for a verb without an opposite.
func plainWords(not bool, args []string, least, most int) error {
	if not {
		return errors.New("takes no !")
	}
	return words(args, least, most)
}

// verbOwner plays the owner of an account in its console:
//
//	owner accept|decline ACCOUNT   the newest invitation, or the wish to enable all features
//
// With ! there must be nothing that the owner can answer so.
func (w *world) verbOwner(_ *testscript.TestScript, not bool, args []string) error {
	if err := words(args, 2, 2); err != nil {
		return err
	}
	err := w.play("aws/owner", object{"answer": args[0], "account": args[1]}, nil)
	if !not {
		return err
	}
	if _, no := refused(err); !no {
		return fmt.Errorf("the owner of %s could %s: %w", args[1], args[0], err)
	}
	return nil
}

// verbHandshake plays time and the management account, and looks:
//
//	handshake expire ACCOUNT   the time of the invitation runs out now
//	handshake cancel ACCOUNT   the management account takes it back by hand
//	handshake STATE ACCOUNT    waits until the account's newest has that state, such as REQUESTED;
//	                           with ! it must have another one now
func (w *world) verbHandshake(_ *testscript.TestScript, not bool, args []string) error {
	if err := words(args, 2, 2); err != nil {
		return err
	}
	what, account := args[0], args[1]
	if what == "expire" || what == "cancel" {
		if not {
			return errors.New("takes no !")
		}
		return w.play("aws/handshake", object{"do": what, "account": account}, nil)
	}
	if what != strings.ToUpper(what) {
		return fmt.Errorf("a handshake has no %q", what)
	}
	look := func(st *sandbox.State) (bool, string) {
		found := "no handshake"
		for _, h := range st.AWS.Handshakes {
			if h.Account == accountID(st, account) {
				found = h.State
			}
		}
		return found == what, found
	}
	return w.so(not, "the handshake of "+account+" to be "+what, look)
}

// so waits for a condition on AWS, or wants that it does not hold now.
func (w *world) so(not bool, what string, look func(*sandbox.State) (bool, string)) error {
	if !not {
		return w.until(what, []string{"aws"}, look)
	}
	st, err := w.now("aws")
	if err != nil {
		return err
	}
	if is, found := look(st); is {
		return fmt.Errorf("not %s: it is %s", what, found)
	}
	return nil
}

// accountID is the id of an account by id or name; what is neither stays.
func accountID(st *sandbox.State, name string) string {
	for _, a := range slices.Concat(st.AWS.Accounts, st.AWS.Outside) {
		if a.Name == name {
			return a.ID
		}
	}
	return name
}

// verbMember waits until an account is in the organization, in that OU.
func (w *world) verbMember(_ *testscript.TestScript, not bool, args []string) error {
	if err := words(args, 2, 2); err != nil {
		return err
	}
	return w.so(not, args[0]+" to be in "+args[1], func(st *sandbox.State) (bool, string) {
		id := accountID(st, args[0])
		for _, a := range st.AWS.Accounts {
			if a.ID == id {
				return a.OU == args[1], "in " + a.OU
			}
		}
		return false, "not a member"
	})
}

// verbIAM plays the IAM users of an account, and whoever looks after them:
//
//	iam sign-in ACCOUNT USER                to the console
//	iam use ACCOUNT USER [SERVICE [KEY]]    calls a service (s3) with an access key (1)
//	iam make ACCOUNT USER [password] [N]    a user, with a password and N access keys
//	iam delete ACCOUNT USER
//	iam role ACCOUNT [ACTION…]              the role that reads them, with the actions of iam that it permits
//	iam no-role ACCOUNT                     it is gone
//	iam limit ACCOUNT                       no reports are made there any more
func (w *world) verbIAM(_ *testscript.TestScript, not bool, args []string) error {
	if err := plainWords(not, args, 2, -1); err != nil {
		return err
	}
	in := object{"account": args[1]}
	switch args[0] {
	case "role":
		in["actions"] = args[2:]
		return w.play("aws/iam/role", in, nil)
	case "no-role":
		in["remove"] = true
		return w.play("aws/iam/role", in, nil)
	case "limit":
		in["limit"] = true
		return w.play("aws/iam/role", in, nil)
	}
	if len(args) < 3 {
		return errors.New("which user?")
	}
	in["user"] = args[2]
	return w.playUser(args[0], in, args[3:])
}

// playUser is verbIAM for one user.
func (w *world) playUser(what string, in object, args []string) error {
	switch what {
	case "sign-in":
		return w.play("aws/iam/use", in, nil)
	case "use":
		in["service"] = "s3"
		if len(args) > 0 {
			in["service"] = args[0]
		}
		if len(args) > 1 {
			n, err := strconv.Atoi(args[1])
			if err != nil {
				return fmt.Errorf("access key %q: %w", args[1], err)
			}
			in["key"] = n
		}
		return w.play("aws/iam/use", in, nil)
	case "make":
		for _, a := range args {
			if a == "password" {
				in["password"] = true
				continue
			}
			n, err := strconv.Atoi(a)
			if err != nil {
				return fmt.Errorf("%q: neither password nor a number of access keys", a)
			}
			in["keys"] = n
		}
		return w.play("aws/iam/users", in, nil)
	case "delete":
		in["remove"] = true
		return w.play("aws/iam/users", in, nil)
	}
	return fmt.Errorf("iam has no %q", what)
}

// verbOrganization changes what the organization is, by KEY=VALUE:
//
//	features=ALL|CONSOLIDATED_BILLING, accounts=N (the quota), transfer=true|false (direct transfers
//	from other organizations), or an operation=N: its next N calls end in ConcurrentModificationException
func (w *world) verbOrganization(_ *testscript.TestScript, not bool, args []string) error {
	if err := plainWords(not, args, 1, -1); err != nil {
		return err
	}
	in, conflicts := object{}, map[string]int{}
	for _, a := range args {
		key, value, _ := strings.Cut(a, "=")
		n, err := strconv.Atoi(value)
		switch {
		case key == "features":
			in["feature_set"] = value
		case key == "transfer":
			in["direct_transfer"] = value == "true"
		case err != nil:
			return fmt.Errorf("%s: %w", a, err)
		case key == "accounts":
			in["accounts"] = n
		default:
			conflicts[key] = n
		}
	}
	in["conflicts"] = maps.Clone(conflicts)
	return w.play("aws/organization", in, nil)
}
