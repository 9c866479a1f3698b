package slackemu

import (
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"aws-access-bot/internal/sandbox/emukit"
)

// args are the arguments of a call. A form has only strings, and a JSON body's
// strings are the same; any other JSON value is kept as its JSON text, which is
// what a form would have carried for it.
type args map[string]string

// parseArgs reads the query, and the body by its content type. Errors are
// Slack's own for malformed calls (chat.postMessage reference, "Errors").
func parseArgs(r *http.Request) (args, error) {
	a := args{}
	a.addValues(r.URL.Query())
	if r.Method != http.MethodPost && r.Method != http.MethodGet {
		return nil, fail("invalid_post_type")
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, fail("request_timeout")
	}
	if len(body) == 0 {
		return a, nil
	}
	ct := r.Header.Get("Content-Type")
	if ct == "" {
		return nil, fail("missing_post_type")
	}
	media, params, err := mime.ParseMediaType(ct)
	if err != nil {
		return nil, fail("invalid_post_type")
	}
	if cs := strings.ToLower(params["charset"]); cs != "" && cs != "utf-8" && cs != "iso-8859-1" {
		return nil, fail("invalid_charset")
	}
	switch media {
	case "application/x-www-form-urlencoded":
		values, err := url.ParseQuery(string(body))
		if err != nil {
			return nil, fail("invalid_form_data")
		}
		a.addValues(values)
		return a, nil
	case "application/json":
		return a, a.addJSON(body)
	default:
		return nil, fail("invalid_post_type")
	}
}

func (a args) addValues(values url.Values) {
	for k, v := range values {
		a[k] = v[0]
	}
}

func (a args) addJSON(body []byte) error {
	if !json.Valid(body) {
		return fail("invalid_json")
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil {
		return fail("json_not_object")
	}
	for k, raw := range fields {
		var s *string
		if err := json.Unmarshal(raw, &s); err != nil {
			a[k] = string(raw)
		} else if s != nil {
			a[k] = *s
		}
	}
	return nil
}

// bool returns a flag; Slack takes "true" and "1".
func (a args) bool(name string) bool { return a[name] == "true" || a[name] == "1" }

// limit returns a page size: fallback if it is not given, and the error
// invalid_limit if it is not within 1 to most.
func (a args) limit(fallback, most int) (int, error) {
	if a["limit"] == "" || a["limit"] == "0" {
		return fallback, nil
	}
	n, err := strconv.Atoi(a["limit"])
	if err != nil || n < 1 || n > most {
		return 0, fail("invalid_limit")
	}
	return n, nil
}

// require returns invalid_arguments naming every argument that is missing.
func (a args) require(names ...string) error {
	var missing []string
	for _, n := range names {
		if a[n] == "" {
			missing = append(missing, "[ERROR] missing required field: "+n)
		}
	}
	if missing == nil {
		return nil
	}
	return &apiError{code: "invalid_arguments", messages: missing}
}

// decode parses JSON text and keeps its numbers as they were written.
func decode(text string) (any, error) { return emukit.Decode([]byte(text)) }

// encode returns the JSON of a value that came from JSON.
func encode(v any) json.RawMessage { return emukit.Encode(v) }
