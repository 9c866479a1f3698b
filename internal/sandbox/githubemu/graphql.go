package githubemu

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// gqlRun is one GraphQL request under way.
type gqlRun struct {
	*call
	doc    *gqlDoc
	op     *gqlOperation
	types  map[string]gqlType
	values map[string]any // of the variables, by name
	used   map[string]bool
	errors []obj
}

// graphQL answers POST /graphql. Errors of the query are answered with 200,
// as GitHub does; "data" is missing when nothing was run.
func (c *call) graphQL() (reply, error) {
	var in struct {
		Query         *string
		OperationName string
		Variables     map[string]any
	}
	if err := c.decode(&in); err != nil {
		return reply{}, refuse(400, "Problems parsing JSON")
	}
	if in.Query == nil || strings.TrimSpace(*in.Query) == "" {
		return ok(obj{"errors": []obj{{"message": "A query attribute must be specified and must be a string."}}})
	}
	doc, err := parseGraphQL(*in.Query)
	if err != nil {
		return ok(obj{"errors": []obj{gqlJSON(err)}})
	}
	g := &gqlRun{call: c, doc: doc, types: gqlSchema(), values: map[string]any{}, used: map[string]bool{}}
	if g.op, err = doc.operation(in.OperationName); err == nil {
		g.validate()
		if len(g.errors) == 0 {
			err = g.readVariables(in.Variables)
		}
	}
	if err != nil {
		g.errors = append(g.errors, gqlJSON(err))
	}
	if len(g.errors) > 0 {
		return ok(obj{"errors": g.errors})
	}
	data := g.object(gqlObject{g.rootType(), nil}, g.op.set, nil)
	out := obj{"data": data}
	if len(g.errors) > 0 {
		out["errors"] = g.errors
	}
	return ok(out)
}

// gqlJSON is an error as GitHub writes it.
func gqlJSON(err error) obj {
	var g *gqlError
	if errors.As(err, &g) {
		return g.json()
	}
	var q *errQueue
	if errors.As(err, &q) {
		return obj{"type": q.kind, "message": q.message}
	}
	return obj{"message": err.Error()}
}

// operation finds the operation to run.
func (d *gqlDoc) operation(name string) (*gqlOperation, error) {
	if name == "" && len(d.operations) == 1 {
		return d.operations[0], nil
	}
	for _, op := range d.operations {
		if name != "" && op.name == name {
			return op, nil
		}
	}
	if name == "" {
		return nil, &gqlError{"An operation name is required", nil}
	}
	return nil, &gqlError{fmt.Sprintf("No operation named %q", name), nil}
}

func (g *gqlRun) rootType() string {
	if g.op.kind == "mutation" {
		return "Mutation"
	}
	return "Query"
}

// fault notes an error of the query itself.
func (g *gqlRun) fault(s gqlSelection, path []string, code, format string, args ...any) {
	g.errors = append(g.errors, obj{
		"message": fmt.Sprintf(format, args...), "locations": s.pos.json(), "path": path, "extensions": obj{"code": code},
	})
}

// validate checks the operation against the schema before anything runs, so
// that a query with a mistake has no effect.
func (g *gqlRun) validate() {
	for _, v := range g.op.variables {
		if !slices.Contains(gqlScalars(), v.typ.name) && gqlInputs()[v.typ.name] == nil {
			g.errors = append(g.errors, obj{"message": fmt.Sprintf("%s isn't a defined input type (on $%s)", v.typ.name, v.name)})
		}
	}
	start := g.op.kind
	if g.op.name != "" {
		start += " " + g.op.name
	}
	g.validateSet(g.rootType(), g.op.set, []string{start}, 0)
	for _, v := range g.op.variables {
		if !g.used[v.name] {
			g.errors = append(g.errors, obj{"message": fmt.Sprintf("Variable $%s is declared by %s but not used", v.name, start)})
		}
	}
}

func (g *gqlRun) validateSet(typ string, set []gqlSelection, path []string, depth int) {
	if depth > maxDepth {
		g.errors = append(g.errors, obj{"message": "Fragments are nested too deep, or contain themselves"})
		return
	}
	for _, s := range set {
		if s.name == "" {
			f := g.fragmentOf(s)
			if f == nil {
				g.fault(s, path, "useAndDefineFragment", "Fragment %s was used, but not defined", s.spread)
			} else if _, known := g.types[f.on]; !known {
				g.fault(s, path, "undefinedType", "No such type %s, so it can't be a fragment condition", f.on)
			} else {
				g.validateSet(f.on, f.set, path, depth+1)
			}
			continue
		}
		at := append(slices.Clone(path), s.key())
		if s.name == "__typename" {
			continue
		}
		field, found := g.types[typ].fields[s.name]
		switch {
		case !found:
			g.fault(s, at, "undefinedField", "Field '%s' doesn't exist on type '%s'", s.name, typ)
			continue
		case field.typ != "" && len(s.set) == 0:
			g.fault(s, at, "selectionMismatch", "Field must have selections (field '%s' returns %s but has no selections. Did you mean '%s { ... }'?)", s.name, field.typ, s.name)
		case field.typ == "" && len(s.set) > 0:
			g.fault(s, at, "selectionMismatch", "Selections can't be made on scalars (field '%s' has selections)", s.name)
		}
		g.validateArgs(s, field, at)
		g.validateSet(field.typ, s.set, at, depth+1)
	}
}

func (g *gqlRun) fragmentOf(s gqlSelection) *gqlFragment {
	if s.inline != nil {
		return s.inline
	}
	return g.doc.fragments[s.spread]
}

func (g *gqlRun) validateArgs(s gqlSelection, field gqlField, at []string) {
	for _, name := range slices.Sorted(maps.Keys(s.args)) {
		want, found := field.args[name]
		if !found {
			g.fault(s, append(at, name), "argumentNotAccepted", "Field '%s' doesn't accept argument '%s'", s.name, name)
			continue
		}
		g.validateValue(s, name, want, s.args[name], at)
	}
	for _, name := range slices.Sorted(maps.Keys(field.args)) {
		if _, given := s.args[name]; !given && strings.HasSuffix(field.args[name], "!") {
			g.fault(s, at, "missingRequiredArguments", "Field '%s' is missing required arguments: %s", s.name, name)
		}
	}
}

// validateValue checks the shape of an argument; what variables hold is
// checked when they are read.
func (g *gqlRun) validateValue(s gqlSelection, name, want string, v gqlValue, at []string) {
	typ, notNull := strings.TrimSuffix(want, "!"), strings.HasSuffix(want, "!")
	if v.variable != "" {
		g.used[v.variable] = true
		i := slices.IndexFunc(g.op.variables, func(d gqlVariable) bool { return d.name == v.variable })
		if i < 0 {
			g.fault(s, at, "variableNotDefined", "Variable $%s is used by %s but not declared", v.variable, at[0])
			return
		}
		d := g.op.variables[i]
		if d.typ.name != typ || d.typ.list || (notNull && !d.typ.notNull && d.def == nil) {
			g.fault(s, at, "variableMismatch", "Type mismatch on variable $%s and argument %s (%s / %s)", v.variable, name, d.typ.text, want)
		}
		return
	}
	if members, is := v.literal.(map[string]gqlValue); is && gqlInputs()[typ] != nil {
		for _, member := range slices.Sorted(maps.Keys(members)) {
			if inner, known := gqlInputs()[typ][member]; known {
				g.validateValue(s, member, inner, members[member], at)
			} else {
				g.fault(s, append(at, name, member), "argumentNotAccepted", "InputObject '%s' doesn't accept argument '%s'", typ, member)
			}
		}
		for _, member := range slices.Sorted(maps.Keys(gqlInputs()[typ])) {
			if _, given := members[member]; !given && strings.HasSuffix(gqlInputs()[typ][member], "!") {
				g.fault(s, at, "missingRequiredInputObjectAttribute", "Argument '%s' on InputObject '%s' is required. Expected type %s", member, typ, gqlInputs()[typ][member])
			}
		}
		return
	}
	if problem := gqlFits(want, v.literal); problem != "" {
		g.fault(s, at, "argumentLiteralsIncompatible", "Argument '%s' on Field '%s' has an invalid value. Expected type '%s'.", name, s.name, want)
	}
}

// gqlFits says what is wrong with a value of a type, or nothing.
func gqlFits(want string, v any) string {
	typ, notNull := strings.TrimSuffix(want, "!"), strings.HasSuffix(want, "!")
	if v == nil {
		if notNull {
			return "Expected value to not be null"
		}
		return ""
	}
	fits := false
	switch x := v.(type) {
	case string:
		fits = typ == "ID" || typ == "String" || typ == "GitObjectID"
	case int64:
		fits = typ == "Int" || typ == "ID"
	case float64: // a number of the JSON variables
		fits = (typ == "Int" || typ == "ID") && x == float64(int64(x))
	case bool:
		fits = typ == "Boolean"
	case map[string]any:
		return gqlFitsInput(typ, x)
	}
	if !fits {
		return fmt.Sprintf("Could not coerce value %v to %s", v, typ)
	}
	return ""
}

func gqlFitsInput(typ string, members map[string]any) string {
	fields := gqlInputs()[typ]
	if fields == nil {
		return "Could not coerce an object to " + typ
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if _, known := fields[name]; !known {
			return fmt.Sprintf("Field is not defined on %s (%s)", typ, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if problem := gqlFits(fields[name], members[name]); problem != "" {
			return name + ": " + problem
		}
	}
	return ""
}

// readVariables takes the values of the declared variables.
func (g *gqlRun) readVariables(given map[string]any) error {
	for _, v := range g.op.variables {
		value, has := given[v.name]
		if !has && v.def != nil {
			value, has = g.value(*v.def), true
		}
		want := v.typ.name
		if v.typ.notNull {
			want += "!"
		}
		if problem := gqlFits(want, value); problem != "" {
			return &gqlError{
				fmt.Sprintf("Variable $%s of type %s was provided invalid value", v.name, v.typ.text),
				obj{"extensions": obj{"value": value, "problems": []obj{{"path": []string{}, "explanation": problem}}}},
			}
		}
		if has {
			g.values[v.name] = value
		}
	}
	return nil
}

// value evaluates a literal or a variable to a JSON value.
func (g *gqlRun) value(v gqlValue) any {
	if v.variable != "" {
		return g.values[v.variable]
	}
	switch x := v.literal.(type) {
	case map[string]gqlValue:
		out := map[string]any{}
		for name, member := range x {
			if _, set := g.values[member.variable]; member.variable == "" || set {
				out[name] = g.value(member)
			}
		}
		return out
	case gqlEnum:
		return string(x)
	}
	return v.literal
}

// object answers a selection on an object.
func (g *gqlRun) object(o gqlObject, set []gqlSelection, path []any) obj {
	out := obj{}
	g.fill(out, o, set, path)
	return out
}

func (g *gqlRun) fill(out obj, o gqlObject, set []gqlSelection, path []any) {
	for _, s := range set {
		switch {
		case s.name == "":
			if f := g.fragmentOf(s); f.on == o.typ || slices.Contains(g.types[f.on].members, o.typ) {
				g.fill(out, o, f.set, path)
			}
		case s.name == "__typename":
			out[s.key()] = o.typ
		default:
			out[s.key()] = g.field(o, s, append(slices.Clone(path), s.key()))
		}
	}
}

// field resolves one field; an error makes it null.
func (g *gqlRun) field(o gqlObject, s gqlSelection, path []any) any {
	field := g.types[o.typ].fields[s.name]
	args := obj{}
	for name, v := range s.args {
		args[name] = g.value(v)
	}
	value, err := field.get(g, o.value, args)
	if err != nil {
		e := gqlJSON(err)
		e["path"], e["locations"] = path, s.pos.json()
		g.errors = append(g.errors, e)
		return nil
	}
	return g.complete(field, value, s.set, path)
}

// complete turns what a resolver gave into JSON.
func (g *gqlRun) complete(field gqlField, value any, set []gqlSelection, path []any) any {
	switch v := value.(type) {
	case nil:
		return nil
	case gqlObject:
		return g.object(v, set, path)
	case []gqlObject:
		list := []any{}
		for i, o := range v {
			list = append(list, g.object(o, set, append(slices.Clone(path), i)))
		}
		return list
	}
	return value
}

// intArg reads a number that may have come as a literal or from JSON.
func intArg(v any) (int, bool) {
	switch n := v.(type) {
	case int64:
		return int(n), true
	case float64:
		return int(n), true
	case json.Number:
		i, err := n.Int64()
		return int(i), err == nil
	}
	return 0, false
}

// textArg reads a string, or nothing.
func textArg(v any) string {
	s, _ := v.(string)
	return s
}
