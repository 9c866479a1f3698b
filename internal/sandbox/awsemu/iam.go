package awsemu

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
)

const (
	iamNamespace = "https://iam.amazonaws.com/doc/2010-05-08/"
	iamVersion   = "2010-05-08"
	// Pages of the lists of iam: 100 items if the request does not say, 1000 at
	// most (IAM API reference).
	iamPage, iamMaxPage = 100, 1000
)

var (
	shapeIAMUser   = newShape(`[\w+=,.@-]+`, 128)
	shapePrefix    = newShape(`/[!-\x7F]*`, 512)
	shapeMarker    = newShape(`[ -\x{FF}]+`, 320)
	shapeAccessKey = newShape(`[\w]{16,}`, 128)
)

// iamService lists the actions of iam: those that read users and their
// credentials. The service is global; the Go SDK signs for the home region
// where an endpoint is configured, the AWS CLI for us-east-1.
func iamService(region string) *queryService {
	svc := &queryService{
		signing: "iam", version: iamVersion, namespace: iamNamespace, regions: []string{region, "us-east-1"},
		actions: map[string]queryAction{
			"GenerateCredentialReport": generateReport, "GetCredentialReport": getReport, "ListUsers": listIAMUsers,
			"ListAccessKeys": listAccessKeys, "GetAccessKeyLastUsed": accessKeyLastUsed, "GetLoginProfile": getLoginProfile,
		},
	}
	for name, run := range svc.actions {
		svc.actions[name] = func(s *Server, c *queryCall) (any, error) {
			if !s.permits(c.identity, "iam:"+name) {
				return nil, failQuery(http.StatusForbidden, "AccessDenied",
					"User: %s is not authorized to perform: iam:%s on resource: %s because no identity-based policy allows the iam:%s action", c.arn, name, c.resource(), name)
			}
			return run(s, c)
		}
	}
	return svc
}

// resource is the ARN that a refusal names.
func (c *queryCall) resource() string {
	switch c.action {
	case "ListUsers":
		return "arn:aws:iam::" + c.accountID + ":user/"
	case "GenerateCredentialReport", "GetCredentialReport":
		return "*"
	}
	return "arn:aws:iam::" + c.accountID + ":user/" + c.form.Get("UserName")
}

// permits reports whether a caller may do something with iam. A user's own keys
// may do all that their account may do; a session what its role permits; and
// nobody anything in an account that is suspended or closed.
func (s *Server) permits(who identity, action string) bool {
	if !s.org.usable(who.accountID) {
		return false
	}
	return !who.temporary || slices.ContainsFunc(s.keys.roles[who.role].actions, func(pattern string) bool {
		ok, err := path.Match(strings.ToLower(pattern), strings.ToLower(action))
		return err == nil && ok
	})
}

// check validates the parameters of a call.
func (c *queryCall) check(f func(v *checks)) error {
	var v checks
	f(&v)
	if len(v.problems) == 0 {
		return nil
	}
	texts := make([]string, len(v.problems))
	for i, p := range v.problems {
		texts[i] = p.text
	}
	return invalidQuery("%d validation error%s detected: %s", len(texts), plural(len(texts)), strings.Join(texts, "; "))
}

func plural(n int) string {
	if n == 1 {
		return ""
	}
	return "s"
}

func invalidQuery(format string, args ...any) error {
	return failQuery(http.StatusBadRequest, "ValidationError", format, args...)
}

func noEntity(format string, args ...any) error {
	return failQuery(http.StatusNotFound, "NoSuchEntity", format, args...)
}

// iamPaging reads the paging part of a list.
func iamPaging(c *queryCall) (page, error) {
	p := page{NextToken: c.form.Get("Marker")}
	if text := c.form.Get("MaxItems"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			return p, failQuery(http.StatusBadRequest, "MalformedInput", "MaxItems is not a number: %s", text)
		}
		p.MaxResults = &n
	}
	err := c.check(func(v *checks) {
		v.optional("marker", p.NextToken, shapeMarker)
		v.checkPage(page{MaxResults: p.MaxResults}, iamMaxPage, shapeMarker)
	})
	if p.MaxResults == nil {
		n := iamPage
		p.MaxResults = &n
	}
	return p, err
}

// iamCut cuts a list of iam into pages.
func iamCut[T any](s *Server, c *queryCall, items []T, key func(T) string, of ...string) ([]T, wireMore, error) {
	p, err := iamPaging(c)
	if err != nil {
		return nil, wireMore{}, err
	}
	l := listing[T]{items: items, key: key, scope: scopeOf(append([]string{c.action, c.accountID}, of...)...), size: iamMaxPage}
	shown, next, ok := cut(s, l, p)
	if !ok {
		return nil, wireMore{}, invalidQuery("Invalid Marker.")
	}
	return shown, wireMore{next != "", next}, nil
}

// wireMore is how a list says that it goes on.
type wireMore struct {
	IsTruncated bool
	Marker      string `xml:",omitempty"`
}

// wireEnvelope is an answer of iam: <XResponse><XResult>…</XResult>….
type wireEnvelope struct {
	XMLName  xml.Name
	Xmlns    string `xml:"xmlns,attr"`
	Result   any
	Metadata struct {
		RequestID string `xml:"RequestId"`
	} `xml:"ResponseMetadata"`
}

// answer wraps the result of an action; its type names no element.
func (s *Server) answer(c *queryCall, result any) any {
	out := wireEnvelope{XMLName: xml.Name{Local: c.action + "Response"}, Xmlns: iamNamespace, Result: named{c.action + "Result", result}}
	out.Metadata.RequestID = s.opts.NewID()
	return out
}

// named marshals a value as an element of that name.
type named struct {
	name  string
	value any
}

// MarshalXML implements [xml.Marshaler].
func (n named) MarshalXML(e *xml.Encoder, _ xml.StartElement) error {
	if err := e.EncodeElement(n.value, xml.StartElement{Name: xml.Name{Local: n.name}}); err != nil {
		return fmt.Errorf("write %s: %w", n.name, err)
	}
	return nil
}
