package chat

import "aws-access-bot/internal/access"

// stageLabel pairs a stage with its words.
type stageLabel struct {
	stage access.Stage
	label string
}

// granting and removing are the stages of the two kinds of request, in order.
func granting(w access.Want) []stageLabel {
	who := principalLabel(w)
	return []stageLabel{
		{access.StageAsked, "Asked"},
		{access.StageProposed, "Pull request opened"},
		{access.StageMerged, "Merged"},
		{access.StageVerified, "Verified"},
		{access.StageAssigned, who + " assigned in Entra"},
		{access.StageSynced, who + " seen in Identity Center"},
		{access.StageCreated, "Assignment created in AWS"},
		{access.StageReadBack, "Read back"},
	}
}

func removing() []stageLabel {
	return []stageLabel{
		{access.StageAsked, "Asked"},
		{access.StageProposed, "Pull request opened"},
		{access.StageMerged, "Merged"},
		{access.StageVerified, "Verified"},
		{access.StageRemoved, "Removed in AWS and read back"},
	}
}

// steps shows the stages with their times. The first one not reached is the
// present one, unless the request is over.
func steps(r access.Request) Steps {
	list := granting(r.Want)
	switch r.Kind {
	case access.KindRevoke:
		list = removing()
	case access.KindLink:
		list = linkedSteps()
	case access.KindOnboard:
		list = onboardSteps(r)
	case access.KindPhase:
		list = phaseSteps()
	}
	if _, ok := r.At(access.StageRemoved); ok && r.Kind == access.KindGrant {
		list = append(list, stageLabel{access.StageRemoved, "Removed in AWS and read back"})
	}
	over := r.State.Final() || r.State == access.StateHalted || r.State == access.StateStopped
	var out Steps
	now := false
	for _, s := range list {
		at, ok := r.At(s.stage)
		switch {
		case ok:
			out = append(out, Step{State: StepDone, Label: s.label, At: at})
		case over:
			// What was not reached will not be, so it is not shown.
		case !now:
			now = true
			out = append(out, Step{State: StepNow, Label: s.label})
		default:
			out = append(out, Step{State: StepTodo, Label: s.label})
		}
	}
	if r.State == access.StateHalted || r.State == access.StateRefused || r.State == access.StateStopped {
		out = append(out, Step{State: StepBad, Label: headline(r)})
	}
	return out
}
