package gql

import (
	"fmt"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// say words a mistake that the library found as GitHub does. What GitHub has
// several errors for, or words of which nothing is known, keeps those of the
// library.
func say(ps places, e *gqlerror.Error) []*Error {
	if len(e.Locations) == 0 {
		return []*Error{{Message: e.Message}}
	}
	loc := Location(e.Locations[0])
	p := ps[loc]
	var out []*Error
	switch n := p.node.(type) {
	case *ast.OperationDefinition:
		out = p.sayOperation(e.Rule, n)
	case *ast.VariableDefinition:
		out = p.sayVariable(e.Rule, n)
	case *ast.FragmentDefinition:
		out = p.sayFragment(e.Rule, n)
	case *ast.InlineFragment:
		out = p.sayInline(e.Rule, n)
	case *ast.FragmentSpread:
		out = p.saySpread(e.Rule, n)
	case *ast.Field:
		out = p.sayField(e.Rule, n)
	case *ast.Directive:
		out = p.sayDirective(e.Rule, n)
	case *ast.Argument:
		if e.Rule == "UniqueArgumentNames" {
			out = p.mistake(n.Position, "argumentNotUnique", ext{"name": n.Name}, "There can be only one argument named %q", n.Name)
		}
	case *ast.ChildValue:
		if e.Rule == "ValuesOfCorrectType" {
			out = p.unknownArgument(p.slot)
		}
	case *ast.Value:
		out = p.sayValue(e.Rule, n)
	}
	if out == nil {
		out = []*Error{{Message: e.Message, Path: p.path, Locations: []Location{loc}}}
	}
	return out
}

// ext are the extensions of an error besides its code.
type ext map[string]any

func (p place) mistake(pos *ast.Position, code string, more ext, format string, args ...any) []*Error {
	e := &Error{Message: fmt.Sprintf(format, args...), Path: p.path, Locations: []Location{at(pos)}, Extensions: ext{"code": code}}
	for k, v := range more {
		e.Extensions[k] = v
	}
	return []*Error{e}
}

func (p place) sayOperation(rule string, n *ast.OperationDefinition) []*Error {
	switch rule {
	case "KnownRootType":
		return p.mistake(n.Position, "missingSubscriptionConfiguration", nil, "Schema is not configured for subscriptions")
	case "LoneAnonymousOperation":
		return p.mistake(n.Position, "uniquelyNamedOperations", nil, "Operation name is required when multiple operations are present")
	case "UniqueOperationNames":
		return p.mistake(n.Position, "uniquelyNamedOperations", ext{"operationName": n.Name}, "Operation name %q must be unique", n.Name)
	}
	return nil
}

func (p place) sayVariable(rule string, n *ast.VariableDefinition) []*Error {
	typ := n.Type.Name()
	switch rule {
	case "KnownTypeNames":
		return p.mistake(n.Position, "variableRequiresValidType", ext{"typeName": typ, "variableName": n.Variable}, "%s isn't a defined input type (on $%s)", typ, n.Variable)
	case "VariablesAreInputTypes":
		return p.mistake(n.Position, "variableRequiresValidType", ext{"typeName": typ, "variableName": n.Variable}, "%s isn't a valid input type (on $%s)", typ, n.Variable)
	case "NoUnusedVariables":
		return p.mistake(rootPosition(p.root), "variableNotUsed", ext{"variableName": n.Variable},
			"Variable $%s is declared by %s but not used", n.Variable, calledBy(p.root))
	}
	return nil
}

// calledBy names an operation or fragment in the words about variables.
func calledBy(root any) string {
	switch n := root.(type) {
	case *ast.OperationDefinition:
		if n.Name == "" {
			return "anonymous " + string(n.Operation)
		}
		return n.Name
	case *ast.FragmentDefinition:
		return n.Name
	}
	return ""
}

func rootPosition(root any) *ast.Position {
	switch n := root.(type) {
	case *ast.OperationDefinition:
		return n.Position
	case *ast.FragmentDefinition:
		return n.Position
	}
	return &ast.Position{}
}

func (p place) sayFragment(rule string, n *ast.FragmentDefinition) []*Error {
	switch rule {
	case "NoUnusedFragments":
		return p.mistake(n.Position, "useAndDefineFragment", ext{"fragmentName": n.Name}, "Fragment %s was defined, but not used", n.Name)
	case "UniqueFragmentNames":
		return p.mistake(n.Position, "fragmentNotUnique", ext{"fragmentName": n.Name}, "Fragment name %q must be unique", n.Name)
	}
	return p.sayCondition(rule, n.TypeCondition, n.Position)
}

// sayCondition is about the type in "on Type".
func (p place) sayCondition(rule, typ string, pos *ast.Position) []*Error {
	switch rule {
	case "KnownTypeNames":
		return p.mistake(pos, "undefinedType", ext{"typeName": typ}, "No such type %s, so it can't be a fragment condition", typ)
	case "FragmentsOnCompositeTypes":
		return p.mistake(pos, "fragmentOnNonCompositeType", ext{"typeName": typ}, "Invalid fragment on type %s (must be Union, Interface or Object)", typ)
	}
	return nil
}

func (p place) sayInline(rule string, n *ast.InlineFragment) []*Error {
	if rule == "PossibleFragmentSpreads" && n.ObjectDefinition != nil {
		return p.mistake(n.Position, "cannotSpreadFragment",
			ext{"typeName": n.TypeCondition, "fragmentName": "unknown", "parentName": n.ObjectDefinition.Name},
			"Fragment on %s can't be spread inside %s", n.TypeCondition, n.ObjectDefinition.Name)
	}
	return p.sayCondition(rule, n.TypeCondition, n.Position)
}

func (p place) saySpread(rule string, n *ast.FragmentSpread) []*Error {
	switch rule {
	case "KnownFragmentNames":
		return p.mistake(n.Position, "useAndDefineFragment", ext{"fragmentName": n.Name}, "Fragment %s was used, but not defined", n.Name)
	case "NoFragmentCycles":
		around := place{path: []any{"fragment " + calledBy(p.root)}}
		return around.mistake(rootPosition(p.root), "infiniteLoop", ext{"fragmentName": calledBy(p.root)}, "Fragment %s contains an infinite loop", calledBy(p.root))
	case "PossibleFragmentSpreads":
		if n.Definition != nil && n.ObjectDefinition != nil {
			return p.mistake(n.Position, "cannotSpreadFragment",
				ext{"typeName": n.Definition.TypeCondition, "fragmentName": " " + n.Name, "parentName": n.ObjectDefinition.Name},
				"Fragment %s on %s can't be spread inside %s", n.Name, n.Definition.TypeCondition, n.ObjectDefinition.Name)
		}
	}
	return nil
}

func (p place) sayField(rule string, n *ast.Field) []*Error {
	switch rule {
	case "FieldsOnCorrectType":
		if !n.ObjectDefinition.IsCompositeType() {
			return []*Error{} // the field around it is told that it can have none
		}
		typ := n.ObjectDefinition.Name
		return p.mistake(n.Position, "undefinedField", ext{"typeName": typ, "fieldName": n.Name}, "Field '%s' doesn't exist on type '%s'", n.Name, typ)
	case "ScalarLeafs":
		return p.sayLeaf(n)
	}
	return p.sayArguments(rule, taker{"Field", n.Alias, n.Name, n.Position}, n.Arguments, n.Definition.Arguments)
}

// sayLeaf is about a field that has no selections and needs them, or has them
// and cannot.
func (p place) sayLeaf(n *ast.Field) []*Error {
	typ := n.Definition.Type.Name()
	more := ext{"nodeName": fmt.Sprintf("field '%s'", n.Name), "typeName": typ}
	if len(n.SelectionSet) == 0 {
		return p.mistake(n.Position, "selectionMismatch", more,
			"Field must have selections (field '%s' returns %s but has no selections. Did you mean '%s { ... }'?)", n.Name, typ, n.Name)
	}
	var names []string
	for _, s := range n.SelectionSet {
		switch s := s.(type) {
		case *ast.Field:
			names = append(names, fmt.Sprintf("%q", s.Name))
		case *ast.FragmentSpread:
			names = append(names, fmt.Sprintf("%q", s.Name))
		case *ast.InlineFragment:
			names = append(names, fmt.Sprintf("\"... on %s { ... }\"", s.TypeCondition))
		}
	}
	return p.mistake(n.Position, "selectionMismatch", more,
		"Selections can't be made on scalars (field '%s' returns %s but has selections [%s])", n.Name, typ, strings.Join(names, ", "))
}

func (p place) sayDirective(rule string, n *ast.Directive) []*Error {
	if n.Definition == nil {
		return p.mistake(n.Position, "undefinedDirective", ext{"directiveName": n.Name}, "Directive @%s is not defined", n.Name)
	}
	return p.sayArguments(rule, taker{"Directive", n.Name, n.Name, n.Position}, n.Arguments, n.Definition.Arguments)
}

// taker is a field or a directive that takes arguments: as the query calls it,
// and as the schema does.
type taker struct {
	kind, alias, name string
	pos               *ast.Position
}

// sayArguments is about arguments that there are not, or that are missing.
func (p place) sayArguments(rule string, of taker, given ast.ArgumentList, defs ast.ArgumentDefinitionList) []*Error {
	switch rule {
	case "KnownArgumentNames":
		return p.unknownArguments(of, given, defs)
	case "ProvidedRequiredArguments":
		return p.missingArguments(of, given, defs)
	}
	return nil
}

func (p place) unknownArguments(of taker, given ast.ArgumentList, defs ast.ArgumentDefinitionList) []*Error {
	var out []*Error
	for _, a := range given {
		if defs.ForName(a.Name) == nil {
			inner := place{path: deeper(p.path, a.Name)}
			out = append(out, inner.unknownArgument(slot{of.kind, of.alias, a.Name, a.Position, of.pos})...)
		}
	}
	return out
}

func (p place) unknownArgument(s slot) []*Error {
	return p.mistake(s.at, "argumentNotAccepted", ext{"name": s.owner, "typeName": s.kind, "argumentName": s.name},
		"%s '%s' doesn't accept argument '%s'", s.kind, s.owner, s.name)
}

func (p place) missingArguments(of taker, given ast.ArgumentList, defs ast.ArgumentDefinitionList) []*Error {
	var names []string
	for _, def := range defs {
		if required(def.Type, def.DefaultValue) && given.ForName(def.Name) == nil {
			names = append(names, def.Name)
		}
	}
	list := strings.Join(names, ", ")
	return p.mistake(of.pos, "missingRequiredArguments", ext{"className": of.kind, "name": of.name, "arguments": list},
		"%s '%s' is missing required arguments: %s", of.kind, of.name, list)
}

// required reports whether an argument or a member of an input object must be
// given.
func required(t *ast.Type, def *ast.Value) bool { return t.NonNull && def == nil }
