package gql

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/core"
)

// check returns the mistakes of a document in the order in which they stand
// in it.
func (r reader) check(doc *ast.QueryDocument) []*Error {
	found := validator.ValidateWithRules(r.schema, doc, r.rules)
	if len(found) == 0 {
		return nil
	}
	places := index(doc)
	var out []*Error
	seen := map[string]bool{} // fragments are checked once by themselves and once in use
	for _, e := range found {
		for _, said := range say(places, e) {
			if key := fmt.Sprint(said.Locations, said.Message); !seen[key] {
				seen[key] = true
				out = append(out, said)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b *Error) int { return compare(a.Locations, b.Locations) })
	return out
}

func compare(a, b []Location) int {
	if len(a) == 0 || len(b) == 0 {
		return cmp.Compare(len(a), len(b))
	}
	return cmp.Or(cmp.Compare(a[0].Line, b[0].Line), cmp.Compare(a[0].Column, b[0].Column))
}

// scalarRule is the name of a rule beyond the library's, which takes any
// literal for a custom scalar and an Int of 64 bits.
const scalarRule = "ScalarLiterals"

func checkScalars(observers *core.Events, addError core.AddErrFunc) {
	observers.OnValue(func(_ *core.Walker, v *ast.Value) {
		if v.Definition == nil || v.Definition.Kind != ast.Scalar || v.Kind == ast.Variable || v.Kind == ast.NullValue {
			return
		}
		got, err := v.Value(nil)
		if v.Kind == ast.EnumValue || err != nil || !scalarFits(v.Definition.Name, got) {
			addError(core.Message("does not fit"), core.At(v.Position))
		}
	})
}

// scalarFits reports whether a literal, or a value from JSON, is one of a
// scalar type. Custom scalars (GitObjectID, URI) are strings.
func scalarFits(name string, v any) bool {
	n, number := whole(v)
	switch name {
	case "Int":
		return number && n >= math.MinInt32 && n <= math.MaxInt32
	case "Float":
		_, float := v.(float64)
		return number || float
	case "Boolean":
		_, is := v.(bool)
		return is
	case "ID":
		if number {
			return true
		}
	}
	_, is := v.(string)
	return is
}

// whole reads a whole number, which is an int64 or, from JSON, a float64.
func whole(v any) (float64, bool) {
	switch n := v.(type) {
	case int64:
		return float64(n), true
	case float64:
		return n, n == math.Trunc(n) && !math.IsInf(n, 0)
	}
	return 0, false
}

// variableError words what the library says of the value of a variable.
func (r reader) variableError(def *ast.VariableDefinition, given any, err error) *Error {
	message := fmt.Sprintf("Variable $%s of type %s was provided invalid value", def.Variable, def.Type)
	problem := map[string]any{"path": []string{}, "explanation": explain(def, given, err)}
	if path := memberPath(err); len(path) > 0 {
		problem["path"] = path
		message += fmt.Sprintf(" for %s (%s)", strings.Join(path, "."), problem["explanation"])
	}
	return &Error{
		Message: message, Locations: []Location{at(def.Position)},
		Extensions: map[string]any{"value": given, "problems": []any{problem}},
	}
}

// memberPath is where in the variable the mistake is.
func memberPath(err error) []string {
	var path []string
	if e, is := asLibrary(err); is && len(e.Path) > 2 { // after "variable" and its name
		for _, p := range e.Path[2:] {
			path = append(path, fmt.Sprint(p))
		}
	}
	return path
}

func explain(def *ast.VariableDefinition, given any, err error) string {
	e, is := asLibrary(err)
	if !is {
		return err.Error()
	}
	switch e.Message {
	case "must be defined", "cannot be null":
		return "Expected value to not be null"
	case "unknown field":
		return "Field is not defined on " + def.Type.Name()
	}
	typ, v := def.Type.Name(), given
	for _, name := range memberPath(err) {
		members, _ := v.(map[string]any)
		v = members[name]
		if f := def.Definition.Fields.ForName(name); f != nil {
			typ = f.Type.Name()
		}
	}
	text, failed := json.Marshal(v)
	if failed != nil {
		text = []byte(fmt.Sprint(v)) // unreachable: it came from JSON
	}
	return fmt.Sprintf("Could not coerce value %s to %s", text, typ)
}

// asLibrary is the error as the library made it.
func asLibrary(err error) (*gqlerror.Error, bool) {
	var e *gqlerror.Error
	is := errors.As(err, &e)
	return e, is
}
