package main

import (
	"strings"
	"testing"

	"aws-access-bot/config"
)

// FuzzAnnotation: whatever a path or a message is, an annotation is one
// command on one line, and reads back as it was; and no line for people is a
// command.
func FuzzAnnotation(f *testing.F) {
	f.Add("groups/a.yaml", "stage is wrong")
	f.Add("a,line=1::b%25.yaml", "first\nsecond\r::error::third 100%")
	f.Add("##[error]x", "##[add-mask]y")
	f.Add("", "")
	f.Fuzz(func(t *testing.T, path, message string) {
		line := annotation("error", "code", config.Problem{Position: config.Position{File: path, Line: 3, Column: 7}, Message: message})
		if strings.ContainsAny(line, "\r\n") {
			t.Fatalf("more than one line: %q", line)
		}
		props, data, ok := strings.Cut(strings.TrimPrefix(line, "::error "), "::")
		if !ok || unescaped(data) != message {
			t.Errorf("the message %q reads back as %q", message, unescaped(data))
		}
		got := map[string]string{}
		for _, p := range strings.Split(props, ",") {
			key, value, _ := strings.Cut(p, "=")
			got[key] = unescaped(value)
		}
		if got["file"] != path || got["line"] != "3" || got["col"] != "7" || got["title"] != "code" {
			t.Errorf("properties %v of %q", got, path)
		}
		plain := plainLog(path + ": " + message)
		if strings.HasPrefix(strings.TrimSpace(plain), "::") || strings.Contains(plain, "##[") || strings.ContainsAny(plain, "\r\n") {
			t.Errorf("%q may be taken for a command", plain)
		}
	})
}

// unescaped reads what the runner reads.
func unescaped(s string) string {
	return strings.NewReplacer("%0D", "\r", "%0A", "\n", "%3A", ":", "%2C", ",", "%25", "%").Replace(s)
}
