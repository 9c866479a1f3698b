package graphemu

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// filter is a parsed $filter.
type filter struct {
	match func(object) bool
	// advanced filters need ConsistencyLevel: eventual and $count=true.
	advanced bool
}

// parseFilter reads the part of the OData filter language that Graph takes for
// directory objects: and, or, not, parentheses, the comparisons, in, startswith,
// endswith, contains, and any() over lists.
func parseFilter(text string, e entity) (filter, error) {
	toks, err := lexFilter(text)
	if err != nil {
		return filter{}, err
	}
	p := &filterParser{toks: toks, e: e}
	match, err := p.or()
	if err != nil {
		return filter{}, err
	}
	if !p.done() {
		return filter{}, p.syntax()
	}
	return filter{match: match, advanced: p.advanced}, nil
}

// lexeme is one token; a text literal has quoted set and no quotes.
type lexeme struct {
	text   string
	quoted bool
}

func lexFilter(s string) ([]lexeme, error) {
	var out []lexeme
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case c == ' ' || c == '\t':
			i++
		case strings.IndexByte("(),:/", c) >= 0:
			out = append(out, lexeme{text: string(c)})
			i++
		case c == '\'':
			text, n, ok := lexText(s[i:])
			if !ok {
				return nil, badQuery("Invalid filter clause: There is an unterminated literal at position %d in '%s'.", i, s)
			}
			out = append(out, lexeme{text: text, quoted: true})
			i += n
		default:
			n := lexWord(s[i:])
			if n == 0 {
				return nil, badQuery("Invalid filter clause: Syntax error: character '%c' is not valid at position %d in '%s'.", c, i, s)
			}
			out = append(out, lexeme{text: s[i : i+n]})
			i += n
		}
	}
	return out, nil
}

// lexText reads a quoted text, in which two quotes are one.
func lexText(s string) (text string, n int, ok bool) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		if s[i] != '\'' {
			b.WriteByte(s[i])
			continue
		}
		if i+1 < len(s) && s[i+1] == '\'' {
			b.WriteByte('\'')
			i++
			continue
		}
		return b.String(), i + 1, true
	}
	return "", 0, false
}

// lexWord returns the length of a name, number, GUID or time. Only what starts
// with a digit may hold colons, as times do.
func lexWord(s string) int {
	digit := s[0] >= '0' && s[0] <= '9'
	for i, c := range []byte(s) {
		word := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("_-.+$", c) >= 0
		if !word && (c != ':' || !digit) {
			return i
		}
	}
	return len(s)
}

type filterParser struct {
	toks     []lexeme
	at       int
	e        entity
	variable string // of the any() that is being read
	advanced bool
}

type predicate = func(object) bool

func (p *filterParser) done() bool { return p.at >= len(p.toks) }

// word consumes the next token if it is that unquoted word.
func (p *filterParser) word(w string) bool {
	if p.done() || p.toks[p.at].quoted || !strings.EqualFold(p.toks[p.at].text, w) {
		return false
	}
	p.at++
	return true
}

func (p *filterParser) next() (lexeme, error) {
	if p.done() {
		return lexeme{}, p.syntax()
	}
	p.at++
	return p.toks[p.at-1], nil
}

func (p *filterParser) expect(words ...string) error {
	for _, w := range words {
		if !p.word(w) {
			return p.syntax()
		}
	}
	return nil
}

func (p *filterParser) syntax() error {
	return badQuery("Invalid filter clause: Syntax error at token %d.", p.at)
}

func (p *filterParser) or() (predicate, error) {
	left, err := p.and()
	for err == nil && p.word("or") {
		var right predicate
		a := left
		right, err = p.and()
		left = func(o object) bool { return a(o) || right(o) }
	}
	return left, err
}

func (p *filterParser) and() (predicate, error) {
	left, err := p.unary()
	for err == nil && p.word("and") {
		var right predicate
		a := left
		right, err = p.unary()
		left = func(o object) bool { return a(o) && right(o) }
	}
	return left, err
}

func (p *filterParser) unary() (predicate, error) {
	switch {
	case p.word("not"):
		p.advanced = true
		inner, err := p.unary()
		if err != nil {
			return nil, err
		}
		return func(o object) bool { return !inner(o) }, nil
	case p.word("("):
		inner, err := p.or()
		if err != nil {
			return nil, err
		}
		return inner, p.expect(")")
	}
	for _, f := range []string{"startswith", "endswith", "contains"} {
		if p.word(f) {
			return p.function(f)
		}
	}
	return p.comparison()
}

// function reads the arguments of a text function.
func (p *filterParser) function(name string) (predicate, error) {
	if err := p.expect("("); err != nil {
		return nil, err
	}
	get, err := p.property()
	if err != nil {
		return nil, err
	}
	if err := p.expect(","); err != nil {
		return nil, err
	}
	arg, err := p.next()
	if err != nil || !arg.quoted {
		return nil, p.syntax()
	}
	test := strings.HasPrefix
	switch name {
	case "endswith":
		test, p.advanced = strings.HasSuffix, true
	case "contains":
		return nil, unsupportedQuery("Filter operator 'Contains' is not supported by the API.")
	}
	want := strings.ToLower(arg.text)
	return func(o object) bool { v := get(o); return v != nil && test(fold(v), want) }, p.expect(")")
}

// property reads a property, a path of two, or the variable of an any().
func (p *filterParser) property() (func(object) any, error) {
	t, err := p.next()
	if err != nil || t.quoted {
		return nil, p.syntax()
	}
	if p.variable != "" && t.text == p.variable {
		return func(o object) any { return o[""] }, nil
	}
	if !p.e.has(t.text) {
		return nil, badQuery("Invalid filter clause: Could not find a property named '%s' on type '%s'.", t.text, p.e.name)
	}
	name := t.text
	if !p.done() && p.toks[p.at].text == "/" && p.at+1 < len(p.toks) && !strings.EqualFold(p.toks[p.at+1].text, "any") {
		sub := p.toks[p.at+1].text
		p.at += 2
		return func(o object) any {
			inner, _ := o[name].(object)
			return inner[sub]
		}, nil
	}
	return func(o object) any { return o[name] }, nil
}

// comparison reads "property op value", "property in (…)" or "property/any(…)".
func (p *filterParser) comparison() (predicate, error) {
	get, err := p.property()
	if err != nil {
		return nil, err
	}
	if p.word("/") {
		return p.any(get)
	}
	if p.word("in") {
		return p.in(get)
	}
	op, err := p.next()
	if err != nil {
		return nil, err
	}
	if !slices.Contains([]string{"eq", "ne", "ge", "gt", "le", "lt"}, op.text) {
		return nil, p.syntax()
	}
	v, err := p.next()
	if err != nil {
		return nil, err
	}
	p.advanced = p.advanced || op.text == "ne"
	return func(o object) bool { return holds(get(o), op.text, v) }, nil
}

func (p *filterParser) in(get func(object) any) (predicate, error) {
	var list []lexeme
	if err := p.expect("("); err != nil {
		return nil, err
	}
	for {
		v, err := p.next()
		if err != nil {
			return nil, err
		}
		list = append(list, v)
		if p.word(")") {
			break
		}
		if err := p.expect(","); err != nil {
			return nil, err
		}
	}
	return func(o object) bool {
		return slices.ContainsFunc(list, func(v lexeme) bool { return holds(get(o), "eq", v) })
	}, nil
}

// any reads "any(x:…)" over a list of texts.
func (p *filterParser) any(get func(object) any) (predicate, error) {
	if err := p.expect("any", "("); err != nil {
		return nil, err
	}
	v, err := p.next()
	if err != nil {
		return nil, err
	}
	if err := p.expect(":"); err != nil {
		return nil, err
	}
	outer := p.variable
	p.variable = v.text
	inner, err := p.or()
	p.variable = outer
	if err != nil {
		return nil, err
	}
	return func(o object) bool {
		list, _ := get(o).([]string)
		return slices.ContainsFunc(list, func(x string) bool { return inner(object{"": x}) })
	}, p.expect(")")
}

// holds compares a property with a literal. Text is compared without case, as
// the directory does; times as times; null equals only null.
func holds(have any, op string, lit lexeme) bool {
	if !lit.quoted && strings.EqualFold(lit.text, "null") || have == nil {
		isNull := have == nil && !lit.quoted && strings.EqualFold(lit.text, "null")
		return op == "eq" && isNull || op == "ne" && !isNull
	}
	n := strings.Compare(fold(have), strings.ToLower(lit.text))
	a, errA := time.Parse(time.RFC3339, fmt.Sprint(have))
	b, errB := time.Parse(time.RFC3339, lit.text)
	if errA == nil && errB == nil {
		n = a.Compare(b)
	}
	switch op {
	case "eq":
		return n == 0
	case "ne":
		return n != 0
	case "ge":
		return n >= 0
	case "gt":
		return n > 0
	case "le":
		return n <= 0
	default:
		return n < 0
	}
}
