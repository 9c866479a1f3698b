package archtest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// faultColumns are the columns of the fault matrix, as subtests name them, with
// their heads in docs/faults.md.
func faultColumns() [][2]string {
	return [][2]string{{"timeout", "No answer, or a reset"}, {"throttled", "Too many calls"}, {"5xx", "The service fails"}, {"partial", "A list in part"},
		{"lag", "Shown late"}, {"duplicate", "Twice"}, {"order", "Out of order"}, {"revoked", "Credentials refused"}}
}

// faultRow is an outside call with what must come of each kind of fault, by
// column. A column that is missing has its reason in never.
type faultRow struct {
	id, call string
	outcome  map[string]string
	// never says why a fault cannot be.
	never map[string]string
}

const (
	noList  = "it is no list"
	noOrder = "calls wait for each other, and only the state of the moment counts"
	noTwice = "it changes nothing"
	noLag   = "nothing is written that could be shown late"
)

// faultMatrix are the calls that provisioning and the config repo's writes make.
func faultMatrix() []faultRow {
	const again, gap, said = "tried again with growing waits", "no change that depends on it", "it is said, what is live stays, and it goes on once it is mended"
	read := func(id, call, depends string, partial, lag string) faultRow {
		r := faultRow{id: id, call: call, outcome: map[string]string{"timeout": depends, "throttled": "its wait is kept", "5xx": depends, "revoked": said, "partial": partial},
			never: map[string]string{"duplicate": noTwice, "order": noOrder}}
		if lag == "" {
			r.never["lag"] = noLag
		} else {
			r.outcome["lag"] = lag
		}
		return r
	}
	return []faultRow{
		{id: "C4", call: "Activities from Teams", outcome: map[string]string{"timeout": "what was stored and comes again does nothing twice", "5xx": "answered only for what is not stored, so that Teams sends it again",
			"duplicate": "known by its activity, or by its dialog", "order": "decided by how things stand, not by what the card shows", "revoked": "refused before the body is read"},
			never: map[string]string{"partial": noList, "lag": noLag, "throttled": "nobody is turned away: it is stored, and worked off later"}},
		{id: "C5", call: "Messages to Teams", outcome: map[string]string{"timeout": "an edit is made again; a message is posted again and says that it may stand there twice, since the connector has no history", "throttled": "its wait is kept",
			"5xx": "as without an answer: an edit is made again, a message not as if nothing had been", "lag": "what cannot be edited yet is tried again, and is not gone", "duplicate": "what was seen to be posted is not posted again", "revoked": "one new token is asked for, then it is said"},
			never: map[string]string{"partial": noList, "order": noOrder}},
		{id: "C10", call: "Writes to GitHub", outcome: map[string]string{"timeout": "branch and pull request are looked for before anything is repeated", "throttled": "its wait is kept", "5xx": "as without an answer: a write is sent once",
			"lag": "looked for again by the branch", "duplicate": "what exists already is taken", "order": "built anew on the moved base", "revoked": said},
			never: map[string]string{"partial": noList}},
		{id: "C11", call: "Tokens of Microsoft", outcome: map[string]string{"timeout": again, "throttled": "its wait is kept", "5xx": again + ", and taken for no refusal", "revoked": said},
			never: map[string]string{"partial": noList, "lag": noLag, "duplicate": noTwice, "order": noOrder}},
		read("C12", "Reads of Microsoft Graph", gap, "followed to the end, on the same host, or an error", "what the bot did is not taken for undone"),
		{id: "C13", call: "Assignments to the application, provisioning on demand", outcome: map[string]string{"timeout": "looked at before it is repeated", "throttled": "its wait is kept, by all", "5xx": "looked at before it is repeated",
			"lag": "tried again in silence", "duplicate": "what exists, or is gone, is success", "revoked": said},
			never: map[string]string{"partial": noList, "order": "each step waits for the one before"}},
		read("C14", "Look-ups in the identity store", gap, "followed to the end", "a group that is not there yet is waited for; one with a new id is found"),
		read("C15", "Lists of sso-admin", "a complete read, or no removal", "followed to the end; a token that comes twice is an error", "a second reading decides"),
		{id: "C16", call: "Creations and deletions of assignments", outcome: map[string]string{"timeout": "the pair is read before it is repeated", "throttled": "tried again, one at a time in an account", "5xx": "the pair is read before it is repeated",
			"lag": "followed to its end, then read back", "duplicate": "AWS accepts it, and what is gone is success", "order": "strictly one after the other", "revoked": said},
			never: map[string]string{"partial": noList}},
		read("C17", "How operations go", "asked again with growing waits; the listing decides", "followed to the end", "an id that is not known yet is asked for again"),
		read("C18", "Organizations", gap, "read whole, or an error", "nothing is given in an account until it is active"),
	}
}

// processFault is a fault of the bot's own surroundings. Its tests are named as
// "folder TestName", "folder TestFaults/C18/lag", or the name of a script.
type processFault struct {
	fault, outcome string
	tests          []string
	never          string // why there is no test
}

func processFaults() []processFault {
	const notYet = "there is one process and one file: a second process is refused"
	return []processFault{
		{"kill -9 at any step", "nothing is lost or done twice", []string{"cmd/bot TestP8KillAfterEveryDurableStep", "cmd/bot TestP8KillWhileSomebodyLeavesOrAGroupIsRecreated", "internal/provision TestP5KillAfterEveryStepAndEveryWriteEndsTheSame", "internal/provision TestP5KillAtEveryStepOfASetEndsTheSame", "internal/provision TestP5KillAtEveryStepOfLeaving", "internal/provision TestP5KillAtEveryStepOfARecreatedGroup", "internal/provision TestP8KillAtEveryKindOfStepAmongSixHundredGrants", "internal/store TestAKilledProcessLosesNothingThatWasReported"}, ""},
		{"Disk full", "new work is refused, and goes on when there is space", []string{"internal/store TestAFullDiskRefusesUpdatesUntilThereIsSpace"}, ""},
		{"fsync fails", "the process ends, and reads what is there when it starts", []string{"internal/store TestAfterAWriteErrorNothingIsWrittenAnyMore"}, ""},
		{"Power cut at the first start", "the file is made whole or not at all", []string{"internal/store TestWhatAnInterruptedFirstStartLeftIsReplaced"}, ""},
		{"The clock jumps", "no mass of ends", []string{"internal/provision TestT40AClockThatJumpsADayEndsNothing", "internal/provision TestT05ClockJumps"}, ""},
		{"Webhooks are lost", "the poll finds what was merged", []string{"p2-every-webhook-lost.txtar"}, ""},
		{"The bot is down for long", "everything is caught up with, in order", []string{"merged-while-down.txtar", "internal/gitops TestManyMergesWhileDown", "internal/provision TestDriftWhileTheBotWasDownIsFound"}, ""},
		{"The config repo is force-pushed", "a halt", []string{"rule-history-rewritten.txtar"}, ""},
		{"The repository is renamed or archived, the App uninstalled", "it is named, access stays", []string{"repository-archived.txtar", "internal/gitops TestARepositoryThatCannotBeReadIsToldOnceItLasts", "internal/gitops/github TestWhyTheRepositoryCannotBeRead"}, ""},
		{"Invalid YAML on the default branch", "the last good commit stays in force", []string{"bad-yaml-then-revert.txtar", "internal/gitops TestInvalidCommits"}, ""},
		{"The config names what does not exist", "that entry waits, the others go on", []string{"internal/provision TestFaults/C18/lag", "internal/provision TestUserWhoCannotHaveAccessBlocksTheEntryAndNothingElse"}, ""},
		{"Somebody edits AWS or Entra by hand", "drift: told, and put back where that is asked for", []string{"drift-adopt.txtar", "drift-put-back-by-button.txtar", "console-additions-stay.txtar"}, ""},
		{"Two ask for the same", "the second joins", []string{"second-askers.txtar"}, ""},
		{"A pull request is closed, or its branch deleted", "the request ends, told once", []string{"cancel.txtar", "rule-branch-missing.txtar"}, ""},
		{"A thread or channel is deleted", "access goes on, the operations channel is told", []string{"internal/chat TestAGoneThreadFallsBackToTheOpsChannel", "internal/chat TestAGoneChannelFallsBackToTheOpsChannel"}, ""},
		{"The process is stopped while another starts", "one acts", []string{"t46-stopped-process.txtar", "p9-second-process.txtar"}, ""},
		{"A database fails over or restarts", "retried, or refused whole", nil, notYet},
		{"Upgrade with another form of the state file", "migrated in order, once, or not at all", []string{"internal/store TestAnOlderFileIsMigratedInOrderAndOnce", "internal/store TestAMigrationThatFailsChangesNothing"}, ""},
		{"No memory left", "as kill -9", []string{"cmd/bot TestP8KillAfterEveryDurableStep"}, ""},
	}
}

// testNames are the tests of the module: "folder TestName", the cells of each
// TestFaults, and the names of scripts.
func testNames(t *testing.T) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	cell := regexp.MustCompile(`^C\d{1,2}/[a-z0-9]+$`)
	err := filepath.WalkDir("../..", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if strings.HasSuffix(p, ".txtar") {
			out[d.Name()] = true
		}
		if !strings.HasSuffix(p, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), p, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		folder := path.Dir(strings.TrimPrefix(filepath.ToSlash(p), "../../"))
		for _, decl := range f.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok || fn.Recv != nil {
				continue
			}
			out[folder+" "+fn.Name.Name] = true
			if fn.Name.Name != "TestFaults" {
				continue
			}
			ast.Inspect(fn, func(n ast.Node) bool {
				if pair, ok := n.(*ast.KeyValueExpr); ok {
					if key, ok := pair.Key.(*ast.BasicLit); ok && key.Kind == token.STRING {
						if s, err := strconv.Unquote(key.Value); err == nil && cell.MatchString(s) {
							out[folder+" TestFaults/"+s] = true
						}
					}
				}
				return true
			})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// cellFolders returns, sorted, the folders that test a cell.
func cellFolders(names map[string]bool, cell string) []string {
	var out []string
	for name := range names {
		if folder, ok := strings.CutSuffix(name, " TestFaults/"+cell); ok {
			out = append(out, folder)
		}
	}
	slices.Sort(out)
	return out
}

const faultsFile = "../../docs/faults.md"

// TestEveryFaultHasATestOrAReason: each cell of the fault matrix is a subtest of
// a TestFaults, or has a reason why it cannot be, and each process fault has its
// tests. docs/faults.md shows them; -update writes it.
func TestEveryFaultHasATestOrAReason(t *testing.T) {
	t.Parallel()
	names, known := testNames(t), map[string]bool{}
	for _, row := range faultMatrix() {
		for _, column := range faultColumns() {
			cell := row.id + "/" + column[0]
			known[cell] = true
			folders := cellFolders(names, cell)
			switch outcome, never := row.outcome[column[0]], row.never[column[0]]; {
			case (outcome == "") == (never == ""):
				t.Errorf("%s has an outcome %q and a reason not to be %q: want one", cell, outcome, never)
			case outcome != "" && len(folders) == 0:
				t.Errorf("no TestFaults has %s (%s)", cell, outcome)
			case never != "" && len(folders) > 0:
				t.Errorf("%s is said not to be (%s), and is tested in %v", cell, never, folders)
			}
		}
	}
	for name := range names {
		if _, cell, ok := strings.Cut(name, " TestFaults/"); ok && !known[cell] {
			t.Errorf("%s is no cell of the matrix", name)
		}
	}
	for _, f := range processFaults() {
		if (len(f.tests) == 0) == (f.never == "") {
			t.Errorf("%q has neither a test nor a reason, or both", f.fault)
		}
		for _, name := range f.tests {
			if !names[name] {
				t.Errorf("%q: there is no test %s", f.fault, name)
			}
		}
	}
	want := faultsText(names)
	if *update {
		if err := os.WriteFile(faultsFile, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(faultsFile); err != nil || string(got) != want {
		t.Errorf("docs/faults.md is not as the tests are (%v); -update writes it", err)
	}
}

// faultsText is docs/faults.md.
func faultsText(names map[string]bool) string {
	var b strings.Builder
	b.WriteString(`# Faults

What must come of each fault of an outside call and of the bot's surroundings, and where it is tested. Each cell of the
first table is a subtest of its name: ` + "`go test ./internal/... -run 'TestFaults/C16/lag'`" + ` runs that of C16 shown late.
` + "`go test ./internal/archtest`" + ` fails where a cell has neither a test nor a reason, and with ` + "`-update`" + ` writes this page.

Always: nothing that is kept is touched; waits between tries grow; and once the fault is over everything comes to be as
desired without a person, except where credentials are refused.

| | Call | Fault | What comes of it | Tested in |
|---|---|---|---|---|
`)
	for _, row := range faultMatrix() {
		for _, c := range faultColumns() {
			if outcome := row.outcome[c[0]]; outcome != "" {
				fmt.Fprintf(&b, "| %s/%s | %s | %s | %s | %s |\n", row.id, c[0], row.call, c[1], outcome, strings.Join(cellFolders(names, row.id+"/"+c[0]), ", "))
			}
		}
	}
	b.WriteString("\nWhat cannot be:\n\n")
	for _, row := range faultMatrix() {
		reasons := map[string][]string{}
		for _, c := range faultColumns() {
			if never := row.never[c[0]]; never != "" {
				reasons[never] = append(reasons[never], c[0])
			}
		}
		var parts []string
		for _, reason := range slices.Sorted(maps.Keys(reasons)) {
			parts = append(parts, strings.Join(reasons[reason], ", ")+" ("+reason+")")
		}
		fmt.Fprintf(&b, "- %s: %s\n", row.id, strings.Join(parts, "; "))
	}
	b.WriteString("\n| Fault | What comes of it | Tests |\n|---|---|---|\n")
	for _, f := range processFaults() {
		where := f.never
		if where == "" {
			where = "`" + strings.Join(f.tests, "`, `") + "`"
		} else {
			where = "not yet: " + where
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", f.fault, f.outcome, where)
	}
	return b.String()
}
