package scenario

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"aws-access-bot/internal/sandbox/emukit"
)

var (
	// Slack has the time with its seconds in an entity, Teams as a text of whole
	// minutes.
	askedStillIn = regexp.MustCompile(`Can you still get in\?(?s:.*)Confirm by (\S+?|\d{4}-\d\d-\d\d \d\d:\d\d UTC),? else`)
	saidStillIn  = regexp.MustCompile(`confirmed that people are still in\. What was taken away stays away`)
)

// putsBack reports whether a creation puts back what the bot took away: under the
// same id, once, after the time was over in which the thread asked whether people
// are still in, and nobody had said so; under a commit that has it asked.
func (c *checker) putsBack(creation emukit.Entry) (bool, error) {
	asks := func(x epoch) bool { return x.repo.Access.Onboarding.ConfirmWithin > 0 }
	if !slices.ContainsFunc(c.forces(creation.Time), asks) {
		return false, nil
	}
	target, err := targetOf(creation)
	if err != nil {
		return false, err
	}
	gone, until := false, time.Time{}
	for _, e := range c.ev.Journal {
		switch {
		case e.Seq >= creation.Seq:
			return gone && !until.IsZero() && !creation.Time.Before(until), nil
		case e.Service == "aws" && (e.Op == "DeleteAccountAssignment" || e.Op == "CreateAccountAssignment"):
			t, err := targetOf(e)
			if err != nil {
				return false, err
			}
			if t == target {
				gone, until = e.Op == "DeleteAccountAssignment", time.Time{}
			}
		case gone && (e.Service == "slack" && e.Op == "chat.postMessage" || e.Service == "teams" && carries(e) && !forOne(e)):
			text, err := sent(e)
			if err != nil {
				return false, err
			}
			if until, err = question(text, until); err != nil {
				return false, err
			}
		}
	}
	return false, nil
}

// question is until when people have to say that they are still in, after a
// message: it may ask for that, or say that somebody has.
func question(text string, until time.Time) (time.Time, error) {
	if saidStillIn.MatchString(text) {
		return time.Time{}, nil
	}
	m := askedStillIn.FindStringSubmatch(text)
	if m == nil {
		return until, nil
	}
	at, err := time.Parse(time.RFC3339, strings.Trim(m[1], "*"))
	if err != nil {
		at, err = time.Parse("2006-01-02 15:04 UTC", m[1])
	}
	if err != nil {
		return until, fmt.Errorf("until when it is asked: %w", err)
	}
	return at, nil
}

// targetOf is what a write to an assignment is about.
func targetOf(e emukit.Entry) (assignmentBody, error) {
	var b assignmentBody
	err := json.Unmarshal([]byte(e.Request), &b)
	return b, err
}
