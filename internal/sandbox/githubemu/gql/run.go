package gql

import (
	"errors"
	"fmt"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
)

// run is the execution of one query.
type run[C any] struct {
	api    *API[C]
	c      C
	vars   map[string]any
	errors []*Error
	fields int
}

// Execute answers a query that [API.Read] gave. c is handed to every resolver.
func (a *API[C]) Execute(c C, q *Query) (map[string]any, []*Error) {
	r := &run[C]{api: a, c: c, vars: q.vars}
	root := a.schema.Query
	if q.op.Operation == ast.Mutation {
		root = a.schema.Mutation
	}
	data := r.object(Object{Type: root.Name}, q.op.SelectionSet, nil)
	if r.fields > maxFields {
		return nil, []*Error{tooMuch()}
	}
	return data, r.errors
}

// answer is a member of an answer: a field, with the selections of all places
// that ask for it.
type answer struct {
	field *ast.Field
	set   ast.SelectionSet
}

func (r *run[C]) object(o Object, set ast.SelectionSet, path []any) map[string]any {
	out := map[string]any{}
	var list []*answer
	r.collect(&list, o.Type, set)
	for _, a := range list {
		if r.fields++; r.fields > maxFields {
			break
		}
		key := a.field.Alias
		if a.field.Name == "__typename" {
			out[key] = o.Type
			continue
		}
		out[key] = r.field(o, a, append(slices.Clone(path), key))
	}
	return out
}

// collect gathers the fields that a selection asks of an object, in order, and
// those with one name into one.
func (r *run[C]) collect(list *[]*answer, typ string, set ast.SelectionSet) {
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			if r.leftOut(s.Directives) {
				continue
			}
			i := slices.IndexFunc(*list, func(a *answer) bool { return a.field.Alias == s.Alias })
			if i < 0 {
				*list = append(*list, &answer{field: s, set: slices.Clone(s.SelectionSet)})
				continue
			}
			(*list)[i].set = append((*list)[i].set, s.SelectionSet...)
		case *ast.InlineFragment:
			if !r.leftOut(s.Directives) && r.is(typ, s.TypeCondition) {
				r.collect(list, typ, s.SelectionSet)
			}
		case *ast.FragmentSpread:
			if !r.leftOut(s.Directives) && r.is(typ, s.Definition.TypeCondition) {
				r.collect(list, typ, s.Definition.SelectionSet)
			}
		}
	}
}

// is reports whether objects of a type meet the condition of a fragment.
func (r *run[C]) is(typ, condition string) bool {
	return condition == "" || condition == typ || slices.ContainsFunc(r.api.schema.PossibleTypes[condition],
		func(d *ast.Definition) bool { return d.Name == typ })
}

// leftOut says what @skip and @include say.
func (r *run[C]) leftOut(list ast.DirectiveList) bool {
	return slices.ContainsFunc(list, func(d *ast.Directive) bool {
		arg := d.Arguments.ForName("if")
		if arg == nil {
			return false
		}
		on, err := arg.Value.Value(r.vars)
		return err == nil && (d.Name == "skip") == (on == true)
	})
}

// field resolves one field; an error makes it null.
func (r *run[C]) field(o Object, a *answer, path []any) any {
	args, err := arguments(a.field, r.vars)
	var value any
	if err == nil {
		value, err = r.api.fields[o.Type][a.field.Name](r.c, o.Value, args)
	}
	if err != nil {
		e := &Error{Message: err.Error(), Path: path, Locations: []Location{at(a.field.Position)}}
		var typed interface{ Kind() string }
		if errors.As(err, &typed) {
			e.Type = typed.Kind()
		}
		r.errors = append(r.errors, e)
		return nil
	}
	switch v := value.(type) {
	case Object:
		return r.object(v, a.set, path)
	case []Object:
		list := []any{}
		for i, one := range v {
			list = append(list, r.object(one, a.set, append(slices.Clone(path), i)))
		}
		return list
	}
	return value
}

// arguments are the arguments of a field with the schema's defaults. The
// library's own function for it panics on a number that it cannot read.
func arguments(f *ast.Field, vars map[string]any) (map[string]any, error) {
	out := map[string]any{}
	for _, def := range f.Definition.Arguments {
		value := def.DefaultValue
		if arg := f.Arguments.ForName(def.Name); arg != nil {
			if _, set := vars[arg.Value.Raw]; set || arg.Value.Kind != ast.Variable {
				value = arg.Value
			}
		}
		if value == nil {
			continue
		}
		v, err := value.Value(vars)
		if err != nil {
			return nil, fmt.Errorf("read argument %s: %w", def.Name, err)
		}
		out[def.Name] = v
	}
	return out, nil
}
