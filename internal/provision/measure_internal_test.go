package provision

import (
	"testing"
	"time"
)

func TestEstimateIsTheMedianAndTheWorstOfTheLastTimes(t *testing.T) {
	t.Parallel()
	var m Measures
	if got := m.Estimate(); got != "usually a minute or two, at worst the regular cycle of about 40 minutes" {
		t.Errorf("without a time: %s", got)
	}
	m = m.with(90*time.Minute, false) // forgotten in the end
	for i := range measuresKept {
		m = m.with(time.Duration(15+i)*time.Second, true)
		m = m.with(41*time.Minute+time.Duration(i), false)
	}
	if got := m.Estimate(); got != "usually 34 s here, at worst 42 min" {
		t.Errorf("got %q", got)
	}
	if len(m.OnDemand) != measuresKept || len(m.Cycle) != measuresKept {
		t.Errorf("%d and %d times are kept", len(m.OnDemand), len(m.Cycle))
	}
}
