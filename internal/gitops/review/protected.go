package review

import "aws-access-bot/config"

// narrowedLines adds the needs of protected entries that go, or reach fewer
// accounts or end sooner: the control plane decides what is protected, and
// accounts that join later would not get it, also where nobody loses anything
// today. What does lose it today is refused.
func (e *evaluation) narrowedLines() {
	said := map[config.Assignment]bool{}
	for _, ref := range config.Narrowed(e.in.Base, e.in.Head, e.in.Starts, e.in.Start) {
		pair := config.Assignment{Principal: ref.File.Principal, PermissionSet: ref.Grant.PermissionSet}
		if said[pair] {
			continue
		}
		said[pair] = true
		term := ref.Grant.Term()
		e.need(Need{
			Subject: SubjectProtected, Change: &config.AssignmentChange{Assignment: pair, Old: &term},
			Rule: "control plane", Steps: e.steps(e.in.Base.Access.ControlPlane),
			Note: "accounts that join later would not get it",
		}, sides{})
	}
}
