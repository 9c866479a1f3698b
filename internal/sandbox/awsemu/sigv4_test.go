package awsemu

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// The examples of the AWS documentation and of its signature test suite.
func TestSignatureMatchesThePublishedExamples(t *testing.T) {
	t.Parallel()
	const secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
	tests := []struct {
		name, target, host, contentType string
		signed, scope, signature        string
	}{
		{
			"suite: get-vanilla", "/", "example.amazonaws.com", "", "host;x-amz-date", "service",
			"5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
		},
		{
			"suite: get-vanilla-query-order-key-case", "/?Param2=value2&Param1=value1", "example.amazonaws.com", "", "host;x-amz-date", "service",
			"b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
		},
		{
			"guide: iam ListUsers", "/?Action=ListUsers&Version=2010-05-08", "iam.amazonaws.com", "application/x-www-form-urlencoded; charset=utf-8",
			"content-type;host;x-amz-date", "iam", "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
		},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest(http.MethodGet, tc.target, nil)
			r.Host = tc.host
			r.Header.Set("X-Amz-Date", "20150830T123600Z")
			if tc.contentType != "" {
				r.Header.Set("Content-Type", tc.contentType)
			}
			r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/"+tc.scope+"/aws4_request, SignedHeaders="+tc.signed+", Signature="+tc.signature)
			sig, bad := parseSignature(r.Header)
			if bad != nil {
				t.Fatal(bad.message)
			}
			if !sig.matches(r, nil, secret) {
				t.Errorf("the signature does not match; canonical request:\n%s", canonicalRequest(r, sig.headers, nil))
			}
			if sig.matches(r, nil, secret+"x") || sig.matches(r, []byte("x"), secret) {
				t.Error("another secret or body matches too")
			}
		})
	}
}

// signedRequest is one that the SDK's signer has signed, before it is spoilt.
type signedRequest struct {
	key, secret, token    string
	service, region, body string
	at                    time.Time
	header                http.Header // set before signing
}

func (s signedRequest) build(t *testing.T, url string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, url, strings.NewReader(s.body))
	must(t, err)
	for k, v := range s.header {
		r.Header[k] = v
	}
	sum := sha256.Sum256([]byte(s.body))
	creds := aws.Credentials{AccessKeyID: s.key, SecretAccessKey: s.secret, SessionToken: s.token}
	must(t, v4.NewSigner().SignHTTP(context.Background(), creds, r, hex.EncodeToString(sum[:]), s.service, s.region, s.at))
	return r
}

func send(t *testing.T, r *http.Request) (status int, header http.Header, body []byte) {
	t.Helper()
	res, err := http.DefaultClient.Do(r)
	must(t, err)
	defer func() { _ = res.Body.Close() }()
	body, err = io.ReadAll(res.Body)
	must(t, err)
	return res.StatusCode, res.Header, body
}

// spoilt is a way to spoil a signed request.
type spoilt struct {
	name  string
	edit  func(*signedRequest)
	spoil func(*http.Request)
	want  string // "" means accepted
	text  string // in the message
}

func spoiltRequests(now time.Time) []spoilt {
	return []spoilt{
		{"a good one is accepted", nil, nil, "", ""},
		{"a date within five minutes is accepted", func(s *signedRequest) { s.at = now.Add(-4 * time.Minute) }, nil, "", ""},
		{"no authorization", nil, func(r *http.Request) { r.Header.Del("Authorization") }, "MissingAuthenticationTokenException", ""},
		{"another scheme", nil, func(r *http.Request) { r.Header.Set("Authorization", "Bearer x") }, "IncompleteSignatureException", "AWS4-HMAC-SHA256"},
		{"no signature", nil, func(r *http.Request) {
			r.Header.Set("Authorization", strings.Split(r.Header.Get("Authorization"), ", Signature=")[0])
		}, "IncompleteSignatureException", "'Signature'"},
		{"short scope", nil, func(r *http.Request) {
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), "/aws4_request", "", 1))
		}, "IncompleteSignatureException", "5 slash-delimited"},
		{"no date", nil, func(r *http.Request) { r.Header.Del("X-Amz-Date") }, "IncompleteSignatureException", "X-Amz-Date"},
		{"unknown key", func(s *signedRequest) { s.key = "AKIANOBODY" }, nil, "UnrecognizedClientException", ""},
		{"token with a user's key", func(s *signedRequest) { s.token = "x" }, nil, "UnrecognizedClientException", ""},
		{"wrong secret", func(s *signedRequest) { s.secret = "wrong" }, nil, "InvalidSignatureException", "does not match"},
		{"altered body", nil, func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader("[]")) }, "InvalidSignatureException", "does not match"},
		{"altered target", nil, func(r *http.Request) { r.Header.Set("X-Amz-Target", "SWBExternalService.ListPermissionSets") }, "InvalidSignatureException", "does not match"},
		{"altered path", nil, func(r *http.Request) { r.URL.Path = "/aws//" }, "InvalidSignatureException", "does not match"},
		{"altered query", nil, func(r *http.Request) { r.URL.RawQuery = "a=b" }, "InvalidSignatureException", "does not match"},
		{"unsigned x-amz header", nil, func(r *http.Request) { r.Header.Set("X-Amz-Extra", "1") }, "InvalidSignatureException", "'x-amz-extra' must be"},
		{"too old", func(s *signedRequest) { s.at = now.Add(-6 * time.Minute) }, nil, "InvalidSignatureException", "Signature expired"},
		{"from the future", func(s *signedRequest) { s.at = now.Add(6 * time.Minute) }, nil, "InvalidSignatureException", "not yet current"},
		{"another day in the scope", nil, func(r *http.Request) {
			r.Header.Set("X-Amz-Date", now.Add(-48*time.Hour).UTC().Format(sigTime))
		}, "InvalidSignatureException", "Date in Credential scope"},
		{"another service", func(s *signedRequest) { s.service = "identitystore" }, nil, "InvalidSignatureException", "correct service: 'sso'"},
		{"another region", func(s *signedRequest) { s.region = "us-east-1" }, nil, "InvalidSignatureException", "valid region, not 'us-east-1'"},
	}
}

func TestSpoiltSignaturesAreRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	good := signedRequest{
		key: "AKIA" + testDelegate, secret: "secret-of-" + testDelegate, service: "sso", region: "ap-northeast-1", body: "{}", at: f.clock.Now(),
		header: http.Header{"X-Amz-Target": {"SWBExternalService.ListInstances"}, "Content-Type": {"application/x-amz-json-1.1"}},
	}
	for _, tc := range spoiltRequests(f.clock.Now()) {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := good
			if tc.edit != nil {
				tc.edit(&s)
			}
			r := s.build(t, f.url)
			if tc.spoil != nil {
				tc.spoil(r)
			}
			status, header, body := send(t, r)
			var got struct {
				Type    string `json:"__type"`
				Message string `json:"message"`
			}
			must(t, json.Unmarshal(body, &got))
			wantStatus := http.StatusBadRequest
			if tc.want == "" {
				wantStatus = http.StatusOK
			}
			if got.Type != tc.want || !strings.Contains(got.Message, tc.text) || status != wantStatus || header.Get("X-Amzn-ErrorType") != tc.want {
				t.Errorf("got %d %s", status, body)
			}
			if header.Get("X-Amzn-RequestId") == "" {
				t.Error("no request id")
			}
		})
	}
}

func TestQueryServicesRefuseInXML(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	good := signedRequest{
		key: "AKIA" + testDelegate, secret: "secret-of-" + testDelegate, service: "sts", region: "eu-west-1", at: f.clock.Now(),
		body: "Action=GetCallerIdentity&Version=2011-06-15", header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}},
	}
	tests := []struct {
		name   string
		edit   func(*signedRequest)
		spoil  func(*http.Request)
		status int
		want   string
	}{
		{"any region is accepted", nil, nil, 200, ""},
		{"no authorization", nil, func(r *http.Request) { r.Header.Del("Authorization") }, 403, "MissingAuthenticationToken"},
		{"unknown key", func(s *signedRequest) { s.key = "AKIANOBODY" }, nil, 403, "InvalidClientTokenId"},
		{"wrong secret", func(s *signedRequest) { s.secret = "wrong" }, nil, 403, "SignatureDoesNotMatch"},
		{"another service", func(s *signedRequest) { s.service = "sso" }, nil, 403, "SignatureDoesNotMatch"},
		{"no action", func(s *signedRequest) { s.body = "Version=2011-06-15" }, nil, 400, "MissingAction"},
		{"unknown action", func(s *signedRequest) { s.body = "Action=GetFederationToken&Version=2011-06-15" }, nil, 400, "InvalidAction"},
		{"unknown version", func(s *signedRequest) { s.body = "Action=GetCallerIdentity&Version=2010-05-08" }, nil, 400, "InvalidAction"},
		{"broken form", func(s *signedRequest) { s.body = "Action=%zz" }, nil, 400, "MalformedQueryString"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := good
			if tc.edit != nil {
				tc.edit(&s)
			}
			r := s.build(t, f.url)
			if tc.spoil != nil {
				tc.spoil(r)
			}
			status, _, body := send(t, r)
			var got struct {
				Code string `xml:"Error>Code"`
			}
			must(t, xml.NewDecoder(bytes.NewReader(body)).Decode(&got))
			if status != tc.status || got.Code != tc.want {
				t.Errorf("got %d %s", status, body)
			}
		})
	}
}

func TestUnknownOperationsAndPathsAreRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	sign := func(target, path string, body string) *http.Request {
		return signedRequest{
			key: "AKIA" + testDelegate, secret: "secret-of-" + testDelegate, service: "sso", region: "ap-northeast-1", body: body, at: f.clock.Now(),
			header: http.Header{"X-Amz-Target": {target}},
		}.build(t, f.url+path)
	}
	tests := []struct {
		name, target, path, body string
		status                   int
		want                     string
	}{
		{"operation", "SWBExternalService.DeleteEverything", "", "{}", 400, "UnknownOperationException"},
		{"service", "DynamoDB_20120810.ListTables", "", "{}", 404, "UnknownOperationException"},
		{"path", "SWBExternalService.ListInstances", "x", "{}", 404, "UnknownOperationException"},
		{"broken JSON", "SWBExternalService.ListInstances", "", "{", 400, "SerializationException"},
		{"wrong type", "SWBExternalService.ListInstances", "", `{"MaxResults":"ten"}`, 400, "SerializationException"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			status, header, body := send(t, sign(tc.target, tc.path, tc.body))
			if status != tc.status || header.Get("X-Amzn-ErrorType") != tc.want {
				t.Errorf("got %d %s", status, body)
			}
		})
	}
}

func TestMissingMembersAreNamed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	tests := []struct {
		name, service, target, body string
		code, text                  string
	}{
		{"all of an assignment", "sso", "SWBExternalService.CreateAccountAssignment", "{}", "ValidationException", "6 validation errors detected: Value null at 'instanceArn'"},
		{"a member that is too long", "sso", "SWBExternalService.ListPermissionSets", `{"NextToken":"` + strings.Repeat("a", 2049) + `"}`, "ValidationException", "less than or equal to 2048"},
		{"no alternate identifier", "identitystore", "AWSIdentityStore.GetGroupId", `{"IdentityStoreId":"d-9567000000"}`, "ValidationException", "exactly one member set"},
		{
			"both alternate identifiers", "identitystore", "AWSIdentityStore.GetUserId",
			`{"IdentityStoreId":"d-9567000000","AlternateIdentifier":{"ExternalId":{"Issuer":"a","Id":"b"},"UniqueAttribute":{"AttributePath":"userName","AttributeValue":"c"}}}`,
			"ValidationException", "exactly one member set",
		},
		{
			"no value of an attribute", "identitystore", "AWSIdentityStore.GetUserId",
			`{"IdentityStoreId":"d-9567000000","AlternateIdentifier":{"UniqueAttribute":{"AttributePath":"userName"}}}`, "ValidationException", "attributeValue",
		},
		{"no value of a filter", "identitystore", "AWSIdentityStore.ListUsers", `{"IdentityStoreId":"d-9567000000","Filters":[{"AttributePath":"UserName"}]}`, "ValidationException", "attributeValue"},
		{"no account", "organizations", "AWSOrganizationsV20161128.DescribeAccount", "{}", "InvalidInputException", "'accountId'"},
		{"no child type", "organizations", "AWSOrganizationsV20161128.ListChildren", `{"ParentId":"r-abcd"}`, "InvalidInputException", "'childType'"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, header, body := send(t, signedRequest{
				key: "AKIA" + testDelegate, secret: "secret-of-" + testDelegate, service: tc.service, region: "ap-northeast-1", body: tc.body,
				at: f.clock.Now(), header: http.Header{"X-Amz-Target": {tc.target}},
			}.build(t, f.url))
			if header.Get("X-Amzn-ErrorType") != tc.code || !strings.Contains(string(body), tc.text) {
				t.Errorf("got %s", body)
			}
		})
	}
}

func TestCanonicalRequestTakesTheTargetAsSent(t *testing.T) {
	t.Parallel()
	for target, want := range map[string]string{
		"":                               "/\n\n",
		"/aws/":                          "/aws/\n\n",
		"/a%20b/":                        "/a%2520b/\n\n",
		"/?b=2&a=%7E&a=+&flag":           "/\na=%20&a=~&b=2&flag=\n",
		"/?a=1&a-b=2":                    "/\na=1&a-b=2\n",
		"/?x=%zz":                        "/\nx=%25zz\n",
		"http://127.0.0.1:8080/aws/?q=1": "/aws/\nq=1\n",
	} {
		r := &http.Request{Method: http.MethodPost, RequestURI: target, Header: http.Header{}}
		if got := canonicalRequest(r, []string{"host"}, nil); !strings.HasPrefix(got, "POST\n"+want+"host:") {
			t.Errorf("%q: got %q", target, got)
		}
	}
}
