package entra

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"aws-access-bot/internal/provision/fault"

	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

// FuzzNextLink: whatever a list says, its next page is asked of the host that
// the token is for, over TLS, and with no other credentials.
func FuzzNextLink(f *testing.F) {
	for _, s := range []string{
		"", "https://graph.example/v1.0/users?$skiptoken=x", "https://graph.example:443/", "http://graph.example/", "https://evil.example/", "//graph.example/", "/v1.0/users",
		"https://graph.example@evil.example/", "https://evil.example#@graph.example/", "https://evil.example\\@graph.example/", "https://a:b@graph.example/", "https://graph.example.evil.example/",
		"HTTPS://graph.example/", "https://GRAPH.example/", "https:graph.example", "https://graph.example\n/", " https://graph.example/", "https://graph.example%2fevil/", "https://graph.example/{x}",
	} {
		f.Add(s)
	}
	c := &Client{host: "graph.example"}
	f.Fuzz(func(t *testing.T, link string) {
		if err := c.sameHost(link); err != nil {
			if len(err.Error()) > 100 {
				t.Fatalf("the error repeats the link: %v", err)
			}
			return
		}
		r, err := http.NewRequest(http.MethodGet, link, nil)
		if err != nil || r.URL.Scheme != "https" || r.URL.Host != "graph.example" || r.Host != "graph.example" || r.URL.User != nil {
			t.Fatalf("%q is followed: %+v, %v", link, r, err)
		}
	})
}

// FuzzSignIn: no answer of the login makes more than a line of bounded length,
// and only a refusal is one: after any other nobody knows.
func FuzzSignIn(f *testing.F) {
	for _, s := range []string{
		"", "null", "[]", "<html>", `{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided. Trace ID: 7 Correlation ID: 8"}`,
		`{"error":7}`, `{"error":"a\nb","error_description":"a\r\nb\u0000\u2028c"}`, `{"error_description":" Trace ID:"}`, `{"error_description":"` + strings.Repeat("x", 5000) + `"}`,
		`{"error":"` + strings.Repeat("x", 5000) + `"}`, "{\"error\":\"\xff\"}",
	} {
		for _, status := range []int{400, 401, 408, 429, 500} {
			f.Add(status, s, "7")
		}
	}
	f.Add(429, "{}", "99999999999999999999")
	f.Add(429, "{}", "-1")
	f.Fuzz(func(t *testing.T, status int, body, after string) {
		res := &http.Response{StatusCode: status, Header: http.Header{"Retry-After": {after}}, Body: io.NopCloser(strings.NewReader(body)), Request: httptest.NewRequest(http.MethodPost, "https://login.example/token", nil)}
		err := signIn("read group", &azidentity.AuthenticationFailedError{RawResponse: res})
		text := err.Error()
		if utf8.RuneCountInString(text) > 2*fault.MaxSentence+200 || strings.ContainsFunc(text, unicode.IsControl) || !utf8.ValidString(text) {
			t.Fatalf("%d %q makes %q", status, body, text)
		}
		if utf8.RuneCountInString(fault.Reason(err)) > fault.MaxSentence {
			t.Fatalf("%d %q has the reason %q", status, body, fault.Reason(err))
		}
		refused := status >= 400 && status < 500 && status != http.StatusRequestTimeout
		switch {
		case fault.Known(err) != refused:
			t.Fatalf("%d: %v", status, err)
		case refused && errors.Is(err, fault.ErrThrottled) != (status == http.StatusTooManyRequests), refused && errors.Is(err, fault.ErrDenied) == (status == http.StatusTooManyRequests):
			t.Fatalf("%d is %v", status, err)
		}
		if wait := fault.RetryAfter(err); wait < 0 || wait > time.Hour {
			t.Fatalf("%q is a wait of %v", after, wait)
		}
	})
}
