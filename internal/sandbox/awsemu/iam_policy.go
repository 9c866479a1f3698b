package awsemu

import (
	"net/http"
	"strings"
	"time"
)

// shapePolicyARN is arnType of the IAM API reference.
var shapePolicyARN = newShape(`[\x{0009}\x{000A}\x{000D}\x{0020}-\x{007E}\x{0085}\x{00A0}-\x{D7FF}\x{E000}-\x{FFFD}\x{10000}-\x{10FFFF}]{20,}`, 2048)

type wirePolicy struct {
	Policy struct {
		PolicyName, PolicyId, Arn, Path, DefaultVersionId string
		AttachmentCount, PermissionsBoundaryUsageCount    int
		IsAttachable                                      bool
		CreateDate, UpdateDate                            string
	}
}

// getPolicy tells of a policy of the customer in the caller's account. Those of AWS
// are not held.
func getPolicy(s *Server, c *queryCall) (any, error) {
	arn := c.form.Get("PolicyArn")
	if err := c.check(func(v *checks) { v.required("policyArn", arn, shapePolicyARN) }); err != nil {
		return nil, err
	}
	owner, policy, ok := cutPolicyARN(arn)
	switch {
	case !ok:
		return nil, failQuery(http.StatusBadRequest, "InvalidInput", "ARN %s is not valid.", arn)
	case owner != c.accountID && owner != "aws":
		return nil, c.denied()
	}
	ref := policyRef(policy)
	if owner == "aws" || !s.center.policies[c.accountID][ref] {
		return nil, noEntity("Policy %s was not found.", arn)
	}
	var out wirePolicy
	p := &out.Policy
	p.PolicyName, p.Path, p.Arn, p.PolicyId = ref.Name, ref.Path, arn, "ANPA"+idLetters(c.accountID+policy)
	p.DefaultVersionId, p.IsAttachable = "v1", true
	p.AttachmentCount, p.PermissionsBoundaryUsageCount = s.center.uses(c.accountID, ref)
	made := iamDate(s.iamOf(c.accountID, c.now).created.Truncate(time.Second))
	p.CreateDate, p.UpdateDate = made, made
	return s.answer(c, out), nil
}

// cutPolicyARN returns the account of a policy and its path and name together.
func cutPolicyARN(arn string) (account, policy string, ok bool) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 || parts[0] != "arn" || parts[2] != "iam" || parts[3] != "" {
		return "", "", false
	}
	policy, ok = strings.CutPrefix(parts[5], "policy")
	return parts[4], policy, ok && strings.HasPrefix(policy, "/") && !strings.HasSuffix(policy, "/")
}

// uses counts the roles of permission sets in an account that have a policy, and
// those that have it as their boundary.
func (c *center) uses(account string, ref wirePolicyRef) (attached, boundaries int) {
	for p := range c.roles {
		set := c.sets[p.set]
		if p.account != account || set == nil {
			continue
		}
		if set.customer[ref] {
			attached++
		}
		if b := set.boundary; b != nil && b.CustomerManagedPolicyReference != nil && *b.CustomerManagedPolicyReference == ref {
			boundaries++
		}
	}
	return attached, boundaries
}
