package githubemu

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"aws-access-bot/internal/sandbox/githubemu/gitobj"
)

// This file is the part of GitHub's public GraphQL schema that tells of pull
// requests and merge queues. Names, arguments and nullability of what is here
// are GitHub's.

// gqlType is an object type, or an interface with its members.
type gqlType struct {
	fields  map[string]gqlField
	members []string
}

// gqlField is a field: typ is the type of the objects it gives, empty for
// scalars and enums; args are its arguments with their types.
type gqlField struct {
	typ  string
	args map[string]string
	get  func(g *gqlRun, v any, args obj) (any, error)
}

// gqlObject is an object with its concrete type.
type gqlObject struct {
	typ   string
	value any
}

func gqlScalars() []string { return []string{"ID", "String", "Int", "Boolean", "GitObjectID"} }

// gqlInputs are the input types of the mutations.
func gqlInputs() map[string]map[string]string {
	return map[string]map[string]string{
		"EnqueuePullRequestInput": {"pullRequestId": "ID!", "expectedHeadOid": "GitObjectID", "jump": "Boolean", "clientMutationId": "String"},
		"DequeuePullRequestInput": {"id": "ID!", "clientMutationId": "String"},
	}
}

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
func scalar[T any](get func(v T) any) gqlField {
	return gqlField{get: func(_ *gqlRun, v any, _ obj) (any, error) { return get(v.(T)), nil }}
}

// linked is a field that leads to another object.
func linked[T any](typ string, get func(g *gqlRun, v T) (any, error)) gqlField {
	return gqlField{typ: typ, get: func(g *gqlRun, v any, _ obj) (any, error) { return get(g, v.(T)) }}
}

func gqlSchema() map[string]gqlType {
	return map[string]gqlType{
		"Query": {fields: gqlQueries()}, "Mutation": {fields: gqlMutations()},
		"Repository": {fields: gqlRepository()}, "PullRequest": {fields: gqlPull()}, "MergeQueue": {fields: gqlQueue()},
		"MergeQueueEntry": {fields: gqlEntry()}, "MergeQueueEntryConnection": {fields: gqlConnection()},
		"MergeQueueEntryEdge": {fields: map[string]gqlField{
			"cursor": scalar(func(v queuedOf) any { return cursorOf(v) }),
			"node":   linked("MergeQueueEntry", func(_ *gqlRun, v queuedOf) (any, error) { return gqlObject{"MergeQueueEntry", v}, nil }),
		}},
		"PageInfo": {fields: gqlPageInfo()}, "MergeQueueConfiguration": {fields: gqlConfiguration()}, "Commit": {fields: gqlCommit()},
		"EnqueuePullRequestPayload": {fields: gqlPayload()}, "DequeuePullRequestPayload": {fields: gqlPayload()},
		"User": {fields: gqlUser()}, "Bot": {fields: gqlUser()},
		"Actor": {members: []string{"User", "Bot"}, fields: gqlActor()},
		"Node": {
			members: []string{"Repository", "PullRequest", "MergeQueue", "MergeQueueEntry", "Commit", "User", "Bot"},
			fields:  map[string]gqlField{"id": scalar(func(any) any { return nil })}, // the concrete type answers
		},
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

func gqlQueries() map[string]gqlField {
	return map[string]gqlField{
		"repository": {
			typ: "Repository", args: map[string]string{"owner": "String!", "name": "String!", "followRenames": "Boolean"},
			get: func(g *gqlRun, _ any, args obj) (any, error) {
				owner, name := textArg(args["owner"]), textArg(args["name"])
				r := g.s.findRepo(owner, name)
				if follow, set := args["followRenames"].(bool); r == nil && (follow || !set) {
					r = g.s.moved[strings.ToLower(owner+"/"+name)]
				}
				if r == nil || !r.visible(g.who) {
					return nil, gqlNotFound("Could not resolve to a Repository with the name '%s/%s'.", owner, name)
				}
				return gqlObject{"Repository", r}, nil
			},
		},
		"node": {typ: "Node", args: map[string]string{"id": "ID!"}, get: func(g *gqlRun, _ any, args obj) (any, error) {
			return g.node(textArg(args["id"]))
		}},
	}
}

// node finds an object that the caller may see by its global id.
func (g *gqlRun) node(id string) (any, error) {
	for _, r := range g.s.repos {
		if !r.visible(g.who) {
			continue
		}
		if nodeID("R", r.id) == id {
			return gqlObject{"Repository", r}, nil
		}
		for _, p := range r.pulls {
			if nodeID("PR", p.id) == id {
				return gqlObject{"PullRequest", pullOf{r, p}}, g.needs(r, "pull_requests:read")
			}
		}
		for _, q := range r.queues {
			if nodeID("MQ", q.id) == id {
				return gqlObject{"MergeQueue", queueOf{r, q}}, g.needs(r, "merge_queues:read")
			}
			for _, e := range q.entries {
				if nodeID("MQE", e.id) == id {
					return gqlObject{"MergeQueueEntry", queuedOf{r, q, e}}, g.needs(r, "merge_queues:read")
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

func gqlMutations() map[string]gqlField {
	return map[string]gqlField{
		"enqueuePullRequest": {
			typ: "EnqueuePullRequestPayload", args: map[string]string{"input": "EnqueuePullRequestInput!"},
			get: func(g *gqlRun, _ any, args obj) (any, error) {
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
				return gqlObject{"EnqueuePullRequestPayload", payload{in["clientMutationId"], queuedOf{v.r, v.r.queue(v.p.base), e}}}, nil
			},
		},
		"dequeuePullRequest": {
			typ: "DequeuePullRequestPayload", args: map[string]string{"input": "DequeuePullRequestInput!"},
			get: func(g *gqlRun, _ any, args obj) (any, error) {
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
				return gqlObject{"DequeuePullRequestPayload", payload{in["clientMutationId"], queuedOf{v.r, q, e}}}, nil
			},
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
	o, _ := found.(gqlObject)
	v, is := o.value.(pullOf)
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
func gqlPayload() map[string]gqlField {
	return map[string]gqlField{
		"clientMutationId": scalar(func(v payload) any { return v.client }),
		"mergeQueueEntry":  linked("MergeQueueEntry", func(_ *gqlRun, v payload) (any, error) { return gqlObject{"MergeQueueEntry", v.entry}, nil }),
	}
}

func gqlRepository() map[string]gqlField {
	return map[string]gqlField{
		"id": scalar(func(r *Repo) any { return nodeID("R", r.id) }), "databaseId": scalar(func(r *Repo) any { return r.id }),
		"name": scalar(func(r *Repo) any { return r.name }), "nameWithOwner": scalar(func(r *Repo) any { return r.full() }),
		"url": scalar(func(r *Repo) any { return r.web("") }),
		"mergeQueue": {typ: "MergeQueue", args: map[string]string{"branch": "String"}, get: func(g *gqlRun, v any, args obj) (any, error) {
			r := v.(*Repo)
			branch := textArg(args["branch"])
			if branch == "" {
				branch = r.main
			}
			return g.queueOf(r, branch)
		}},
		"pullRequest": {typ: "PullRequest", args: map[string]string{"number": "Int!"}, get: func(g *gqlRun, v any, args obj) (any, error) {
			r := v.(*Repo)
			if err := g.needs(r, "pull_requests:read"); err != nil {
				return nil, err
			}
			n, _ := intArg(args["number"])
			p, err := r.pull(int64(n))
			if err != nil {
				return nil, gqlNotFound("Could not resolve to a PullRequest with the number of %d.", n)
			}
			return gqlObject{"PullRequest", pullOf{r, p}}, nil
		}},
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
	return gqlObject{"MergeQueue", queueOf{r, r.queue(branch)}}, nil
}

func gqlPull() map[string]gqlField {
	return map[string]gqlField{
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
		"author":     linked("Actor", func(_ *gqlRun, v pullOf) (any, error) { return actorOf(v.p.author), nil }),
		"mergedBy":   linked("Actor", func(_ *gqlRun, v pullOf) (any, error) { return actorOf(v.p.mergedBy), nil }),
		"repository": linked("Repository", func(_ *gqlRun, v pullOf) (any, error) { return gqlObject{"Repository", v.r}, nil }),
		"mergeCommit": linked("Commit", func(g *gqlRun, v pullOf) (any, error) {
			return g.commit(v.r, v.p.mergeSHA)
		}),
		"mergeQueue": linked("MergeQueue", func(g *gqlRun, v pullOf) (any, error) { return g.queueOf(v.r, v.p.base) }),
		"mergeQueueEntry": linked("MergeQueueEntry", func(g *gqlRun, v pullOf) (any, error) {
			if err := g.needs(v.r, "merge_queues:read"); err != nil {
				return nil, err
			}
			q, e := v.r.entryOf(v.p)
			if e == nil {
				return nil, nil
			}
			return gqlObject{"MergeQueueEntry", queuedOf{v.r, q, e}}, nil
		}),
	}
}

func gqlQueue() map[string]gqlField {
	path := func(v queueOf) string { return "/" + v.r.full() + "/queue/" + url.PathEscape(v.q.branch) }
	return map[string]gqlField{
		"id": scalar(func(v queueOf) any { return nodeID("MQ", v.q.id) }), "resourcePath": scalar(func(v queueOf) any { return path(v) }),
		"url":                           scalar(func(v queueOf) any { return v.r.s.web("%s", path(v)) }),
		"nextEntryEstimatedTimeToMerge": scalar(func(queueOf) any { return nil }),
		"repository":                    linked("Repository", func(_ *gqlRun, v queueOf) (any, error) { return gqlObject{"Repository", v.r}, nil }),
		"configuration": linked("MergeQueueConfiguration", func(_ *gqlRun, v queueOf) (any, error) {
			if rule := v.r.queueRule(v.q.branch); rule != nil {
				return gqlObject{"MergeQueueConfiguration", *rule}, nil
			}
			return nil, nil
		}),
		"entries": {
			typ: "MergeQueueEntryConnection", args: map[string]string{"first": "Int", "last": "Int", "after": "String", "before": "String"},
			get: func(_ *gqlRun, v any, args obj) (any, error) { return pageEntries(v.(queueOf), args) },
		},
	}
}

func cursorOf(v queuedOf) string { return nodeID("cursor", v.e.id) }

// pageEntries cuts a page of at most 100 entries; a bound must be given.
func pageEntries(v queueOf, args obj) (any, error) {
	first, hasFirst := intArg(args["first"])
	last, hasLast := intArg(args["last"])
	switch {
	case !hasFirst && !hasLast:
		return nil, &errQueue{"MISSING_PAGINATION_BOUNDARIES", "You must provide a `first` or `last` value to properly paginate the `entries` connection."}
	case hasFirst && hasLast:
		return nil, unqueueable("Passing both `first` and `last` to paginate the `entries` connection is not supported.")
	case first < 0 || last < 0:
		return nil, unqueueable("`first` or `last` on the `entries` connection cannot be less than zero.")
	case first > 100 || last > 100:
		return nil, &errQueue{"EXCESSIVE_PAGINATION", fmt.Sprintf("Requesting %d records on the `entries` connection exceeds the limit of 100 records.", max(first, last))}
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
	if hasFirst {
		hi = min(hi, lo+first)
	} else {
		lo = max(lo, hi-last)
	}
	return gqlObject{"MergeQueueEntryConnection", pageOf{all[lo:hi], len(all), lo}}, nil
}

func gqlConnection() map[string]gqlField {
	each := func(typ string) func(_ *gqlRun, v pageOf) (any, error) {
		return func(_ *gqlRun, v pageOf) (any, error) {
			out := []gqlObject{}
			for _, e := range v.entries {
				out = append(out, gqlObject{typ, e})
			}
			return out, nil
		}
	}
	return map[string]gqlField{
		"totalCount": scalar(func(v pageOf) any { return v.total }),
		"nodes":      linked("MergeQueueEntry", each("MergeQueueEntry")),
		"edges":      linked("MergeQueueEntryEdge", each("MergeQueueEntryEdge")),
		"pageInfo":   linked("PageInfo", func(_ *gqlRun, v pageOf) (any, error) { return gqlObject{"PageInfo", v}, nil }),
	}
}

func gqlPageInfo() map[string]gqlField {
	edge := func(v pageOf, i int) any {
		if len(v.entries) == 0 {
			return nil
		}
		return cursorOf(v.entries[(i+len(v.entries))%len(v.entries)])
	}
	return map[string]gqlField{
		"hasNextPage":     scalar(func(v pageOf) any { return v.lo+len(v.entries) < v.total }),
		"hasPreviousPage": scalar(func(v pageOf) any { return v.lo > 0 }),
		"startCursor":     scalar(func(v pageOf) any { return edge(v, 0) }),
		"endCursor":       scalar(func(v pageOf) any { return edge(v, -1) }),
	}
}

func gqlEntry() map[string]gqlField {
	return map[string]gqlField{
		"id": scalar(func(v queuedOf) any { return nodeID("MQE", v.e.id) }), "position": scalar(func(v queuedOf) any { return v.q.position(v.e) }),
		"state": scalar(func(v queuedOf) any { return v.r.entryState(v.q, v.e) }), "jump": scalar(func(v queuedOf) any { return v.e.jump }),
		"solo": scalar(func(queuedOf) any { return false }), "estimatedTimeToMerge": scalar(func(queuedOf) any { return nil }),
		"enqueuedAt":  scalar(func(v queuedOf) any { return v.e.at.UTC().Truncate(time.Second) }),
		"enqueuer":    linked("Actor", func(_ *gqlRun, v queuedOf) (any, error) { return actorOf(v.e.by.user), nil }),
		"pullRequest": linked("PullRequest", func(_ *gqlRun, v queuedOf) (any, error) { return gqlObject{"PullRequest", pullOf{v.r, v.e.p}}, nil }),
		"mergeQueue":  linked("MergeQueue", func(g *gqlRun, v queuedOf) (any, error) { return g.queueOf(v.r, v.q.branch) }),
		"headCommit": linked("Commit", func(g *gqlRun, v queuedOf) (any, error) {
			if v.e.group == nil {
				return nil, nil
			}
			return g.commit(v.r, v.e.group.head)
		}),
		"baseCommit": linked("Commit", func(g *gqlRun, v queuedOf) (any, error) {
			if v.e.group == nil {
				return nil, nil
			}
			return g.commit(v.r, v.e.group.base)
		}),
	}
}

func gqlConfiguration() map[string]gqlField {
	return map[string]gqlField{
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
	return gqlObject{"Commit", commitOf{r, id}}, g.needs(r, "contents:read")
}

func gqlCommit() map[string]gqlField {
	return map[string]gqlField{
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
		return gqlObject{"Bot", u}
	}
	return gqlObject{"User", u}
}

func gqlActor() map[string]gqlField {
	return map[string]gqlField{
		// Bots are named without "[bot]" here, other than in REST.
		"login": scalar(func(u *User) any { return strings.TrimSuffix(u.Login, "[bot]") }),
	}
}

func gqlUser() map[string]gqlField {
	out := gqlActor()
	out["id"], out["databaseId"] = scalar(func(u *User) any { return nodeID("U", u.ID) }), scalar(func(u *User) any { return u.ID })
	return out
}
