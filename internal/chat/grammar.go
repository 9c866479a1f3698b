package chat

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
)

// Command is a parsed command line. Verb is one of [Verbs].
type Command struct {
	Verb string
	// Request is set for "request".
	Request RequestLine
	// ID is set for "cancel", "revoke", "extend" and, when given, "status" and
	// "confirm".
	ID access.ID
	// Cutover is set for "confirm" without a request.
	Cutover string
	// Extend is set for "extend".
	Extend ExtendLine
	// Drift is set for "drift".
	Drift DriftLine
	// Link is set for "link".
	Link LinkLine
	// Onboard is set for "onboard".
	Onboard OnboardLine
	// Phase is set for "phase"; 0 asks for the board.
	Phase config.Phase
	// Account narrows "cli" down; "" is all.
	Account string
}

// RequestLine is what a request line says; empty members were not given.
type RequestLine struct {
	Account       string
	PermissionSet string
	Group         string
	Term          *config.Term
	// TermText is the term as it was typed.
	TermText string
	Reason   string
}

// Complete reports whether the line needs no form.
func (l RequestLine) Complete() bool {
	return l.Account != "" && l.PermissionSet != "" && l.Group != "" && l.Reason != ""
}

// Verbs are the words a command line can begin with.
func Verbs() []string {
	return []string{"request", "extend", "cancel", "revoke", "status", "list", "onboard", "confirm", "phase", "drift", "sync", "link", "whoami", "cli", "help"}
}

// later are verbs that DESIGN names and this version answers with "not yet".
func later() []string {
	return []string{"why"}
}

// UsageError is a line that cannot be understood. Its text is for the person.
type UsageError struct {
	Message string
	Mend    string
}

func (e *UsageError) Error() string { return e.Message + " " + e.Mend }

var durationWord = regexp.MustCompile(`^\d+[mhdMHD]$`)

// signedWord is what is meant as a length and is none. As the first word of a
// reason it would leave the request with another length than was typed.
var signedWord = regexp.MustCompile(`^[-+\x{2212}]\d+[mhdMHD]$`)

// maxLine is the longest command line that is looked at, in bytes. It leaves
// room for a reason of 500 four-byte characters.
const maxLine = 4000

// Parse reads the text after the command. zone is the asker's, for bare dates;
// now is the present. An empty line is "help".
func Parse(line string, zone *time.Location, now time.Time) (Command, error) {
	if len(line) > maxLine {
		return Command{}, &UsageError{"That line is too long.", "Use the form: `request`."}
	}
	words := strings.Fields(line)
	if len(words) == 0 {
		return Command{Verb: "help"}, nil
	}
	verb, rest := strings.ToLower(words[0]), words[1:]
	switch verb {
	case "request":
		l, err := parseRequest(rest, zone, now)
		return Command{Verb: verb, Request: l}, err
	case "cancel", "revoke":
		return parseWithID(verb, rest, true)
	case "extend":
		id, l, err := parseExtend(rest, zone, now)
		return Command{Verb: verb, ID: id, Extend: l}, err
	case "status":
		return parseWithID(verb, rest, false)
	case "onboard":
		l, err := parseOnboard(rest)
		return Command{Verb: verb, Onboard: l}, err
	case "confirm":
		return parseConfirm(rest)
	case "link":
		l, err := parseLink(rest)
		return Command{Verb: verb, Link: l}, err
	case "phase":
		p, err := parsePhase(rest)
		return Command{Verb: verb, Phase: p}, err
	case "drift":
		l, err := parseDrift(rest)
		return Command{Verb: verb, Drift: l}, err
	case "cli":
		if len(rest) > 1 {
			return Command{}, &UsageError{"`cli` takes one account after it, or nothing.", "Write `cli payments-prod`, or `cli` for all that you may use."}
		}
		return Command{Verb: verb, Account: strings.Join(rest, "")}, nil
	case "list", "sync", "whoami", "help":
		if len(rest) > 0 && verb != "help" {
			return Command{}, &UsageError{fmt.Sprintf("`%s` takes nothing after it.", verb), "Try `help`."}
		}
		return Command{Verb: verb}, nil
	}
	for _, v := range later() {
		if v == verb {
			return Command{}, &UsageError{fmt.Sprintf("`%s` is not available in this version.", verb), "`help` lists what is."}
		}
	}
	mend := "`help` lists what I understand."
	if near := config.Nearest(verb, Verbs()); len(near) > 0 {
		mend = fmt.Sprintf("Did you mean `%s`? ", near[0]) + mend
	}
	return Command{}, &UsageError{fmt.Sprintf("I do not know %q.", clip(words[0], 40)), mend}
}

// clip cuts a word for showing.
func clip(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n]) + "…"
}

func parseWithID(verb string, rest []string, required bool) (Command, error) {
	if len(rest) == 0 && !required {
		return Command{Verb: verb}, nil
	}
	if len(rest) != 1 {
		return Command{}, &UsageError{fmt.Sprintf("`%s` takes one request.", verb), fmt.Sprintf("Write `%s REQ-7F3K2Q`; `status` lists yours.", verb)}
	}
	id, ok := access.ParseID(rest[0])
	if !ok {
		return Command{}, &UsageError{fmt.Sprintf("%q is no request.", clip(rest[0], 20)), "It is REQ- and six letters or digits; `status` lists yours."}
	}
	return Command{Verb: verb, ID: id}, nil
}

// parseRequest reads "<account> <permission-set> [for <group>|me]
// [4h|7d|until <date>|standing] <reason>". The group and the length may stand
// in either order; the first word that is neither begins the reason.
func parseRequest(words []string, zone *time.Location, now time.Time) (RequestLine, error) {
	var l RequestLine
	take := func() string {
		if len(words) == 0 {
			return ""
		}
		w := words[0]
		words = words[1:]
		return w
	}
	l.Account, l.PermissionSet = take(), take()
	for len(words) > 0 {
		switch w := strings.ToLower(words[0]); {
		case w == "for" && l.Group == "":
			take()
			if l.Group = take(); l.Group == "" {
				return l, &UsageError{"`for` wants a group or `me` after it.", "Write `for aws-payments-dev` or `for me`."}
			}
		case l.Term == nil && w == "standing":
			take()
			l.Term, l.TermText = &config.Term{Standing: true}, w
		case l.Term == nil && w == "until":
			take()
			day := take()
			end, err := parseUntil(day, zone, now)
			if err != nil {
				return l, err
			}
			l.Term, l.TermText = &config.Term{End: end}, "until "+day
		case l.Term == nil && durationWord.MatchString(w):
			take()
			d, err := config.ParseDuration(w)
			if err != nil {
				return l, &UsageError{fmt.Sprintf("%q is no length I understand.", clip(w, 20)), "Write e.g. 30m, 4h or 7d."}
			}
			l.Term, l.TermText = &config.Term{For: d}, w
		case l.Term == nil && signedWord.MatchString(w):
			return l, &UsageError{fmt.Sprintf("%q is no length: a length is more than nothing and has no sign.", clip(w, 20)), "Write e.g. 30m, 4h or 7d."}
		default:
			l.Reason = strings.Join(words, " ")
			return l, nil
		}
	}
	return l, nil
}

// ParseTerm reads the length field of a form: "4h", "until 2026-12-24",
// "standing". Empty is nil: the rule's default.
func ParseTerm(s string, zone *time.Location, now time.Time) (*config.Term, error) {
	words := strings.Fields(s)
	if len(words) == 0 {
		return nil, nil
	}
	l, err := parseRequest(append([]string{"a", "b"}, words...), zone, now)
	if err != nil {
		return nil, err
	}
	if l.Term == nil || l.Reason != "" || l.Group != "" {
		return nil, &UsageError{fmt.Sprintf("%q is no length I understand.", clip(s, 30)), "Write e.g. 4h, 7d, until 2026-12-24 or standing."}
	}
	return l.Term, nil
}

// parseUntil reads a bare date (the end of that day in the asker's zone) or an
// RFC 3339 time.
func parseUntil(s string, zone *time.Location, now time.Time) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, strings.ToUpper(s)); err == nil {
		return future(t.UTC(), now)
	}
	d, err := time.ParseInLocation(time.DateOnly, s, zone)
	if err != nil {
		return time.Time{}, &UsageError{fmt.Sprintf("%q is no date I understand.", clip(s, 30)), "Write `until 2026-12-24` or `until 2026-12-24T09:00:00Z`."}
	}
	return future(d.AddDate(0, 0, 1).UTC(), now)
}

// maxAhead is how far away an end may be: as far as the longest duration of the
// config repo, 3650 days.
const maxAhead = 3650 * 24 * time.Hour

func future(t, now time.Time) (time.Time, error) {
	switch {
	case !t.After(now):
		return time.Time{}, &UsageError{fmt.Sprintf("%s has passed.", t.Format(time.RFC3339)), "Give a time in the future."}
	case t.Sub(now) > maxAhead:
		return time.Time{}, &UsageError{fmt.Sprintf("%s is more than 3650 days away.", t.Format(time.RFC3339)), "Give an earlier time, or ask for standing access."}
	}
	return t.Truncate(time.Second), nil
}
