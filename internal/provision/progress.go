package provision

// Stage is what a sync or a plan is at.
type Stage string

// The stages, in their order.
const (
	// StageReading: assignments are read, by pair or by principal.
	StageReading Stage = "reading"
	// StageLooking: groups and users are looked for in Identity Center.
	StageLooking Stage = "looking"
	// StageMembers: groups and their members are read in Entra.
	StageMembers Stage = "members"
	// StageOperating: operations are under way in AWS.
	StageOperating Stage = "operating"
)

// Progress is how far a sync or a plan is: Done of Total things of its stage.
type Progress struct {
	Stage Stage `json:"stage"`
	Done  int   `json:"done"`
	Total int   `json:"total"`
	// Work is nil before the last stage.
	Work *Work `json:"operations,omitempty"`
}

// at notes how far the work is.
func (e *Engine) at(s Stage, done, total int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.progress = Progress{Stage: s, Done: done, Total: total}
}

// Progress returns how far the last sync is. It is that of whoever syncs, should
// several do so at once; the stage is "" before the first one.
func (e *Engine) Progress() Progress {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.progress
}
