package main

import (
	"fmt"
	"strings"

	"aws-access-bot/config"
)

// printAnnotated prints a check for the log of a GitHub Actions job: workflow
// commands that put findings on the pull request's diff, then the lines for
// people, none of which can be taken for a command. GitHub shows ten
// annotations of a kind for a step; the lines have all.
func printAnnotated(p program, c checked, f checkFlags) error {
	var out []string
	for _, x := range c.Problems {
		out = append(out, annotation("error", "", x))
	}
	if c.Against != nil {
		for _, x := range c.Against.Refused {
			out = append(out, annotation("error", string(x.Code), x.Problem))
		}
	}
	level := "warning"
	if f.strict {
		level = "error"
	}
	for _, x := range c.Warnings {
		out = append(out, annotation(level, string(x.Code), x.Problem))
	}
	for _, l := range checkedLines(c, f) {
		out = append(out, plainLog(l))
	}
	return printLines(p, out)
}

// annotation is the workflow command that puts a problem on the diff.
func annotation(level, title string, x config.Problem) string {
	var props []string
	add := func(key, value string) {
		if value != "" {
			props = append(props, key+"="+escapeProperty(value))
		}
	}
	add("file", x.File)
	if x.Line > 0 {
		add("line", fmt.Sprint(x.Line))
		add("col", fmt.Sprint(x.Column))
	}
	add("title", title)
	text := x.Message
	if x.Mend != "" {
		text += "; " + x.Mend
	}
	command := "::" + level
	if len(props) > 0 {
		command += " " + strings.Join(props, ",")
	}
	return command + "::" + escapeData(text)
}

// escapeData escapes the text of a workflow command. The source is the
// documentation of workflow commands and the actions toolkit, which percent
// encode these and nothing else.
func escapeData(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

// escapeProperty escapes a property of a workflow command.
func escapeProperty(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace(s)
}

// plainLog makes a line one that the runner takes for no command, whatever a
// path or a name in it says: commands begin a line with "::", or have "##["
// anywhere.
func plainLog(line string) string {
	line = strings.NewReplacer("\r", " ", "\n", " ", "##[", "## [").Replace(line)
	return "| " + line
}
