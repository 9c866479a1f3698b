package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestAnInterruptedImportIsNoGoodEnd: who goes by the exit code does not take an
// empty folder for an import.
func TestAnInterruptedImportIsNoGoodEnd(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	text := "aws: {region: ap-northeast-1, endpoint_url: http://127.0.0.1:1, access_key_id: AKIA, secret_access_key: {env: KEY}}\n"
	file := filepath.Join(dir, "bot.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	stop()
	var out, errs bytes.Buffer
	repo := filepath.Join(dir, "repo")
	if err := os.CopyFS(repo, os.DirFS("../../config/example")); err != nil {
		t.Fatal(err)
	}
	code := run(ctx, []string{"import", repo, "--settings", file},
		program{stdout: &out, stderr: &errs, getenv: func(string) string { return "secret-of-sixteen" }})
	if code != exitFindings || !strings.Contains(errs.String(), "interrupted while reading; nothing was written") {
		t.Errorf("exit code %d: %s", code, errs.String())
	}
}
