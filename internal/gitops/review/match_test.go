package review

import (
	"math/rand/v2"
	"testing"
)

// TestAssignFillsAsManyPlacesAsCanBe compares with trying everything.
func TestAssignFillsAsManyPlacesAsCanBe(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		steps := make([]StepState, 1+rng.IntN(3))
		for i := range steps {
			steps[i].Count = 1 + rng.IntN(2)
		}
		people := make([]Person, rng.IntN(5))
		fits := map[int64]int{} // a bit per step
		for i := range people {
			people[i].User.ID = int64(i + 1)
			fits[int64(i+1)] = rng.IntN(1 << len(steps))
		}
		allowed := func(step int, p Person) bool { return fits[p.User.ID]&(1<<step) != 0 }
		for i := range steps {
			steps[i].Missing = i // names the step
		}
		got := assign(steps, people, func(s StepState, p Person) bool { return allowed(s.Missing, p) })
		filled, used := 0, map[int64]bool{}
		for i, list := range got {
			if len(list) > steps[i].Count {
				t.Fatalf("step %d has %d people for %d places", i, len(list), steps[i].Count)
			}
			for _, p := range list {
				if used[p.User.ID] || !allowed(i, p) {
					t.Fatalf("person %d is used twice or not allowed", p.User.ID)
				}
				used[p.User.ID] = true
				filled++
			}
		}
		if want := most(steps, people, allowed, 0); filled != want {
			t.Fatalf("filled %d places, %d can be", filled, want)
		}
	}
}

// most tries every way to seat the people from one on.
func most(steps []StepState, people []Person, allowed func(int, Person) bool, from int) int {
	if from == len(people) {
		return 0
	}
	best := most(steps, people, allowed, from+1)
	for i := range steps {
		if steps[i].Count > 0 && allowed(i, people[from]) {
			steps[i].Count--
			best = max(best, 1+most(steps, people, allowed, from+1))
			steps[i].Count++
		}
	}
	return best
}
