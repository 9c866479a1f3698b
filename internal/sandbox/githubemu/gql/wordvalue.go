package gql

import "github.com/vektah/gqlparser/v2/ast"

// sayValue words a mistake in the value of an argument, a member of an input
// object, or the default of a variable.
func (p place) sayValue(rule string, n *ast.Value) []*Error {
	switch rule {
	case "NoUndefinedVariables":
		return p.mistake(n.Position, "variableNotDefined", ext{"variableName": n.Raw},
			"Variable $%s is used by %s but not declared", n.Raw, calledBy(p.root))
	case "VariablesInAllowedPosition":
		return p.misplaced(n)
	case "ValuesOfCorrectType", scalarRule:
		return p.wrongValue(n)
	}
	return nil
}

// misplaced is about a variable whose type does not fit where it is used.
func (p place) misplaced(n *ast.Value) []*Error {
	if n.VariableDefinition == nil || n.ExpectedType == nil {
		return nil
	}
	have, want := n.VariableDefinition.Type, n.ExpectedType
	what := "Nullability mismatch"
	switch {
	case have.Name() != want.Name():
		what = "Type mismatch"
	case dimension(have) != dimension(want):
		what = "List dimension mismatch"
	}
	return p.mistake(p.slot.at, "variableMismatch",
		ext{"variableName": n.Raw, "typeName": have.String(), "argumentName": p.slot.name, "errorMessage": what},
		"%s on variable $%s and argument %s (%s / %s)", what, n.Raw, p.slot.name, have, want)
}

func dimension(t *ast.Type) int {
	if t.Elem == nil {
		return 0
	}
	return 1 + dimension(t.Elem)
}

// wrongValue is about a literal of another type, or an input object that lacks
// members.
func (p place) wrongValue(n *ast.Value) []*Error {
	if p.slot.kind == "Variable" {
		return p.mistake(p.slot.ownerAt, "defaultValueInvalidType", ext{"variableName": p.slot.name, "typeName": n.ExpectedType.String()},
			"Default value for $%s doesn't match type %s", p.slot.name, n.ExpectedType)
	}
	if n.Kind == ast.ObjectValue && n.Definition.Kind == ast.InputObject {
		var out []*Error
		for _, f := range n.Definition.Fields {
			if !required(f.Type, f.DefaultValue) || n.Children.ForName(f.Name) != nil {
				continue
			}
			inner := place{path: deeper(p.path, f.Name)}
			out = append(out, inner.mistake(n.Position, "missingRequiredInputObjectAttribute",
				ext{"argumentName": f.Name, "argumentType": f.Type.String(), "inputObjectType": n.Definition.Name},
				"Argument '%s' on InputObject '%s' is required. Expected type %s", f.Name, n.Definition.Name, f.Type)...)
		}
		return out
	}
	return p.mistake(p.slot.ownerAt, "argumentLiteralsIncompatible", ext{"typeName": p.slot.kind, "argumentName": p.slot.name},
		"Argument '%s' on %s '%s' has an invalid value (%s). Expected type '%s'.", p.slot.name, p.slot.kind, p.slot.owner, n, n.ExpectedType)
}
