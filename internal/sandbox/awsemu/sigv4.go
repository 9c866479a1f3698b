package awsemu

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Facts of Signature Version 4 ("AWS Signature Version 4 for API requests").
const (
	sigAlgorithm = "AWS4-HMAC-SHA256"
	sigTime      = "20060102T150405Z"
	sigDate      = "20060102"
	// sigSkew is how far the clock of a client may be off.
	sigSkew = 5 * time.Minute
)

// signature is what the Authorization header of a request says.
type signature struct {
	accessKey, date, region, service string
	headers                          []string // signed header names, in lower case, as sent
	value                            string   // hex
	at                               time.Time
}

// parseSignature reads the Authorization and date headers.
func parseSignature(h http.Header) (signature, *authError) {
	var sig signature
	header := h.Get("Authorization")
	if header == "" {
		return sig, authMissing()
	}
	rest, ok := strings.CutPrefix(header, sigAlgorithm+" ")
	if !ok {
		return sig, authIncomplete("Authorization header requires the algorithm '" + sigAlgorithm + "'.")
	}
	fields := map[string]string{}
	for part := range strings.SplitSeq(rest, ",") {
		k, v, _ := strings.Cut(strings.TrimSpace(part), "=")
		fields[k] = v
	}
	for _, k := range []string{"Credential", "Signature", "SignedHeaders"} {
		if fields[k] == "" {
			return sig, authIncomplete("Authorization header requires '" + k + "' parameter.")
		}
	}
	scope := strings.Split(fields["Credential"], "/")
	if len(scope) != 5 || scope[4] != "aws4_request" {
		return sig, authIncomplete("Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term.")
	}
	sig.accessKey, sig.date, sig.region, sig.service = scope[0], scope[1], scope[2], scope[3]
	sig.headers, sig.value = strings.Split(fields["SignedHeaders"], ";"), fields["Signature"]
	return sig, sig.readTime(h)
}

// readTime reads X-Amz-Date, or Date where the client sent only that.
func (sig *signature) readTime(h http.Header) *authError {
	at, err := time.Parse(sigTime, h.Get("X-Amz-Date"))
	if err != nil {
		at, err = http.ParseTime(h.Get("Date"))
	}
	if err != nil {
		return authIncomplete("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
	}
	sig.at = at.UTC()
	if d := sig.at.Format(sigDate); d != sig.date {
		return authSignature("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '" + sig.date + "' != '" + d + "'.")
	}
	return nil
}

// checkTime refuses a request signed too long ago or in the future.
func (sig *signature) checkTime(now time.Time) *authError {
	at, clock := sig.at.Format(sigTime), now.UTC().Format(sigTime)
	switch {
	case now.Sub(sig.at) > sigSkew:
		edge := now.UTC().Add(-sigSkew).Format(sigTime)
		return authSignature("Signature expired: " + at + " is now earlier than " + edge + " (" + clock + " - 5 min.)")
	case sig.at.Sub(now) > sigSkew:
		edge := now.UTC().Add(sigSkew).Format(sigTime)
		return authSignature("Signature not yet current: " + at + " is still later than " + edge + " (" + clock + " + 5 min.)")
	}
	return nil
}

// checkHeaders refuses a signature that leaves out headers that change what is
// asked: host and all x-amz-* headers that are there.
func (sig *signature) checkHeaders(h http.Header) *authError {
	must := []string{"host"}
	for name := range h {
		if lower := strings.ToLower(name); strings.HasPrefix(lower, "x-amz-") {
			must = append(must, lower)
		}
	}
	slices.Sort(must)
	for _, name := range must {
		if !slices.Contains(sig.headers, name) {
			return authSignature("'" + name + "' must be a 'SignedHeader' in the AWS Authorization.")
		}
	}
	return nil
}

// matches recomputes the signature of r with the secret key and compares.
func (sig *signature) matches(r *http.Request, body []byte, secret string) bool {
	scope := strings.Join([]string{sig.date, sig.region, sig.service, "aws4_request"}, "/")
	toSign := strings.Join([]string{
		sigAlgorithm, sig.at.Format(sigTime), scope, hexSum(canonicalRequest(r, sig.headers, body)),
	}, "\n")
	key := []byte("AWS4" + secret)
	for _, part := range []string{sig.date, sig.region, sig.service, "aws4_request"} {
		key = hmacSum(key, part)
	}
	got, err := hex.DecodeString(sig.value)
	return err == nil && hmac.Equal(got, hmacSum(key, toSign))
}

// canonicalRequest builds the canonical request from what the client sent: the
// request target is taken as it came, since the handler may be mounted below a
// prefix that was stripped. The payload is always hashed: only S3 takes
// unsigned payloads, and a body that does not fit a signed
// X-Amz-Content-Sha256 fails in the same way.
func canonicalRequest(r *http.Request, headers []string, body []byte) string {
	target := r.RequestURI
	if i := strings.Index(target, "://"); i >= 0 { // absolute form, sent to proxies
		_, rest, _ := strings.Cut(target[i+3:], "/")
		target = "/" + rest
	}
	path, query, _ := strings.Cut(target, "?")
	var b strings.Builder
	b.WriteString(r.Method + "\n" + canonicalPath(path) + "\n" + canonicalQuery(query) + "\n")
	for _, name := range headers {
		b.WriteString(name + ":" + headerValue(r, name) + "\n")
	}
	b.WriteString("\n" + strings.Join(headers, ";") + "\n" + hexSum(string(body)))
	return b.String()
}

// canonicalPath encodes the path as sent once more, as all services but S3 do.
func canonicalPath(path string) string {
	if path == "" {
		return "/"
	}
	segments := strings.Split(path, "/")
	for i, s := range segments {
		segments[i] = uriEncode(s)
	}
	return strings.Join(segments, "/")
}

// canonicalQuery sorts and encodes the query.
func canonicalQuery(raw string) string {
	if raw == "" {
		return ""
	}
	var pairs [][2]string
	for part := range strings.SplitSeq(raw, "&") {
		k, v, _ := strings.Cut(part, "=")
		pairs = append(pairs, [2]string{uriEncode(unescape(k)), uriEncode(unescape(v))})
	}
	slices.SortFunc(pairs, func(a, b [2]string) int {
		return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1]))
	})
	var b strings.Builder
	for i, p := range pairs {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(p[0] + "=" + p[1])
	}
	return b.String()
}

// unescape decodes a query component; one that cannot be decoded stays as it is
// and then fails the comparison.
func unescape(s string) string {
	if u, err := url.QueryUnescape(s); err == nil {
		return u
	}
	return s
}

// uriEncode leaves only the unreserved characters of RFC 3986.
func uriEncode(s string) string {
	return strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
}

// headerValue returns the canonical value of a signed header. Host and
// Content-Length are kept outside the header map by net/http.
func headerValue(r *http.Request, name string) string {
	switch name {
	case "host":
		return r.Host
	case "content-length":
		return strconv.FormatInt(r.ContentLength, 10)
	}
	values := slices.Clone(r.Header.Values(name))
	for i, v := range values {
		values[i] = strings.Join(strings.Fields(v), " ")
	}
	return strings.Join(values, ",")
}

func hmacSum(key []byte, s string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(s))
	return h.Sum(nil)
}

func hexSum(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// hashHex returns n (at most 64) hex digits that depend on s only, for ids that
// stay the same from run to run.
func hashHex(s string, n int) string { return hexSum(s)[:n] }
