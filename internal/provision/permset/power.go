package permset

import (
	"encoding/json"
	"slices"
	"strings"
)

// harmless are AWS managed policies, by the part of the ARN after "policy/",
// that write nothing of the services in control. Beside them every policy of AWS counts as
// harmless whose name ends in ReadOnlyAccess or ReadOnly: AWS alone names them.
var harmless = []string{
	"SecurityAudit", "job-function/ViewOnlyAccess", "AWSSupportAccess",
}

// control are the services over which somebody can give himself, or the bot,
// any access: who may do what, and who is who.
var control = []string{"iam", "sts", "sso", "sso-admin", "sso-directory", "identitystore", "identitystore-auth", "identity-sync", "organizations", "account"}

// reading begins the names of actions that change nothing.
var reading = []string{"Get", "List", "Describe", "Search", "BatchGet", "Simulate", "IsMember"}

// Powers returns the items of a definition that may give power over identities
// and access themselves, sorted as they stand. What cannot be known gives it: a
// policy of the accounts' own, a policy of AWS that is not known to be harmless.
// Conditions, resources, denials and boundaries are not counted in favour.
func Powers(d Definition) []string {
	var out []string
	for _, arn := range d.Managed {
		if !harmlessPolicy(arn) {
			out = append(out, itemManaged(arn))
		}
	}
	for _, ref := range d.Customer {
		out = append(out, itemCustomer(ref))
	}
	if d.Inline != "" && mayControl(d.Inline) {
		out = append(out, itemInline)
	}
	return out
}

func harmlessPolicy(arn string) bool {
	_, name, ok := strings.Cut(arn, ":policy/")
	return ok && (slices.Contains(harmless, name) || strings.HasSuffix(name, "ReadOnlyAccess") || strings.HasSuffix(name, "ReadOnly"))
}

// mayControl reports whether a policy may allow a write of a service of control.
// One that it does not understand may.
func mayControl(policy string) bool {
	many, ok := statements(policy)
	if !ok {
		return true
	}
	for _, s := range many {
		if s.Effect == "Deny" {
			continue
		}
		actions, ok := texts(s.Action)
		if len(s.NotAction) > 0 || !ok || slices.ContainsFunc(actions, controls) {
			return true
		}
	}
	return false
}

// texts reads one text or a list of them.
func texts(raw json.RawMessage) ([]string, bool) {
	var many []string
	if json.Unmarshal(raw, &many) == nil && len(many) > 0 {
		return many, true
	}
	var one string
	if json.Unmarshal(raw, &one) == nil && one != "" {
		return []string{one}, true
	}
	return nil, false
}

// controls reports whether an action of a policy, in which * and ? stand for
// others, may be a write of a service of control. Actions are not case sensitive.
func controls(action string) bool {
	service, name, ok := strings.Cut(strings.ToLower(action), ":")
	if !ok {
		return true // "*"
	}
	if !slices.ContainsFunc(control, func(c string) bool { return fits(service, c) }) {
		return false
	}
	return !slices.ContainsFunc(reading, func(verb string) bool { return strings.HasPrefix(name, strings.ToLower(verb)) })
}

// fits reports whether a text fits a pattern with * and ?. It goes back to the
// last star only, so that a pattern of many stars costs no more than their
// number times the length of the text.
func fits(pattern, s string) bool {
	p, i, star, mark := 0, 0, -1, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, i
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == s[i]):
			p++
			i++
		case star >= 0:
			mark++
			p, i = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// Widens returns the steps that may give power over identities and access that
// the live set does not have: a powerful policy more, another powerful inline
// policy, or less of a boundary or of what denies while there is a powerful
// policy. What a policy of the accounts' own denies cannot be known. live is nil
// for a set that is not there yet.
func Widens(steps []Step, want Definition, live *Live) []Step {
	stays := len(Powers(want)) > 0
	powerful := stays || live != nil && len(Powers(live.Definition)) > 0
	var had string
	if live != nil {
		had = live.Inline
	}
	var out []Step
	for _, s := range steps {
		wide := false
		switch s.Kind {
		case Attach:
			wide = !harmlessPolicy(s.Policy)
		case AttachOwn:
			wide = true
		case Detach:
			wide = stays && deniesPolicy(s.Policy)
		case DetachOwn:
			wide = stays
		case PutInline, DeleteInline:
			wide = mayControl(s.Inline) && s.Kind == PutInline || stays && deniesLess(had, s.Inline)
		case DeleteBoundary:
			wide = powerful
		case PutBoundary: // another one; a first one only narrows
			wide = powerful && live != nil && live.Boundary != nil
		}
		if wide {
			out = append(out, s)
		}
	}
	return out
}

// deniesLess reports whether an inline policy leaves out something that another
// one denies: every statement that is no plain permission has to stand in both,
// in canonical form. "" is none.
func deniesLess(was, is string) bool {
	denials := func(policy string) (out []string, ok bool) {
		if policy == "" {
			return nil, true
		}
		list, ok := statements(policy)
		for _, s := range list {
			if s.Effect != "Allow" {
				out = append(out, s.raw)
			}
		}
		return out, ok
	}
	before, known := denials(was)
	after, _ := denials(is)
	return !known || slices.ContainsFunc(before, func(d string) bool { return !slices.Contains(after, d) })
}

// Reserved returns the name of the permission set whose role an ARN is of, "" if
// it is none: arn:…:assumed-role/AWSReservedSSO_<name>_<16 hex>/<session>, or
// the role itself below aws-reserved/sso.amazonaws.com.
func Reserved(arn string) string {
	for part := range strings.SplitSeq(arn, "/") {
		name, ok := strings.CutPrefix(part, "AWSReservedSSO_")
		if at := strings.LastIndexByte(name, '_'); ok && at > 0 {
			return name[:at]
		}
	}
	return ""
}
