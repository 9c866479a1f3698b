package config

import (
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
)

// TestVoids: only what is new in head can be too late or ended already, however
// long ago what stands began, and also after a rename.
func TestVoids(t *testing.T) {
	t.Parallel()
	const (
		kept  = "account: pay-prod, permission_set: ReadOnlyAccess, expires: 2020-01-01T00:00:00Z"
		ended = "account: pay-dev, permission_set: ReadOnlyAccess, expires: 2026-11-20T12:00:00Z"
		open  = "account: pay-dev, permission_set: ReadOnlyAccess, expires: 2026-11-20T12:00:01Z"
		short = "account: pay-dev, permission_set: PowerUserAccess, duration: 4h"
	)

	merged := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	limits := Limits{StartBy: 72 * time.Hour}
	tests := []struct {
		name  string
		head  []txtar.File
		limit Limits
		asked time.Time
		want  []bool // of each void whether it is late
	}{
		{"asked just in time", []txtar.File{pay(kept, short)}, limits, merged.Add(-72 * time.Hour), nil},
		{"asked too long ago", []txtar.File{pay(kept, short)}, limits, merged.Add(-72*time.Hour - time.Second), []bool{true}},
		{"no limit", []txtar.File{pay(kept, short)}, Limits{}, merged.AddDate(-1, 0, 0), nil},
		{"asked by nobody", []txtar.File{pay(kept, short)}, limits, time.Time{}, nil},
		{"ended at this moment", []txtar.File{pay(kept, ended)}, limits, merged, []bool{false}},
		{"ends in a second", []txtar.File{pay(kept, open)}, limits, merged, nil},
		{"nothing new", []txtar.File{pay(kept)}, limits, merged.AddDate(-1, 0, 0), nil},
		{"only removed", []txtar.File{pay()}, limits, merged.AddDate(-1, 0, 0), nil},
		{"only renamed", []txtar.File{with("groups/pay.yaml", ""), with("groups/payments.yaml", payHead+"\n  - {"+kept+"}\n")}, limits, merged.AddDate(-1, 0, 0), nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			base, head := repo(t, pay(kept)), repo(t, tt.head...)
			got := Voids(base, head, tt.limit, Start{MergedAt: merged, AskedAt: tt.asked})
			if len(got) != len(tt.want) {
				t.Fatalf("got %+v, want %v", got, tt.want)
			}
			for i, late := range tt.want {
				if got[i].Late != late || got[i].Grant.Account != "pay-dev" {
					t.Errorf("got %+v, late %v wanted", got[i], late)
				}
			}
		})
	}
}
