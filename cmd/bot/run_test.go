package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// ran is the outcome of one command line.
type ran struct {
	code     int
	out, err string
}

func runLine(t *testing.T, args ...string) ran {
	t.Helper()
	var out, errs bytes.Buffer
	code := run(t.Context(), args, program{stdout: &out, stderr: &errs, getenv: func(string) string { return "" }})
	return ran{code, out.String(), errs.String()}
}

func TestExitCodesAndWords(t *testing.T) {
	t.Parallel()
	bad := t.TempDir()
	if err := os.WriteFile(filepath.Join(bad, "aws-access.yaml"), []byte("version: 1\nphas: 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	settings := filepath.Join(bad, "bot.yaml")
	if err := os.WriteFile(settings, []byte("listen: nowhere\nlissten: x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		args []string
		code int
		want []string // in stdout and stderr together
	}{
		{"no command shows help", nil, exitGood, []string{"serve", "sandbox", "check", "trust"}},
		{"unknown command", []string{"serv"}, exitUsage, []string{`unknown command "serv"`}},
		{"unknown flag", []string{"check", "--jsn", "x"}, exitUsage, []string{"unknown flag"}},
		{"missing argument", []string{"check"}, exitUsage, []string{"check: DIR is missing", "Usage: bot check DIR"}},
		{"version", []string{"version"}, exitGood, []string{"aws-access-bot"}},
		{"good repo", []string{"check", "../../config/example"}, exitGood, []string{"good: 13 accounts"}},
		{"good repo as JSON", []string{"check", "--json", "../../config/example"}, exitGood, []string{`"good": true`}},
		{"bad repo names file and line", []string{"check", bad}, exitFindings, []string{"aws-access.yaml:2:", "phas"}},
		{"no such folder", []string{"check", filepath.Join(bad, "nothing")}, exitUsage, []string{"nothing"}},
		{"settings problems come at once", []string{"serve", "--settings", settings}, exitUsage, []string{"lissten", "listen:", "slack, teams: are both missing", "signing_key"}},
		{"no settings", []string{"status", "--settings", filepath.Join(bad, "none.yaml")}, exitUsage, []string{"none.yaml"}},
		{"half of a pair of flags", []string{"sandbox", "--emulators-only"}, exitUsage, []string{"--write-settings"}},
		{"speed", []string{"sandbox", "--speed", "0"}, exitUsage, []string{"--speed"}},
		{"the sandbox is for this machine", []string{"sandbox", "--listen", "192.0.2.1:1"}, exitFindings, []string{"other machines would reach it"}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got := runLine(t, tc.args...)
			if got.code != tc.code {
				t.Errorf("exit code %d, want %d\n%s%s", got.code, tc.code, got.out, got.err)
			}
			for _, w := range tc.want {
				if !strings.Contains(got.out+got.err, w) {
					t.Errorf("%q is not in:\n%s%s", w, got.out, got.err)
				}
			}
		})
	}
}

func TestEverySubcommandHasHelp(t *testing.T) {
	t.Parallel()
	for _, c := range []string{"serve", "sandbox", "check", "rules", "plan", "sync", "status", "import", "trust", "version"} {
		if got := runLine(t, c, "--help"); got.code != exitGood || !strings.Contains(got.out, "bot "+c) {
			t.Errorf("%s --help: %d\n%s%s", c, got.code, got.out, got.err)
		}
	}
}
