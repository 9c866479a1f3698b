package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// Limits of a file. Depth counts nested lists and mappings.
const (
	maxFileSize = 1 << 20
	maxDepth    = 16
)

// source is the text of one file with what is needed to find the bytes of a
// YAML node in it.
type source struct {
	path  string
	data  []byte
	lines []int // offset of the first byte of each line

	// line, column and at are the place that was asked for last. Going on
	// from there keeps a walk in reading order linear on a line of 1 MiB.
	line, column, at int
}

func newSource(path string, data []byte) *source {
	s := &source{path: path, data: data, lines: []int{0}}
	for i, c := range data {
		if c == '\n' {
			s.lines = append(s.lines, i+1)
		}
	}
	return s
}

// offset turns a line and column, both from 1 and the column in characters as
// the YAML library counts it, into an offset into data.
func (s *source) offset(line, column int) int {
	if line < 1 || line > len(s.lines) {
		return len(s.data)
	}
	if line != s.line || column < s.column {
		s.line, s.column, s.at = line, 1, s.lines[line-1]
	}
	for ; s.column < column && s.at < len(s.data); s.column++ {
		if s.data[s.at] < utf8.RuneSelf {
			s.at++
			continue
		}
		_, size := utf8.DecodeRune(s.data[s.at:])
		s.at += size
	}
	return s.at
}

func (s *source) start(n *yaml.Node) int { return s.offset(n.Line, n.Column) }

func (s *source) position(n *yaml.Node) Position {
	return Position{File: s.path, Line: max(n.Line, 1), Column: max(n.Column, 1)}
}

// checkCharacters looks at the bytes before anything interprets them.
func (s *source) checkCharacters() Problems {
	var ps Problems
	line, column := 1, 1
	for at := 0; at < len(s.data) && len(ps) < maxCollected; column++ {
		r, size := rune(s.data[at]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRune(s.data[at:])
		}
		pos := Position{s.path, line, column}
		next := at + size
		switch {
		case r == '\n':
			line, column = line+1, 0
		case r == '\r' && next < len(s.data) && s.data[next] == '\n':
		case r == utf8.RuneError && size == 1:
			ps = append(ps, Problem{pos, "a byte that is not UTF-8", "save the file as UTF-8"})
		case r == '\t':
			ps = append(ps, Problem{pos, "a tab", "use spaces"})
		case r >= ' ' && r < 0x7f:
		default:
			if why := refusedRune(r); why != "" {
				ps = append(ps, Problem{pos, fmt.Sprintf("%s (%U)", why, r), "remove it"})
			}
		}
		at = next
	}
	return ps
}

// parse reads the one document of the file. Without problems it has no
// anchors, aliases, tags, merge keys or doubled keys, is at most maxDepth deep,
// and every scalar stands on one line. The node is nil where the file cannot
// be read at all.
func (s *source) parse() (*yaml.Node, Problems) {
	if ps := s.checkCharacters(); len(ps) > 0 {
		return nil, ps
	}
	doc, ps := s.decode()
	if doc == nil {
		return nil, ps
	}
	w := walker{source: s, problems: ps}
	w.walk(doc.Content[0], 1)
	return doc.Content[0], w.problems
}

// decode returns the document node, or nil and why there is none.
func (s *source) decode() (doc *yaml.Node, ps Problems) {
	// The library panics on a few malformed inputs instead of failing. A
	// file must never bring the program down.
	defer func() {
		if r := recover(); r != nil {
			doc, ps = nil, Problems{{Position{s.path, 1, 1}, "not YAML", "compare the file with docs/config.md"}}
		}
	}()
	for i, at := range s.lines {
		if at < len(s.data) && s.data[at] == '%' && len(ps) < maxCollected {
			ps = append(ps, Problem{Position{s.path, i + 1, 1}, "a YAML directive", "remove the line"})
		}
	}
	if len(ps) > 0 {
		return nil, ps
	}
	dec := yaml.NewDecoder(bytes.NewReader(s.data))
	var first, second yaml.Node
	if err := dec.Decode(&first); err != nil {
		return nil, Problems{s.syntaxProblem(err)}
	}
	if first.Kind != yaml.DocumentNode || len(first.Content) != 1 {
		return nil, Problems{{Position{s.path, 1, 1}, "the file is empty", "write its content, or delete the file"}}
	}
	switch err := dec.Decode(&second); {
	case err == nil:
		return nil, Problems{{s.position(&second), "a second YAML document", "keep one document in a file; remove the --- line"}}
	case !errors.Is(err, io.EOF):
		return nil, Problems{s.syntaxProblem(err)}
	}
	return &first, nil
}

// syntaxProblem turns an error of the YAML library, which knows the line at
// best, into a problem.
func (s *source) syntaxProblem(err error) Problem {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	if errors.Is(err, io.EOF) {
		return Problem{Position{s.path, 1, 1}, "the file is empty", "write its content, or delete the file"}
	}
	line := 1
	if n, scanErr := fmt.Sscanf(text, "line %d:", &line); scanErr == nil && n == 1 {
		_, text, _ = strings.Cut(text, ": ")
	}
	line = min(max(line, 1), len(s.lines))
	var alias string
	if n, scanErr := fmt.Sscanf(text, "unknown anchor '%s", &alias); scanErr == nil && n == 1 {
		alias = "*" + strings.TrimSuffix(alias, "'")
		return Problem{s.find(alias), "an alias (" + alias + ")", "write the value itself"}
	}
	return Problem{Position{s.path, line, 1}, "not YAML: " + text, "check indentation, quotes and brackets around this line"}
}

// find returns the position of the first occurrence of a text.
func (s *source) find(text string) Position {
	at := max(bytes.Index(s.data, []byte(text)), 0)
	line := bytes.Count(s.data[:at], []byte("\n"))
	return Position{s.path, line + 1, utf8.RuneCount(s.data[s.lines[line]:at]) + 1}
}

// scalarEnd returns the offset after a scalar, and false if it does not stand
// on one line in the form in which it is read.
func (s *source) scalarEnd(n *yaml.Node) (int, bool) {
	at := s.start(n)
	rest := s.data[min(at, len(s.data)):]
	switch {
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		return at, false
	case n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0:
		end, ok := quotedEnd(rest)
		return at + end, ok
	default:
		if !bytes.HasPrefix(rest, []byte(n.Value)) {
			return at, false
		}
		return at + len(n.Value), true
	}
}

// quotedEnd returns the length of the quoted text that b begins with, and
// false if it does not end on the line it begins on.
func quotedEnd(b []byte) (int, bool) {
	if len(b) == 0 || b[0] != '"' && b[0] != '\'' {
		return 0, false
	}
	quote := b[0]
	for i := 1; i < len(b); i++ {
		switch {
		case b[i] == '\n':
			return i, false
		case quote == '"' && b[i] == '\\':
			i++
		case b[i] == quote && quote == '\'' && i+1 < len(b) && b[i+1] == quote:
			i++
		case b[i] == quote:
			return i + 1, true
		}
	}
	return len(b), false
}

// walker checks the form of every node; what a node means is decided later.
type walker struct {
	*source
	problems Problems
}

func (w *walker) problem(n *yaml.Node, mend, format string, args ...any) {
	if len(w.problems) < maxCollected {
		w.problems = append(w.problems, Problem{w.position(n), fmt.Sprintf(format, args...), mend})
	}
}

func (w *walker) walk(n *yaml.Node, depth int) {
	if !w.plainNode(n) {
		return
	}
	if depth > maxDepth {
		w.problem(n, "write it flatter", "nested deeper than %d levels", maxDepth)
		return
	}
	switch n.Kind {
	case yaml.ScalarNode:
		w.scalar(n)
	case yaml.SequenceNode:
		for _, item := range n.Content {
			w.walk(item, depth+1)
		}
	case yaml.MappingNode:
		w.mapping(n, depth)
	}
}

// plainNode refuses what makes YAML mean something other than it shows.
func (w *walker) plainNode(n *yaml.Node) bool {
	at := w.start(n)
	bang := n.Style&yaml.TaggedStyle != 0 || at < len(w.data) && w.data[at] == '!'
	switch {
	case n.Kind == yaml.AliasNode:
		w.problem(n, "write the value itself", "an alias (*%s)", n.Value)
	case n.Anchor != "":
		w.problem(n, "remove it", "an anchor (&%s)", n.Anchor)
	case bang:
		w.problem(n, "remove it", "an explicit tag (!)")
	default:
		return true
	}
	return false
}

func (w *walker) mapping(n *yaml.Node, depth int) {
	seen := make(map[string]string, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		w.key(key, seen)
		w.walk(value, depth+1)
	}
}

func (w *walker) key(key *yaml.Node, seen map[string]string) {
	if !w.plainNode(key) {
		return
	}
	if key.Kind != yaml.ScalarNode {
		w.problem(key, "use a plain word as the key", "a key that is a list or a mapping")
		return
	}
	if key.Tag == "!!merge" || key.Value == "<<" {
		w.problem(key, "write the keys out", "a merge key (<<)")
		return
	}
	if !w.scalar(key) {
		return
	}
	fold := strings.ToLower(key.Value)
	switch first, doubled := seen[fold]; {
	case !doubled:
		seen[fold] = key.Value
	case first == key.Value:
		w.problem(key, "keep one of them", "the key %q stands twice", key.Value)
	default:
		w.problem(key, "keep one of them", "the keys %q and %q differ only in case", first, key.Value)
	}
}

// scalar checks the form of a scalar, and the characters that escapes may have
// brought in.
func (w *walker) scalar(n *yaml.Node) bool {
	before := len(w.problems)
	end, oneLine := w.scalarEnd(n)
	if !oneLine {
		w.problem(n, "write it on one line", "text over more than one line")
		return false
	}
	if n.Style&yaml.DoubleQuotedStyle != 0 {
		w.escapes(n, w.data[w.start(n):end])
	}
	for _, r := range n.Value {
		if why := refusedRune(r); why != "" {
			w.problem(n, "remove it", "text with %s (%U)", why, r)
			break
		}
	}
	return len(w.problems) == before
}

// escapes allows only \" and \\ in double quotes: other escapes show one thing
// and mean another.
func (w *walker) escapes(n *yaml.Node, quoted []byte) {
	for i := 1; i+1 < len(quoted); i++ {
		if quoted[i] != '\\' {
			continue
		}
		if i++; quoted[i] != '"' && quoted[i] != '\\' {
			w.problem(n, `write the character itself; only \" and \\ are allowed`, `an escape (\%c)`, quoted[i])
			return
		}
	}
}
