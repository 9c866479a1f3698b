package config

// Void is a grant that would grant nothing if it came into force.
type Void struct {
	GrantRef
	// Late is set when it would come too long after it was asked for
	// (limits.start_by); otherwise its end would have passed.
	Late bool
}

// Voids returns the grants of head that base does not have and that would grant
// nothing if they came into force with at, under the limits of the config that
// would have them then; sorted by key. A nil base is an empty repo.
func Voids(base, head *Repo, limits Limits, at Start) []Void {
	var had Starts
	if base != nil {
		had = make(Starts)
		for _, ref := range base.Grants() {
			had[ref.Key] = Start{} // what is kept is not new, and nobody asked for it now
		}
	}
	starts := NextStarts(base, head, had, at)
	var out []Void
	for _, ref := range head.Grants() {
		start := starts[ref.Key]
		if start == (Start{}) {
			continue
		}
		end, standing := ref.Grant.End(start)
		if late := limits.late(start); late || !standing && !end.After(start.MergedAt) {
			out = append(out, Void{ref, late})
		}
	}
	return out
}
