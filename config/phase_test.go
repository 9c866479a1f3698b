package config

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// phaseTable is the table of phases of the design, cell by cell.
var phaseTable = []struct {
	phase                                     Phase
	legacy, newLegacy, invites                bool
	unfiled                                   Unfiled
	removesReported, removesReverted, oneHome bool
}{
	{1, true, true, false, UnfiledIgnored, false, false, false},
	{2, true, false, true, UnfiledWaiting, false, false, false},
	{3, false, false, true, UnfiledError, false, true, true},
}

func TestPhaseRules(t *testing.T) {
	t.Parallel()
	for _, row := range phaseTable {
		p := row.phase
		got := row
		got.legacy, got.newLegacy, got.invites, got.unfiled = p.AllowsLegacy(), p.AllowsNewLegacy(), p.Invites(), p.Unfiled()
		got.removesReported, got.removesReverted, got.oneHome = p.RemovesUndeclared(DriftReport), p.RemovesUndeclared(DriftRevert), p.OneOrganization()
		if got != row {
			t.Errorf("%s: %+v, want %+v", p, got, row)
		}
		err := p.MayInvite()
		var no *Refusal
		if (err == nil) != row.invites || err != nil && (!errors.As(err, &no) || !strings.Contains(no.Mend, "/aws-access phase 2")) {
			t.Errorf("%s: inviting: %v", p, err)
		}
	}
	if len(phaseTable) != len(Phases()) {
		t.Errorf("%d phases in the table, %d in all", len(phaseTable), len(Phases()))
	}
}

// estateCase is one repo of the pairs: its phase, and what the accounts are.
type estateCase struct {
	phase    int
	back     bool
	crm      string // stage of the account that both repos have, "" for none
	newcomer string // stage of an account that only the head may have
}

func (c estateCase) files(t *testing.T) []txtar.File {
	// Without crm, and with no selector that would reach it.
	files := append(phase(t, c.phase, c.back), group("breakglass", "13", "account: pay-prod, permission_set: AdministratorAccess"))
	if c.crm != "" {
		files = append(files, account("crm", "333344441111", "stage: "+c.crm))
	}
	if c.newcomer != "" {
		files = append(files, account("newcomer", "555566667777", "stage: "+c.newcomer))
	}
	return files
}

// TestOnlyDeclaredTransitionsOfRepos goes through all pairs of repos that differ
// in phase, phase_back, a standing account and a new one, and holds the reader
// and the check of the step against the table, written down here once more.
func TestOnlyDeclaredTransitionsOfRepos(t *testing.T) {
	t.Parallel()
	stages := []string{"", "legacy", "sso"}
	pairs, passed := 0, 0
	for from := 1; from <= 3; from++ {
		for _, had := range stages {
			base := estateCase{phase: from, crm: had}
			if from == 3 && had == "legacy" {
				continue // not valid by itself; the head below shows that
			}
			baseRepo := repo(t, base.files(t)...)
			for to := 1; to <= 3; to++ {
				for _, back := range []bool{false, true} {
					for _, has := range stages {
						for _, newcomer := range stages {
							head := estateCase{phase: to, back: back, crm: has, newcomer: newcomer}
							pairs++
							if judge(t, baseRepo, base, head) {
								passed++
							}
						}
					}
				}
			}
		}
	}
	if pairs != 8*3*2*9 || passed == 0 || passed == pairs {
		t.Errorf("%d of %d pairs passed", passed, pairs)
	}
}

// judge compares what the reader and the check of the step say of a pair with
// the table.
func judge(t *testing.T, base *Repo, was, is estateCase) bool {
	t.Helper()
	row := phaseTable[is.phase-1]
	valid := row.legacy || is.crm != "legacy" && is.newcomer != "legacy"
	step := is.phase == was.phase || is.phase == was.phase+1 || is.phase == was.phase-1 && is.back
	isNew := is.newcomer == "legacy" || was.crm == "" && is.crm == "legacy"
	want := valid && step && (row.newLegacy || !isNew)
	head, err := Load(overlay(t, is.files(t)...))
	if (err == nil) != valid {
		t.Fatalf("%+v reads as %v, want valid %v", is, err, valid)
	}
	if err != nil {
		if !strings.Contains(err.Error(), "a legacy account in phase 3") {
			t.Fatalf("%+v: %v, want the legacy account named", is, err)
		}
		return false
	}
	problems := CheckTransition(base, head)
	if got := len(problems) == 0; got != want {
		t.Fatalf("from %+v to %+v: %v, want allowed %v", was, is, problems, want)
	}
	for _, p := range problems {
		if p.Mend == "" {
			t.Errorf("no mend: %v", p)
		}
	}
	return want
}

// TestStepsNeverSkipAPhase is the rule of steps over many numbers, those that no
// file can have too.
func TestStepsNeverSkipAPhase(t *testing.T) {
	t.Parallel()
	for from := Phase(1); from <= 5; from++ {
		for to := Phase(1); to <= 5; to++ {
			for _, back := range []bool{false, true} {
				err := from.Step(to, back)
				far := to > from+1 || to < from-1
				if far && err == nil || !far && (to >= from || back) && err != nil || to < from && !back && err == nil {
					t.Errorf("%s", fmt.Sprint(from, to, back, err))
				}
			}
		}
	}
}
