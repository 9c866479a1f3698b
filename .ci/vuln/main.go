// Command vuln judges what govulncheck -format json found in the bot's binary,
// read from standard input. A hole in a module of which the binary has a
// vulnerable symbol ends it with exit code 1. Holes in the standard library are
// listed and do not: they are those of the Go that happens to build here, and the
// image is built with the newest patch release of its line (see Dockerfile).
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
)

// message is one of the stream (golang.org/x/vuln/internal/govulncheck, 1.0.0).
type message struct {
	Finding *finding `json:"finding"`
	SBOM    *struct {
		GoVersion string `json:"go_version"`
	} `json:"SBOM"`
}

type finding struct {
	OSV   string  `json:"osv"`
	Fixed string  `json:"fixed_version"`
	Trace []frame `json:"trace"`
}

type frame struct {
	Module   string `json:"module"`
	Version  string `json:"version"`
	Function string `json:"function"`
}

func main() {
	modules, library, err := judge(os.Stdin)
	if err != nil {
		fmt.Fprintln(os.Stderr, "vuln:", err)
		os.Exit(2)
	}
	for _, l := range library {
		fmt.Println("standard library:", l, "(not a failure: build with a newer patch release of Go)")
	}
	for _, l := range modules {
		fmt.Println("module:", l)
	}
	if len(modules) > 0 {
		os.Exit(1)
	}
	fmt.Println("no module has a known hole that the program contains")
}

// judge returns what the binary has of vulnerable code, one line each, of
// modules and of the standard library. A stream without anything is an error:
// nothing was scanned.
func judge(r io.Reader) (modules, library []string, err error) {
	dec, scanned := json.NewDecoder(r), false
	for {
		var m message
		switch err := dec.Decode(&m); {
		case errors.Is(err, io.EOF) && scanned:
			slices.Sort(modules)
			slices.Sort(library)
			return slices.Compact(modules), slices.Compact(library), nil
		case errors.Is(err, io.EOF):
			return nil, nil, errors.New("nothing was scanned")
		case err != nil:
			return nil, nil, fmt.Errorf("read what govulncheck found: %w", err)
		}
		scanned = scanned || m.SBOM != nil
		if m.Finding == nil || len(m.Finding.Trace) == 0 || m.Finding.Trace[0].Function == "" {
			continue // a module or package that has a hole in what is not linked
		}
		at := m.Finding.Trace[0]
		line := fmt.Sprintf("%s in %s %s, fixed in %s: https://pkg.go.dev/vuln/%s", m.Finding.OSV, at.Module, at.Version, fixed(m.Finding.Fixed), m.Finding.OSV)
		if at.Module == "stdlib" {
			library = append(library, line)
		} else {
			modules = append(modules, line)
		}
	}
}

func fixed(v string) string {
	if v == "" {
		return "no version yet"
	}
	return v
}
