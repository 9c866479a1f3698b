package scenario

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/sandbox/emukit"
)

// isSetWrite reports whether an operation of sso-admin writes a permission set.
// To delete one is none of them: that is never right.
func isSetWrite(op string) bool {
	return strings.HasSuffix(op, "PermissionSet") && op != "DeletePermissionSet" || op == "TagResource" || op == "UntagResource"
}

// setBody is what the requests that write a permission set have in common.
type setBody struct {
	Name             string
	PermissionSetARN string `json:"PermissionSetArn"`
	ResourceARN      string `json:"ResourceArn"`
	ManagedPolicyARN string `json:"ManagedPolicyArn"`
	SessionDuration  string
}

// writeSet wants a good commit whose file for the set says what is written. What
// is detached must not be in that file.
func (c *checker) writeSet(e emukit.Entry) error {
	var b setBody
	if err := json.Unmarshal([]byte(e.Request), &b); err != nil {
		return err
	}
	name := b.Name
	for _, arn := range []string{b.PermissionSetARN, b.ResourceARN} {
		if n, ok := c.sets[arn]; ok {
			name = n
		}
	}
	says := func(x epoch) bool {
		file, ok := x.repo.PermissionSets[name]
		return ok && b.fits(e.Op, file)
	}
	if !slices.ContainsFunc(c.forces(e.Time), says) {
		c.add(RuleSet, "%s of %s at %s: no good commit says so: %s", e.Op, name, e.Time.Format(time.TimeOnly), e.Request)
	}
	return nil
}

// fits reports whether a request writes what a file says.
func (b setBody) fits(op string, file *config.PermissionSet) bool {
	switch op {
	case "CreatePermissionSet", "UpdatePermissionSet":
		d, err := time.ParseDuration(strings.ToLower(strings.TrimPrefix(b.SessionDuration, "PT")))
		return err == nil && d == file.SessionDuration
	case "AttachManagedPolicyToPermissionSet":
		return slices.Contains(file.ManagedPolicies, b.ManagedPolicyARN)
	case "DetachManagedPolicyFromPermissionSet":
		return !slices.Contains(file.ManagedPolicies, b.ManagedPolicyARN)
	}
	return true
}
