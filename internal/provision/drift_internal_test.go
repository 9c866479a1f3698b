package provision

import (
	"testing"
	"time"

	"aws-access-bot/config"
)

// TestAFindingStaysWhileItsOwnerIsLookedUpAnew: what is live is no less so because
// another group was not looked for yet, and what was said about it is not forgotten.
func TestAFindingStaysWhileItsOwnerIsLookedUpAnew(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC)
	pair, who := config.Pair{Account: "111122223333", PermissionSet: "ReadOnlyAccess"}, LiveAssignment{PrincipalID: "store-9", Kind: config.GroupPrincipal}
	e := &Engine{}
	f := Finding{ID: "DRIFT-1", Pair: pair, Live: who, Snoozed: now.Add(time.Hour)}
	for _, listed := range []bool{true, false} {
		plan, one := newResult("c"), PairState{Reading: Reading{now, now}, Complete: true}
		plan.Waiting = []Waiting{{Kind: Add, Code: CodeNotLooked}}
		if listed {
			plan.Extra, one.Live = []Extra{{Pair: pair, Live: who}}, []LiveAssignment{who}
		}
		e.desk.sight = Sight{Pairs: map[config.Pair]PairState{pair: one}}
		if over := e.isOver(&view{now: now}, plan, f); over == listed {
			t.Errorf("listed %v, and over %v", listed, over)
		}
	}
}
