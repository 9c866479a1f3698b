package config

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// Errors of the edits that callers act on.
var (
	// ErrGrantExists says that the file has a grant with this key.
	ErrGrantExists = errors.New("the grant is in the file already")
	// ErrNoGrant says that the file has no grant with this key.
	ErrNoGrant = errors.New("the grant is not in the file")
)

// Header is what a group or user file says of its principal: the Entra object
// id, and the display name of a group or the user principal name of a user.
type Header struct {
	ID   string
	Name string
}

// RemoveGrant returns the content of a group or user file without one grant.
// The last one leaves "access: []". All other bytes stay, comments above the
// entry too: nobody but a person knows what they are about. The error is
// [Problems] if the content is at fault, and [ErrNoGrant] if the grant is not
// there.
func RemoveGrant(content []byte, kind PrincipalKind, key GrantKey) ([]byte, error) {
	e, err := newEditor(content, kind)
	if err != nil {
		return nil, fmt.Errorf("remove %s: %w", key, err)
	}
	at := e.index(key)
	if at < 0 {
		return nil, fmt.Errorf("remove %s: %w", key, ErrNoGrant)
	}
	out := e.remove(at)
	after, err := newEditor(out, kind)
	if err != nil {
		return nil, fmt.Errorf("remove %s: %w", key, err)
	}
	if !slices.Equal(after.describe(), slices.Delete(e.describe(), at, at+1)) {
		return nil, fmt.Errorf("remove %s: the file does not read back without it", key)
	}
	return out, nil
}

// checkGrantText refuses what the writer could only write by changing it.
func checkGrantText(g Grant) error {
	if g.Reason != "" {
		if err := CheckText(g.Reason, MaxReason); err != nil {
			return err
		}
	}
	if !g.Expires.IsZero() && !g.Expires.Equal(g.Expires.Truncate(time.Second)) {
		return &Refusal{"the end has a fraction of a second", "use whole seconds"}
	}
	if g.Duration != 0 {
		if _, err := ParseDuration(FormatDuration(g.Duration)); err != nil {
			return err
		}
	}
	return nil
}

func newPrincipalFile(h Header) []byte {
	return fmt.Appendf(nil, "id: %s\nname: %s\naccess: []\n", writeScalar(h.ID), writeScalar(h.Name))
}

// editor is a valid file with the positions of its access list. All edits
// are at byte offsets, so that what they do not touch cannot change.
type editor struct {
	*source
	file *PrincipalFile
	root *yaml.Node
	key  *yaml.Node // "access"
	list *yaml.Node
	eol  string
}

// editedFile is the path in problems of content that has none.
const editedFile = "file"

func newEditor(content []byte, kind PrincipalKind) (*editor, error) {
	if len(content) > maxFileSize {
		return nil, Problems{{Position{File: editedFile}, "larger than 1 MiB", "split it into several files"}}
	}
	f := openFile(editedFile, content)
	root := f.root
	if root == nil {
		return nil, f.problems.sorted()
	}
	e := &editor{source: f.source, root: root, eol: "\n", file: f.principalFile(root, kind, editedFile)}
	if len(f.problems) > 0 {
		return nil, f.problems.sorted()
	}
	if i := bytes.IndexByte(content, '\n'); i > 0 && content[i-1] == '\r' {
		e.eol = "\r\n"
	}
	for i := 0; i+1 < len(root.Content); i += 2 {
		if root.Content[i].Value == accessField {
			e.key, e.list = root.Content[i], root.Content[i+1]
		}
	}
	return e, nil
}

// index returns the place of a grant in the list, or -1.
func (e *editor) index(key GrantKey) int {
	return slices.IndexFunc(e.file.Access, func(g Grant) bool { return e.file.Key(g) == key })
}

// describe lists the entries, for comparing before and after.
func (e *editor) describe() []string {
	out := make([]string, 0, len(e.file.Access)+1)
	for _, g := range e.file.Access {
		out = append(out, string(e.file.Key(g))+" "+g.describe(g.Account))
	}
	return out
}

// add writes more entries, given as keys and values, at the end of the list.
func (e *editor) add(entries ...[][2]string) []byte {
	items := e.list.Content
	switch {
	case e.list.Style&yaml.FlowStyle == 0:
		return e.addToBlock(entries)
	case len(items) > 0:
		return e.insert(e.end(items[len(items)-1]), ", "+flowEntries(entries))
	case e.isBareEmptyList():
		return e.startBlock(entries)
	default:
		return e.insert(e.start(e.list)+1, flowEntries(entries))
	}
}

// addToBlock writes the entries below the last one, with the indentation of
// the last one.
func (e *editor) addToBlock(entries [][][2]string) []byte {
	items := e.list.Content
	last := items[len(items)-1]
	dash := e.list.Column - 1
	inner := last.Column - 1
	if last.Line != e.dashLine(len(items)-1) || inner < dash+2 {
		inner = dash + 2
	}
	_, end := e.blockExtent(len(items) - 1)
	return e.insertLines(end, blockEntries(entries, dash, inner))
}

// insertLines writes whole lines at the beginning of the line at an offset, or
// at the end of a file that may lack its last line break.
func (e *editor) insertLines(at int, lines []string) []byte {
	text := strings.Join(lines, e.eol)
	if at == len(e.data) && at > 0 && e.data[at-1] != '\n' {
		return e.insert(at, e.eol+text)
	}
	return e.insert(at, text+e.eol)
}

// isBareEmptyList reports a list written "access: []", which becomes a block
// list; in any other form it is kept in brackets.
func (e *editor) isBareEmptyList() bool {
	colon := e.colon()
	rest, ok := bytes.CutPrefix(e.data[colon:e.lineEnd(colon)], []byte(": []"))
	rest = bytes.TrimSpace(rest)
	return ok && e.root.Style&yaml.FlowStyle == 0 && e.key.Column == 1 && (len(rest) == 0 || rest[0] == '#')
}

// colon returns the offset of the colon after the key of the list.
func (e *editor) colon() int {
	end, _ := e.scalarEnd(e.key)
	return e.skip(end)
}

// startBlock turns "access: []" into "access:" with the first entries below.
func (e *editor) startBlock(entries [][][2]string) []byte {
	colon := e.colon()
	next := e.nextLine(colon) - len(" []")
	e.data = slices.Concat(e.data[:colon+1], e.data[colon+len(": []"):])
	return e.insertLines(next, blockEntries(entries, 2, 4))
}

func (e *editor) insert(at int, text string) []byte {
	return slices.Concat(e.data[:at], []byte(text), e.data[at:])
}

func (e *editor) cut(from, to int) []byte {
	return slices.Concat(e.data[:from], e.data[to:])
}

func (e *editor) remove(at int) []byte {
	if e.list.Style&yaml.FlowStyle != 0 {
		return e.removeFromFlow(at)
	}
	from, to := e.blockExtent(at)
	if to == len(e.data) && to > 0 && e.data[to-1] != '\n' {
		// The file goes on without its last line break.
		from = len(bytes.TrimSuffix(bytes.TrimSuffix(e.data[:from], []byte("\n")), []byte("\r")))
	}
	out := e.cut(from, to)
	if len(e.list.Content) > 1 {
		return out
	}
	colon := e.colon()
	return slices.Concat(out[:colon+1], []byte(" []"), out[colon+1:])
}

// removeFromFlow takes an entry and one comma out of brackets, and the line
// with them if nothing else is on it.
func (e *editor) removeFromFlow(at int) []byte {
	items := e.list.Content
	from, to := e.start(items[at]), e.end(items[at])
	after := e.comma(to)
	if at > 0 {
		before := e.end(items[at-1])
		switch comma := e.comma(before); {
		case !bytes.ContainsRune(e.data[before:from], '\n'):
			return e.cut(before, to)
		case after < 0:
			return e.joined(slices.Concat(e.data[:comma], e.data[comma+1:from]), e.data[to:])
		}
	}
	if after < 0 {
		return e.cut(from, to)
	}
	rest := e.data[after+1:]
	if at+1 < len(items) {
		rest = bytes.TrimLeft(rest, " ")
	}
	return e.joined(e.data[:from], slices.Concat(e.data[to:after], rest))
}

// joined puts two parts together without the line on which they meet, if that
// is blank.
func (e *editor) joined(before, after []byte) []byte {
	line := bytes.LastIndexByte(before, '\n') + 1
	end := bytes.IndexByte(after, '\n')
	if end >= 0 && line > 0 && len(bytes.TrimSpace(before[line:])) == 0 && len(bytes.TrimSpace(after[:end])) == 0 {
		return slices.Concat(before[:line], after[end+1:])
	}
	return slices.Concat(before, after)
}

// comma returns the offset of the comma that follows at, passing over
// comments, or -1 if something else follows.
func (e *editor) comma(at int) int {
	at = e.skip(at)
	if at < len(e.data) && e.data[at] == ',' {
		return at
	}
	return -1
}

// skip passes over white space, line breaks and comments.
func (e *editor) skip(at int) int {
	for at < len(e.data) {
		switch e.data[at] {
		case ' ', '\n', '\r':
			at++
		case '#':
			at = e.lineEnd(at)
		default:
			return at
		}
	}
	return at
}

// lineEnd returns the offset of the line break at or after an offset.
func (e *editor) lineEnd(at int) int {
	if i := bytes.IndexByte(e.data[at:], '\n'); i >= 0 {
		return at + i
	}
	return len(e.data)
}

// nextLine returns the offset of the line after the one at an offset.
func (e *editor) nextLine(at int) int { return min(e.lineEnd(at)+1, len(e.data)) }

// end returns the offset after a node.
func (e *editor) end(n *yaml.Node) int {
	if n.Kind == yaml.ScalarNode {
		end, _ := e.scalarEnd(n)
		return end
	}
	end := e.start(n)
	if n.Style&yaml.FlowStyle != 0 {
		end++ // the opening bracket
	}
	if len(n.Content) > 0 {
		end = e.end(n.Content[len(n.Content)-1])
	}
	if n.Style&yaml.FlowStyle == 0 {
		return end
	}
	end = e.skip(end)
	if comma := e.comma(end); comma >= 0 {
		end = e.skip(comma + 1)
	}
	return min(end+1, len(e.data)) // the closing bracket
}

// dashLine returns the line of the hyphen of a block entry.
func (e *editor) dashLine(i int) int {
	line := e.list.Content[i].Line
	for ; line > 1; line-- {
		at := e.offset(line, e.list.Column)
		if at < len(e.data) && e.data[at] == '-' && len(bytes.TrimLeft(e.data[e.lines[line-1]:at], " ")) == 0 {
			break
		}
	}
	return line
}

// blockExtent returns where the lines of a block entry begin and end: from its
// hyphen to its last value, with the comments below that are indented into it.
func (e *editor) blockExtent(i int) (from, to int) {
	from = e.lines[e.dashLine(i)-1]
	to = e.nextLine(e.end(e.list.Content[i]))
	for to < len(e.data) {
		line := e.data[to:e.lineEnd(to)]
		text := bytes.TrimLeft(line, " ")
		if len(text) == 0 || text[0] != '#' || len(line)-len(text) <= e.list.Column-1 {
			break
		}
		to = e.nextLine(to)
	}
	return from, to
}

// entry returns the keys and values of a grant in the order of the files.
func entry(g Grant) [][2]string {
	var out [][2]string
	if g.Accounts != nil {
		out = append(out, [2]string{"accounts", selectorText(g.Accounts)})
	} else {
		out = append(out, [2]string{"account", writeScalar(g.Account)})
	}
	out = append(out, [2]string{"permission_set", writeScalar(g.PermissionSet)})
	if !g.Expires.IsZero() {
		out = append(out, [2]string{"expires", formatTime(g.Expires)})
	}
	if g.Duration != 0 {
		out = append(out, [2]string{"duration", FormatDuration(g.Duration)})
	}
	if g.Reason != "" {
		out = append(out, [2]string{"reason", writeScalar(g.Reason)})
	}
	if g.Request != "" {
		out = append(out, [2]string{"request", writeScalar(g.Request)})
	}
	return out
}

func selectorText(s *Selector) string {
	var parts []string
	if s.OU != "" {
		parts = append(parts, "ou: "+writeScalar(s.OU))
	}
	if len(s.Tags) > 0 {
		var tags []string
		for _, key := range slices.Sorted(maps.Keys(s.Tags)) {
			tags = append(tags, writeScalar(key)+": "+writeScalar(s.Tags[key]))
		}
		parts = append(parts, "tags: {"+strings.Join(tags, ", ")+"}")
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

func blockEntries(entries [][][2]string, dash, inner int) []string {
	var lines []string
	for _, entry := range entries {
		for i, kv := range entry {
			indent := strings.Repeat(" ", inner)
			if i == 0 {
				indent = strings.Repeat(" ", dash) + "-" + strings.Repeat(" ", inner-dash-1)
			}
			lines = append(lines, indent+kv[0]+": "+kv[1])
		}
	}
	return lines
}

func flowEntries(entries [][][2]string) string {
	parts := make([]string, len(entries))
	for i, entry := range entries {
		parts[i] = flowEntry(entry)
	}
	return strings.Join(parts, ", ")
}

func flowEntry(entry [][2]string) string {
	parts := make([]string, len(entry))
	for i, kv := range entry {
		parts[i] = kv[0] + ": " + kv[1]
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// writeScalar writes text so that it reads back as the same text: plain where
// nobody can take it for anything else, otherwise in quotes, which are single
// where double ones would need an escape.
func writeScalar(s string) string {
	switch {
	case isPlainText(s):
		return s
	case !strings.ContainsAny(s, `"\`):
		return `"` + s + `"`
	default:
		return "'" + strings.ReplaceAll(s, "'", "''") + "'"
	}
}

// isPlainText reports text that YAML reads as it stands, in brackets too.
func isPlainText(s string) bool {
	if s == "" || strings.HasSuffix(s, " ") || strings.Contains(s, ": ") || strings.HasSuffix(s, ":") {
		return false
	}
	for i, r := range s {
		word := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '/' || r == '_'
		if !word && (i == 0 || !strings.ContainsRune(" .+=@-():%", r)) {
			return false
		}
	}
	n := yaml.Node{Kind: yaml.ScalarNode, Value: s}
	return n.ShortTag() == "!!str"
}
