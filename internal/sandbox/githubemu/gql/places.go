package gql

import (
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// place is a node of a document, with what GitHub says of its surroundings.
type place struct {
	node any
	// root is the operation or fragment around it.
	root any
	path []any
	// slot is, for a value, what it is the value of.
	slot slot
}

// slot is a named value: an argument of a field or directive, or a member of
// an input object.
type slot struct {
	kind, owner, name string
	at, ownerAt       *ast.Position
}

// places are the nodes by where they begin, which is what the library tells
// of a mistake.
type places map[Location]place

// index notes every node of a document.
func index(doc *ast.QueryDocument) places {
	out := places{}
	for _, op := range doc.Operations {
		p := place{node: op, root: op, path: []any{rootName(op)}}
		out.add(op.Position, p)
		for _, v := range op.VariableDefinitions {
			out.add(v.Position, place{node: v, root: op, path: p.path})
			out.value(place{root: op, path: p.path, slot: slot{kind: "Variable", name: v.Variable, ownerAt: v.Position}}, v.DefaultValue)
			out.directives(p, v.Directives)
		}
		out.directives(p, op.Directives)
		out.selections(p, op.SelectionSet)
	}
	for _, f := range doc.Fragments {
		p := place{node: f, root: f, path: []any{"fragment " + f.Name}}
		out.add(f.Position, p)
		out.directives(p, f.Directives)
		out.selections(p, f.SelectionSet)
	}
	return out
}

// rootName is an operation as the first member of a path.
func rootName(op *ast.OperationDefinition) string {
	return strings.TrimSpace(string(op.Operation) + " " + op.Name)
}

func (ps places) add(pos *ast.Position, p place) { ps[at(pos)] = p }

func (ps places) selections(in place, set ast.SelectionSet) {
	for _, s := range set {
		p := place{node: s, root: in.root}
		switch s := s.(type) {
		case *ast.Field:
			p.path = deeper(in.path, s.Alias)
			ps.arguments(p, "Field", s.Alias, s.Position, s.Arguments)
			ps.directives(p, s.Directives)
			ps.selections(p, s.SelectionSet)
		case *ast.InlineFragment:
			p.path = deeper(in.path, strings.TrimSuffix("... on "+s.TypeCondition, " on "))
			ps.directives(p, s.Directives)
			ps.selections(p, s.SelectionSet)
		case *ast.FragmentSpread:
			p.path = deeper(in.path, "... "+s.Name)
			ps.directives(p, s.Directives)
		}
		ps.add(s.GetPosition(), p)
	}
}

func deeper(path []any, name string) []any { return append(slices.Clone(path), name) }

func (ps places) directives(in place, list ast.DirectiveList) {
	for _, d := range list {
		ps.add(d.Position, place{node: d, root: in.root, path: in.path})
		ps.arguments(in, "Directive", d.Name, d.Position, d.Arguments)
	}
}

func (ps places) arguments(in place, kind, owner string, pos *ast.Position, args ast.ArgumentList) {
	for _, a := range args {
		p := place{node: a, root: in.root, path: deeper(in.path, a.Name), slot: slot{kind, owner, a.Name, a.Position, pos}}
		ps.add(a.Position, p)
		ps.value(p, a.Value)
	}
}

// value notes a value that stands in a slot.
func (ps places) value(in place, v *ast.Value) {
	if v == nil {
		return
	}
	p := in
	p.node = v
	ps.add(v.Position, p)
	for _, c := range v.Children {
		inner := in
		if v.Kind == ast.ObjectValue {
			owner := ""
			if v.Definition != nil {
				owner = v.Definition.Name
			}
			inner.node, inner.path = c, deeper(in.path, c.Name)
			inner.slot = slot{"InputObject", owner, c.Name, c.Position, v.Position}
			ps.add(c.Position, inner)
		}
		ps.value(inner, c.Value)
	}
}
