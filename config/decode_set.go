package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

var (
	permissionSetKeys = shape{
		what:     "a permission set file",
		required: []string{"name"},
		optional: []string{"description", "session_duration", "relay_state", "managed_policies", "customer_managed_policies",
			"inline_policy", "permissions_boundary", "tags"},
	}
	policyRefKeys = shape{what: "a customer managed policy", required: []string{"name"}, optional: []string{"path"}}
	boundaryKeys  = shape{what: "permissions_boundary", optional: []string{"managed_policy", "customer_managed_policy"}}
)

// Limits of a permission set. Sessions, descriptions, relay states, names and
// tags are those of the sso-admin service model, the number of policies and the
// size of the inline policy those of "Quotas and limits in IAM Identity Center",
// the number of tags that of AWS for every resource.
const (
	defaultSession = time.Hour
	maxSession     = 12 * time.Hour
	maxDescription = 700
	maxSetPolicies = 25
	maxSetTags     = 50
	maxTagKey      = 128
)

var (
	relayShape      = limited{regexp.MustCompile(`^[a-zA-Z0-9&$@#\\/%?=~\-_'"|!:,.;*+\[\] (){}]+$`), 240}
	policyNameShape = limited{regexp.MustCompile(`^[\w+=,.@-]+$`), 128}
	policyPathShape = limited{regexp.MustCompile(`^/([A-Za-z0-9.,+@=_-]+/)*$`), 512}
)

// permissionSetFile decodes permission-sets/<Name>.yaml.
func (f *file) permissionSetFile(n *yaml.Node, stem string) *PermissionSet {
	p := &PermissionSet{Name: stem, SessionDuration: defaultSession, Pos: f.position(n)}
	o, ok := f.object(n, permissionSetKeys)
	if !ok {
		return p
	}
	if name := o.get("name"); name != nil {
		p.Pos = f.position(name)
		if s := f.permissionSetName(name); s != "" && s != stem {
			f.problem(name, fmt.Sprintf("name the file %s.yaml, or write %s here", s, stem), "the name is %q but the file is %s.yaml", s, stem)
		}
	}
	p.Description = f.checked(o.get("description"), "description", checkDescription)
	p.SessionDuration = f.session(o.get("session_duration"))
	p.RelayState = f.matching(o.get("relay_state"), "relay_state", relayShape, "write an address of at most 240 characters, like https://console.aws.amazon.com/s3")
	f.policies(o, p)
	if b := o.get("permissions_boundary"); b != nil {
		p.Boundary = f.boundary(b)
	}
	p.Tags = f.setTags(o.get("tags"))
	return p
}

// checkDescription is CheckText with AWS's own alphabet on top: it takes the
// characters of Latin-1 and refuses every other, such as Japanese or a dash of
// typography.
func checkDescription(s string) error {
	if err := CheckText(s, maxDescription); err != nil {
		return err
	}
	for _, r := range s {
		if r > 0xff || r == 0xa0 {
			return &Refusal{fmt.Sprintf("AWS takes no %q (%U) in a description", r, r), "use letters and signs of Western European languages (Latin-1)"}
		}
	}
	return nil
}

func (f *file) session(n *yaml.Node) time.Duration {
	if n == nil {
		return defaultSession
	}
	d := f.duration(n, "session_duration")
	if d != 0 && (d < defaultSession || d > maxSession) {
		f.problem(n, "write 1h to 12h", "session_duration is outside what Identity Center takes")
	}
	return d
}

// policies decodes what a set permits. A set that permits nothing is most
// likely a file that was cut short.
func (f *file) policies(o object, p *PermissionSet) {
	p.ManagedPolicies = f.texts(o.get("managed_policies"), "managed_policies", f.managedPolicy)
	seen := map[string]bool{}
	custom := o.get("customer_managed_policies")
	for _, item := range f.list(custom, "customer_managed_policies") {
		ref := f.policyRef(item)
		if ref.Name != "" && ref.Path != "" {
			f.distinct(item, "customer_managed_policies", ref.String(), seen)
		}
		p.CustomerManagedPolicies = append(p.CustomerManagedPolicies, ref)
	}
	inline := o.get("inline_policy")
	if inline != nil {
		p.InlinePolicy = f.inlinePolicy(inline)
	}
	if o.get("managed_policies") == nil && custom == nil && inline == nil {
		f.problem(o.node, "add managed_policies, customer_managed_policies or inline_policy", "a permission set that permits nothing")
	}
	if n := len(p.ManagedPolicies) + len(p.CustomerManagedPolicies); n > maxSetPolicies {
		f.problem(o.node, "merge some into one policy of your own, or into inline_policy", "%d policies, and AWS takes %d", n, maxSetPolicies)
	}
}

func (f *file) managedPolicy(n *yaml.Node) string {
	return f.matching(n, "managed policy", policyShape, "write an AWS managed policy, like arn:aws:iam::aws:policy/ReadOnlyAccess")
}

func (f *file) policyRef(n *yaml.Node) PolicyRef {
	ref := PolicyRef{Path: "/"}
	o, ok := f.object(n, policyRefKeys)
	if !ok {
		return ref
	}
	ref.Name = f.matching(o.get("name"), "policy name", policyNameShape, "write the name as IAM has it: 1 to 128 letters, digits and _ + = , . @ -")
	if path := o.get("path"); path != nil {
		ref.Path = f.matching(path, "policy path", policyPathShape, "begin and end it with /, like /teams/payments/")
	}
	return ref
}

func (f *file) boundary(n *yaml.Node) *Boundary {
	o, ok := f.object(n, boundaryKeys)
	if !ok {
		return nil
	}
	managed, custom := o.get("managed_policy"), o.get("customer_managed_policy")
	switch {
	case managed != nil && custom != nil:
		f.problem(custom, "keep one of them", "permissions_boundary with both managed_policy and customer_managed_policy")
	case managed != nil:
		return &Boundary{ManagedPolicy: f.managedPolicy(managed)}
	case custom != nil:
		ref := f.policyRef(custom)
		return &Boundary{Customer: &ref}
	default:
		f.problem(n, "add managed_policy: ARN or customer_managed_policy: {name: …}", "permissions_boundary names no policy")
	}
	return nil
}

func (f *file) setTags(n *yaml.Node) map[string]string {
	tags := f.stringMap(n, "tags")
	if len(tags) > maxSetTags {
		f.problem(n, "remove some", "%d tags, and AWS keeps %d", len(tags), maxSetTags)
	}
	if n == nil || n.Kind != yaml.MappingNode {
		return tags
	}
	for i := 0; i < len(n.Content); i += 2 {
		switch key := n.Content[i]; {
		case utf8.RuneCountInString(key.Value) > maxTagKey:
			f.problem(key, "shorten it to 128 characters", "a tag key of %d characters", utf8.RuneCountInString(key.Value))
		case strings.HasPrefix(strings.ToLower(key.Value), "aws:"):
			f.problem(key, "use another prefix", "tag keys that begin with aws: belong to AWS")
		}
	}
	return tags
}

// The elements of a policy that can be attached to a role, in IAM's own case
// (IAM User Guide, grammar of the policy language). Principal is not among them.
var (
	policyKeys    = shape{what: "inline_policy", required: []string{"Version", "Statement"}, optional: []string{"Id"}}
	statementKeys = shape{what: "a statement", required: []string{"Effect"}, optional: []string{"Sid", "Action", "NotAction", "Resource", "NotResource", "Condition"}}
)

// inlinePolicy reads a policy that is written as a mapping, and returns its
// canonical JSON. JSON is such a mapping too, so that a policy can be pasted.
func (f *file) inlinePolicy(n *yaml.Node) string {
	before := len(f.problems)
	o, ok := f.object(n, policyKeys)
	if !ok {
		return ""
	}
	out := map[string]any{}
	if v, ok := f.text(o.get("Version"), "Version"); ok {
		if v != "2012-10-17" && v != "2008-10-17" {
			f.problem(o.get("Version"), `write "2012-10-17"`, "Version is %q", cut(v, 80))
		}
		out["Version"] = v
	}
	if id, ok := f.text(o.get("Id"), "Id"); ok {
		out["Id"] = id
	}
	statements := []any{}
	for _, item := range f.list(o.get("Statement"), "Statement") {
		statements = append(statements, f.statement(item))
	}
	out["Statement"] = statements
	if len(f.problems) > before {
		return ""
	}
	text, err := policyJSON(out)
	if err == nil {
		err = checkPolicySize(text)
	}
	if err != nil {
		f.refuse(n, "inline_policy", err)
		return ""
	}
	return text
}

func (f *file) statement(n *yaml.Node) map[string]any {
	out := map[string]any{}
	o, ok := f.object(n, statementKeys)
	if !ok {
		return out
	}
	for _, key := range slices.Concat(statementKeys.required, statementKeys.optional) {
		if v := o.get(key); v != nil && key != "Condition" {
			out[key] = f.policyValue(v, key)
		}
	}
	if effect := o.get("Effect"); effect != nil && out["Effect"] != "Allow" && out["Effect"] != "Deny" {
		f.problem(effect, "write Allow or Deny", "Effect is neither")
	}
	for _, pair := range [][2]string{{"Action", "NotAction"}, {"Resource", "NotResource"}} {
		if (o.get(pair[0]) == nil) == (o.get(pair[1]) == nil) {
			f.problem(n, "write exactly one of them", "a statement needs %s or %s", pair[0], pair[1])
		}
	}
	if c := o.get("Condition"); c != nil {
		out["Condition"] = f.condition(c)
	}
	return out
}

// policyValue reads one text or a list of them.
func (f *file) policyValue(n *yaml.Node, what string) any {
	if n.Kind != yaml.SequenceNode {
		s, _ := f.text(n, what)
		return s
	}
	out := []any{}
	for _, item := range f.list(n, what) {
		s, _ := f.text(item, what)
		out = append(out, s)
	}
	return out
}

// condition reads operators, each with keys and values.
func (f *file) condition(n *yaml.Node) map[string]any {
	out := map[string]any{}
	if n.Kind != yaml.MappingNode {
		f.problem(n, "write it like {StringEquals: {aws:RequestedRegion: ap-northeast-1}}", "Condition must be a mapping, this is %s", kindName(n))
		return out
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		operator, keys := n.Content[i], n.Content[i+1]
		if keys.Kind != yaml.MappingNode {
			f.problem(keys, "write it like {aws:RequestedRegion: ap-northeast-1}", "%s must be a mapping, this is %s", cut(operator.Value, 80), kindName(keys))
			continue
		}
		values := map[string]any{}
		for j := 0; j+1 < len(keys.Content); j += 2 {
			values[keys.Content[j].Value] = f.policyValue(keys.Content[j+1], cut(keys.Content[j].Value, 80))
		}
		out[operator.Value] = values
	}
	return out
}
