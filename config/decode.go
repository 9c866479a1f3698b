package config

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// shape names the keys of one kind of mapping.
type shape struct {
	what     string   // for messages: "a rule"
	required []string // in the order they are written
	optional []string
}

// reference is a name in a file that another file must explain.
type reference struct {
	kind refKind
	name string
	pos  Position
}

type refKind int

const (
	refAccount  refKind = iota // an account slug in a rule
	refGrant                   // an account slug in a grant
	refGroup                   // a group slug
	refTeam                    // a team slug
	refPerson                  // an e-mail address of an owner
	refApprover                // an e-mail address of an approver
)

// file decodes one file: nodes to values, with all problems on the way.
// Decoding goes on after a problem, so that everything is reported at once;
// what it returns is used only if there was none.
type file struct {
	*source
	root     *yaml.Node // nil if there is nothing to decode
	problems Problems
	refs     []reference
	// form has the places of problems of form, such as an alias. What the
	// value there means is not reported on top.
	form map[Position]bool
}

// openFile parses a file. Problems of form are its first problems.
func openFile(path string, data []byte) *file {
	f := &file{source: newSource(path, data), form: map[Position]bool{}}
	f.root, f.problems = f.parse()
	for _, p := range f.problems {
		f.form[p.Position] = true
	}
	return f
}

func (f *file) problem(n *yaml.Node, mend, format string, args ...any) {
	if pos := f.position(n); !f.form[pos] && !f.full() {
		f.problems = append(f.problems, Problem{pos, fmt.Sprintf(format, args...), mend})
	}
}

// full reports that there is no use in looking for more problems.
func (f *file) full() bool { return len(f.problems) >= 2*maxCollected }

// refuse reports an error of a check, which is a [Refusal] with its own mend.
func (f *file) refuse(n *yaml.Node, what string, err error) {
	var r *Refusal
	if errors.As(err, &r) {
		f.problem(n, r.Mend, "%s: %s", what, r.Reason)
		return
	}
	f.problem(n, "", "%s: %v", what, err)
}

func (f *file) refer(kind refKind, name string, n *yaml.Node) {
	if name != "" {
		f.refs = append(f.refs, reference{kind, name, f.position(n)})
	}
}

// object is a mapping of a known shape. Its map has the values of the keys
// that have one.
type object struct {
	node   *yaml.Node
	values map[string]*yaml.Node
}

func (o object) get(key string) *yaml.Node { return o.values[key] }

// object reads a mapping and reports unknown, missing and empty keys.
func (f *file) object(n *yaml.Node, s shape) (object, bool) {
	o := object{node: n, values: make(map[string]*yaml.Node, 8)}
	if n.Kind != yaml.MappingNode {
		f.problem(n, "write it as keys and values; see docs/config.md", "%s must be a mapping, this is %s", s.what, kindName(n))
		return o, false
	}
	present := make(map[string]bool, 8)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if !s.has(key.Value) {
			f.unknownKey(key, s)
			continue
		}
		present[key.Value] = true
		if isNull(value) {
			f.problem(key, "give it a value, or remove the line", "%q has no value", key.Value)
			continue
		}
		o.values[key.Value] = value
	}
	for _, key := range s.required {
		if !present[key] {
			f.problem(n, fmt.Sprintf("add %q; see docs/config.md", key), "%s has no %q", s.what, key)
		}
	}
	return o, true
}

func (s shape) has(key string) bool {
	for _, list := range [][]string{s.required, s.optional} {
		for _, k := range list {
			if k == key {
				return true
			}
		}
	}
	return false
}

func (f *file) unknownKey(key *yaml.Node, s shape) {
	known := append(append([]string{}, s.required...), s.optional...)
	mend := "known keys are " + strings.Join(known, ", ")
	if len(f.problems) > maxFileProblems {
		known = nil // it will hardly be shown
	}
	if near := Nearest(key.Value, known); len(near) > 0 {
		mend = fmt.Sprintf("did you mean %q? %s", near[0], mend)
	}
	f.problem(key, mend, "unknown key %q in %s", key.Value, s.what)
}

func isNull(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.Tag == "!!null"
}

// isPlain reports a scalar without quotes.
func isPlain(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) == 0
}

func kindName(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "a mapping"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case isNull(n):
		return "empty"
	default:
		return "a single value"
	}
}

// list returns the items of a list that has at least one.
func (f *file) list(n *yaml.Node, what string) []*yaml.Node {
	if n == nil {
		return nil
	}
	if n.Kind != yaml.SequenceNode {
		f.problem(n, "write it as [a, b] or one item per line with a hyphen", "%s must be a list, this is %s", what, kindName(n))
		return nil
	}
	if len(n.Content) == 0 {
		f.problem(n, "name at least one, or remove the key where it is optional", "%s is an empty list", what)
	}
	return n.Content
}

// text reads a string. A value that YAML takes for a number, a date or a truth
// value must be quoted, so that what is read is what is shown.
func (f *file) text(n *yaml.Node, what string) (string, bool) {
	if n == nil {
		return "", false
	}
	if n.Kind != yaml.ScalarNode {
		f.problem(n, "write one value", "%s must be text, this is %s", what, kindName(n))
		return "", false
	}
	if isNull(n) {
		f.problem(n, "write a value", "%s is empty", what)
		return "", false
	}
	if n.Tag != "!!str" {
		f.problem(n, fmt.Sprintf("put it in quotes: %q", n.Value), "%s is not text to YAML (%s)", what, strings.TrimPrefix(n.Tag, "!!"))
		return "", false
	}
	return n.Value, true
}

// matching reads a string of a shape.
func (f *file) matching(n *yaml.Node, what string, re interface{ MatchString(string) bool }, mend string) string {
	s, ok := f.text(n, what)
	if !ok {
		return ""
	}
	if !re.MatchString(s) {
		f.problem(n, mend, "%s %q is not well-formed", what, cut(s, 80))
		return ""
	}
	return s
}

// uuid reads an Entra object id.
func (f *file) uuid(n *yaml.Node, what string) string {
	s, ok := f.text(n, what)
	if !ok {
		return ""
	}
	switch {
	case uuidShape.MatchString(s):
		return s
	case uuidShape.MatchString(strings.ToLower(s)):
		f.problem(n, "write it as "+strings.ToLower(s), "%s must be in lower case", what)
	default:
		f.problem(n, "copy the object id from Entra, like 0b7e3f4c-0000-4000-8000-000000000011", "%s %q is not an object id", what, cut(s, 80))
	}
	return ""
}

// accountID reads an AWS account id. Without quotes 012345678901 is another
// number to many programs, so quotes are demanded of every id.
func (f *file) accountID(n *yaml.Node, what string) string {
	if n == nil {
		return ""
	}
	if n.Kind != yaml.ScalarNode || isNull(n) {
		f.problem(n, `write twelve digits in quotes, like "111122223333"`, "%s must be text, this is %s", what, kindName(n))
		return ""
	}
	if isPlain(n) {
		f.problem(n, fmt.Sprintf("put it in quotes: %q", n.Value), "%s must be quoted", what)
		return ""
	}
	if !accountIDShape.MatchString(n.Value) {
		f.problem(n, `write twelve digits, like "111122223333"`, "%s %q is not an account id", what, cut(n.Value, 80))
		return ""
	}
	return n.Value
}

func (f *file) slug(n *yaml.Node, what string) string {
	s, ok := f.text(n, what)
	if ok && !isSlug(s) {
		f.problem(n, "use the file name without .yaml: lower-case letters, digits and hyphens", "%s %q is not a slug", what, cut(s, 80))
		return ""
	}
	return s
}

// checked reads a string and passes it to a check that returns a [Refusal].
func (f *file) checked(n *yaml.Node, what string, check func(string) error) string {
	s, ok := f.text(n, what)
	if !ok {
		return ""
	}
	if err := check(s); err != nil {
		f.refuse(n, what, err)
		return ""
	}
	return s
}

func (f *file) name(n *yaml.Node, what string, maxLen int) string {
	return f.checked(n, what, func(s string) error { return checkName(s, maxLen) })
}

// word reads a value of a small language of its own, such as a duration, in
// which nothing YAML may take it for is right. Quotes would mend nothing.
func (f *file) word(n *yaml.Node, what string) (string, bool) {
	if n != nil && n.Kind == yaml.ScalarNode && !isNull(n) {
		return n.Value, true
	}
	return f.text(n, what)
}

func (f *file) duration(n *yaml.Node, what string) time.Duration {
	s, ok := f.word(n, what)
	if !ok {
		return 0
	}
	d, err := ParseDuration(s)
	if err != nil {
		f.refuse(n, what, err)
	}
	return d
}

func (f *file) time(n *yaml.Node, what string) time.Time {
	if n == nil {
		return time.Time{}
	}
	if n.Kind != yaml.ScalarNode {
		f.problem(n, "write it like 2026-12-24T09:00:00Z", "%s must be a time, this is %s", what, kindName(n))
		return time.Time{}
	}
	t, err := parseTime(n.Value)
	if err != nil {
		f.refuse(n, what, err)
	}
	return t
}

// integer reads a whole number between lowest and highest.
func (f *file) integer(n *yaml.Node, what string, lowest, highest int64) int64 {
	if n == nil {
		return 0
	}
	mend := fmt.Sprintf("write a whole number from %d to %d, without quotes", lowest, highest)
	switch {
	case lowest == highest:
		mend = fmt.Sprintf("write %d, without quotes", lowest)
	case highest > math.MaxInt32:
		mend = fmt.Sprintf("write a whole number from %d, without quotes", lowest)
	}
	if !isPlain(n) || !countShape.MatchString(n.Value) {
		f.problem(n, mend, "%s must be a whole number", what)
		return 0
	}
	v, err := strconv.ParseInt(n.Value, 10, 64)
	if err != nil || v < lowest || v > highest {
		f.problem(n, mend, "%s is %s", what, n.Value)
		return 0
	}
	return v
}

func (f *file) boolean(n *yaml.Node, what string) bool {
	if n == nil {
		return false
	}
	if !isPlain(n) || n.Value != "true" && n.Value != "false" {
		f.problem(n, "write true or false, without quotes", "%s must be true or false", what)
		return false
	}
	return n.Value == "true"
}

func (f *file) percent(n *yaml.Node, what string, absent, lowest, highest float64) float64 {
	if n == nil {
		return absent
	}
	s, ok := f.word(n, what)
	if !ok {
		return 0
	}
	v, err := strconv.ParseFloat(strings.TrimSuffix(s, "%"), 64)
	if !percentShape.MatchString(s) || err != nil || v < lowest || v > highest {
		f.problem(n, fmt.Sprintf("write a percentage from %v%% to %v%%, like 10%%", lowest, highest), "%s %q is not a percentage in range", what, cut(s, 80))
		return 0
	}
	return v
}

// distinct reports items of a list that repeat an earlier one.
func (f *file) distinct(n *yaml.Node, what, value string, seen map[string]bool) {
	if value == "" {
		return
	}
	if seen[value] {
		f.problem(n, "keep one of them", "%s names %q twice", what, value)
	}
	seen[value] = true
}

// texts reads a list of distinct strings.
func (f *file) texts(n *yaml.Node, what string, read func(*yaml.Node) string) []string {
	var out []string
	seen := map[string]bool{}
	for _, item := range f.list(n, what) {
		v := read(item)
		f.distinct(item, what, v, seen)
		out = append(out, v)
	}
	return out
}

// stringMap reads tags: text to text, at least one.
func (f *file) stringMap(n *yaml.Node, what string) map[string]string {
	if n == nil {
		return nil
	}
	if n.Kind != yaml.MappingNode || len(n.Content) == 0 {
		f.problem(n, "write it like {env: prod}, or remove the key", "%s must be a mapping of names to values with at least one", what)
		return nil
	}
	out := make(map[string]string, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		mend := "use letters, digits, spaces and _ . : / = + - @"
		key := f.matching(n.Content[i], what+" key", tagShape, mend)
		value := f.matching(n.Content[i+1], fmt.Sprintf("%s %q", what, key), tagShape, mend)
		out[key] = value
	}
	return out
}
