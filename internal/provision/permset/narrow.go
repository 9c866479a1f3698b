package permset

import (
	"encoding/json"
	"slices"
	"strings"
)

// denying begins the names of AWS managed policies that only deny (AWS managed
// policy reference guide: AWSDenyAll, AWSCompromisedKeyQuarantine, …V2, …V3).
var denying = []string{"AWSDenyAll", "AWSCompromisedKeyQuarantine"}

func deniesPolicy(arn string) bool {
	_, name, _ := strings.Cut(arn, ":policy/")
	return slices.ContainsFunc(denying, func(d string) bool { return strings.HasPrefix(name, d) })
}

// Narrows returns the steps after which a live set may permit less than before:
// those that take a policy away, put a boundary on, write another inline policy,
// or attach what denies or cannot be read here. pending says that the file is
// newer than what the set was last brought to; what else is only put back as the
// file, which was reached once, has it narrows nothing. Of a set that is being
// made nothing is narrowed.
func Narrows(steps []Step, live *Live, pending bool) []Step {
	if slices.ContainsFunc(steps, func(s Step) bool { return s.Kind == Create }) {
		return nil
	}
	var had string
	if live != nil {
		had = live.Inline
	}
	var out []Step
	for _, s := range steps {
		narrows := false
		switch s.Kind {
		case Detach:
			narrows = !deniesPolicy(s.Policy)
		case DetachOwn:
			narrows = true
		case DeleteInline:
			narrows = !only("Deny", had)
		case Attach:
			narrows = pending && deniesPolicy(s.Policy)
		case AttachOwn, PutBoundary:
			narrows = pending
		case PutInline:
			narrows = pending && !(live != nil && had == "" && only("Allow", s.Inline))
		}
		if narrows {
			out = append(out, s)
		}
	}
	return out
}

// Administers reports whether a set is the whole of AdministratorAccess: it has
// that policy of AWS, and nothing that could take anything of it away.
func (d Definition) Administers() bool {
	return slices.ContainsFunc(d.Managed, AllowsAll) && !slices.ContainsFunc(d.Managed, deniesPolicy) &&
		len(d.Customer) == 0 && d.Inline == "" && d.Boundary == nil
}

// HaveAll reports whether items ([Definition.Items]) have AdministratorAccess.
func HaveAll(items []string) bool {
	return slices.ContainsFunc(items, func(it string) bool {
		arn, managed := strings.CutPrefix(it, itemManaged(""))
		return managed && AllowsAll(arn)
	})
}

// AllowsAll reports whether an ARN is that of the AWS managed policy that allows
// everything, in any partition.
func AllowsAll(arn string) bool {
	return strings.HasPrefix(arn, "arn:aws") && strings.HasSuffix(arn, ":iam::aws:policy/AdministratorAccess")
}

// statement is one of a policy, as far as it is looked at here.
type statement struct {
	Effect            string
	Action, NotAction json.RawMessage
	raw               string // as it stands
}

// statements reads those of a policy, false when it cannot be understood.
func statements(policy string) ([]statement, bool) {
	var doc struct{ Statement json.RawMessage }
	if err := json.Unmarshal([]byte(policy), &doc); err != nil {
		return nil, false
	}
	var many []json.RawMessage
	if err := json.Unmarshal(doc.Statement, &many); err != nil {
		many = []json.RawMessage{doc.Statement} // one, without a list
	}
	out := make([]statement, len(many))
	for i, raw := range many {
		if err := json.Unmarshal(raw, &out[i]); err != nil {
			return nil, false
		}
		out[i].raw = string(raw)
	}
	return out, true
}

// only reports whether every statement of a policy has an effect. One that is
// not understood has not.
func only(effect, policy string) bool {
	list, ok := statements(policy)
	return ok && len(list) > 0 && !slices.ContainsFunc(list, func(s statement) bool { return s.Effect != effect })
}
