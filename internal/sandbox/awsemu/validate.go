package awsemu

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// problem is one constraint of an input that does not hold.
type problem struct {
	kind string // "required", "pattern", "enum", "min", "max", "length"
	text string // in the words of the sso-admin and identitystore services
}

// checks collects the problems of an input.
type checks struct{ problems []problem }

func (v *checks) add(kind, value, member, rule string) {
	v.problems = append(v.problems, problem{kind, fmt.Sprintf("Value %s at '%s' failed to satisfy constraint: Member must %s", value, member, rule)})
}

// shape is a string type of the service models: its pattern, which must match
// from end to end, and its length in characters.
type shape struct {
	pattern string
	re      *regexp.Regexp
	max     int
}

func newShape(pattern string, longest int) shape {
	return shape{pattern: pattern, re: regexp.MustCompile("^(?:" + pattern + ")$"), max: longest}
}

// uuidPattern is a UUID in either case.
const uuidPattern = `[A-Fa-f0-9]{8}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{12}`

// The string types, from the botocore models of the services (2026-08).
var (
	shapeInstance   = newShape(`arn:aws(-[a-z]{1,5}){0,3}:sso:::instance/(sso)?ins-[a-zA-Z0-9-.]{16}`, 1224)
	shapeSet        = newShape(`arn:aws(-[a-z]{1,5}){0,3}:sso:::permissionSet/(sso)?ins-[a-zA-Z0-9-.]{16}/ps-[a-zA-Z0-9-./]{16}`, 1224)
	shapeTaggable   = newShape(`arn:aws(-[a-z]{1,5}){0,3}:sso:::(instance/(sso)?ins-[a-zA-Z0-9-.]{16}|permissionSet/(sso)?ins-[a-zA-Z0-9-.]{16}/ps-[a-zA-Z0-9-./]{16})`, 2048)
	shapePrincipal  = newShape(`([0-9a-f]{10}-|)`+uuidPattern, 47)
	shapeAccount    = newShape(`\d{12}`, 12)
	shapeRequest    = newShape(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`, 36)
	shapeToken      = newShape(`[-a-zA-Z0-9+=/_]*`, 2048)
	shapeStore      = newShape(`d-[0-9a-f]{10}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`, 36)
	shapeStoreToken = newShape(`[-a-zA-Z0-9+=/:_]*`, 65535)
	shapeAttribute  = newShape(`\p{L}+:\p{L}+:\p{L}+(\.\p{L}+){0,3}|\p{L}+(\.\p{L}+){0,2}`, 255)
	shapeExternal   = newShape(`[\p{L}\p{M}\p{S}\p{N}\p{P}]+`, 256)
	shapeParent     = newShape(`r-[0-9a-z]{4,32}|ou-[0-9a-z]{4,32}-[a-z0-9]{8,32}`, 100)
	shapeChild      = newShape(`\d{12}|ou-[0-9a-z]{4,32}-[a-z0-9]{8,32}`, 100)
	shapeOU         = newShape(`ou-[0-9a-z]{4,32}-[a-z0-9]{8,32}`, 68)
	shapeOrgTarget  = newShape(`r-[0-9a-z]{4,32}|\d{12}|ou-[0-9a-z]{4,32}-[a-z0-9]{8,32}|p-[0-9a-zA-Z_]{8,128}|rp-[0-9a-zA-Z_]{4,128}|rt-[0-9a-zA-Z_]{8,32}`, 130)
	shapeOrgToken   = newShape(`[\s\S]*`, 100000)
)

// required checks a string that must be there.
func (v *checks) required(member, value string, s shape) {
	if value == "" {
		v.add("required", "null", member, "not be null")
		return
	}
	v.optional(member, value, s)
}

// optional checks a string that may be missing.
func (v *checks) optional(member, value string, s shape) {
	if value == "" {
		return
	}
	if utf8.RuneCountInString(value) > s.max {
		v.add("length", "'"+value+"'", member, fmt.Sprintf("have length less than or equal to %d", s.max))
	}
	if !s.re.MatchString(value) {
		v.add("pattern", "'"+value+"'", member, "satisfy regular expression pattern: "+s.pattern)
	}
}

// enum checks a value out of a set; a missing one is a problem if must is true.
func (v *checks) enum(member, value string, must bool, set ...string) {
	switch {
	case value == "" && must:
		v.add("required", "null", member, "not be null")
	case value != "" && !slices.Contains(set, value):
		v.add("enum", "'"+value+"'", member, "satisfy enum value set: ["+strings.Join(set, ", ")+"]")
	}
}

// page is the paging part of a list request.
type page struct {
	MaxResults *int
	NextToken  string
}

// checkPage checks the paging part: at most longest items a page.
func (v *checks) checkPage(p page, longest int, token shape) {
	v.optional("nextToken", p.NextToken, token)
	if p.MaxResults == nil {
		return
	}
	if n := *p.MaxResults; n < 1 {
		v.add("min", fmt.Sprintf("'%d'", n), "maxResults", "have value greater than or equal to 1")
	} else if n > longest {
		v.add("max", fmt.Sprintf("'%d'", n), "maxResults", fmt.Sprintf("have value less than or equal to %d", longest))
	}
}

// validation is the error of sso-admin and identitystore.
func validation(problems []problem) error {
	texts := make([]string, len(problems))
	for i, p := range problems {
		texts[i] = p.text
	}
	noun := "errors"
	if len(texts) == 1 {
		noun = "error"
	}
	return fail("ValidationException", "%d validation %s detected: %s", len(texts), noun, strings.Join(texts, "; "))
}
