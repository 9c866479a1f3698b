// Package gql answers GraphQL requests the way api.github.com does: a schema
// in SDL says what may be asked, resolvers say what the answer is.
//
// Reading, and whether a query is valid, is the work of
// github.com/vektah/gqlparser (decision 9). What is own: the words of the
// errors, which are those of GitHub's server and not those of the library;
// GitHub's node limit and rate limit score; and the execution of a query,
// which is one walk.
//
// GitHub's server is built on the public library graphql-ruby, and the words,
// codes and paths of errors are from there, except where a comment says
// otherwise. What is left out: introspection, subscriptions, and the spread of
// a null to the parent of a field that may not be null (no resolver gives one).
package gql

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// Error is one member of "errors" in an answer.
type Error struct {
	// Type is GitHub's kind of a refusal (NOT_FOUND), empty for a mistake in
	// the query.
	Type       string         `json:"type,omitempty"`
	Message    string         `json:"message"`
	Path       []any          `json:"path,omitempty"`
	Locations  []Location     `json:"locations,omitempty"`
	Extensions map[string]any `json:"extensions,omitempty"`
}

// Location is a place in the query; both count from 1.
type Location struct {
	Line   int `json:"line"`
	Column int `json:"column"`
}

func (e *Error) Error() string { return e.Message }

// Resolver gives the value of a field of v: a JSON value, nil, an [Object] or
// a list of them. C is what the caller of [API.Execute] hands through. An error
// makes the field null; if it has a method Kind, that is the error's type.
type Resolver[C any] func(c C, v any, args map[string]any) (any, error)

// Object is a value with the name of its object type.
type Object struct {
	Type  string
	Value any
}

// Fields are the resolvers by object type and field.
type Fields[C any] map[string]map[string]Resolver[C]

// API is a schema with its resolvers. It is safe for concurrent use if the
// resolvers are.
type API[C any] struct {
	reader
	fields Fields[C]
}

// reader is the part of an API that checks queries.
type reader struct {
	schema *ast.Schema
	rules  *rules.Rules
}

// New builds an API. It is an error if a field of an object type has no
// resolver or a resolver no field.
func New[C any](sdl string, fields Fields[C]) (*API[C], error) {
	schema, err := gqlparser.LoadSchema(&ast.Source{Input: sdl})
	if err != nil {
		return nil, fmt.Errorf("load GraphQL schema: %w", err)
	}
	// The library adds the fields of introspection, which are not answered.
	schema.Query.Fields = slices.DeleteFunc(schema.Query.Fields, func(f *ast.FieldDefinition) bool {
		return strings.HasPrefix(f.Name, "__")
	})
	var want, have []string
	for name, def := range schema.Types {
		if def.Kind != ast.Object || def.BuiltIn {
			continue
		}
		for _, f := range def.Fields {
			want = append(want, name+"."+f.Name)
		}
	}
	for name, of := range fields {
		for field := range maps.Keys(of) {
			have = append(have, name+"."+field)
		}
	}
	slices.Sort(want)
	slices.Sort(have)
	if !slices.Equal(want, have) {
		return nil, fmt.Errorf("match resolvers with the GraphQL schema: fields %v, resolvers %v", only(want, have), only(have, want))
	}
	all := rules.NewDefaultRules()
	all.AddRule(scalarRule, checkScalars)
	return &API[C]{reader{schema, all}, fields}, nil
}

// only is what a has and b has not.
func only(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(s string) bool { return slices.Contains(b, s) })
}
