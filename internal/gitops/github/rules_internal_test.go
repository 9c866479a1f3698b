package github

import (
	"encoding/json"
	"slices"
	"testing"

	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/gitops/guard"
)

// FuzzRuleParameters: parameters that cannot be read make a rule unclear and
// never stronger, a rule only takes methods of merging out, and a queue is as
// strict as can be unless it says otherwise.
func FuzzRuleParameters(f *testing.F) {
	for _, s := range []string{
		"", "null", "{}", "[]", "7", `{"required_approving_review_count":2,"dismiss_stale_reviews_on_push":true}`, `{"required_approving_review_count":"2"}`,
		`{"required_status_checks":[{"context":"aws-access","integration_id":-1},{"context":"aws-access","integration_id":7}]}`, `{"required_status_checks":null}`,
		`{"allowed_merge_methods":["squash"]}`, `{"allowed_merge_methods":["octopus"]}`, `{"allowed_merge_methods":"squash"}`,
		`{"grouping_strategy":"HEADGREEN"}`, `{"grouping_strategy":"ALLGREEN"}`, `{"grouping_strategy":7}`,
	} {
		f.Add([]byte(s))
	}
	all := []gitops.MergeMethod{gitops.MergeSquash, gitops.MergeCommit, gitops.MergeRebase}
	f.Fuzz(func(t *testing.T, params []byte) {
		readable := func(into any) bool { return json.Unmarshal(params, into) == nil }
		for _, kind := range []string{guard.TypePullRequest, guard.TypeChecks} {
			got := ruleOf(wireRule{Type: kind, Parameters: params}, guard.Source{})
			var object map[string]json.RawMessage
			if !readable(&object) && !got.Unclear {
				t.Fatalf("%s %q is taken for clear", kind, params)
			}
			for _, c := range got.Checks {
				if c.App < 0 {
					t.Fatalf("%q: a check of App %d", params, c.App)
				}
			}
		}
		for _, kind := range []string{guard.TypePullRequest, guard.TypeQueue, ruleLinear, "unknown"} {
			m := gitops.MergeRules{Methods: slices.Clone(all)}
			narrow(&m, wireRule{Type: kind, Parameters: params})
			if slices.ContainsFunc(m.Methods, func(x gitops.MergeMethod) bool { return !slices.Contains(all, x) }) || len(m.Methods) > len(all) {
				t.Fatalf("%s %q allows %q", kind, params, m.Methods)
			}
			if (m.Queue != nil) != (kind == guard.TypeQueue) {
				t.Fatalf("%s: queue %+v", kind, m.Queue)
			}
			var q struct {
				Grouping string `json:"grouping_strategy"`
			}
			_ = readable(&q) // what was read before a fault counts
			if m.Queue != nil && m.Queue.HeadOnly != (q.Grouping == "HEADGREEN") {
				t.Fatalf("%q is taken for HEADGREEN", params)
			}
		}
	})
}
