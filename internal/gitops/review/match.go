package review

// assign gives each step different people, as many places as can be filled:
// a maximum matching between places and people by augmenting paths. The
// result has the chosen people of each step in the order they came.
func assign(steps []StepState, people []Person, allowed func(StepState, Person) bool) [][]Person {
	var places []int // place -> step
	for i, s := range steps {
		for range s.Count {
			places = append(places, i)
		}
	}
	holder := make([]int, len(people)) // person -> place, or -1
	for i := range holder {
		holder[i] = -1
	}
	var seat func(place int, tried []bool) bool
	seat = func(place int, tried []bool) bool {
		for i, p := range people {
			if tried[i] || !allowed(steps[places[place]], p) {
				continue
			}
			tried[i] = true
			if holder[i] < 0 || seat(holder[i], tried) {
				holder[i] = place
				return true
			}
		}
		return false
	}
	for place := range places {
		seat(place, make([]bool, len(people)))
	}
	chosen := make([][]Person, len(steps))
	for i, place := range holder {
		if place >= 0 {
			chosen[places[place]] = append(chosen[places[place]], people[i])
		}
	}
	return chosen
}
