package provision

import (
	"context"
	"regexp"
)

// CodeOwnAccess: a change of who has the very role by which the bot works, or a
// removal while it is not known which that is.
const CodeOwnAccess Code = "own-access"

// OwnRole is the role by which the bot works in AWS.
type OwnRole struct {
	// Known is false while AWS was not asked.
	Known   bool
	Account string
	// PermissionSet is empty where the role is not one that Identity Center made:
	// then no account assignment can change who has it.
	PermissionSet string
}

// callerARN reads the account and the name of the role, or user, of an ARN; and
// reservedRole the permission set of a role that Identity Center made, which is
// called AWSReservedSSO_<set>_<16 hex digits> (IAM Identity Center user guide).
const (
	callerPattern   = `^arn:aws[a-z-]*:(?:sts|iam)::(\d{12}):(?:assumed-role/([^/]+)/.+|role/(?:.*/)?([^/]+)|user/.+|federated-user/.+|root)$`
	reservedPattern = `^AWSReservedSSO_(.+)_[0-9a-f]{16}$`
)

// ParseCaller returns the role of an ARN of sts:GetCallerIdentity, or of a role.
// What cannot be read is not known.
func ParseCaller(arn string) OwnRole {
	m := regexp.MustCompile(callerPattern).FindStringSubmatch(arn)
	if m == nil {
		return OwnRole{}
	}
	own := OwnRole{Known: true, Account: m[1]}
	if set := regexp.MustCompile(reservedPattern).FindStringSubmatch(m[2] + m[3]); set != nil {
		own.PermissionSet = set[1]
	}
	return own
}

// own keeps hands off the assignments that make the bot's own role: taking one
// away could cut the bot off, and giving it to others would give them its power.
func (s Surroundings) own(c Change) objection {
	switch {
	case !s.Own.Known && c.Kind == Remove:
		return objection{CodeOwnAccess, "AWS has not said yet by which role the bot works; removals wait for that."}
	case s.Own.Known && s.Own.PermissionSet != "" && s.Own.Account == c.Assignment.Account && s.Own.PermissionSet == c.Assignment.PermissionSet:
		return objection{CodeOwnAccess, "The bot works by this very role. Who has it is changed in AWS, by hand."}
	}
	return objection{}
}

// lookUpOwn asks AWS once who the bot is. Without anybody to ask, nothing is
// known to be the bot's own: that is for tests and tools that write nothing.
func (e *Engine) lookUpOwn(ctx context.Context, v *view) error {
	if e.desk.own.Known {
		return nil
	}
	if e.Identity == nil {
		e.desk.own = OwnRole{Known: true}
		return nil
	}
	callCtx, cancel := e.call(ctx)
	defer cancel()
	who, err := e.Identity.Caller(callCtx)
	if err != nil {
		e.opts.Log.Warn("ask AWS who the bot is", "error", err)
	}
	if e.desk.own = ParseCaller(who.ARN); !e.desk.own.Known {
		v.alarm.set(v.now.Add(e.pace(readFirst)))
	}
	e.mu.Lock()
	e.caller = who
	e.mu.Unlock()
	return ctx.Err()
}
