package githubemu

import (
	_ "embed"
	"net/http"
	"strings"

	"aws-access-bot/internal/sandbox/githubemu/gql"
)

//go:embed github.graphql
var githubSchema string

// loadGraphQL builds the GraphQL API.
func loadGraphQL() (*gql.API[*gqlRun], error) { return gql.New(githubSchema, gqlResolvers()) }

// gqlRun is one GraphQL request under way: the call, what was asked, and the
// caller's limit.
type gqlRun struct {
	*call
	query *gql.Query
	limit *bucket
}

// Kind is the type of the error in an answer of GraphQL.
func (e *errQueue) Kind() string { return e.kind }

// graphQL answers POST /graphql. Errors of the query are answered with 200,
// as GitHub does; "data" is missing when nothing was run.
func (c *call) graphQL() (reply, error) {
	api, err := c.s.gql()
	if err != nil {
		return reply{}, refuse(http.StatusInternalServerError, "%s", err)
	}
	var in struct {
		Query         *string
		OperationName string
		Variables     map[string]any
	}
	if err := c.decode(&in); err != nil {
		return reply{}, refuse(http.StatusBadRequest, "Problems parsing JSON")
	}
	if in.Query == nil || strings.TrimSpace(*in.Query) == "" {
		return ok(obj{"errors": []obj{{"message": "A query attribute must be specified and must be a string."}}})
	}
	q, mistakes := api.Read(gql.Request{Query: *in.Query, Operation: in.OperationName, Variables: in.Variables})
	if q == nil {
		return ok(obj{"errors": mistakes})
	}
	g := &gqlRun{call: c, query: q, limit: c.s.limits[c.who.budget("graphql")]}
	header := http.Header{}
	g.limit.used = min(g.limit.used+q.Cost-1, c.s.opt.RateLimit) // one was taken before the query was read
	c.s.rateHeaders(g.limit, "graphql", header)
	data, mistakes := api.Execute(g, q)
	out := obj{"data": data}
	if len(mistakes) > 0 {
		out["errors"] = mistakes
	}
	return reply{status: http.StatusOK, header: header, body: out}, nil
}
