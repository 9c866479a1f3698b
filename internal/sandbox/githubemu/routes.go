package githubemu

// graphQLPath is where the GraphQL API is on github.com's API host; on
// Enterprise it is at /api/graphql.
const graphQLPath = "/graphql"

// table lists every operation. Of two patterns that fit, the first wins, so
// the longer one comes first. What each needs is GitHub's "Permissions
// required for GitHub Apps".
func (s *Server) table() []route {
	const repo = "/repos/{owner}/{repo}"
	var all []route
	add := func(prefix string, rows []route) {
		for _, rt := range rows {
			rt.pattern = prefix + rt.pattern
			all = append(all, rt.compile())
		}
	}
	add("", []route{{method: "POST", pattern: graphQLPath, handle: (*call).graphQL}})
	add("", appRoutes())
	add("", orgRoutes())
	add("/orgs/{org}/teams/{team_slug}", teamRoutes())
	add("/organizations/{org_id}/team/{team_id}", teamRoutes())
	add("/teams/{team_id}", teamRoutes())
	add(repo, gitRoutes())
	add(repo, pullRoutes())
	add(repo, repoRoutes())
	return all
}

func appRoutes() []route {
	return []route{
		{method: "GET", pattern: "/app", need: "jwt", handle: (*call).getApp},
		{method: "GET", pattern: "/app/installations", need: "jwt", handle: (*call).listInstallations},
		{method: "GET", pattern: "/app/installations/{installation_id}", need: "jwt", handle: (*call).getInstallation},
		{method: "POST", pattern: "/app/installations/{installation_id}/access_tokens", need: "jwt", handle: (*call).createToken},
		{method: "GET", pattern: "/app/hook/config", need: "jwt", handle: (*call).getHookConfig},
		{method: "GET", pattern: "/app/hook/deliveries", need: "jwt", handle: (*call).listDeliveries},
		{method: "GET", pattern: "/app/hook/deliveries/{delivery_id}", need: "jwt", handle: (*call).getDelivery},
		{method: "POST", pattern: "/app/hook/deliveries/{delivery_id}/attempts", need: "jwt", handle: (*call).redeliver},
		{method: "GET", pattern: "/orgs/{org}/installation", need: "jwt", handle: (*call).orgInstallation},
		{method: "GET", pattern: "/repos/{owner}/{repo}/installation", need: "jwt", handle: (*call).repoInstallation},
		{method: "GET", pattern: "/installation/repositories", handle: (*call).installationRepos},
		{method: "DELETE", pattern: "/installation/token", handle: (*call).revokeToken},
		{method: "GET", pattern: "/rate_limit", handle: (*call).rateLimit},
	}
}

func orgRoutes() []route {
	return []route{
		{method: "GET", pattern: "/user", need: "user", handle: (*call).currentUser},
		{method: "GET", pattern: "/user/{account_id}", handle: (*call).getUserByID},
		{method: "GET", pattern: "/users/{username}", handle: (*call).getUser},
		{method: "GET", pattern: "/repositories/{repository_id}", handle: (*call).getRepoByID},
		{method: "GET", pattern: "/orgs/{org}", handle: (*call).getOrg},
		{method: "GET", pattern: "/orgs/{org}/members", need: "members:read", handle: (*call).orgMembers},
		{method: "GET", pattern: "/orgs/{org}/members/{username}", need: "members:read", handle: (*call).isOrgMember},
		{method: "GET", pattern: "/orgs/{org}/memberships/{username}", need: "members:read", handle: (*call).orgMembership},
		{method: "GET", pattern: "/orgs/{org}/outside_collaborators", need: "members:read", handle: (*call).outsideCollaborators},
		{method: "GET", pattern: "/orgs/{org}/teams", need: "members:read", handle: (*call).listTeams},
	}
}

func teamRoutes() []route {
	return []route{
		{method: "GET", pattern: "", need: "members:read", handle: (*call).getTeam},
		{method: "GET", pattern: "/teams", need: "members:read", handle: (*call).childTeams},
		{method: "GET", pattern: "/members", need: "members:read", handle: (*call).teamMembers},
		{method: "GET", pattern: "/memberships/{username}", need: "members:read", handle: (*call).teamMembership},
	}
}

func gitRoutes() []route {
	return []route{
		{method: "GET", pattern: "/git/ref/{ref}", need: "contents:read", handle: (*call).getRef},
		{method: "GET", pattern: "/git/matching-refs/{ref}", need: "contents:read", handle: (*call).matchingRefs},
		{method: "GET", pattern: "/git/matching-refs", need: "contents:read", handle: (*call).matchingRefs},
		{method: "POST", pattern: "/git/refs", need: "contents:write", handle: (*call).createRef},
		{method: "PATCH", pattern: "/git/refs/{ref}", need: "contents:write", handle: (*call).updateRef},
		{method: "DELETE", pattern: "/git/refs/{ref}", need: "contents:write", handle: (*call).deleteRef},
		{method: "GET", pattern: "/git/trees/{tree_sha}", need: "contents:read", handle: (*call).getTree},
		{method: "POST", pattern: "/git/trees", need: "contents:write", handle: (*call).createTree},
		{method: "GET", pattern: "/git/blobs/{file_sha}", need: "contents:read", handle: (*call).getBlob},
		{method: "POST", pattern: "/git/blobs", need: "contents:write", handle: (*call).createBlob},
		{method: "GET", pattern: "/git/commits/{commit_sha}", need: "contents:read", handle: (*call).getGitCommit},
		{method: "POST", pattern: "/git/commits", need: "contents:write", handle: (*call).createCommit},
		{method: "GET", pattern: "/contents/{path}", need: "contents:read", handle: (*call).getContents},
		{method: "GET", pattern: "/contents", need: "contents:read", handle: (*call).getContents},
		{method: "PUT", pattern: "/contents/{path}", need: "contents:write", handle: (*call).putContents},
		{method: "DELETE", pattern: "/contents/{path}", need: "contents:write", handle: (*call).deleteContents},
		{method: "GET", pattern: "/commits/{ref}/pulls", need: "pull_requests:read", handle: (*call).commitPulls},
		{method: "GET", pattern: "/commits/{ref}/check-runs", need: "checks:read", handle: (*call).listChecks},
		{method: "GET", pattern: "/commits/{ref}/status", need: "statuses:read", handle: (*call).combinedStatus},
		{method: "GET", pattern: "/commits/{ref}/statuses", need: "statuses:read", handle: (*call).listStatuses},
		{method: "GET", pattern: "/commits/{ref}", need: "contents:read", handle: (*call).getCommit},
		{method: "GET", pattern: "/commits", need: "contents:read", handle: (*call).listCommits},
		{method: "GET", pattern: "/compare/{basehead}", need: "contents:read", handle: (*call).compare},
		{method: "GET", pattern: "/activity", need: "contents:read", handle: (*call).listActivity},
		{method: "POST", pattern: "/statuses/{sha}", need: "statuses:write", handle: (*call).createStatus},
		{method: "POST", pattern: "/check-runs", need: "checks:write", handle: (*call).createCheck},
		{method: "GET", pattern: "/check-runs/{check_run_id}", need: "checks:read", handle: (*call).getCheck},
		{method: "PATCH", pattern: "/check-runs/{check_run_id}", need: "checks:write", handle: (*call).updateCheck},
		{method: "GET", pattern: "/check-runs/{check_run_id}/annotations", need: "checks:read", handle: (*call).listAnnotations},
	}
}

func pullRoutes() []route {
	const read, write, either, eitherRead = "pull_requests:read", "pull_requests:write", "issues:write|pull_requests:write", "issues:read|pull_requests:read"
	return []route{
		{method: "GET", pattern: "/pulls", need: read, handle: (*call).listPulls},
		{method: "POST", pattern: "/pulls", need: write, handle: (*call).createPull},
		{method: "GET", pattern: "/pulls/{pull_number}", need: read, handle: (*call).getPull},
		{method: "PATCH", pattern: "/pulls/{pull_number}", need: write, handle: (*call).updatePull},
		{method: "GET", pattern: "/pulls/{pull_number}/files", need: read, handle: (*call).pullFiles},
		{method: "GET", pattern: "/pulls/{pull_number}/commits", need: read, handle: (*call).listPullCommits},
		{method: "GET", pattern: "/pulls/{pull_number}/merge", need: read, handle: (*call).isMerged},
		{method: "PUT", pattern: "/pulls/{pull_number}/merge", need: "contents:write", handle: (*call).mergePull},
		{method: "PUT", pattern: "/pulls/{pull_number}/update-branch", need: "contents:write", handle: (*call).updateBranch},
		{method: "GET", pattern: "/pulls/{pull_number}/reviews", need: read, handle: (*call).listReviews},
		{method: "POST", pattern: "/pulls/{pull_number}/reviews", need: write, handle: (*call).createReview},
		{method: "GET", pattern: "/pulls/{pull_number}/reviews/{review_id}", need: read, handle: (*call).getReview},
		{method: "POST", pattern: "/pulls/{pull_number}/reviews/{review_id}/events", need: write, handle: (*call).submitReview},
		{method: "PUT", pattern: "/pulls/{pull_number}/reviews/{review_id}/dismissals", need: write, handle: (*call).dismissReview},
		{method: "GET", pattern: "/pulls/{pull_number}/requested_reviewers", need: read, handle: (*call).listReviewers},
		{method: "POST", pattern: "/pulls/{pull_number}/requested_reviewers", need: write, handle: (*call).requestReviewers},
		{method: "DELETE", pattern: "/pulls/{pull_number}/requested_reviewers", need: write, handle: (*call).removeReviewers},
		{method: "GET", pattern: "/issues/comments/{comment_id}", need: eitherRead, handle: (*call).getComment},
		{method: "PATCH", pattern: "/issues/comments/{comment_id}", need: either, handle: (*call).editComment},
		{method: "DELETE", pattern: "/issues/comments/{comment_id}", need: either, handle: (*call).deleteComment},
		{method: "GET", pattern: "/issues/{issue_number}", need: eitherRead, handle: (*call).getIssue},
		{method: "GET", pattern: "/issues/{issue_number}/comments", need: eitherRead, handle: (*call).listComments},
		{method: "GET", pattern: "/issues/{issue_number}/events", need: eitherRead, handle: (*call).listIssueEvents},
		{method: "GET", pattern: "/issues/{issue_number}/timeline", need: eitherRead, handle: (*call).listTimeline},
		{method: "POST", pattern: "/issues/{issue_number}/comments", need: either, handle: (*call).createComment},
		{method: "GET", pattern: "/issues/{issue_number}/labels", need: eitherRead, handle: (*call).listLabels},
		{method: "POST", pattern: "/issues/{issue_number}/labels", need: either, handle: (*call).addLabels},
		{method: "PUT", pattern: "/issues/{issue_number}/labels", need: either, handle: (*call).setLabels},
		{method: "DELETE", pattern: "/issues/{issue_number}/labels/{name}", need: either, handle: (*call).removeLabel},
		{method: "GET", pattern: "/labels", need: eitherRead, handle: (*call).listRepoLabels},
		{method: "GET", pattern: "/labels/{name}", need: eitherRead, handle: (*call).getLabel},
		{method: "POST", pattern: "/labels", need: either, handle: (*call).createLabel},
	}
}

func repoRoutes() []route {
	return []route{
		{method: "GET", pattern: "", need: "metadata:read", handle: (*call).getRepo},
		{method: "GET", pattern: "/branches", need: "contents:read", handle: (*call).listBranches},
		{method: "GET", pattern: "/branches/{branch}/protection", need: "administration:read", handle: (*call).branchProtection},
		{method: "GET", pattern: "/branches/{branch}", need: "contents:read", handle: (*call).getBranch},
		{method: "GET", pattern: "/rules/branches/{branch}", need: "metadata:read", handle: (*call).branchRules},
		{method: "GET", pattern: "/rulesets", need: "metadata:read", handle: (*call).listRulesets},
		{method: "POST", pattern: "/rulesets", need: "administration:write", handle: (*call).createRuleset},
		{method: "GET", pattern: "/rulesets/{ruleset_id}", need: "metadata:read", handle: (*call).getRuleset},
		{method: "PUT", pattern: "/rulesets/{ruleset_id}", need: "administration:write", handle: (*call).updateRuleset},
		{method: "DELETE", pattern: "/rulesets/{ruleset_id}", need: "administration:write", handle: (*call).deleteRuleset},
		{method: "GET", pattern: "/collaborators", need: "metadata:read", handle: (*call).collaborators},
		{method: "GET", pattern: "/collaborators/{username}", need: "metadata:read", handle: (*call).isCollaborator},
		{method: "GET", pattern: "/collaborators/{username}/permission", need: "metadata:read", handle: (*call).permissionLevel},
	}
}
