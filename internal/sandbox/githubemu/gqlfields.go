package githubemu

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"aws-access-bot/internal/sandbox/githubemu/gitobj"
	"aws-access-bot/internal/sandbox/githubemu/gql"
)

// This file answers the fields of the schema in github.graphql.

type (
	gqlResolver = gql.Resolver[*gqlRun]
	gqlFields   = map[string]gqlResolver
)

// What the objects of the schema hold.
type (
	pullOf struct {
		r *Repo
		p *pull
	}
	queueOf struct {
		r *Repo
		q *mergeQueue
	}
	queuedOf struct {
		r *Repo
		q *mergeQueue
		e *queueEntry
	}
	commitOf struct {
		r  *Repo
		id gitobj.ID
	}
	pageOf struct {
		entries   []queuedOf
		total, lo int
	}
	payload struct {
		client any
		entry  queuedOf
	}
)

// scalar is a field that is worked out of the object alone.
func scalar[T any](get func(v T) any) gqlResolver {
	return func(_ *gqlRun, v any, _ obj) (any, error) { return get(v.(T)), nil }
}

// linked is a field that leads to another object.
func linked[T any](get func(g *gqlRun, v T) (any, error)) gqlResolver {
	return func(g *gqlRun, v any, _ obj) (any, error) { return get(g, v.(T)) }
}

func gqlResolvers() gql.Fields[*gqlRun] {
	return gql.Fields[*gqlRun]{
		"Query": gqlQueries(), "Mutation": gqlMutations(), "RateLimit": gqlRateLimit(),
		"Repository": gqlRepository(), "PullRequest": gqlPull(), "MergeQueue": gqlQueue(),
		"MergeQueueEntry": gqlEntry(), "MergeQueueEntryConnection": gqlConnection(),
		"MergeQueueEntryEdge": {
			"cursor": scalar(func(v queuedOf) any { return cursorOf(v) }),
			"node":   linked(func(_ *gqlRun, v queuedOf) (any, error) { return gql.Object{Type: "MergeQueueEntry", Value: v}, nil }),
		},
		"PageInfo": gqlPageInfo(), "MergeQueueConfiguration": gqlConfiguration(), "Commit": gqlCommit(),
		"EnqueuePullRequestPayload": gqlPayload(), "DequeuePullRequestPayload": gqlPayload(),
		"User": gqlUser(), "Bot": gqlUser(),
	}
}

func gqlNotFound(format string, args ...any) error {
	return &errQueue{"NOT_FOUND", fmt.Sprintf(format, args...)}
}

// needs checks a permission as REST would.
func (g *gqlRun) needs(r *Repo, perm string) error {
	if !g.s.may(g.who, r, perm) {
		return &errQueue{"FORBIDDEN", "Resource not accessible by integration"}
	}
	return nil
}

func gqlQueries() gqlFields {
	return gqlFields{
		"repository": func(g *gqlRun, _ any, args obj) (any, error) {
			owner, name := textArg(args["owner"]), textArg(args["name"])
			r := g.s.findRepo(owner, name)
			if follow, _ := args["followRenames"].(bool); r == nil && follow {
				r = g.s.moved[strings.ToLower(owner+"/"+name)]
			}
			if r == nil || !r.visible(g.who) {
				return nil, gqlNotFound("Could not resolve to a Repository with the name '%s/%s'.", owner, name)
			}
			return gql.Object{Type: "Repository", Value: r}, nil
		},
		"node": func(g *gqlRun, _ any, args obj) (any, error) {
			return g.node(textArg(args["id"]))
		},
		"rateLimit": func(g *gqlRun, _ any, _ obj) (any, error) {
			return gql.Object{Type: "RateLimit", Value: g}, nil
		},
	}
}

// node finds an object that the caller may see by its global id.
func (g *gqlRun) node(id string) (any, error) {
	for _, r := range g.s.repos {
		if !r.visible(g.who) {
			continue
		}
		if nodeID("R", r.id) == id {
			return gql.Object{Type: "Repository", Value: r}, nil
		}
		for _, p := range r.pulls {
			if nodeID("PR", p.id) == id {
				return gql.Object{Type: "PullRequest", Value: pullOf{r, p}}, g.needs(r, "pull_requests:read")
			}
		}
		for _, q := range r.queues {
			if nodeID("MQ", q.id) == id {
				return gql.Object{Type: "MergeQueue", Value: queueOf{r, q}}, g.needs(r, "merge_queues:read")
			}
			for _, e := range q.entries {
				if nodeID("MQE", e.id) == id {
					return gql.Object{Type: "MergeQueueEntry", Value: queuedOf{r, q, e}}, g.needs(r, "merge_queues:read")
				}
			}
		}
	}
	for _, u := range g.s.users {
		if nodeID("U", u.ID) == id {
			return actorOf(u), nil
		}
	}
	return nil, gqlNotFound("Could not resolve to a node with the global id of '%s'", id)
}

// gqlRateLimit is the limit after this query, and what it took of it.
func gqlRateLimit() gqlFields {
	return gqlFields{
		"cost": scalar(func(g *gqlRun) any { return g.query.Cost }), "nodeCount": scalar(func(g *gqlRun) any { return g.query.Nodes }),
		"limit":     scalar(func(g *gqlRun) any { return g.s.opt.RateLimit }),
		"used":      scalar(func(g *gqlRun) any { return g.limit.used }),
		"remaining": scalar(func(g *gqlRun) any { return g.s.opt.RateLimit - g.limit.used }),
		"resetAt":   scalar(func(g *gqlRun) any { return g.limit.reset.UTC().Truncate(time.Second) }),
	}
}

func gqlMutations() gqlFields {
	return gqlFields{
		"enqueuePullRequest": func(g *gqlRun, _ any, args obj) (any, error) {
			in, _ := args["input"].(map[string]any)
			v, err := g.queueable(textArg(in["pullRequestId"]), "EnqueuePullRequest")
			if err != nil {
				return nil, err
			}
			jump, _ := in["jump"].(bool)
			e, err := v.r.enqueue(v.p, g.who, enqueueInput{gitobj.ID(textArg(in["expectedHeadOid"])), jump})
			if err != nil {
				return nil, err
			}
			return gql.Object{Type: "EnqueuePullRequestPayload", Value: payload{in["clientMutationId"], queuedOf{v.r, v.r.queue(v.p.base), e}}}, nil
		},
		"dequeuePullRequest": func(g *gqlRun, _ any, args obj) (any, error) {
			in, _ := args["input"].(map[string]any)
			v, err := g.queueable(textArg(in["id"]), "DequeuePullRequest")
			if err != nil {
				return nil, err
			}
			q, e := v.r.entryOf(v.p)
			if e == nil {
				return nil, errNotQueued()
			}
			v.r.dequeue(q, e, leftManual, g.who)
			return gql.Object{Type: "DequeuePullRequestPayload", Value: payload{in["clientMutationId"], queuedOf{v.r, q, e}}}, nil
		},
	}
}

// queueable finds the pull request of a mutation and checks that the caller
// may merge it, which takes the right to write contents and, for an App, pull
// requests.
func (g *gqlRun) queueable(id, operation string) (pullOf, error) {
	found, err := g.node(id)
	if err != nil {
		return pullOf{}, err
	}
	o, _ := found.(gql.Object)
	v, is := o.Value.(pullOf)
	switch {
	case !is:
		return pullOf{}, gqlNotFound("Could not resolve to PullRequest node with the global id of '%s'.", id)
	case v.r.archived:
		return pullOf{}, unqueueable("Repository was archived so is read-only.")
	case g.s.may(g.who, v.r, "contents:write") && g.s.may(g.who, v.r, "pull_requests:write"):
		return v, nil
	case g.who.person():
		return pullOf{}, &errQueue{"FORBIDDEN", fmt.Sprintf("%s does not have the correct permissions to execute `%s`", g.who.user.Login, operation)}
	}
	return pullOf{}, &errQueue{"FORBIDDEN", "Resource not accessible by integration"}
}

// gqlPayload shows the entry even to an App that may not read queues, since
// it is the answer to what the App just did.
func gqlPayload() gqlFields {
	return gqlFields{
		"clientMutationId": scalar(func(v payload) any { return v.client }),
		"mergeQueueEntry": linked(func(_ *gqlRun, v payload) (any, error) {
			return gql.Object{Type: "MergeQueueEntry", Value: v.entry}, nil
		}),
	}
}

func gqlRepository() gqlFields {
	return gqlFields{
		"id": scalar(func(r *Repo) any { return nodeID("R", r.id) }), "databaseId": scalar(func(r *Repo) any { return r.id }),
		"name": scalar(func(r *Repo) any { return r.name }), "nameWithOwner": scalar(func(r *Repo) any { return r.full() }),
		"url": scalar(func(r *Repo) any { return r.web("") }),
		"mergeQueue": func(g *gqlRun, v any, args obj) (any, error) {
			r := v.(*Repo)
			branch := textArg(args["branch"])
			if branch == "" {
				branch = r.main
			}
			return g.queueOf(r, branch)
		},
		"pullRequest": func(g *gqlRun, v any, args obj) (any, error) {
			r := v.(*Repo)
			if err := g.needs(r, "pull_requests:read"); err != nil {
				return nil, err
			}
			n, _ := intArg(args["number"])
			p, err := r.pull(int64(n))
			if err != nil {
				return nil, gqlNotFound("Could not resolve to a PullRequest with the number of %d.", n)
			}
			return gql.Object{Type: "PullRequest", Value: pullOf{r, p}}, nil
		},
	}
}

// queueOf is the queue of a branch, or null where the rules have none.
func (g *gqlRun) queueOf(r *Repo, branch string) (any, error) {
	if err := g.needs(r, "merge_queues:read"); err != nil {
		return nil, err
	}
	if r.queueRule(branch) == nil {
		return nil, nil
	}
	return gql.Object{Type: "MergeQueue", Value: queueOf{r, r.queue(branch)}}, nil
}

func gqlPull() gqlFields {
	return gqlFields{
		"id": scalar(func(v pullOf) any { return nodeID("PR", v.p.id) }), "databaseId": scalar(func(v pullOf) any { return v.p.id }),
		"number": scalar(func(v pullOf) any { return v.p.number }), "title": scalar(func(v pullOf) any { return v.p.title }),
		"url":     scalar(func(v pullOf) any { return v.r.web("/pull/%d", v.p.number) }),
		"isDraft": scalar(func(v pullOf) any { return v.p.draft }), "merged": scalar(func(v pullOf) any { return !v.p.merged.IsZero() }),
		"mergedAt": scalar(func(v pullOf) any { return timeOrNull(v.p.merged) }), "headRefOid": scalar(func(v pullOf) any { return v.p.head }),
		"headRefName": scalar(func(v pullOf) any { return v.p.headBranch }), "baseRefName": scalar(func(v pullOf) any { return v.p.base }),
		"state": scalar(func(v pullOf) any {
			if !v.p.merged.IsZero() {
				return "MERGED"
			}
			return strings.ToUpper(v.p.state)
		}),
		"mergeable": scalar(func(v pullOf) any {
			can, _, _ := v.r.mergeability(v.p)
			return map[any]string{true: "MERGEABLE", false: "CONFLICTING", nil: "UNKNOWN"}[can]
		}),
		"mergeStateStatus": scalar(func(v pullOf) any {
			_, state, _ := v.r.mergeability(v.p)
			return strings.ToUpper(state)
		}),
		"isMergeQueueEnabled": scalar(func(v pullOf) any { return v.r.queueRule(v.p.base) != nil }),
		"isInMergeQueue": scalar(func(v pullOf) any {
			_, e := v.r.entryOf(v.p)
			return e != nil
		}),
		"author":     linked(func(_ *gqlRun, v pullOf) (any, error) { return actorOf(v.p.author), nil }),
		"mergedBy":   linked(func(_ *gqlRun, v pullOf) (any, error) { return actorOf(v.p.mergedBy), nil }),
		"repository": linked(func(_ *gqlRun, v pullOf) (any, error) { return gql.Object{Type: "Repository", Value: v.r}, nil }),
		"mergeCommit": linked(func(g *gqlRun, v pullOf) (any, error) {
			return g.commit(v.r, v.p.mergeSHA)
		}),
		"mergeQueue": linked(func(g *gqlRun, v pullOf) (any, error) { return g.queueOf(v.r, v.p.base) }),
		"mergeQueueEntry": linked(func(g *gqlRun, v pullOf) (any, error) {
			if err := g.needs(v.r, "merge_queues:read"); err != nil {
				return nil, err
			}
			q, e := v.r.entryOf(v.p)
			if e == nil {
				return nil, nil
			}
			return gql.Object{Type: "MergeQueueEntry", Value: queuedOf{v.r, q, e}}, nil
		}),
	}
}

func gqlQueue() gqlFields {
	path := func(v queueOf) string { return "/" + v.r.full() + "/queue/" + url.PathEscape(v.q.branch) }
	return gqlFields{
		"id": scalar(func(v queueOf) any { return nodeID("MQ", v.q.id) }), "resourcePath": scalar(func(v queueOf) any { return path(v) }),
		"url":                           scalar(func(v queueOf) any { return v.r.s.web("%s", path(v)) }),
		"nextEntryEstimatedTimeToMerge": scalar(func(queueOf) any { return nil }),
		"repository":                    linked(func(_ *gqlRun, v queueOf) (any, error) { return gql.Object{Type: "Repository", Value: v.r}, nil }),
		"configuration": linked(func(_ *gqlRun, v queueOf) (any, error) {
			if rule := v.r.queueRule(v.q.branch); rule != nil {
				return gql.Object{Type: "MergeQueueConfiguration", Value: *rule}, nil
			}
			return nil, nil
		}),
		"entries": func(_ *gqlRun, v any, args obj) (any, error) { return pageEntries(v.(queueOf), args) },
	}
}

func cursorOf(v queuedOf) string { return nodeID("cursor", v.e.id) }

// pageSize reads how many entries are asked for, from the front or the back;
// a number must be given, and be from 1 to 100.
func pageSize(args obj) (n int, back bool, err error) {
	first, hasFirst := intArg(args["first"])
	last, hasLast := intArg(args["last"])
	n, back = first, !hasFirst
	name := "first"
	if back {
		n, name = last, "last"
	}
	switch {
	case !hasFirst && !hasLast:
		err = &errQueue{"MISSING_PAGINATION_BOUNDARIES", "You must provide a `first` or `last` value to properly paginate the `entries` connection."}
	case hasFirst && hasLast:
		err = unqueueable("Passing both `first` and `last` to paginate the `entries` connection is not supported.")
	case n < 0:
		err = unqueueable("`%s` on the `entries` connection cannot be less than zero.", name)
	case n == 0: // which GitHub documents; its words for it are not known
		err = unqueueable("`%s` on the `entries` connection must be between 1 and %d.", name, gql.MaxPage)
	case n > gql.MaxPage:
		err = &errQueue{"EXCESSIVE_PAGINATION", fmt.Sprintf("Requesting %d records on the `entries` connection exceeds the `%s` limit of %d records.", n, name, gql.MaxPage)}
	}
	return n, back, err
}

// pageEntries cuts a page.
func pageEntries(v queueOf, args obj) (any, error) {
	n, back, err := pageSize(args)
	if err != nil {
		return nil, err
	}
	var all []queuedOf
	for _, e := range v.q.entries {
		all = append(all, queuedOf{v.r, v.q, e})
	}
	lo, hi := 0, len(all)
	at := func(cursor string) int {
		return slices.IndexFunc(all, func(o queuedOf) bool { return cursorOf(o) == cursor })
	}
	if after := textArg(args["after"]); after != "" {
		lo = at(after) + 1
	}
	if before := at(textArg(args["before"])); before >= 0 {
		hi = before
	}
	lo = min(lo, hi)
	if back {
		lo = max(lo, hi-n)
	} else {
		hi = min(hi, lo+n)
	}
	return gql.Object{Type: "MergeQueueEntryConnection", Value: pageOf{all[lo:hi], len(all), lo}}, nil
}

func gqlConnection() gqlFields {
	each := func(typ string) func(_ *gqlRun, v pageOf) (any, error) {
		return func(_ *gqlRun, v pageOf) (any, error) {
			out := []gql.Object{}
			for _, e := range v.entries {
				out = append(out, gql.Object{Type: typ, Value: e})
			}
			return out, nil
		}
	}
	return gqlFields{
		"totalCount": scalar(func(v pageOf) any { return v.total }),
		"nodes":      linked(each("MergeQueueEntry")),
		"edges":      linked(each("MergeQueueEntryEdge")),
		"pageInfo":   linked(func(_ *gqlRun, v pageOf) (any, error) { return gql.Object{Type: "PageInfo", Value: v}, nil }),
	}
}

func gqlPageInfo() gqlFields {
	edge := func(v pageOf, i int) any {
		if len(v.entries) == 0 {
			return nil
		}
		return cursorOf(v.entries[(i+len(v.entries))%len(v.entries)])
	}
	return gqlFields{
		"hasNextPage":     scalar(func(v pageOf) any { return v.lo+len(v.entries) < v.total }),
		"hasPreviousPage": scalar(func(v pageOf) any { return v.lo > 0 }),
		"startCursor":     scalar(func(v pageOf) any { return edge(v, 0) }),
		"endCursor":       scalar(func(v pageOf) any { return edge(v, -1) }),
	}
}

func gqlEntry() gqlFields {
	return gqlFields{
		"id": scalar(func(v queuedOf) any { return nodeID("MQE", v.e.id) }), "position": scalar(func(v queuedOf) any { return v.q.position(v.e) }),
		"state": scalar(func(v queuedOf) any { return v.r.entryState(v.q, v.e) }), "jump": scalar(func(v queuedOf) any { return v.e.jump }),
		"solo": scalar(func(queuedOf) any { return false }), "estimatedTimeToMerge": scalar(func(queuedOf) any { return nil }),
		"enqueuedAt": scalar(func(v queuedOf) any { return v.e.at.UTC().Truncate(time.Second) }),
		"enqueuer":   linked(func(_ *gqlRun, v queuedOf) (any, error) { return actorOf(v.e.by.user), nil }),
		"pullRequest": linked(func(_ *gqlRun, v queuedOf) (any, error) {
			return gql.Object{Type: "PullRequest", Value: pullOf{v.r, v.e.p}}, nil
		}),
		"mergeQueue": linked(func(g *gqlRun, v queuedOf) (any, error) { return g.queueOf(v.r, v.q.branch) }),
		"headCommit": linked(func(g *gqlRun, v queuedOf) (any, error) {
			if v.e.group == nil {
				return nil, nil
			}
			return g.commit(v.r, v.e.group.head)
		}),
		"baseCommit": linked(func(g *gqlRun, v queuedOf) (any, error) {
			if v.e.group == nil {
				return nil, nil
			}
			return g.commit(v.r, v.e.group.base)
		}),
	}
}

func gqlConfiguration() gqlFields {
	return gqlFields{
		"checkResponseTimeout": scalar(func(v QueueParams) any { return v.Timeout }), "mergingStrategy": scalar(func(v QueueParams) any { return v.Grouping }),
		"maximumEntriesToBuild": scalar(func(v QueueParams) any { return v.MaxBuild }), "maximumEntriesToMerge": scalar(func(v QueueParams) any { return v.MaxMerge }),
		"mergeMethod": scalar(func(v QueueParams) any { return v.Method }), "minimumEntriesToMerge": scalar(func(v QueueParams) any { return v.MinMerge }),
		"minimumEntriesToMergeWaitTime": scalar(func(v QueueParams) any { return v.MinWait }),
	}
}

// commit is a commit, for those who may read contents.
func (g *gqlRun) commit(r *Repo, id gitobj.ID) (any, error) {
	if id == "" {
		return nil, nil
	}
	return gql.Object{Type: "Commit", Value: commitOf{r, id}}, g.needs(r, "contents:read")
}

func gqlCommit() gqlFields {
	return gqlFields{
		"id": scalar(func(v commitOf) any { return nodeID("C", v.id) }), "oid": scalar(func(v commitOf) any { return v.id }),
		"url": scalar(func(v commitOf) any { return v.r.web("/commit/%s", v.id) }),
		"message": scalar(func(v commitOf) any {
			c, err := v.r.git.Commit(v.id)
			if err != nil {
				return nil // unreachable: whoever names it knows that it exists
			}
			return c.Message
		}),
	}
}

// actorOf is a user as an Actor; nil is null.
func actorOf(u *User) any {
	switch {
	case u == nil:
		return nil
	case u.isBot():
		return gql.Object{Type: "Bot", Value: u}
	}
	return gql.Object{Type: "User", Value: u}
}

func gqlActor() gqlFields {
	return gqlFields{
		// Bots are named without "[bot]" here, other than in REST.
		"login": scalar(func(u *User) any { return strings.TrimSuffix(u.Login, "[bot]") }),
	}
}

func gqlUser() gqlFields {
	out := gqlActor()
	out["id"], out["databaseId"] = scalar(func(u *User) any { return nodeID("U", u.ID) }), scalar(func(u *User) any { return u.ID })
	return out
}

// intArg reads a number, which is an int64 in the query and a float64 in its
// variables.
func intArg(v any) (int, bool) {
	switch n := v.(type) {
	case int64:
		return int(n), true
	case float64:
		return int(n), true
	}
	return 0, false
}

// textArg reads a string or an id, which may be written as a number; null is
// empty.
func textArg(v any) string {
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}
