package access

import (
	"reflect"
	"testing"
)

// TestObjectionsAreShownAsOfTheLastLook: a card that is out of date about them
// is drawn anew, once.
func TestObjectionsAreShownAsOfTheLastLook(t *testing.T) {
	t.Parallel()
	r := in(StateProposed)
	for i, list := range [][]Objection{nil, {{Request: "REQ-1", By: []string{"yuki-lead"}}}, {{Request: "REQ-1", By: []string{"yuki-lead", "mio-sec"}}}, nil} {
		f := open("a", nil, false)
		f.Pull.Objections = list
		next, _ := Advance(r, f, at(0))
		if !reflect.DeepEqual(next.Objections, list) {
			t.Errorf("look %d shows %+v, want %+v", i, next.Objections, list)
		}
		if again, _ := Advance(next, f, at(0)); again.Version != next.Version {
			t.Errorf("look %d is not at rest", i)
		}
		r = next
	}
}
