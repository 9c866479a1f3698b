package provision

import (
	"slices"
	"time"

	"aws-access-bot/internal/access"
)

// holdAt notes what a guard says of what the merge takes away at a time.
func (f *foresight) holdAt(at time.Time, j judged) {
	h := access.Hold{Code: string(j.code), Sentence: j.sentence, At: at, Allowed: j.mend != ""}
	if at.Equal(f.m.At) {
		h.At = time.Time{}
	}
	if j.code != CodeBudget || !f.holds(CodeBudget) { // it is one for all of the merge
		f.hold(h)
	}
}

// holds reports whether it is noted that a guard holds something that the merge
// itself takes away.
func (f *foresight) holds(code Code) bool {
	return slices.ContainsFunc(f.out.Holds, func(h access.Hold) bool { return h.Code == string(code) && h.Mend == "" })
}

// hold notes what a guard says, once.
func (f *foresight) hold(h access.Hold) {
	if !slices.Contains(f.out.Holds, h) {
		f.out.Holds = append(f.out.Holds, h)
	}
}
