package gql

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

const (
	// maxNodes is GitHub's limit of nodes that one query may ask for, and
	// MaxPage that of one connection (docs.github.com, "Rate limits and query
	// limits for the GraphQL API").
	maxNodes = 500_000
	MaxPage  = 100
	// maxFields bounds the work for a query whose fragments multiply.
	maxFields = 1_000_000
)

// tooMuch is how GitHub refuses what costs it more than the limits foresee.
func tooMuch() *Error {
	return &Error{Type: "RESOURCE_LIMITS_EXCEEDED", Message: "Resource limits for this query exceeded."}
}

// meter adds up what a query asks for.
type meter struct {
	r     reader
	vars  map[string]any
	steps int
	// nodes is how many nodes all connections give if they are full, and
	// requests how many connections are read for that.
	nodes, requests int
}

// measure works out the nodes and the cost of a query, and refuses one that
// asks for too many.
func (r reader) measure(q *Query) *Error {
	m := &meter{r: r, vars: q.vars}
	m.set(q.op.SelectionSet, 1)
	if m.nodes > maxNodes {
		return &Error{Type: "MAX_NODE_LIMIT_EXCEEDED", Message: fmt.Sprintf(
			"This query requests up to %s possible nodes which exceeds the maximum limit of %s.", thousands(m.nodes), thousands(maxNodes))}
	}
	if m.steps > maxFields {
		return tooMuch()
	}
	// A hundred requests are a point, rounded; every query costs one.
	q.Nodes, q.Cost = m.nodes, max(1, (m.requests+50)/100)
	return nil
}

// set counts a selection that is answered so many times.
func (m *meter) set(set ast.SelectionSet, times int) {
	for _, s := range set {
		if m.steps++; m.steps > maxFields {
			return
		}
		switch s := s.(type) {
		case *ast.InlineFragment:
			m.set(s.SelectionSet, times)
		case *ast.FragmentSpread:
			m.set(s.Definition.SelectionSet, times)
		case *ast.Field:
			each := times
			if strings.HasSuffix(s.Definition.Type.Name(), "Connection") {
				each *= m.page(s)
				m.requests += times
				m.nodes += each
			}
			if each <= maxNodes { // what is deeper is refused anyway
				m.set(s.SelectionSet, each)
			}
		}
	}
}

// page is how many nodes a connection is asked for. A size outside of the
// limits is refused when the field is resolved.
func (m *meter) page(f *ast.Field) int {
	args, err := arguments(f, m.vars)
	if err != nil {
		return 0 // refused when the field is resolved
	}
	for _, name := range []string{"first", "last"} {
		if n, given := whole(args[name]); given {
			return min(max(int(n), 0), MaxPage)
		}
	}
	return 0
}

// thousands writes a number with commas.
func thousands(n int) string {
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
