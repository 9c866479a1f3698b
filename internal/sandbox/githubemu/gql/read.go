package gql

import (
	"errors"
	"fmt"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/lexer"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/core"
)

// The limits of one document, far above what a client of merge queues writes.
// GitHub does not publish its own. The library compares fields of one name
// with each other, which takes a second where all tokens are one field.
const (
	maxDepth  = 100 // open braces and brackets
	maxTokens = 2_000
)

// Request is what a client sends.
type Request struct {
	Query string
	// Operation is the one to run; it may be empty if there is only one.
	Operation string
	Variables map[string]any
}

// Query is a request that passed all checks and can be executed.
type Query struct {
	// Nodes is how many nodes it may answer at most, and Cost its points of
	// the rate limit.
	Nodes, Cost int
	op          *ast.OperationDefinition
	vars        map[string]any
}

// Read parses and checks a request. Whoever gets errors gets no query: nothing
// may run.
func (r reader) Read(in Request) (*Query, []*Error) {
	doc, refused := parse(in.Query)
	if refused != nil {
		return nil, []*Error{refused}
	}
	op, refused := operation(doc, in.Operation)
	if refused != nil {
		return nil, []*Error{refused}
	}
	if mistakes := r.check(doc); len(mistakes) > 0 {
		return nil, mistakes
	}
	if len(doc.Operations) > 1 { // the library noted the variables of the last one in the fragments
		core.Walk(r.schema, &ast.QueryDocument{Operations: ast.OperationList{op}, Fragments: doc.Fragments}, &core.Events{})
	}
	q := &Query{op: op}
	var mistakes []*Error
	if q.vars, mistakes = r.variables(op, in.Variables); len(mistakes) > 0 {
		return nil, mistakes
	}
	if refused := r.measure(q); refused != nil {
		return nil, []*Error{refused}
	}
	return q, nil
}

func parse(text string) (*ast.QueryDocument, *Error) {
	src := &ast.Source{Input: text}
	tokens, refused := scan(src)
	if refused != nil {
		return nil, refused
	}
	doc, err := parser.ParseQuery(src)
	if err != nil {
		return nil, parseError(text, tokens, err)
	}
	if len(doc.Operations) == 0 {
		return nil, &Error{Message: "Unexpected end of document"}
	}
	return doc, nil
}

// scan reads the tokens up to the first mistake and holds them to the limits.
func scan(src *ast.Source) ([]lexer.Token, *Error) {
	lex := lexer.New(src)
	depth := 0
	var out []lexer.Token
	for {
		tok, err := lex.ReadToken()
		if err != nil || tok.Kind == lexer.EOF {
			return append(out, tok), nil // the parser names the mistake
		}
		switch tok.Kind {
		case lexer.BraceL, lexer.BracketL:
			depth++
		case lexer.BraceR, lexer.BracketR:
			depth--
		}
		if depth > maxDepth {
			return nil, &Error{Message: "Query has a depth that exceeds the limit", Locations: []Location{at(&tok.Pos)}}
		}
		if out = append(out, tok); len(out) > maxTokens {
			return nil, &Error{Message: "This query is too large to execute."}
		}
	}
}

func at(p *ast.Position) Location { return Location{p.Line, p.Column} }

// parseError words a mistake of grammar, as seen in answers of api.github.com:
// `Parse error on ")" (RPAREN) at [25, 23]`.
func parseError(text string, tokens []lexer.Token, err error) *Error {
	var e *gqlerror.Error
	if !errors.As(err, &e) || len(e.Locations) == 0 {
		return &Error{Message: err.Error()}
	}
	loc := Location(e.Locations[0])
	out := &Error{Message: "Unexpected end of document", Locations: []Location{loc}}
	word, kind := character(text, loc), "error"
	for _, tok := range tokens {
		if at(&tok.Pos) != loc || tok.Kind == lexer.Invalid {
			continue
		}
		if tok.Kind == lexer.EOF {
			return out
		}
		if word = tok.Value; word == "" {
			word = tok.Kind.String()
		}
		kind = kindOf(tok)
	}
	out.Message = fmt.Sprintf("Parse error on %q (%s) at [%d, %d]", word, kind, loc.Line, loc.Column)
	return out
}

// character is the one at a place of the text.
func character(text string, loc Location) string {
	lines := strings.Split(text, "\n")
	if loc.Line < 1 || loc.Line > len(lines) {
		return ""
	}
	if line := []rune(lines[loc.Line-1]); loc.Column >= 1 && loc.Column <= len(line) {
		return string(line[loc.Column-1])
	}
	return ""
}

// kindOf is GitHub's name of a token.
func kindOf(tok lexer.Token) string {
	kinds := map[lexer.Type]string{
		lexer.ParenL: "LPAREN", lexer.ParenR: "RPAREN", lexer.BraceL: "LCURLY", lexer.BraceR: "RCURLY",
		lexer.BracketL: "LBRACKET", lexer.BracketR: "RBRACKET", lexer.Colon: "COLON", lexer.Dollar: "VAR_SIGN",
		lexer.At: "DIR_SIGN", lexer.Spread: "ELLIPSIS", lexer.Equals: "EQUALS", lexer.Bang: "BANG", lexer.Pipe: "PIPE",
		lexer.Amp: "AMP", lexer.Int: "INT", lexer.Float: "FLOAT", lexer.String: "STRING", lexer.BlockString: "STRING",
		lexer.Name: "IDENTIFIER",
	}
	switch tok.Value {
	case "query", "mutation", "subscription", "fragment", "on", "true", "false", "null":
		if tok.Kind == lexer.Name {
			return strings.ToUpper(tok.Value)
		}
	}
	return kinds[tok.Kind]
}

// operation finds the operation to run.
func operation(doc *ast.QueryDocument, name string) (*ast.OperationDefinition, *Error) {
	if name == "" && len(doc.Operations) == 1 {
		return doc.Operations[0], nil
	}
	if name == "" {
		return nil, &Error{Message: "An operation name is required"}
	}
	if op := doc.Operations.ForName(name); op != nil && op.Name == name {
		return op, nil
	}
	return nil, &Error{Message: fmt.Sprintf("No operation named %q", name)}
}

// variables takes the values of the declared variables, with their defaults.
func (r reader) variables(op *ast.OperationDefinition, given map[string]any) (map[string]any, []*Error) {
	values := map[string]any{}
	var mistakes []*Error
	for _, def := range op.VariableDefinitions {
		one := &ast.OperationDefinition{VariableDefinitions: ast.VariableDefinitionList{def}}
		got, err := validator.VariableValues(r.schema, one, given)
		if err == nil {
			err = r.fits(def.Type, got[def.Variable], nil)
		}
		if err != nil {
			mistakes = append(mistakes, r.variableError(def, given[def.Variable], err))
			continue
		}
		if v, has := got[def.Variable]; has {
			values[def.Variable] = v
		}
	}
	return values, mistakes
}

// fits holds the scalars of a variable to what GitHub takes, which is less
// than the library does.
func (r reader) fits(typ *ast.Type, v any, path ast.Path) error {
	def := r.schema.Types[typ.Name()]
	if members, is := v.(map[string]any); is && def.Kind == ast.InputObject {
		for _, f := range def.Fields {
			if err := r.fits(f.Type, members[f.Name], append(path, ast.PathName(f.Name))); err != nil {
				return err
			}
		}
		return nil
	}
	if v != nil && typ.Elem == nil && def.Kind == ast.Scalar && !scalarFits(def.Name, v) {
		return gqlerror.ErrorPathf(append(ast.Path{ast.PathName("variable"), ast.PathName("")}, path...), "does not fit")
	}
	return nil
}
