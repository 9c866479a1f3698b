package githubemu

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// This file reads the part of the GraphQL language (October 2021 edition)
// that clients of a merge queue write: operations with variables and their
// defaults, selection sets, arguments, aliases, inline and named fragments.
// Directives, subscriptions and block strings are refused, not skipped.

// gqlError is an error of a GraphQL answer. Body has its members besides the
// message.
type gqlError struct {
	message string
	body    obj
}

func (e *gqlError) Error() string { return e.message }

// json is the error as GitHub writes it.
func (e *gqlError) json() obj {
	out := obj{"message": e.message}
	for k, v := range e.body {
		out[k] = v
	}
	return out
}

// gqlPos is a place in the query, both from 1.
type gqlPos struct{ line, column int }

func (p gqlPos) json() []obj { return []obj{{"line": p.line, "column": p.column}} }

// gqlDoc is a parsed document.
type gqlDoc struct {
	operations []*gqlOperation
	fragments  map[string]*gqlFragment
}

type gqlOperation struct {
	kind, name string // query or mutation; the name may be empty
	variables  []gqlVariable
	set        []gqlSelection
}

type gqlVariable struct {
	name string
	typ  gqlTypeRef
	def  *gqlValue // nil for none
}

// gqlTypeRef is the type of a variable.
type gqlTypeRef struct {
	name    string // of a list, that of its elements
	list    bool
	notNull bool
	text    string // as it was written
}

type gqlFragment struct {
	on  string
	set []gqlSelection
}

// gqlSelection is a field, or a fragment when name is empty.
type gqlSelection struct {
	pos         gqlPos
	alias, name string
	args        map[string]gqlValue
	set         []gqlSelection
	inline      *gqlFragment
	spread      string // the name of a fragment
}

// key is the member of the answer that a field fills.
func (s gqlSelection) key() string {
	if s.alias != "" {
		return s.alias
	}
	return s.name
}

// gqlValue is a literal, or a variable.
type gqlValue struct {
	variable string
	literal  any // string, int64, float64, bool, nil, gqlEnum, []gqlValue, map[string]gqlValue
}

// gqlEnum is a name that stands for a value.
type gqlEnum string

// gqlToken is a token: a name, punctuation, a number, or a string.
type gqlToken struct {
	kind string // name, punct, int, float, string, end
	text string
	pos  gqlPos
}

type gqlParser struct {
	rest string
	at   gqlPos
	tok  gqlToken
	// depth is how many braces and brackets are open.
	depth int
}

// maxDepth bounds the nesting of a document, far above what anybody writes.
const maxDepth = 100

// deeper enters one level of nesting.
func (p *gqlParser) deeper() error {
	if p.depth++; p.depth > maxDepth {
		return &gqlError{"Query has a depth that exceeds the limit", obj{"locations": p.tok.pos.json()}}
	}
	return nil
}

// parseGraphQL reads a document.
func parseGraphQL(text string) (doc *gqlDoc, err error) {
	p := &gqlParser{rest: text, at: gqlPos{1, 1}}
	if err := p.next(); err != nil {
		return nil, err
	}
	doc = &gqlDoc{fragments: map[string]*gqlFragment{}}
	for p.tok.kind != "end" {
		if p.tok.kind == "name" && p.tok.text == "fragment" {
			if err := p.fragment(doc); err != nil {
				return nil, err
			}
			continue
		}
		op, err := p.operation()
		if err != nil {
			return nil, err
		}
		doc.operations = append(doc.operations, op)
	}
	if len(doc.operations) == 0 {
		return nil, p.unexpected()
	}
	return doc, nil
}

// unexpected refuses the token that the parser stands at.
func (p *gqlParser) unexpected() error {
	message := "Unexpected end of document"
	if p.tok.kind != "end" {
		message = fmt.Sprintf("Parse error on %q (%s) at [%d, %d]", p.tok.text, strings.ToUpper(p.tok.kind), p.tok.pos.line, p.tok.pos.column)
	}
	return &gqlError{message, obj{"locations": p.tok.pos.json()}}
}

// skip moves past n bytes and counts lines and columns.
func (p *gqlParser) skip(n int) {
	for _, c := range p.rest[:n] {
		if c == '\n' {
			p.at = gqlPos{p.at.line + 1, 1}
		} else {
			p.at.column++
		}
	}
	p.rest = p.rest[n:]
}

// next reads one token.
func (p *gqlParser) next() error {
	for p.rest != "" {
		if strings.ContainsRune(" \t\r\n,\uFEFF", firstRune(p.rest)) {
			p.skip(utf8.RuneLen(firstRune(p.rest)))
		} else if p.rest[0] == '#' {
			line, _, _ := strings.Cut(p.rest, "\n")
			p.skip(len(line))
		} else {
			break
		}
	}
	p.tok = gqlToken{kind: "end", pos: p.at}
	if p.rest == "" {
		return nil
	}
	kind, n := p.scan()
	p.tok = gqlToken{kind, p.rest[:n], p.at}
	if kind == "" {
		p.tok.kind = "unknown"
		return p.unexpected()
	}
	p.skip(n)
	return nil
}

func firstRune(s string) rune {
	c, _ := utf8.DecodeRuneInString(s)
	return c
}

// scan finds the kind and the length of the token that the rest begins with.
func (p *gqlParser) scan() (kind string, n int) {
	isName := func(c byte) bool {
		return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
	}
	c := p.rest[0]
	switch {
	case strings.HasPrefix(p.rest, "..."):
		return "punct", 3
	case strings.IndexByte("{}()[]:!$=|@&", c) >= 0:
		return "punct", 1
	case c == '"':
		return p.scanString()
	case c == '-' || (c >= '0' && c <= '9'):
		kind, n = "int", 1
		for ; n < len(p.rest) && strings.IndexByte("0123456789.eE+-", p.rest[n]) >= 0; n++ {
			if strings.IndexByte(".eE", p.rest[n]) >= 0 {
				kind = "float"
			}
		}
		return kind, n
	case isName(c):
		for n < len(p.rest) && isName(p.rest[n]) {
			n++
		}
		return "name", n
	}
	return "", 1
}

func (p *gqlParser) scanString() (kind string, n int) {
	if strings.HasPrefix(p.rest, `"""`) {
		return "", 3
	}
	for n = 1; n < len(p.rest); n++ {
		switch p.rest[n] {
		case '\\':
			n++
		case '\n':
			return "", n
		case '"':
			return "string", n + 1
		}
	}
	return "", len(p.rest)
}

// punct takes a punctuation mark if it is next.
func (p *gqlParser) punct(mark string) (bool, error) {
	if p.tok.kind != "punct" || p.tok.text != mark {
		return false, nil
	}
	return true, p.next()
}

// expect takes a punctuation mark that must be next.
func (p *gqlParser) expect(mark string) error {
	if found, err := p.punct(mark); err != nil || found {
		return err
	}
	return p.unexpected()
}

func (p *gqlParser) name() (string, error) {
	if p.tok.kind != "name" {
		return "", p.unexpected()
	}
	name := p.tok.text
	return name, p.next()
}

func (p *gqlParser) operation() (*gqlOperation, error) {
	op := &gqlOperation{kind: "query"}
	if p.tok.kind == "name" {
		if p.tok.text != "query" && p.tok.text != "mutation" {
			return nil, p.unexpected()
		}
		op.kind = p.tok.text
		if err := p.next(); err != nil {
			return nil, err
		}
		if p.tok.kind == "name" {
			op.name = p.tok.text
			if err := p.next(); err != nil {
				return nil, err
			}
		}
		if err := p.variables(op); err != nil {
			return nil, err
		}
	}
	var err error
	op.set, err = p.selections()
	return op, err
}

func (p *gqlParser) variables(op *gqlOperation) error {
	open, err := p.punct("(")
	if err != nil || !open {
		return err
	}
	for {
		if done, err := p.punct(")"); err != nil || done {
			return err
		}
		if err := p.expect("$"); err != nil {
			return err
		}
		v := gqlVariable{}
		if v.name, err = p.name(); err != nil {
			return err
		}
		if err := p.expect(":"); err != nil {
			return err
		}
		if v.typ, err = p.typeRef(); err != nil {
			return err
		}
		given, err := p.punct("=")
		if err != nil {
			return err
		}
		if given {
			def, err := p.value()
			if err != nil {
				return err
			}
			v.def = &def
		}
		op.variables = append(op.variables, v)
	}
}

func (p *gqlParser) typeRef() (gqlTypeRef, error) {
	var t gqlTypeRef
	if err := p.deeper(); err != nil {
		return t, err
	}
	defer func() { p.depth-- }()
	open, err := p.punct("[")
	if err != nil {
		return t, err
	}
	if open {
		if t, err = p.typeRef(); err != nil {
			return t, err
		}
		if err := p.expect("]"); err != nil {
			return t, err
		}
		t = gqlTypeRef{name: t.name, list: true, text: "[" + t.text + "]"}
	} else {
		if t.name, err = p.name(); err != nil {
			return t, err
		}
		t.text = t.name
	}
	if t.notNull, err = p.punct("!"); t.notNull {
		t.text += "!"
	}
	return t, err
}

func (p *gqlParser) fragment(doc *gqlDoc) error {
	if err := p.next(); err != nil {
		return err
	}
	name, err := p.name()
	if err != nil {
		return err
	}
	f, err := p.condition()
	if err != nil {
		return err
	}
	doc.fragments[name] = f
	return nil
}

// condition reads "on Type {…}".
func (p *gqlParser) condition() (*gqlFragment, error) {
	if p.tok.kind != "name" || p.tok.text != "on" {
		return nil, p.unexpected()
	}
	if err := p.next(); err != nil {
		return nil, err
	}
	f := &gqlFragment{}
	var err error
	if f.on, err = p.name(); err != nil {
		return nil, err
	}
	f.set, err = p.selections()
	return f, err
}

func (p *gqlParser) selections() ([]gqlSelection, error) {
	if err := p.deeper(); err != nil {
		return nil, err
	}
	defer func() { p.depth-- }()
	if err := p.expect("{"); err != nil {
		return nil, err
	}
	var out []gqlSelection
	for {
		if done, err := p.punct("}"); err != nil || done {
			if len(out) == 0 && err == nil {
				err = p.unexpected()
			}
			return out, err
		}
		s, err := p.selection()
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
}

func (p *gqlParser) selection() (gqlSelection, error) {
	s := gqlSelection{pos: p.tok.pos}
	spread, err := p.punct("...")
	if err != nil {
		return s, err
	}
	if spread {
		if p.tok.kind == "name" && p.tok.text != "on" {
			s.spread = p.tok.text
			return s, p.next()
		}
		s.inline, err = p.condition()
		return s, err
	}
	if s.name, err = p.name(); err != nil {
		return s, err
	}
	aliased, err := p.punct(":")
	if err != nil {
		return s, err
	}
	if aliased {
		s.alias = s.name
		if s.name, err = p.name(); err != nil {
			return s, err
		}
	}
	if open, err := p.punct("("); err != nil {
		return s, err
	} else if open {
		if s.args, err = p.members(")"); err != nil {
			return s, err
		}
	}
	if p.tok.kind == "punct" && p.tok.text == "{" {
		s.set, err = p.selections()
	}
	return s, err
}

// members reads "name: value" up to the closing mark.
func (p *gqlParser) members(end string) (map[string]gqlValue, error) {
	out := map[string]gqlValue{}
	for {
		if done, err := p.punct(end); err != nil || done {
			return out, err
		}
		name, err := p.name()
		if err != nil {
			return nil, err
		}
		if err := p.expect(":"); err != nil {
			return nil, err
		}
		if out[name], err = p.value(); err != nil {
			return nil, err
		}
	}
}

func (p *gqlParser) value() (gqlValue, error) {
	tok := p.tok
	switch tok.kind {
	case "punct":
		return p.compound()
	case "name":
		words := map[string]any{"true": true, "false": false, "null": nil}
		v, known := words[tok.text]
		if !known {
			v = gqlEnum(tok.text)
		}
		return gqlValue{literal: v}, p.next()
	case "int":
		n, err := strconv.ParseInt(tok.text, 10, 64)
		if err != nil {
			return gqlValue{}, p.unexpected()
		}
		return gqlValue{literal: n}, p.next()
	case "float":
		f, err := strconv.ParseFloat(tok.text, 64)
		if err != nil {
			return gqlValue{}, p.unexpected()
		}
		return gqlValue{literal: f}, p.next()
	case "string":
		var s string
		// GraphQL's escapes are those of JSON.
		if err := json.Unmarshal([]byte(tok.text), &s); err != nil {
			return gqlValue{}, p.unexpected()
		}
		return gqlValue{literal: s}, p.next()
	}
	return gqlValue{}, p.unexpected()
}

// compound reads a variable, a list or an object.
func (p *gqlParser) compound() (gqlValue, error) {
	mark := p.tok.text
	if mark != "$" && mark != "[" && mark != "{" {
		return gqlValue{}, p.unexpected()
	}
	if err := p.deeper(); err != nil {
		return gqlValue{}, err
	}
	defer func() { p.depth-- }()
	if err := p.next(); err != nil {
		return gqlValue{}, err
	}
	switch mark {
	case "$":
		name, err := p.name()
		return gqlValue{variable: name}, err
	case "{":
		m, err := p.members("}")
		return gqlValue{literal: m}, err
	}
	list := []gqlValue{}
	for {
		if done, err := p.punct("]"); err != nil || done {
			return gqlValue{literal: list}, err
		}
		v, err := p.value()
		if err != nil {
			return gqlValue{}, err
		}
		list = append(list, v)
	}
}
