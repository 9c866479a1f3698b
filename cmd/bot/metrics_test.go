package main

import "testing"

func TestMetricsSayHowTheBotStands(t *testing.T) {
	t.Parallel()
	r := start(t, 100)
	families, err := registry(r.bot).Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			got[f.GetName()] = m.GetGauge().GetValue()
		}
	}
	want := map[string]float64{"aws_access_bot_in_force": 1, "aws_access_bot_halted": 0, "aws_access_bot_ready": 1, "aws_access_bot_operations_outstanding": 0}
	for name, v := range want {
		if g, ok := got[name]; !ok || g != v {
			t.Errorf("%s: got %v (there: %v), want %v", name, g, ok, v)
		}
	}
}
